//! What becomes of calls: one per line, as `method [arguments] | message | answer`. The message is
//! what the Supervisor gets; a line without one is answered without it.

use visord_xmlrpc::Value;

use super::fake::Plan;
use super::rpc::{ask, daemon};

/// In messages `x` and `g:a` stand for the names of processes.
const REACH_THE_SUPERVISOR: &str = r#"
startProcess ["x"] | StartProcess { name: <x>, wait: true } | True
startProcess ["g:a", false] | StartProcess { name: <g:a>, wait: false } | True
startProcess ["g:*", "false"] | StartMany { scope: Group("g"), wait: true } | MANY
stopProcess ["x", ""] | StopProcess { name: <x>, wait: false } | True
stopProcess ["g:"] | StopMany { scope: Group("g"), wait: true } | MANY
startProcessGroup ["g", 0] | StartMany { scope: Group("g"), wait: false } | MANY
startAllProcesses [] | StartMany { scope: All, wait: true } | MANY
stopProcessGroup ["g:*"] | StopMany { scope: Group("g:*"), wait: true } | MANY
stopAllProcesses [] | StopMany { scope: All, wait: true } | MANY
signalProcess ["x", " sighup "] | SignalProcess { name: <x>, signal: Signal(1) } | True
signalProcess ["x", 0] | SignalProcess { name: <x>, signal: Signal(0) } | True
signalProcess ["g:*", "15"] | SignalMany { scope: Group("g"), signal: Ok(Signal(15)) } | MANY
signalProcessGroup ["g", "USR1"] | SignalMany { scope: Group("g"), signal: Ok(Signal(10)) } | MANY
signalAllProcesses ["NO"] | SignalMany { scope: All, signal: Err(Fault { code: BadSignal, about: Some(Text("NO")) }) } | MANY
signalAllProcesses ["USR1"] | SignalMany { scope: All, signal: Ok(Signal(10)) } | MANY
sendProcessStdin ["x", "é"] | WriteStdin { name: <x>, data: [195, 169] } | True
sendRemoteCommEvent [1, {"a": 1}] | SendRemoteEvent { kind: "1", data: "{'a': 1}" } | True
clearProcessLogs ["x"] | MaintainProcessLogs { name: <x>, action: Clear } | True
clearProcessLog ["x"] | MaintainProcessLogs { name: <x>, action: Clear } | True
rotateProcessLogs ["x"] | MaintainProcessLogs { name: <x>, action: Rotate } | True
reopenProcessLogs ["x"] | MaintainProcessLogs { name: <x>, action: Reopen } | True
clearAllProcessLogs [] | ClearManyLogs { scope: All } | MANY
clearLog [] | ClearMainLog | True
addProcessGroup ["g"] | AddGroup { name: "g" } | True
removeProcessGroup ["g"] | RemoveGroup { name: "g" } | True
updateProcessGroup ["g"] | UpdateGroup { name: "g", dry_run: false } | UPDATE
updateProcessGroup ["g", true] | UpdateGroup { name: "g", dry_run: true } | UPDATE
reloadConfig [] | ReloadConfig | [[['zz', 'aa'], [], ['g']]]
getAllConfigInfo [] | GetConfig | []
shutdown [] | Shutdown | True
restart [] | Restart | True
"#;

const REFUSED: &str = "
startProcess [] | 2 INCORRECT_PARAMETERS
updateProcessGroup [] | 2 INCORRECT_PARAMETERS
updateProcessGroup [null, true] | 2 INCORRECT_PARAMETERS
startProcess [\"x\", \"1\", \"2\"] | 2 INCORRECT_PARAMETERS
startProcess [[\"x\"]] | 2 INCORRECT_PARAMETERS
signalProcess [\"nope\", \"BOGUS\"] | 10 BAD_NAME: nope
signalProcess [\"x\", \"BOGUS\"] | 11 BAD_SIGNAL: BOGUS
signalProcess [\"x\", \"\"] | 11 BAD_SIGNAL:\u{20}
signalProcess [\"x\", 999] | 11 BAD_SIGNAL: 999
signalProcess [\"x\", -1] | 11 BAD_SIGNAL: -1
signalProcess [\"x\", null] | 2 INCORRECT_PARAMETERS
sendProcessStdin [\"nope\", 5] | 2 INCORRECT_PARAMETERS: 5
sendProcessStdin [\"x\", null] | 2 INCORRECT_PARAMETERS
sendProcessStdin [\"g:*\", \"x\"] | 10 BAD_NAME: g:*
clearProcessLogs [\"g:*\"] | 10 BAD_NAME: g:*
readProcessStdoutLog [\"nope\", \"0\", \"0\"] | 10 BAD_NAME: nope
readProcessStdoutLog [\"x\", \"0\", \"0\"] | 20 NO_FILE
readProcessStdoutLog [\"x\", \"a\", \"0\"] | 2 INCORRECT_PARAMETERS
tailProcessStdoutLog [\"nope\", \"0\", \"0\"] | 10 BAD_NAME: nope
tailProcessStderrLog [\"x\", \"0\", \"9\"] | ['', 0, False]
readLog [\"0\", \"0\"] | 20 NO_FILE
";

const READS: &str = r#"
supervisor.getAPIVersion [] | '3.0'
supervisor.getVersion [] | '3.0'
supervisor.getSupervisorVersion [] | '4.3.0'
supervisor.getBuildInfo [] | 'visord test'
supervisor.getIdentification [] | 'nörth'
supervisor.getPID [] | 4711
supervisor.getState [] | {'statecode': 1, 'statename': 'RUNNING'}
supervisor.getState ["x"] | 2 INCORRECT_PARAMETERS
supervisor.getProcessInfo [] | 2 INCORRECT_PARAMETERS
supervisor.getProcessInfo [5] | 2 INCORRECT_PARAMETERS
supervisor.getProcessInfo ["nope"] | 10 BAD_NAME: nope
supervisor.getProcessInfo ["a"] | 10 BAD_NAME: a
supervisor.getProcessInfo ["g:*"] | 10 BAD_NAME: g:*
supervisor.getProcessInfo ["g:"] | 10 BAD_NAME: g:
supervisor.getProcessDetails ["a"] | 10 BAD_NAME: a
getState [] | 1 UNKNOWN_METHOD
nope.getState [] | 1 UNKNOWN_METHOD
supervisor. [] | 1 UNKNOWN_METHOD
supervisor.getState.x [] | 1 UNKNOWN_METHOD
supervisor.__class__ [] | 1 UNKNOWN_METHOD
... [] | 1 UNKNOWN_METHOD
"#;

/// What the fake Supervisor answers to several processes at once, and to an update.
const MANY: &str = "[{'name': 'a', 'group': 'g', 'status': 80, 'description': 'OK'}, \
    {'name': 'b', 'group': 'g', 'status': 20, \
    'description': \"NO_FILE: can't find command 'b'\"}]";
const UPDATE: &str = "[{'name': 'a', 'group': 'g', 'action': 'restarted', 'stops': True, \
    'starts': False}]";

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::from(number),
            None => Value::from(number.as_f64().unwrap()),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(values) => Value::Array(values.iter().map(value).collect()),
        serde_json::Value::Object(members) => Value::structure(
            members
                .iter()
                .map(|(key, member)| (key.as_str(), value(member))),
        ),
    }
}

/// Method, arguments and the columns behind them.
pub(super) fn calls(table: &str) -> impl Iterator<Item = (&str, Vec<Value>, Vec<&str>)> {
    table.lines().filter(|line| !line.is_empty()).map(|line| {
        let mut columns = line.split(" | ");
        let (method, arguments) = columns.next().unwrap().split_once(' ').unwrap();
        let arguments: Vec<serde_json::Value> = serde_json::from_str(arguments).unwrap();
        let arguments = arguments.iter().map(value).collect();
        (method, arguments, columns.collect())
    })
}

/// `<g:a>` as a message shows it.
pub(super) fn with_names(message: &str) -> String {
    let name = |group: &str, process: &str| {
        format!("ProcessName {{ group: \"{group}\", process: \"{process}\" }}")
    };
    let message = message.replace("<x>", &name("x", "x"));
    message.replace("<g:a>", &name("g", "a"))
}

#[actix::test]
async fn commands_reach_the_supervisor() {
    let (state, asked) = daemon(Plan::default());
    for (method, arguments, columns) in calls(REACH_THE_SUPERVISOR) {
        let answer = match columns[1] {
            "MANY" => MANY,
            "UPDATE" => UPDATE,
            answer => answer,
        };
        let full = format!("supervisor.{method}");
        let context = format!("{method} {arguments:?}");
        assert_eq!(ask(&state, &full, &arguments).await, answer, "{context}");
        let message = Some(with_names(columns[0]));
        assert_eq!(asked.lock().unwrap().pop(), message, "{context}");
    }
}

#[actix::test]
async fn refusals_that_never_reach_the_supervisor() {
    let (state, asked) = daemon(Plan::default());
    for (method, arguments, columns) in calls(REFUSED) {
        let full = format!("supervisor.{method}");
        let answer = ask(&state, &full, &arguments).await;
        assert_eq!(answer, columns[0], "{method} {arguments:?}");
        assert_eq!(asked.lock().unwrap().len(), 0, "{method}");
    }
}

#[actix::test]
async fn reads() {
    let (state, _) = daemon(Plan::default());
    for (method, arguments, columns) in calls(READS) {
        let answer = ask(&state, method, &arguments).await;
        assert_eq!(answer, columns[0], "{method} {arguments:?}");
    }
}
