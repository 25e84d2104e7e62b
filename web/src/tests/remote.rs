//! Namespaces that another server serves; the other server is one of ours.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use visord_xmlrpc::{Value, decode_reply, encode_call};

use super::fake::{Plan, board, state};
use super::rpc::document;
use super::server::Server;
use crate::caller::Right;
use crate::remote::Remotes;
use crate::state::AppState;

/// A daemon that forwards `x` to this URL.
fn forwarding(url: &str) -> Arc<AppState> {
    let (mut state, _) = state(board(), Plan::default());
    state.remotes = Arc::new(Remotes::new([("x", url)], &state.workers).unwrap());
    Arc::new(state)
}

/// A server whose methods are in namespace `x`.
fn other() -> Server {
    Server::start(Plan::default(), |state| state.namespaces = vec!["x".into()])
}

fn socket(server: &Server) -> String {
    format!("unix://{}", server.dir.path().join("s.sock").display())
}

async fn ask(state: &Arc<AppState>, method: &str, params: &[Value]) -> Result<Value, String> {
    let body = encode_call(method, params);
    let reply = document(state, Right::Admin, body.as_bytes())
        .await
        .unwrap();
    let answer = decode_reply(reply.as_bytes()).unwrap();
    answer.map_err(|fault| format!("{} {}", fault.code, fault.string))
}

fn texts(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| Value::from(*name)).collect()
}

#[actix::test]
async fn calls_and_faults_pass_through() {
    let server = other();
    let state = forwarding(&socket(&server));
    assert_eq!(ask(&state, "x.getPID", &[]).await, Ok(Value::Int(4711)));
    for (method, params, fault) in [
        ("x.getProcessInfo", &["nope"][..], "10 BAD_NAME: nope"),
        ("x.nope", &[], "1 UNKNOWN_METHOD"),
        ("x.getPID", &["more"], "2 INCORRECT_PARAMETERS"),
        // these never leave
        ("x", &[], "1 UNKNOWN_METHOD"),
        ("x.", &[], "1 UNKNOWN_METHOD"),
        ("x._private", &[], "1 UNKNOWN_METHOD"),
        ("x.a.b", &[], "1 UNKNOWN_METHOD"),
        ("x.a b", &[], "1 UNKNOWN_METHOD"),
        ("y.getPID", &[], "1 UNKNOWN_METHOD"),
    ] {
        let answer = ask(&state, method, &texts(params)).await;
        assert_eq!(answer, Err(fault.to_owned()), "{method}");
    }
    assert_eq!(
        ask(&state, "x.startAllProcesses", &[]).await,
        ask(&state, "supervisor.startAllProcesses", &[]).await
    );
    server.stop().await;
}

#[actix::test]
async fn its_methods_are_listed_and_explained() {
    let server = other();
    let state = forwarding(&socket(&server));
    let list = ask(&state, "system.listMethods", &[]).await.unwrap();
    let Value::Array(names) = &list else {
        panic!("{list:?}")
    };
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let theirs = names.iter().filter(|name| name.starts_with("x."));
    assert_eq!((theirs.count(), names.len()), (37, 37 + 41));
    assert!(names.is_sorted());
    for question in ["system.methodHelp", "system.methodSignature"] {
        assert_eq!(
            ask(&state, question, &texts(&["x.startProcess"])).await,
            ask(&state, question, &texts(&["supervisor.startProcess"])).await
        );
        for name in ["x.nope", "x._x", "z.y"] {
            let answer = ask(&state, question, &texts(&[name])).await;
            assert_eq!(answer, Err("4 SIGNATURE_UNSUPPORTED".into()), "{name}");
        }
    }
    // what is known needs no server
    server.stop().await;
    assert_eq!(ask(&state, "system.listMethods", &[]).await, Ok(list));
}

#[actix::test]
async fn inside_a_multicall() {
    let server = other();
    let state = forwarding(&socket(&server));
    let call = |name: &str| Value::Struct([("methodName".into(), Value::from(name))].into());
    let calls = ["x.getPID", "x.nope", "supervisor.getPID"].map(call);
    let results = ask(&state, "system.multicall", &[Value::Array(calls.into())]).await;
    let results = crate::rpc::printed::quoted(&results.unwrap());
    assert_eq!(
        results,
        "[4711, {'faultCode': 1, 'faultString': 'UNKNOWN_METHOD'}, 4711]"
    );
    server.stop().await;
}

#[actix::test]
async fn over_tcp_with_a_password() {
    let protect = |configs: &mut [visord_config::HttpConfig; 2]| {
        configs[0].users.push(visord_config::WebUser {
            name: "user".into(),
            password: "p:w".into(),
            role: visord_config::Role::Admin,
        });
    };
    let server = Server::configured(Plan::default(), protect, |state| {
        state.namespaces = vec!["x".into()];
    });
    let port = server.tcp().await.peer_addr().unwrap().port();
    let state = forwarding(&format!("http://user:p%3Aw@127.0.0.1:{port}"));
    assert_eq!(ask(&state, "x.getPID", &[]).await, Ok(Value::Int(4711)));
    let state = forwarding(&format!("http://user:wrong@127.0.0.1:{port}/RPC2"));
    let refused = ask(&state, "x.getPID", &[]).await;
    let text = "30 FAILED: the server of namespace x: the server requires authentication";
    assert_eq!(refused, Err(text.into()));
    let state = forwarding(&format!("http://user:p%3Aw@127.0.0.1:{port}/elsewhere"));
    let refused = ask(&state, "x.getPID", &[]).await.unwrap_err();
    assert!(refused.contains("HTTP status 400"), "{refused}");
    server.stop().await;
}

#[actix::test]
async fn a_dead_server_is_a_clear_fault() {
    let state = forwarding("unix:///nonexistent/x.sock");
    let text = "30 FAILED: the server of namespace x: no such file";
    assert_eq!(ask(&state, "x.getPID", &[]).await, Err(text.into()));
    // and costs the others nothing
    let list = ask(&state, "system.listMethods", &[]).await.unwrap();
    assert!(matches!(list, Value::Array(names) if names.len() == 41));
    let help = ask(&state, "system.methodHelp", &texts(&["x.y"])).await;
    assert_eq!(help, Err(text.into()));
}

#[actix::test]
async fn a_server_that_answers_wrongly_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let state = forwarding(&format!("unix://{}", path.display()));
    for (answer, fault) in [
        ("", "the server hung up without an answer"),
        ("SSH-2.0\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<a>", ""),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a>",
            "the answer ends within its body",
        ),
    ] {
        let call = ask(&state, "x.y", &[]);
        let serve = async {
            let mut stream = listener.accept().await.unwrap().0;
            let count = stream.read(&mut [0; 4096]).await.unwrap();
            assert!(count > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (found, ()) = futures_util::future::join(call, serve).await;
        let found = found.unwrap_err();
        let expected = format!("30 FAILED: the server of namespace x: {fault}");
        assert!(found.starts_with(&expected), "{found}");
    }
    // one that does not answer keeps only its own callers waiting
    let waiting = tokio::task::spawn_local({
        let state = Arc::clone(&state);
        async move { ask(&state, "x.y", &[]).await }
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
    assert_eq!(
        ask(&state, "supervisor.getPID", &[]).await,
        Ok(Value::Int(4711))
    );
    assert!(!waiting.is_finished());
    drop(stream);
    assert!(waiting.await.unwrap().is_err());
}
