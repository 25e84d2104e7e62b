//! Every method with its faults, by what goes over the wire.

use std::sync::Arc;

use actix_web::http::StatusCode;
use futures_util::StreamExt as _;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;
use visord_model::state::{ProcessState, SupervisorState};
use visord_xmlrpc::{Value, decode_reply, encode_call};

use super::fake::{Asked, Plan, board, info, state};
use crate::caller::Right;
use crate::rpc;
use crate::rpc::table;
use crate::rpc::transmit::Answer;
use crate::state::AppState;

/// The document that answers a call, in however many pieces it came.
pub(super) async fn document(
    state: &Arc<AppState>,
    right: Right,
    body: &[u8],
) -> Result<String, StatusCode> {
    Ok(match rpc::answer(state, right, body).await? {
        Answer::Whole(document) | Answer::Large(document, _) => document,
        Answer::Stream(pieces) => {
            let pieces = pieces.stream().map(|piece| piece.unwrap().to_vec());
            String::from_utf8(pieces.collect::<Vec<_>>().await.concat()).unwrap()
        }
        Answer::Busy => return Err(StatusCode::SERVICE_UNAVAILABLE),
    })
}

/// The answer to a call, as `value` or `code text`.
pub(super) async fn ask(state: &Arc<AppState>, method: &str, params: &[Value]) -> String {
    let body = document(state, Right::Admin, encode_call(method, params).as_bytes())
        .await
        .unwrap();
    match decode_reply(body.as_bytes()).unwrap() {
        Ok(value) => rpc::printed::quoted(&value),
        Err(fault) => format!("{} {}", fault.code, fault.string),
    }
}

pub(super) fn daemon(plan: Plan) -> (Arc<AppState>, Asked) {
    let (state, asked) = state(board(), plan);
    (Arc::new(state), asked)
}

fn failing(fault: Fault) -> (Arc<AppState>, Asked) {
    daemon(Plan {
        fault: Some(fault),
        ..Plan::default()
    })
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::from(*text)).collect()
}

/// The 41 names of a stock daemon (spec interfaces 3.7).
const NAMES: &str = "addProcessGroup clearAllProcessLogs clearLog clearProcessLog \
    clearProcessLogs getAPIVersion getAllConfigInfo getAllProcessInfo getIdentification getPID \
    getProcessInfo getState getSupervisorVersion getVersion readLog readMainLog readProcessLog \
    readProcessStderrLog readProcessStdoutLog reloadConfig removeProcessGroup restart \
    sendProcessStdin sendRemoteCommEvent shutdown signalAllProcesses signalProcess \
    signalProcessGroup startAllProcesses startProcess startProcessGroup stopAllProcesses \
    stopProcess stopProcessGroup tailProcessLog tailProcessStderrLog tailProcessStdoutLog";

#[test]
fn listed_methods_are_the_originals() {
    let mut names: Vec<String> = NAMES
        .split_whitespace()
        .map(|name| format!("supervisor.{name}"))
        .collect();
    names.extend(
        ["listMethods", "methodHelp", "methodSignature", "multicall"]
            .map(|name| format!("system.{name}")),
    );
    assert_eq!(table::listed(&["supervisor".into()], false), names);
    assert_eq!(table::listed(&[], false).len(), 4);
}

#[test]
fn signatures_are_the_originals() {
    for (signature, methods) in [
        (
            "string",
            "getAPIVersion getVersion getSupervisorVersion getIdentification",
        ),
        ("int", "getPID"),
        ("struct", "getState"),
        ("boolean", "clearLog restart shutdown"),
        (
            "array",
            "clearAllProcessLogs getAllConfigInfo getAllProcessInfo reloadConfig",
        ),
        ("struct string", "getProcessInfo"),
        (
            "boolean string",
            "addProcessGroup removeProcessGroup clearProcessLog clearProcessLogs",
        ),
        ("boolean string boolean", "startProcess stopProcess"),
        ("array string boolean", "startProcessGroup stopProcessGroup"),
        ("array boolean", "startAllProcesses stopAllProcesses"),
        (
            "boolean string string",
            "signalProcess sendProcessStdin sendRemoteCommEvent",
        ),
        ("array string string", "signalProcessGroup"),
        ("array string", "signalAllProcesses"),
        ("string int int", "readLog readMainLog"),
        (
            "string string int int",
            "readProcessStdoutLog readProcessStderrLog readProcessLog",
        ),
        (
            "array string int int",
            "tailProcessStdoutLog tailProcessStderrLog tailProcessLog",
        ),
    ] {
        for name in methods.split_whitespace() {
            let full = format!("supervisor.{name}");
            let (_, method) = table::find(&full, &["supervisor".into()], false).unwrap();
            assert_eq!(method.types().unwrap().join(" "), signature, "{name}");
            let tags = method.help_text().matches("@param").count();
            assert_eq!(tags, method.params.len(), "{name}");
            assert!(method.help_text().contains("@return"), "{name}");
        }
    }
}

#[actix::test]
async fn reads_about_processes() {
    let (state, _) = daemon(Plan::default());
    let ask = |method, params| ask_owned(Arc::clone(&state), method, params);
    let one = ask("supervisor.getProcessInfo", texts(&["g:a"])).await;
    assert!(
        one.starts_with("{'name': 'a', 'group': 'g', 'start': 0, 'stop': 0, 'now': "),
        "{one}"
    );
    assert!(
        one.contains("'state': 20, 'statename': 'RUNNING', 'spawnerr': ''"),
        "{one}"
    );
    let detail = ask("supervisor.getProcessDetail", texts(&["g:a"])).await;
    let lost = "', 'stdout_lost': 3000000000.0, 'stderr_lost': 0.0}";
    assert!(
        detail.starts_with("{'name': 'a', 'group': 'g'") && detail.ends_with(lost),
        "{detail}"
    );
    let detail = ask("supervisor.getProcessDetails", texts(&["g:a"])).await;
    assert_eq!(
        detail,
        "{'name': 'a', 'group': 'g', 'state': 20, 'statename': 'RUNNING', 'pid': 77, \
         'start': 0, 'stop': 0, 'restarts': 0, 'why': '', 'exitstatus': 0, 'exitsignal': '', \
         'cpu': 0.0, 'rss': 0.0, 'processes': 0, 'lost_stdout': 3000000000.0, \
         'lost_stderr': 0.0}"
    );
    let details = ask("supervisor.getAllProcessDetails", vec![]).await;
    assert_eq!(details.matches("'why': ").count(), 4);
    assert!(details.contains(&detail), "{details}");
    let all = ask("supervisor.getAllProcessInfo", vec![]).await;
    let order: Vec<usize> = ["'a'", "'b'", "'x'", "'y'"]
        .iter()
        .map(|name| all.find(&format!("'name': {name}")).unwrap())
        .collect();
    assert!(order.is_sorted());
}

async fn ask_owned(state: Arc<AppState>, method: &str, params: Vec<Value>) -> String {
    ask(&state, method, &params).await
}

#[actix::test]
async fn faults_use_the_callers_name() {
    let process = |group: &str, process: &str| ProcessName::new(group, process);
    for (given, fault, text) in [
        (
            "x:x",
            FaultCode::AlreadyStarted.about(&process("x", "x")),
            "60 ALREADY_STARTED: x:x",
        ),
        (
            "x",
            FaultCode::AlreadyStarted.about(&process("x", "x")),
            "60 ALREADY_STARTED: x",
        ),
        (
            "g:a",
            FaultCode::SpawnError.about(&process("g", "a")),
            "50 SPAWN_ERROR: g:a",
        ),
        (
            "nope:*",
            FaultCode::BadName.about_group("nope"),
            "10 BAD_NAME: nope:*",
        ),
        (
            "x",
            FaultCode::NotExecutable.about("command at '/x' is not executable"),
            "21 NOT_EXECUTABLE: command at '/x' is not executable",
        ),
    ] {
        let (state, _) = failing(fault);
        assert_eq!(
            ask(&state, "supervisor.startProcess", &texts(&[given])).await,
            text
        );
    }
}

#[actix::test]
async fn closing_daemon_refuses_all_but_some() {
    let (state, _) = daemon(Plan::default());
    for mood in [SupervisorState::Shutdown, SupervisorState::Restarting] {
        state.board.set_state(mood);
        for name in NAMES.split_whitespace() {
            let full = format!("supervisor.{name}");
            let (_, method) = table::find(&full, &state.namespaces, false).unwrap();
            let params = vec![Value::from("1"); method.params.len()];
            let expected = if name == "sendRemoteCommEvent" {
                "True"
            } else {
                "6 SHUTDOWN_STATE"
            };
            assert_eq!(ask(&state, &full, &params).await, expected, "{name}");
            let too_many = vec![Value::from("1"); method.params.len() + 1];
            let answer = ask(&state, &full, &too_many).await;
            assert_eq!(answer, "2 INCORRECT_PARAMETERS", "{name}");
        }
        assert!(
            ask(&state, "system.listMethods", &[])
                .await
                .starts_with("['super")
        );
    }
}

#[actix::test]
async fn multicall() {
    let (state, asked) = daemon(Plan::default());
    let call = |name: &str, params: Value| {
        Value::structure([("methodName", Value::from(name)), ("params", params)])
    };
    let calls = Value::Array(vec![
        Value::structure([("methodName", "supervisor.getAPIVersion")]),
        call("supervisor.startProcess", Value::Array(texts(&["x"]))),
        call("supervisor.nope", Value::Array(vec![])),
        call("supervisor.getState", Value::Array(texts(&["x"]))),
        call("system.multicall", Value::Array(vec![Value::Array(vec![])])),
        Value::structure([("params", Value::Array(vec![]))]),
        Value::from(5),
        call("supervisor.startProcess", Value::from("x")),
        call("supervisor.stopProcess", Value::Array(texts(&["x"]))),
    ]);
    let fault = |code: i32, text: &str| format!("{{'faultCode': {code}, 'faultString': '{text}'}}");
    let expected = [
        "'3.0'".into(),
        "True".into(),
        fault(1, "UNKNOWN_METHOD"),
        fault(2, "INCORRECT_PARAMETERS"),
        fault(
            2,
            "INCORRECT_PARAMETERS: Recursive system.multicall forbidden",
        ),
        fault(2, "INCORRECT_PARAMETERS: No methodName"),
        fault(2, "INCORRECT_PARAMETERS: a call must be a struct"),
        fault(2, "INCORRECT_PARAMETERS: params must be an array"),
        "True".to_owned(),
    ];
    let answer = ask(&state, "system.multicall", &[calls]).await;
    assert_eq!(answer, format!("[{}]", expected.join(", ")));
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert_eq!(
        ask(&state, "system.multicall", &[Value::Array(vec![])]).await,
        "[]"
    );
    for wrong in [
        Value::from(5),
        Value::from("abc"),
        Value::structure([("a", 1)]),
    ] {
        let answer = ask(&state, "system.multicall", &[wrong]).await;
        assert_eq!(answer, "2 INCORRECT_PARAMETERS");
    }
}

#[actix::test]
async fn about_methods() {
    let (state, _) = daemon(Plan::default());
    for method in ["system.methodHelp", "system.methodSignature"] {
        for name in ["nope", "supervisor.nope", "supervisor.getState.x"] {
            let answer = ask(&state, method, &texts(&[name])).await;
            assert_eq!(answer, "4 SIGNATURE_UNSUPPORTED", "{method} {name}");
        }
    }
    let help = ask(
        &state,
        "system.methodHelp",
        &texts(&["supervisor.startProcess"]),
    )
    .await;
    assert!(
        help.contains("@param string name") && help.contains("@return boolean"),
        "{help}"
    );
    let name = texts(&["supervisor.readProcessLog"]);
    let answer = ask(&state, "system.methodSignature", &name).await;
    assert_eq!(answer, "['string', 'string', 'int', 'int']");
}

#[actix::test]
async fn namespaces_are_those_of_the_configuration() {
    let (mut inner, _) = state(board(), Plan::default());
    inner.namespaces = vec!["ops".into(), "system".into()];
    let inner = Arc::new(inner);
    assert_eq!(
        ask(&inner, "supervisor.getPID", &[]).await,
        "1 UNKNOWN_METHOD"
    );
    assert_eq!(ask(&inner, "ops.getPID", &[]).await, "4711");
    assert_eq!(ask(&inner, "system.getPID", &[]).await, "1 UNKNOWN_METHOD");
    assert_eq!(table::listed(&inner.namespaces, false).len(), 41);
}

#[actix::test]
async fn logs_are_read_from_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    std::fs::write(&path, b"0123\x01\xff789").unwrap();
    let (state, _) = daemon(Plan::default());
    let mut x = info("x", "x", ProcessState::Running);
    x.stdout_logfile = path.display().to_string();
    x.stderr_logfile = dir.path().join("gone").display().to_string();
    let gone = format!("20 NO_FILE: {}", x.stderr_logfile);
    state.board.set_process(x);
    let with = |offset: i64, length: i64| vec!["x".into(), offset.into(), length.into()];
    for (method, params, answer) in [
        (
            "readProcessStdoutLog",
            with(0, 0),
            "'0123\u{fffd}\u{fffd}789'",
        ),
        ("readProcessLog", with(1, 2), "'12'"),
        ("readProcessStdoutLog", with(-3, 0), "'789'"),
        ("readProcessStdoutLog", with(-3, 1), "3 BAD_ARGUMENTS"),
        ("readProcessStdoutLog", with(0, -1), "3 BAD_ARGUMENTS"),
        ("readProcessStderrLog", with(0, 0), &gone),
        ("tailProcessStdoutLog", with(0, 3), "['789', 9, True]"),
        ("tailProcessLog", with(9, 5), "['', 9, False]"),
        ("tailProcessStderrLog", with(0, 3), "['', 0, False]"),
    ] {
        let full = format!("supervisor.{method}");
        assert_eq!(
            ask(&state, &full, &params).await,
            answer,
            "{method} {params:?}"
        );
    }
}

#[actix::test]
async fn what_is_no_call() {
    let (inner, _) = state(board(), Plan::default());
    let inner = Arc::new(inner);
    let deep = "<value><array><data>".repeat(40);
    let deep = format!("<methodCall><methodName>x</methodName><params><param>{deep}");
    for (body, status) in [
        ("supervisor.getState", StatusCode::BAD_REQUEST),
        (
            "<methodCall><params/></methodCall>",
            StatusCode::BAD_REQUEST,
        ),
        (
            "<methodCall><methodName/></methodCall>",
            StatusCode::BAD_REQUEST,
        ),
        ("<!DOCTYPE x><methodCall/>", StatusCode::BAD_REQUEST),
        (&deep, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(
            document(&inner, Right::Admin, body.as_bytes()).await,
            Err(status),
            "{body}"
        );
    }
}
