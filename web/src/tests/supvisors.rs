//! What becomes of calls in the namespace of the cluster, as in `rpc_commands`. In answers `F` is
//! a double that is not 0.0, and `T` a time in whole seconds.

use visord_xmlrpc::Value;

use super::cluster::{off, operating};
use super::fake::Plan;
use super::rpc::{ask, daemon};
use super::rpc_commands::{calls, with_names};
use crate::rpc::table::{self, SUPVISORS};

const STATUS: &str = r#"
get_api_version [] | '0.19.1'
get_api_version ["x"] | 2 INCORRECT_PARAMETERS
get_supvisors_state [] | {'identifier': 'n1:9001', 'nick_identifier': 'sv1', 'now_monotonic': F, 'fsm_statecode': 4, 'fsm_statename': 'OPERATION', 'degraded_mode': False, 'discovery_mode': False, 'master_identifier': 'n1:9001', 'starting_jobs': [], 'stopping_jobs': [], 'instance_states': {'n1:9001': 'RUNNING', 'n2:9001': 'STOPPED'}}
get_master_identifier [] | {'identifier': 'n1:9001', 'nick_identifier': 'sv1'}
get_core_identifiers [] | [{'identifier': 'n2:9001', 'nick_identifier': 'sv2'}]
get_strategies [] | {'auto-fencing': False, 'starting': 'CONFIG', 'conciliation': 'USER', 'supvisors_failure': 'CONTINUE'}
get_statistics_status [] | {'host_stats': True, 'process_stats': True, 'collecting_period': 5}
get_instance_state_modes ["sv2"] | [{'identifier': 'n2:9001', 'nick_identifier': 'sv2', 'now_monotonic': F, 'fsm_statecode': 0, 'fsm_statename': 'OFF', 'degraded_mode': False, 'discovery_mode': False, 'master_identifier': '', 'starting_jobs': False, 'stopping_jobs': False, 'instance_states': {}}]
get_instance_state_modes ["sv1"] | [{'identifier': 'n1:9001', 'nick_identifier': 'sv1', 'now_monotonic': F, 'fsm_statecode': 4, 'fsm_statename': 'OPERATION', 'degraded_mode': False, 'discovery_mode': False, 'master_identifier': 'n1:9001', 'starting_jobs': False, 'stopping_jobs': False, 'instance_states': {'n1:9001': 'RUNNING', 'n2:9001': 'STOPPED'}}]
get_network_info ["both"] | [{'identifier': 'n1:9001', 'nick_identifier': 'sv1', 'host_id': 'n1', 'http_port': 9001, 'stereotypes': ['both']}, {'identifier': 'n2:9001', 'nick_identifier': 'sv2', 'host_id': 'n2', 'http_port': 9001, 'stereotypes': ['both']}]
get_network_info ["n1"] | 10 BAD_NAME: identifier=n1 is unknown to Supvisors
get_instance_info ["n2:9001"] | [{'identifier': 'n2:9001', 'nick_identifier': 'sv2', 'node_name': 'n2', 'port': 9001, 'statecode': 0, 'statename': 'STOPPED', 'loading': 0, 'process_failure': False, 'remote_sequence_counter': 0, 'remote_time': 0, 'remote_mtime': 0.0, 'local_sequence_counter': 0, 'local_time': 0, 'local_mtime': 0.0}]
get_instance_info [""] | 10 BAD_NAME: identifier= is unknown to Supvisors
get_instance_info [9] | 10 BAD_NAME: identifier=9 is unknown to Supvisors
get_application_info ["y"] | {'application_name': 'y', 'managed': True, 'now_monotonic': F, 'statecode': 0, 'statename': 'STOPPED', 'major_failure': False, 'minor_failure': False}
get_application_info ["nope"] | 10 BAD_NAME: application=nope unknown to Supvisors
get_application_info [12] | 10 BAD_NAME: application=12 unknown to Supvisors
get_application_rules ["x"] | {'managed': False, 'application_name': 'x'}
get_application_rules ["y"] | {'managed': True, 'distribution': 'ALL_INSTANCES', 'identifiers': ['*'], 'start_sequence': 0, 'stop_sequence': 0, 'starting_strategy': 'CONFIG', 'starting_failure_strategy': 'ABORT', 'running_failure_strategy': 'CONTINUE', 'status_formula': '', 'application_name': 'y'}
get_process_info ["g:a"] | [{'application_name': 'g', 'process_name': 'a', 'now_monotonic': F, 'statecode': 20, 'statename': 'RUNNING', 'expected_exit': True, 'last_event_mtime': F, 'identifiers': ['n1:9001'], 'extra_args': ''}]
get_process_info ["g:nope"] | 10 BAD_NAME: process=nope unknown in application=g
get_process_info [""] | 10 BAD_NAME: application= unknown to Supvisors
get_process_info [12] | 2 INCORRECT_PARAMETERS
get_process_rules ["y"] | [{'identifiers': ['*'], 'start_sequence': 1, 'stop_sequence': 1, 'required': False, 'wait_exit': False, 'expected_loading': 5, 'starting_failure_strategy': 'ABORT', 'running_failure_strategy': 'CONTINUE', 'application_name': 'y', 'process_name': 'y'}]
get_conflicts [] | []
get_local_process_info ["y"] | {'name': 'y', 'group': 'y', 'state': 0, 'statename': 'STOPPED', 'start': 0, 'stop': 0, 'now': T, 'pid': 0, 'description': 'Not started', 'spawnerr': '', 'expected': True, 'start_monotonic': 0.0, 'stop_monotonic': 0.0, 'now_monotonic': F, 'extra_args': '', 'startsecs': 0, 'stopwaitsecs': 0, 'process_index': 0, 'program_name': 'y', 'disabled': False, 'has_stdout': False, 'has_stderr': False}
get_local_process_info ["g:*"] | 10 BAD_NAME: g:*
get_local_process_info ["a"] | 10 BAD_NAME: a
get_inner_process_info ["sv1", "y"] | [{'name': 'y', 'group': 'y', 'state': 0, 'statename': 'STOPPED', 'start': 0, 'stop': 0, 'now': T, 'pid': 0, 'description': 'Not started', 'spawnerr': '', 'expected': True, 'start_monotonic': 0.0, 'stop_monotonic': 0.0, 'now_monotonic': F, 'extra_args': '', 'startsecs': 0, 'stopwaitsecs': 0, 'process_index': 0, 'program_name': 'y', 'disabled': False, 'has_stdout': False, 'has_stderr': False, 'local_mtime': F, 'event_time': F, 'uptime': 0, 'has_crashed': False}]
get_inner_process_info ["sv2", "y"] | 30 FAILED: y unknown on sv2
get_inner_process_info ["sv2", "g:*"] | []
get_inner_process_info ["sv9", "nope"] | 10 BAD_NAME: identifier=sv9 is unknown to Supvisors
get_inner_process_info ["sv1", "nope"] | 10 BAD_NAME: application=nope unknown to Supvisors
get_all_inner_process_info ["sv2"] | []
get_nothing [] | 1 UNKNOWN_METHOD
get_logger_levels [] | 1 UNKNOWN_METHOD
"#;

/// Those with a number and a list of names that the faults of strategies have.
const REFUSED: &str = r#"
start_application ["FOO", "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=FOO - string expected in ['CONFIG', 'LESS_LOADED', 'MOST_LOADED', 'LOCAL', 'LESS_LOADED_NODE', 'MOST_LOADED_NODE']
start_application ["config", "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=config - string expected in ['CONFIG', 'LESS_LOADED', 'MOST_LOADED', 'LOCAL', 'LESS_LOADED_NODE', 'MOST_LOADED_NODE']
test_start_process [12, "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=12 - integer expected in [0, 1, 2, 3, 4, 5]
restart_process [1.5, "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=1.5 type=<class 'float'> - type string or integer expected
start_any_process [true, "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=True type=<class 'bool'> - type string or integer expected
start_application [5, "nope"] | 10 BAD_NAME: application=nope unknown to Supvisors
start_application ["CONFIG", "x"] | 102 NOT_MANAGED: x
start_application ["CONFIG", "g"] | 60 ALREADY_STARTED: g
start_application ["CONFIG"] | 2 INCORRECT_PARAMETERS
test_start_application ["CONFIG", "g:a"] | 10 BAD_NAME: application=g:a unknown to Supvisors
restart_application ["CONFIG", "x"] | 102 NOT_MANAGED: x
stop_application ["y"] | 70 NOT_RUNNING: failed to stop y
start_process ["CONFIG", "x"] | 60 ALREADY_STARTED: x
start_process ["CONFIG", "g:nope"] | 10 BAD_NAME: process=nope unknown in application=g
start_process ["CONFIG", "g:*"] | 60 ALREADY_STARTED: g:a
stop_process ["y"] | 70 NOT_RUNNING: y already stopped
start_any_process ["CONFIG", "^nope$"] | 30 FAILED: no candidate process matching "^nope$"
conciliate ["FOO"] | 101 BAD_SUPVISORS_STATE: invalid Supvisors state=OPERATION - state expected in ['CONCILIATION']
end_sync [] | 101 BAD_SUPVISORS_STATE: invalid Supvisors state=OPERATION - state expected in ['SYNCHRONIZATION']
restart_sequence [] | 40 ABNORMAL_TERMINATION: failed to trigger start sequence
start_args ["nope", ""] | 10 BAD_NAME: application=nope unknown to Supvisors
start_args ["g:*", ""] | 10 BAD_NAME: namespec=g:* unknown to Supervisor
update_numprocs ["y", 0] | 2 INCORRECT_PARAMETERS: program=y incorrect numprocs=0 - integer > 0 expected
update_numprocs ["y", "x"] | 2 INCORRECT_PARAMETERS: program=y incorrect numprocs=x - integer > 0 expected
update_numprocs ["nope", -1] | 10 BAD_NAME: program=nope unknown to Supvisors
change_log_level ["verbose"] | 2 INCORRECT_PARAMETERS: invalid logger value=verbose - string expected in ['critical', 'error', 'warn', 'info', 'debug', 'trace', 'blather']
change_log_level [7] | 2 INCORRECT_PARAMETERS: invalid logger value=7 - integer expected in [50, 40, 30, 20, 10, 5, 3]
change_log_level [1.5] | 2 INCORRECT_PARAMETERS: invalid logger value=1.5 type=<class 'float'> - type string or integer expected
update_collecting_period [0] | 2 INCORRECT_PARAMETERS: collecting_period=0 - number > 0 expected
test_start_process [0, "y"] | [{'application_name': 'y', 'process_name': 'y', 'state': 'RUNNING', 'forced_reason': '', 'running_identifiers': ['n1:9001']}]
test_start_application ["LOCAL", "y"] | [{'application_name': 'y', 'process_name': 'y', 'state': 'RUNNING', 'forced_reason': '', 'running_identifiers': ['n1:9001']}]
"#;

const REACH_THE_SUPERVISOR: &str = r#"
start_args ["g:a", "-v"] | StartWithArgs { name: <g:a>, extra_args: "-v", wait: true } | True
start_args ["x", "", false] | StartWithArgs { name: <x>, extra_args: "", wait: false } | True
enable ["y"] | EnableProgram { program: "y" } | True
disable ["y"] | DisableProgram { program: "y", wait: true } | True
disable ["y", false] | DisableProgram { program: "y", wait: false } | True
update_numprocs ["y", 2] | UpdateNumprocs { program: "y", numprocs: 2, lazy: false, wait: true } | True
update_numprocs ["y", "3", false, true] | UpdateNumprocs { program: "y", numprocs: 3, lazy: true, wait: false } | True
stop_process ["x", false] | StopProcess { name: <x>, wait: false } | True
start_any_process ["CONFIG", "^b$|:b$", "-z", false] | StartWithArgs { name: <g:b>, extra_args: "-z", wait: false } | 'g:b'
"#;

/// Those that are refused or answered before the instance begins, by the states they need.
const OFF: &str = r#"
restart [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
shutdown [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_all_applications_info [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_application_info ["nope"] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_application_rules ["nope"] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_all_process_info [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_process_info [1] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_process_rules ["nope"] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_conflicts [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
start_application ["FOO", "nope"] | ['OPERATION']
test_start_application [9, "nope"] | ['OPERATION']
restart_application ["CONFIG", "nope"] | ['OPERATION']
start_process ["CONFIG", 5] | ['OPERATION']
test_start_process ["CONFIG", "nope"] | ['OPERATION']
start_any_process ["CONFIG", "nope"] | ['OPERATION']
restart_process ["CONFIG", "nope"] | ['OPERATION']
restart_sequence [] | ['OPERATION']
update_numprocs ["nope", 0] | ['OPERATION']
enable ["nope"] | ['OPERATION']
disable ["nope"] | ['OPERATION']
stop_application ["nope"] | ['OPERATION', 'CONCILIATION']
stop_process ["nope"] | ['OPERATION', 'CONCILIATION']
conciliate ["FOO"] | ['CONCILIATION']
end_sync ["nope"] | ['SYNCHRONIZATION']
"#;

/// The types of each method, `-` where there are none.
const SIGNATURES: &str = r#"
change_log_level bool;Union[str, int]
conciliate bool;ConciliationStrategies
disable bool;str;bool
enable bool;str;bool
enable_host_statistics bool;bool
enable_process_statistics bool;bool
end_sync bool
get_all_applications_info list[dict[str, Any]]
get_all_inner_process_info list[dict[str, Any]];str
get_all_instances_info list[dict[str, Any]]
get_all_instances_state_modes -
get_all_local_process_info list[dict[str, Any]]
get_all_process_info list[dict[str, Any]]
get_api_version str
get_application_info dict[str, Any];str
get_application_rules dict[str, Any];str
get_conflicts list[dict[str, Any]]
get_core_identifiers -
get_inner_process_info list[dict[str, Any]];str;str
get_instance_info -
get_instance_state_modes -
get_local_process_info dict[str, Any];str
get_master_identifier -
get_network_info -
get_process_info list[dict[str, Any]];str
get_process_rules list[dict[str, Any]];str
get_statistics_status dict[str, Any]
get_strategies -
get_supvisors_state dict[str, Any]
restart bool
restart_application bool;StartingStrategies;str;bool
restart_process bool;StartingStrategies;str;str;bool
restart_sequence bool;bool
shutdown bool
start_any_process str;StartingStrategies;str;str;bool
start_application bool;StartingStrategies;str;bool
start_args bool;str;str;bool
start_process bool;StartingStrategies;str;str;bool
stop_application bool;str;bool
stop_process bool;str;bool
test_start_application list[dict[str, Any]];StartingStrategies;str
test_start_process -
update_collecting_period bool;float
update_numprocs bool;str;int;bool;bool
"#;

/// Without times.
fn shape(answer: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut out = String::new();
    let mut rest = answer;
    while let Some(at) = rest.find(is_number) {
        let (before, after) = rest.split_at(at);
        let end = after.find(|c| !is_number(c)).unwrap_or(after.len());
        let (number, behind) = after.split_at(end);
        out += before;
        // a name may contain numbers
        out += match number {
            it if !before.ends_with(' ') || it == "0.0" => it,
            it if it.contains('.') => "F",
            it if it.len() > 8 => "T",
            it => it,
        };
        rest = behind;
    }
    out + rest
}

#[actix::test]
async fn what_the_cluster_is() {
    let instance = operating().await;
    for (method, arguments, columns) in calls(STATUS) {
        let full = format!("supvisors.{method}");
        let answer = ask(&instance.state, &full, &arguments).await;
        // faults and versions have no times
        let shown = match answer.starts_with(['[', '{']) {
            true => shape(&answer),
            false => answer,
        };
        assert_eq!(shown, columns[0], "{method} {arguments:?}");
    }
}

#[actix::test]
async fn lists_have_everything() {
    let instance = operating().await;
    for (method, key, expected) in [
        ("get_all_applications_info", "application_name", "g x y"),
        ("get_all_process_info", "process_name", "a b x y"),
        ("get_all_local_process_info", "name", "a b x y"),
        ("get_all_instances_info", "nick_identifier", "sv1 sv2"),
        (
            "get_all_instances_state_modes",
            "nick_identifier",
            "sv1 sv2",
        ),
    ] {
        let answer = ask(&instance.state, &format!("supvisors.{method}"), &[]).await;
        let names: Vec<&str> = answer
            .split(&format!("'{key}': '"))
            .skip(1)
            .map(|it| it.split('\'').next().unwrap())
            .collect();
        assert_eq!(names.join(" "), expected, "{method}: {answer}");
    }
    let of_sv1 = [Value::from("sv1")];
    let inner = ask(
        &instance.state,
        "supvisors.get_all_inner_process_info",
        &of_sv1,
    )
    .await;
    assert_eq!(inner.matches("'has_crashed': ").count(), 4, "{inner}");
    let crashed = inner.matches("'has_crashed': True").count();
    assert_eq!(crashed, 1, "{inner}");
}

#[actix::test]
async fn refusals() {
    let instance = operating().await;
    for (method, arguments, columns) in calls(REFUSED) {
        let full = format!("supvisors.{method}");
        let answer = ask(&instance.state, &full, &arguments).await;
        assert_eq!(answer, columns[0], "{method} {arguments:?}");
    }
    assert_eq!(instance.requests().await, [] as [&str; 0]);
}

#[actix::test]
async fn commands_reach_the_supervisor() {
    let instance = operating().await;
    for (method, arguments, columns) in calls(REACH_THE_SUPERVISOR) {
        let full = format!("supvisors.{method}");
        let answer = ask(&instance.state, &full, &arguments).await;
        assert_eq!(answer, columns[1], "{method} {arguments:?}");
        let request = with_names(columns[0]);
        let request = request.replace("<g:b>", &with_names("<g:a>").replace("\"a\"", "\"b\""));
        assert_eq!(instance.requests().await, [request], "{method}");
    }
}

#[actix::test]
async fn before_it_begins_the_state_comes_first() {
    let instance = off();
    for (method, arguments, columns) in calls(OFF) {
        let full = format!("supvisors.{method}");
        let answer = ask(&instance.state, &full, &arguments).await;
        let expected = format!(
            "101 BAD_SUPVISORS_STATE: invalid Supvisors state=OFF - state expected in {}",
            columns[0]
        );
        assert_eq!(answer, expected, "{method} {arguments:?}");
    }
    for (method, arguments) in [
        ("get_network_info", vec![Value::from("sv1")]),
        ("get_instance_info", vec![Value::from("n2:9001")]),
        ("get_strategies", vec![]),
        ("get_instance_state_modes", vec![Value::from("sv1")]),
        ("get_all_local_process_info", vec![]),
        ("get_supvisors_state", vec![]),
    ] {
        let full = format!("supvisors.{method}");
        let answer = ask(&instance.state, &full, &arguments).await;
        assert!(answer.starts_with(['[', '{']), "{method}: {answer}");
    }
}

#[actix::test]
async fn switches_of_this_instance() {
    let mut instance = off();
    let levels = std::sync::Arc::<std::sync::Mutex<Vec<_>>>::default();
    let told = std::sync::Arc::clone(&levels);
    let state = std::sync::Arc::get_mut(&mut instance.state).unwrap();
    state.set_log_level = std::sync::Arc::new(move |level| told.lock().unwrap().push(level.name()));
    for (method, argument, status) in [
        ("enable_host_statistics", Value::from(false), "False True 5"),
        ("enable_process_statistics", Value::from(0), "False False 5"),
        (
            "update_collecting_period",
            Value::from(3.5),
            "False False 3.5",
        ),
        (
            "update_collecting_period",
            Value::from(60),
            "False False 60",
        ),
        ("enable_host_statistics", Value::from(true), "True False 60"),
        ("change_log_level", Value::from("DEBUG"), "True False 60"),
        ("change_log_level", Value::from(3), "True False 60"),
    ] {
        let full = format!("supvisors.{method}");
        let answer = ask(&instance.state, &full, std::slice::from_ref(&argument)).await;
        assert_eq!(answer, "True", "{method} {argument:?}");
        let [host, processes, period] = status.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{status}");
        };
        let expected = format!(
            "{{'host_stats': {host}, 'process_stats': {processes}, 'collecting_period': {period}}}"
        );
        let answer = ask(&instance.state, "supvisors.get_statistics_status", &[]).await;
        assert_eq!(answer, expected);
    }
    assert_eq!(*levels.lock().unwrap(), ["debug", "blather"]);
}

/// A frame of `sv2`.
fn tick(counter: u32) -> Value {
    let origin = r#"["n2:9001", "sv2", ["10.0.0.2", 9001]]"#;
    let body = format!(r#"{{"when": 1, "when_monotonic": 2.5, "sequence_counter": {counter}}}"#);
    Value::from(format!("[{origin}, [0, {body}]]"))
}

#[actix::test]
async fn publications_of_peers() {
    let instance = operating().await;
    let long = "é".repeat(500);
    let publish = async |kind: &str, data: Value| {
        let arguments = [Value::from(kind), data];
        let answer = ask(
            &instance.state,
            "supervisor.sendRemoteCommEvent",
            &arguments,
        )
        .await;
        assert_eq!(answer, "True");
        let asked = instance.requests().await;
        assert!(asked[0].starts_with("SendRemoteEvent"), "{asked:?}");
    };
    publish("other", tick(3)).await;
    publish("SupvisorsPublication", tick(7)).await;
    let peer = [Value::from("sv2")];
    let info = ask(&instance.state, "supvisors.get_instance_info", &peer).await;
    assert!(info.contains("'remote_sequence_counter': 7"), "{info}");
    assert_eq!(instance.critical.take(), [] as [&str; 0]);

    for data in [
        Value::from(long),
        Value::from(5),
        Value::from("[[], [99, {}]]"),
    ] {
        publish("SupvisorsPublication", data).await;
        let said = instance.critical.take();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].len() < 400, "{said:?}");
    }
}

#[actix::test]
async fn a_closing_daemon_answers_its_peers() {
    let instance = operating().await;
    let closing = visord_model::state::SupervisorState::Shutdown;
    instance.state.board.set_state(closing);
    for (method, arguments) in [
        ("supvisors.get_network_info", vec![Value::from("sv1")]),
        ("supvisors.get_instance_info", vec![Value::from("n2:9001")]),
        ("supvisors.get_strategies", vec![]),
        (
            "supvisors.get_instance_state_modes",
            vec![Value::from("sv1")],
        ),
        ("supvisors.get_all_local_process_info", vec![]),
        (
            "supervisor.sendRemoteCommEvent",
            vec!["SupvisorsPublication".into(), tick(1)],
        ),
    ] {
        let answer = ask(&instance.state, method, &arguments).await;
        assert!(answer.starts_with(['[', '{', 'T']), "{method}: {answer}");
    }
    for (method, arguments) in [
        (
            "supvisors.start_args",
            vec![Value::from("y"), "".into(), false.into()],
        ),
        ("supvisors.restart", vec![]),
        ("supvisors.shutdown", vec![]),
    ] {
        let answer = ask(&instance.state, method, &arguments).await;
        assert_eq!(answer, "6 SHUTDOWN_STATE", "{method}");
    }
}

#[actix::test]
async fn signatures_and_help() {
    let instance = off();
    let rows = SIGNATURES.lines().filter(|line| !line.is_empty());
    let rows: Vec<_> = rows.map(|row| row.split_once(' ').unwrap()).collect();
    for (name, types) in &rows {
        let name = [Value::from(format!("supvisors.{name}"))];
        let expected = match *types {
            "-" => "4 SIGNATURE_UNSUPPORTED".to_owned(),
            types => {
                let types = types.split(';').map(|it| format!("'{it}'"));
                format!("[{}]", types.collect::<Vec<_>>().join(", "))
            }
        };
        let answer = ask(&instance.state, "system.methodSignature", &name).await;
        assert_eq!(answer, expected, "{name:?}");
        let help = ask(&instance.state, "system.methodHelp", &name).await;
        assert!(help.contains("@return"), "{help}");
    }
    let names: Vec<String> = rows
        .iter()
        .map(|(it, _)| format!("supvisors.{it}"))
        .collect();
    let listed = table::listed(&["supervisor".into(), "supvisors".into()], true);
    assert!(listed.is_sorted());
    let ours: Vec<_> = listed
        .iter()
        .filter(|it| it.starts_with("supvisors."))
        .collect();
    assert_eq!((ours.len(), listed.len()), (44, 44 + 41));
    assert!(ours.into_iter().eq(&names));
    assert_eq!(SUPVISORS.methods().count(), 44);
}

#[actix::test]
async fn without_cluster_there_is_no_such_namespace() {
    let (state, asked) = daemon(Plan::default());
    for method in SUPVISORS.methods() {
        let full = format!("supvisors.{}", method.name);
        assert_eq!(ask(&state, &full, &[]).await, "1 UNKNOWN_METHOD");
        let help = ask(&state, "system.methodHelp", &[Value::from(full)]).await;
        assert_eq!(help, "4 SIGNATURE_UNSUPPORTED");
    }
    let listed = ask(&state, "system.listMethods", &[]).await;
    assert!(!listed.contains("supvisors"), "{listed}");
    let arguments = ["SupvisorsPublication".into(), "nonsense".into()];
    let answer = ask(&state, "supervisor.sendRemoteCommEvent", &arguments).await;
    assert_eq!((&*answer, asked.lock().unwrap().len()), ("True", 1));
}
