//! What becomes of calls in the namespace of the cluster, as in `rpc_commands`. In answers `F` is
//! a double that is not 0.0, and `T` a time in whole seconds.

mod tables;

use std::sync::{Arc, Mutex};

use visord_model::state::SupervisorState;
use visord_xmlrpc::Value;

use super::cluster::{off, operating};
use super::fake::Plan;
use super::rpc::{ask, daemon};
use super::rpc_commands::{calls, with_names};
use crate::rpc::table::{self, SUPVISORS};
use tables::{OFF, REACH_THE_SUPERVISOR, REFUSED, SIGNATURES, STATUS};

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
    let levels = Arc::<Mutex<Vec<_>>>::default();
    let told = Arc::clone(&levels);
    let state = Arc::get_mut(&mut instance.state).unwrap();
    state.set_log_level = Arc::new(move |level| told.lock().unwrap().push(level.name()));
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
    let closing = SupervisorState::Shutdown;
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
