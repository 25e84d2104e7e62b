//! Publications that are odd, and that are wrong.

use super::*;

/// What a publication with this message says.
fn read(message: &str) -> Result<Publication, WireError> {
    let text = format!(r#"[["n1:9001", "sv1", ["10.0.0.1", 9001]], {message}]"#);
    decode(&text).map(|(_, publication)| publication)
}

#[test]
fn odd_publications_are_understood() {
    // ints for floats and the reverse, numbers for truths, unknown keys, missing ones
    let tick =
        read(r#"[0.0, {"when": 7.5, "when_monotonic": 5, "sequence_counter": 9.0, "x": []}]"#);
    let Ok(Publication::Tick(tick)) = tick else {
        panic!("{tick:?}")
    };
    assert_eq!((tick.when, tick.when_monotonic), (7.5, 5.0));
    assert_eq!(tick.sequence_counter, 9);

    let event = read(
        r#"[1, {"name": "a", "group": "b", "state": 100, "now": 1, "now_monotonic": 2, "pid": 3, "expected": 0, "event_mtime": 4.5}]"#,
    );
    let Ok(Publication::Process(event)) = event else {
        panic!("{event:?}")
    };
    assert_eq!(event.name, ProcessName::new("b", "a"));
    assert!(!event.expected && !event.disabled && event.forced.is_none());

    // the last of two equal keys counts, as in Python
    let removed = read(r#"[3, {"name": "a", "name": "*", "group": "b"}]"#);
    let group = "b".into();
    assert_eq!(
        removed,
        Ok(Publication::Removed {
            group,
            process: None
        })
    );

    let ended = read(r#"[6, {"namespec": "a:b", "pid": 0, "now": 1}]"#);
    assert!(matches!(ended, Ok(Publication::ProcessStatistics(it)) if it.pid == 0));
    // a forced state is known by the key alone
    let forced = read(
        r#"[1, {"identifier": "", "name": "a", "group": "b", "state": 200, "now": 1, "now_monotonic": 2, "pid": 0, "forced": false}]"#,
    );
    assert!(matches!(forced, Ok(Publication::Process(it)) if it.forced == Some(None)));
}

/// Each message, and what is wrong with it.
fn assert_wrong(messages: &[(&str, &str)]) {
    for (message, wrong) in messages {
        let error = read(message).expect_err(message);
        assert_eq!(error.to_string(), *wrong, "{message}");
    }
}

#[test]
fn wrong_messages_say_what_is_wrong() {
    assert_wrong(&[
        ("[9, {}]", "unknown message type 9"),
        ("[-1, {}]", "unknown message type -1"),
        (r#"["0", {}]"#, "the type of the text is not a whole number"),
        ("[0.5, {}]", "the type of the text is not a whole number"),
        (
            "[0]",
            "the message of the text is not a list of type and body",
        ),
        (
            "null",
            "the message of the text is not a list of type and body",
        ),
        ("[0, []]", "TICK of the message is not a structure"),
        ("[0, {}]", "TICK has no when"),
        (r#"[0, {"when": "1"}]"#, "when of TICK is not a number"),
        (
            r#"[0, {"when": 1, "when_monotonic": 1, "sequence_counter": -1}]"#,
            "sequence_counter of TICK is not a whole number in its range",
        ),
        (
            r#"[2, {"name": "a", "group": "b"}]"#,
            "process has no state",
        ),
        (r#"[3, {"name": "a"}]"#, "PROCESS_REMOVED has no group"),
        (r#"[4, 1]"#, "process of the message is not a structure"),
        (r#"[5, {"cpu": [[1]]}]"#, "host statistics has no now"),
        (
            r#"[5, {"now": 1, "cpu": [[1]], "mem": 1, "net_io": {}, "disk_usage": {}, "disk_io": {}}]"#,
            "cpu of host statistics is not a list of pairs of numbers",
        ),
        (
            r#"[6, {"namespec": "a", "pid": 1, "now": 1}]"#,
            "process statistics has no proc_work",
        ),
    ]);
}

#[test]
fn wrong_events_say_what_is_wrong() {
    const EVENT: &str = r#""now": 1.0, "now_monotonic": 1.0, "pid": 0}]"#;
    assert_wrong(&[
        (
            &format!(r#"[1, {{"name": "a", "group": "b", "state": -1, {EVENT}"#),
            "state of PROCESS is not a known number",
        ),
        (
            &format!(r#"[1, {{"name": "a", "group": "b", "state": 20, "expected": "yes", {EVENT}"#),
            "expected of PROCESS is not true or false",
        ),
        (
            &format!(r#"[1, {{"name": 1, "group": "b", "state": 20, {EVENT}"#),
            "name of PROCESS is not a text",
        ),
    ]);
}

#[test]
fn wrong_states_say_what_is_wrong() {
    let state = |more: &str| {
        format!(
            r#"[7, {{"identifier": "a", "nick_identifier": "a", "now_monotonic": 1.0, "master_identifier": "", {more}}}]"#
        )
    };
    assert_wrong(&[
        (
            &state(r#""instance_states": {"a": "SLEEPING"}"#),
            "instance_states of state is not names of instance states",
        ),
        (
            &state(r#""instance_states": {}, "fsm_statecode": 42"#),
            "fsm_statecode of state is not a known number",
        ),
        (
            &state(r#""instance_states": {}, "fsm_statecode": 4, "starting_jobs": ["a"]"#),
            "starting_jobs of state is not true or false",
        ),
    ]);
}

#[test]
fn wrong_frames_say_what_is_wrong() {
    let tick = r#"[0, {"when": 1, "when_monotonic": 1, "sequence_counter": 1}]"#;
    let origin = "the origin of the text is not [identifier, nick, [address, port]]";
    for (source, wrong) in [
        ("[]", origin),
        (r#"["a", "b", ["c"]]"#, origin),
        (r#"["a", "b", ["c", 65536]]"#, origin),
        (r#"["a", 1, ["c", 1]]"#, origin),
    ] {
        let error = decode(&format!("[{source}, {tick}]")).expect_err(source);
        assert_eq!(error.to_string(), wrong, "{source}");
    }
    for (text, wrong) in [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        (
            "{}",
            "the frame of the text is not a list of origin and message",
        ),
        (
            "[[], [], []]",
            "the frame of the text is not a list of origin and message",
        ),
        (&" ".repeat(1024 * 1024 + 1), "more than 1048576 bytes"),
    ] {
        assert_eq!(decode(text).expect_err("wrong").to_string(), wrong);
    }
}
