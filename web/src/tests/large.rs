//! Answers of any size: they come in pieces, take little memory, and end for clients that do not
//! read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::test::{TestRequest, call_service, read_body};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use visord_config::{HttpConfig, Role, WebUser};
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;
use visord_test_support::wait_until_async;
use visord_xmlrpc::{Value, decode_reply, encode_call};

use super::fake::{Plan, board, info, site, state};
use super::http::app;
use super::rpc::document;
use super::server::{Server, head, post, response};
use crate::budget::{Budget, STREAM, TOTAL};
use crate::caller::Right;
use crate::pages::tail::escaped_like_the_original;
use crate::rpc;
use crate::rpc::transmit::Answer;
use crate::state::AppState;

/// More than one piece, with all that is replaced; characters fall on every boundary.
fn text(bytes: usize) -> String {
    let line = "€<&>\u{1}\r\n&lt; plain text of a log\n";
    let mut text = line.repeat(bytes / line.len() + 1);
    text.truncate(bytes);
    text
}

/// The same as a client receives it.
fn received(text: &str) -> String {
    text.replace('\u{1}', "\u{fffd}")
}

fn logged(path: &Path) -> ProcessInfo {
    ProcessInfo {
        stdout_logfile: path.display().to_string(),
        ..info("x", "x", ProcessState::Running)
    }
}

fn with_log(bytes: usize) -> (Arc<AppState>, String, tempfile::NamedTempFile) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let text = text(bytes);
    std::fs::write(log.path(), &text).unwrap();
    let board = board();
    board.set_process(logged(log.path()));
    (Arc::new(state(board, Plan::default()).0), text, log)
}

async fn ask(state: &Arc<AppState>, method: &str, params: &[Value]) -> Value {
    let body = encode_call(method, params);
    let document = document(state, Right::Admin, body.as_bytes()).await;
    decode_reply(document.unwrap().as_bytes()).unwrap().unwrap()
}

fn call(method: &str, params: &[Value]) -> Value {
    Value::structure([
        ("methodName", Value::from(method)),
        ("params", Value::Array(params.to_vec())),
    ])
}

#[actix::test]
async fn long_logs_come_whole_alone_and_among_results() {
    let (state, text, _log) = with_log(3_000_001);
    let read = (
        "supervisor.readProcessStdoutLog",
        [Value::from("x"), 0.into(), 0.into()],
    );
    let tail_length = i32::try_from(text.len()).unwrap();
    let tail = (
        "supervisor.tailProcessStdoutLog",
        [Value::from("x"), 0.into(), tail_length.into()],
    );
    let tailed = Value::Array(vec![
        Value::from(received(&text)),
        Value::from(tail_length),
        Value::from(false),
    ]);
    assert_eq!(
        ask(&state, read.0, &read.1).await,
        Value::from(received(&text))
    );
    assert_eq!(ask(&state, tail.0, &tail.1).await, tailed);
    let calls = [
        call(read.0, &read.1),
        call("supervisor.getPID", &[]),
        call("supervisor.nope", &[]),
        call(tail.0, &tail.1),
    ];
    let results = ask(&state, "system.multicall", &[Value::Array(calls.into())]).await;
    let Value::Array(results) = results else {
        panic!();
    };
    assert_eq!(results[0], Value::from(received(&text)));
    assert_eq!(results[1], Value::from(4711));
    assert_eq!(results[2].get("faultCode"), Some(&Value::from(1)));
    assert_eq!(results[3], tailed);
    assert_eq!(state.budget.free(), TOTAL);
}

#[actix::test]
async fn short_logs_are_sent_as_they_are_read() {
    let (state, _, _log) = with_log(10_000);
    let params = [Value::from("x"), 0.into(), 0.into()];
    let read = call("supervisor.readProcessStdoutLog", &params);
    let body = encode_call("system.multicall", &[Value::Array(vec![read; 100])]);
    let answer = rpc::answer(&state, Right::Admin, body.as_bytes()).await;
    // otherwise a megabyte would be in memory at once, without a share of the budget
    assert!(matches!(answer, Ok(Answer::Stream(_))));
}

#[actix::test]
async fn a_multicall_has_an_end() {
    let (state, _) = state(board(), Plan::default());
    let state = Arc::new(state);
    let calls = |count| Value::Array(vec![call("supervisor.getPID", &[]); count]);
    let results = ask(&state, "system.multicall", &[calls(1000)]).await;
    assert!(matches!(results, Value::Array(results) if results.len() == 1000));
    let body = encode_call("system.multicall", &[calls(1001)]);
    let answer = document(&state, Right::Admin, body.as_bytes())
        .await
        .unwrap();
    let fault = decode_reply(answer.as_bytes()).unwrap().unwrap_err();
    assert_eq!(
        (fault.code, fault.string.as_str()),
        (
            2,
            "INCORRECT_PARAMETERS: system.multicall takes at most 1000 calls"
        )
    );
}

#[actix::test]
async fn a_long_page_comes_whole() {
    let (state, text, _log) = with_log(1_000_000);
    let budget = state.budget.clone();
    let state = Arc::try_unwrap(state).unwrap_or_else(|_| panic!());
    let app = app(site(state)).await;
    let uri = "/tail.html?processname=x&limit=900000";
    let page = call_service(&app, TestRequest::with_uri(uri).to_request()).await;
    let page = String::from_utf8(read_body(page).await.to_vec()).unwrap();
    let bytes = &text.as_bytes()[text.len() - 900_000..];
    let expected = escaped_like_the_original(&String::from_utf8_lossy(bytes));
    let (_, rest) = page.split_once("<pre>").unwrap();
    let (shown, after) = rest.split_once("</pre>").unwrap();
    assert!(shown == expected, "{} {}", shown.len(), expected.len());
    assert!(
        after.ends_with("</html>\n") || after.ends_with("</html>"),
        "{after}"
    );
    assert_eq!(budget.free(), TOTAL);
}

/// While others take the whole budget, small answers are given and large ones wait, then are
/// refused.
#[actix::test]
async fn without_a_budget_large_answers_are_refused() {
    let mut budget = Budget::default();
    let server = Server::start(Plan::default(), |state| {
        state.limits.patience = Duration::from_secs(1);
        budget = state.budget.clone();
    });
    let path = server.dir.path().join("x.log");
    std::fs::write(&path, text(1_000_000)).unwrap();
    server.board.set_process(logged(&path));
    let all = budget.try_reserve(TOTAL).unwrap();
    let read = encode_call(
        "supervisor.readProcessStdoutLog",
        &["x".into(), 0.into(), 0.into()],
    );
    let request = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{read}",
        read.len()
    );
    let mut small = server.unix().await;
    for request in [
        &request,
        "GET /log.html?name=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let mut large = server.unix().await;
        large.write_all(request.as_bytes()).await.unwrap();
        small
            .write_all(post("supervisor.getPID").as_bytes())
            .await
            .unwrap();
        assert!(response(&mut small).await.1.contains("4711"));
        let (head, _) = response(&mut large).await;
        assert!(head.starts_with("http/1.1 503"), "{head}");
        assert!(head.contains("retry-after: 1"), "{head}");
    }
    drop(all);
    let mut large = server.unix().await;
    large.write_all(request.as_bytes()).await.unwrap();
    let head = head(&mut large).await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    server.stop().await;
}

/// Clients of HTTP/1.0 know no chunks: the end of the connection is the end of the answer.
#[actix::test]
async fn an_old_client_gets_a_long_log_too() {
    let server = Server::start(Plan::default(), |_| {});
    let path = server.dir.path().join("x.log");
    let text = text(300_000);
    std::fs::write(&path, &text).unwrap();
    server.board.set_process(logged(&path));
    let params = ["x".into(), 0.into(), 0.into()];
    let read = encode_call("supervisor.readProcessStdoutLog", &params);
    let request = format!(
        "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\
         Content-Length: {}\r\n\r\n{read}",
        read.len()
    );
    let mut stream = server.unix().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = head(&mut stream).await;
    assert!(!head.contains("chunked"), "{head}");
    let mut body = Vec::new();
    stream.read_to_end(&mut body).await.unwrap();
    let answer = decode_reply(&body).unwrap().unwrap();
    assert_eq!(answer, Value::from(received(&text)));
    server.stop().await;
}

#[actix::test]
async fn a_client_that_does_not_read_is_sent_away() {
    let mut budget = Budget::default();
    let server = Server::start(Plan::default(), |state| {
        state.limits.patience = Duration::from_millis(300);
        budget = state.budget.clone();
    });
    let path = server.dir.path().join("x.log");
    std::fs::write(&path, text(20_000_000)).unwrap();
    server.board.set_process(logged(&path));
    let params = ["x".into(), 0.into(), 0.into()];
    let read = encode_call("supervisor.readProcessStdoutLog", &params);
    let request = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{read}",
        read.len()
    );
    let mut silent = server.unix().await;
    silent.write_all(request.as_bytes()).await.unwrap();
    wait_until_async("the budget", || budget.free() == TOTAL - STREAM).await;
    wait_until_async("the budget", || budget.free() == TOTAL).await;
    let mut rest = Vec::new();
    // what the system still had, then the end
    let _ = silent.read_to_end(&mut rest).await;
    assert!(rest.len() < 10_000_000, "{}", rest.len());
    server.stop().await;
}

fn user(name: &str, password: &str) -> WebUser {
    WebUser {
        name: name.into(),
        password: password.into(),
        role: Role::View,
    }
}

fn login(password: &str) -> String {
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("anna:{password}"));
    format!("GET /ok.html HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {both}\r\n\r\n")
}

/// Those who guess wait for their refusals; they take no place from those who know.
#[actix::test]
async fn guessers_fill_no_listener() {
    let protect = |configs: &mut [HttpConfig; 2]| configs[1].users = vec![user("anna", "right")];
    let server = Server::configured(Plan::default(), protect, |state| {
        state.limits.connections = 3;
        state.limits.failure_delay = Duration::from_secs(30);
    });
    let mut guessers = Vec::new();
    for _ in 0..10 {
        let mut guesser = server.unix().await;
        guesser.write_all(login("wrong").as_bytes()).await.unwrap();
        guessers.push(guesser);
    }
    for _ in 0..5 {
        let mut friend = server.unix().await;
        friend.write_all(login("right").as_bytes()).await.unwrap();
        assert!(response(&mut friend).await.0.starts_with("http/1.1 200"));
    }
    server.stop().await;
}

/// However many connections guess, refusals of one name come one after the other.
#[actix::test]
async fn guesses_of_many_connections_are_answered_slowly() {
    let protect = |configs: &mut [HttpConfig; 2]| configs[1].users = vec![user("anna", "right")];
    let delay = Duration::from_millis(100);
    let server = Server::configured(Plan::default(), protect, |state| {
        state.limits.failure_delay = delay;
    });
    let began = std::time::Instant::now();
    let mut guessers = Vec::new();
    for _ in 0..300 {
        let mut guesser = server.unix().await;
        guesser.write_all(login("wrong").as_bytes()).await.unwrap();
        guessers.push(guesser);
    }
    let mut refused = 0;
    for mut guesser in guessers {
        let (head, _) = response(&mut guesser).await;
        if head.starts_with("http/1.1 401") {
            refused += 1;
        } else {
            assert!(head.starts_with("http/1.1 503"), "{head}");
            assert!(head.contains("retry-after: "), "{head}");
        }
    }
    // ten within each delay, and those of the first moment
    let most = began.elapsed().as_millis() / (delay.as_millis() / 10) + 10;
    assert!(refused <= most, "{refused} of at most {most}");
    assert!(refused > 0);
    server.stop().await;
}
