//! Texts and answers of the original (captured from two running instances), round trips, and what
//! is wrong with others.

use std::sync::Arc;

use proptest::prelude::*;
use visord_cluster::identity::{Candidate, Identity};
use visord_cluster::message::{Origin, ProcessEvent, Publication};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;
use visord_xmlrpc::{Value, decode_reply, encode_reply};

use super::WireError;
use super::structs::{
    cluster_state, instance, local_process, network, only, read_instance, read_local_processes,
    read_network, read_state_modes, read_strategies, state_modes, strategies,
};
use super::supvisors::{decode, encode, read_datagram};

mod datagrams;
mod odd;
mod round_trips;

const CAPTURED: &str = include_str!("tests/captured/publications.txt");

fn nick_of(identifier: &str) -> Arc<str> {
    format!("nick of {identifier}").into()
}

/// A publication read and written again.
fn again(text: &str) -> String {
    let (origin, publication) = decode(text).expect(text);
    encode(&origin, &publication, &nick_of)
}

#[test]
fn publications_of_the_original_are_written_alike() {
    for text in CAPTURED.lines() {
        // what only it sends with ADDED, and another order of interfaces
        let known = match text.split_once(", \"local_mtime\": ") {
            Some((known, _)) => format!("{known}}}]]"),
            None => text.to_owned(),
        };
        let known = known.replace(
            r#""lo": [106981, 106981], "eth1": [1382, 586], "eth0": [586, 1382]"#,
            r#""eth0": [586, 1382], "eth1": [1382, 586], "lo": [106981, 106981]"#,
        );
        assert_eq!(again(text), known);
    }
    assert_eq!(CAPTURED.lines().count(), 20);
}

#[test]
fn samples_of_the_specification() {
    let origin = r#"["127.0.0.1:9155", "sv3", ["127.0.0.1", 9155]]"#;
    for message in [
        r#"[0, {"when": 1795216450, "when_monotonic": 672.731285891, "sequence_counter": 9}]"#,
        r#"[4, {"name": "y_0", "group": "newg", "state": 0, "statename": "STOPPED", "start": 0, "stop": 0, "now": 1795218849, "pid": 0, "description": "Not started", "spawnerr": "", "expected": true, "start_monotonic": 0.0, "stop_monotonic": 0.0, "now_monotonic": 3071.48, "extra_args": "", "startsecs": 0, "stopwaitsecs": 10, "process_index": 0, "program_name": "y", "disabled": true, "has_stdout": true, "has_stderr": true}]"#,
        r#"[5, {"now": 672.52, "cpu": [[95.65, 574.31], [82.91, 587.03]], "mem": 2.4, "net_io": {"lo": [1239565, 1239565]}, "disk_usage": {"/": 16.2}, "disk_io": {"vda": [2272416768, 4257357824]}}]"#,
        r#"[6, {"namespec": "appA:db", "pid": 31543, "now": 1595.21, "proc_work": 0.0, "proc_memory": 0.0067}]"#,
        r#"[7, {"identifier": "127.0.0.1:9151", "nick_identifier": "sv1", "now_monotonic": 709.06, "fsm_statecode": 4, "fsm_statename": "OPERATION", "degraded_mode": false, "discovery_mode": false, "master_identifier": "127.0.0.1:9151", "starting_jobs": false, "stopping_jobs": true, "instance_states": {"127.0.0.1:9151": "RUNNING", "127.0.0.1:9153": "RUNNING"}}]"#,
    ] {
        let text = format!("[{origin}, {message}]");
        assert_eq!(again(&text), text);
    }
}

#[test]
fn a_forced_state_is_written_as_in_the_original() {
    let origin = Origin {
        identifier: "n1:9001".into(),
        nick: "sv1".into(),
        address: "10.0.0.1".into(),
        port: 9001,
    };
    let event = |about: Option<&str>| {
        Publication::Process(ProcessEvent {
            name: ProcessName::new("app", "db"),
            state: ProcessState::Fatal,
            now: 1_795_216_486.5,
            now_monotonic: 709.0,
            pid: 0,
            expected: false,
            spawnerr: "no resource available".into(),
            extra_args: String::new(),
            disabled: false,
            forced: Some(about.map(Arc::from)),
        })
    };
    for (about, nick) in [("n2:9001", "nick of n2:9001"), ("", "")] {
        let text = format!(
            r#"[["n1:9001", "sv1", ["10.0.0.1", 9001]], [1, {{"identifier": "{about}", "nick_identifier": "{nick}", "group": "app", "name": "db", "state": 200, "forced": true, "now": 1795216486.5, "now_monotonic": 709.0, "pid": 0, "expected": false, "spawnerr": "no resource available", "extra_args": ""}}]]"#
        );
        let publication = event(Some(about).filter(|it| !it.is_empty()));
        assert_eq!(encode(&origin, &publication, &nick_of), text);
        assert_eq!(decode(&text), Ok((origin.clone(), publication)));
    }
}

fn answer(document: &str) -> Value {
    decode_reply(document.as_bytes())
        .expect("an answer")
        .expect("no fault")
}

/// The value in the list that the original answers.
fn listed(value: Value) -> Value {
    Value::Array(vec![value])
}

#[test]
fn answers_of_the_original_are_written_alike() {
    let text = include_str!("tests/captured/strategies.xml");
    let read = read_strategies(&answer(text)).expect("strategies");
    assert_eq!(encode_reply(&strategies(read)), text);

    let text = include_str!("tests/captured/instance.xml");
    let read = read_instance(only(&answer(text)).expect("one")).expect("instance");
    assert_eq!(encode_reply(&listed(instance(&read))), text);

    let text = include_str!("tests/captured/modes.xml");
    let read = read_state_modes(only(&answer(text)).expect("one")).expect("modes");
    assert_eq!(encode_reply(&listed(state_modes(&read))), text);
    let all = include_str!("tests/captured/cluster_state.xml");
    let shown = cluster_state(&read, &[], &[]);
    let keys = |value: &Value| {
        let members = value.as_struct().expect("a struct").to_vec();
        members.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&shown), keys(&answer(all)));
    assert_eq!(shown.get("starting_jobs"), answer(all).get("starting_jobs"));

    let text = include_str!("tests/captured/processes.xml");
    let read = read_local_processes(&answer(text)).expect("processes");
    assert_eq!(read.len(), 4);
    let written: Value = read.iter().map(local_process).collect();
    assert_eq!(encode_reply(&written), text);
}

#[test]
fn the_network_of_the_original_is_written_alike() {
    let text = include_str!("tests/captured/network.xml");
    let read = read_network(only(&answer(text)).expect("one")).expect("network");
    let identity = Identity {
        identifier: "capa:9152".into(),
        nick: "sé2".into(),
        host: "capa".into(),
        port: 9152,
        stereotypes: read.stereotypes,
        network: read.network,
    };
    assert_eq!(encode_reply(&listed(network(&identity))), text);
    let unknown = Identity {
        network: None,
        ..identity
    };
    let read = read_network(&network(&unknown)).expect("network");
    assert_eq!(read.network, None);
    assert_eq!(read.stereotypes, unknown.stereotypes);
}

#[test]
fn strategies_must_be_exactly_these() {
    let answer = answer(include_str!("tests/captured/strategies.xml"));
    let Value::Struct(members) = &answer else {
        panic!("a struct")
    };
    let mut more = members.clone();
    more.push(("new".to_owned(), Value::Bool(true)));
    assert!(read_strategies(&Value::Struct(more)).is_err());
    let mut other = members.clone();
    other[1].1 = "RANDOM".into();
    let error = read_strategies(&Value::Struct(other)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "starting of strategies is not a known name"
    );
    assert!(read_strategies(&Value::Struct(members[1..].to_vec())).is_err());
}
