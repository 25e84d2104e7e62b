//! Records: loads, events, descriptions (spec cluster 4.1, 4.8).

use alloc::string::ToString;
use alloc::vec;

use visord_model::log_line::Level;
use visord_model::state::ProcessState as P;

use super::world::{S0, S1, S2, World, event, in_state, lines, name, stopped, zone};
use crate::effect::Shown;
use crate::message::{LocalProcess, ProcessEvent};
use crate::view::process::Forced;

#[test]
fn a_load_replaces_the_record() {
    for (state, expected, crashed) in [
        (P::Stopped, true, false),
        (P::Fatal, true, true),
        (P::Exited, true, false),
        (P::Exited, false, true),
        (P::Running, false, false),
        (P::Unknown, false, false),
    ] {
        let mut world = World::running(vec![], &[(S1, &["a:x"])]);
        world.event(S1, "a:x", P::Fatal);
        assert!(world.process("a:x").has_crashed());
        let info = LocalProcess {
            expected,
            ..in_state("a:x", state)
        };
        world.load(S1, vec![info.clone()]);
        let record = &world.process("a:x").records()[&S1];
        assert_eq!(record.info, info);
        assert_eq!(record.has_crashed, crashed, "{state} {expected}");
        assert_eq!(record.event_time, info.now_monotonic);
        assert_eq!(record.local_mtime, world.clock as f64);
        assert!(!record.by_event);
        assert_eq!(world.process("a:x").last_event(), world.clock as f64);
    }
}

#[test]
fn the_newcomer_names_program_and_rank() {
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    let numbered = |program: &str, process_index| LocalProcess {
        program: program.into(),
        process_index,
        ..stopped("a:x")
    };
    // a rank of 0 may not be one
    let changes = world.load(S2, vec![numbered("p", 3)]);
    assert_eq!(lines(&changes, Level::Error).len(), 0);
    let changes = world.load(S2, vec![numbered("p", 4)]);
    assert_eq!(
        lines(&changes, Level::Error),
        ["a:x: inconsistent process_index: 3 and 4"]
    );
    let changes = world.load(S2, vec![numbered("q", 4)]);
    assert_eq!(
        lines(&changes, Level::Error),
        ["a:x: inconsistent program_name: p and q"]
    );
    let (program, index) = &world.process("a:x").program;
    assert_eq!((&**program, *index), ("q", 4));
}

#[test]
fn an_event_is_merged_into_the_record() {
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    let changes = world.send(
        S1,
        &ProcessEvent {
            spawnerr: "no".into(),
            expected: false,
            disabled: true,
            pid: 42,
            now: 1_000_050.5,
            now_monotonic: 50.5,
            ..event("a:x", P::Exited)
        },
    );
    assert!(changes.applied);
    let record = &world.process("a:x").records()[&S1];
    let info = &record.info;
    assert_eq!(
        (info.state, info.pid, info.expected),
        (P::Exited, 42, false)
    );
    assert_eq!((&*info.spawnerr, info.disabled), ("no", true));
    assert_eq!((info.now, info.now_monotonic), (1_000_050.5, 50.5));
    assert_eq!(
        (record.event_time, record.local_mtime),
        (50.5, world.clock as f64)
    );
    assert!(record.by_event && record.has_crashed);
    // once it has crashed, that is known until the next load
    world.event(S1, "a:x", P::Stopped);
    assert!(world.process("a:x").has_crashed());
    world.load(S1, vec![stopped("a:x")]);
    assert!(!world.process("a:x").has_crashed());
}

#[test]
fn events_set_start_and_stop() {
    for state in P::ALL {
        let mut world = World::running(vec![], &[(S1, &["a:x"])]);
        world.event_at(S1, "a:x", state, 30.0);
        let info = &world.process("a:x").records()[&S1].info;
        let starts = matches!(state, P::Starting | P::Backoff);
        let stops = matches!(state, P::Stopped | P::Exited | P::Unknown);
        let start = if starts {
            (1_000_030.0, 30.0)
        } else {
            (0.0, 0.0)
        };
        let stop = if stops {
            (1_000_030.0, 30.0)
        } else {
            (0.0, 0.0)
        };
        assert_eq!((info.start, info.start_monotonic), start, "{state}");
        assert_eq!((info.stop, info.stop_monotonic), stop, "{state}");
    }
}

#[test]
fn descriptions_are_those_of_supervisord() {
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    let text = |world: &World| world.process("a:x").records()[&S1].description(&zone);
    assert_eq!(text(&world), "Not started");
    world.event_at(S1, "a:x", P::Starting, 30.0);
    assert_eq!(text(&world), "");
    world.event_at(S1, "a:x", P::Running, 31.0);
    assert_eq!(text(&world), "pid 7, uptime 0:00:01");
    world.tick(S0, 0, 0);
    world.event_at(S1, "a:x", P::Stopping, 95.0);
    assert_eq!(text(&world), "");
    // not the date of 1970: the stop is known first
    world.event_at(S1, "a:x", P::Stopped, 96.0);
    assert_eq!(text(&world), "at 1000096");
    for state in [P::Fatal, P::Backoff] {
        world.event(S1, "a:x", state);
        assert_eq!(text(&world), "unknown error (try \"tail x\")");
        let spawnerr = "no such file".to_string();
        world.send(
            S1,
            &ProcessEvent {
                spawnerr,
                ..event("a:x", state)
            },
        );
        assert_eq!(text(&world), "no such file");
    }
}

#[test]
fn uptime_counts_by_the_clock_of_the_sender() {
    let mut world = World::running(vec![], &[(S0, &[]), (S1, &["a:x"])]);
    let uptime = |world: &World| world.process("a:x").records()[&S1].uptime;
    world.event_at(S1, "a:x", P::Starting, 30.0);
    assert_eq!(uptime(&world), 0.0);
    world.event_at(S1, "a:x", P::Running, 31.0);
    assert_eq!(uptime(&world), 1.0);
    // its clock is at 150
    world.tick(S1, 10, 1);
    assert_eq!(uptime(&world), 120.0);
    let text = world.process("a:x").records()[&S1].description(&zone);
    assert_eq!(text, "pid 7, uptime 11 days, 13:47:00");
    world.event_at(S1, "a:x", P::Stopping, 160.0);
    assert_eq!(uptime(&world), 130.0);
    world.event_at(S1, "a:x", P::Stopped, 161.0);
    assert_eq!(uptime(&world), 0.0);
}

#[test]
fn never_started_is_stopped_without_a_stop() {
    let mut world = World::running(vec![], &[(S1, &["a:x", "a:y"]), (S2, &["a:x"])]);
    assert!(world.process("a:x").is_never_started());
    assert!(world.view.application("a").expect("a").is_never_started());
    world.event(S2, "a:x", P::Fatal);
    assert!(!world.process("a:x").is_never_started());
    world.event(S2, "a:x", P::Stopped);
    assert!(!world.process("a:x").is_never_started());
    assert!(world.process("a:y").is_never_started());
    assert!(!world.view.application("a").expect("a").is_never_started());
}

#[test]
fn an_event_shows_event_process_and_application() {
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    let sent = event("a:x", P::Starting);
    let changes = world.send(S1, &sent);
    let application = Shown::Application("a".into());
    let shown = [
        Shown::Event(S1, sent.into()),
        Shown::Process(name("a:x")),
        application,
    ];
    assert_eq!(changes.shown, shown);
    assert_eq!(
        lines(&changes, Level::Info),
        ["a:x is STARTING", "application=a is STARTING"]
    );
}

#[test]
fn events_of_unknown_processes_are_logged() {
    let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["a:y"])]);
    for (from, process) in [(S1, "b:x"), (S1, "a:z"), (S1, "a:y"), (S2, "a:x")] {
        let changes = world.event(from, process, P::Running);
        assert!(!changes.applied && changes.shown.is_empty());
        let errors = lines(&changes, Level::Error);
        assert_eq!(errors.len(), 1, "{process}");
        assert!(errors[0].contains("unknown process="), "{}", errors[0]);
        assert!(world.view.processes().all(|it| it.running().is_empty()));
    }
}

#[test]
fn extra_arguments_are_shared() {
    let mut world = World::running(vec![], &[(S0, &["a:x"]), (S1, &["a:x", "a:y"])]);
    let with = |process: &str, args: &str| ProcessEvent {
        extra_args: args.into(),
        ..event(process, P::Starting)
    };
    let changes = world.send(S1, &with("a:x", "-v"));
    assert_eq!(changes.extra_args, [(name("a:x"), "-v".into())]);
    assert_eq!(world.process("a:x").extra_args(), "-v");
    // it has them; the local instance does not declare a:y; it knows its own
    for (from, process) in [(S1, "a:x"), (S1, "a:y")] {
        assert_eq!(world.send(from, &with(process, "-v")).extra_args, []);
    }
    assert_eq!(world.send(S0, &with("a:x", "-w")).extra_args, []);
    assert_eq!(world.process("a:x").extra_args(), "-w");
    // an instance that joins with others
    let changes = world.load(S2, vec![stopped("a:x")]);
    assert_eq!(changes.extra_args, [(name("a:x"), "".into())]);
    assert_eq!(world.process("a:x").extra_args(), "");
    // the local one has arguments that are not known
    let info = LocalProcess {
        extra_args: "-z".into(),
        ..stopped("a:x")
    };
    let changes = world.load(S0, vec![info]);
    assert_eq!(changes.extra_args, [(name("a:x"), "".into())]);
    assert_eq!(world.process("a:x").records()[&S0].info.extra_args, "");
}

#[test]
fn disabled_where_its_program_is() {
    let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["a:x"])]);
    let disabled = LocalProcess {
        disabled: true,
        ..stopped("a:x")
    };
    for (from, all) in [(S1, false), (S2, true)] {
        let now = world.now();
        let changes = world.view.on_disability(from, &disabled, now);
        assert_eq!(changes.shown, [Shown::Disability(from, name("a:x"))]);
        let process = world.process("a:x");
        assert!(!process.is_startable_on(from));
        assert_eq!(process.is_disabled(), all);
    }
    assert!(!world.process("a:x").is_startable_on(S0));
    // an event says it, too
    world.event(S1, "a:x", P::Stopped);
    assert!(world.process("a:x").is_startable_on(S1));
    let now = world.now();
    let changes = world.view.on_disability(S1, &stopped("a:z"), now);
    assert_eq!(lines(&changes, Level::Error).len(), 1);
}

#[test]
fn a_forced_state_is_only_shown() {
    let mut world = World::running(vec![], &[(S0, &["a:x"]), (S1, &["a:x"])]);
    let now = world.now();
    let changes = world
        .view
        .force(&name("a:x"), P::Fatal, "No resource available", now);
    assert!(changes.applied);
    assert_eq!(changes.shown.len(), 3);
    let process = world.process("a:x");
    assert_eq!(
        (process.state(), process.displayed_state()),
        (P::Stopped, P::Fatal)
    );
    let reason = "No resource available".into();
    let state = P::Fatal;
    assert_eq!(process.forced(), Some(&Forced { state, reason }));
    assert!(process.is_failed() && !process.is_crashed() && !process.has_crashed());
    // a load that says STOPPED says nothing new
    world.load(S1, vec![stopped("a:x")]);
    assert_eq!(world.process("a:x").displayed_state(), P::Fatal);
    let now = world.now();
    world.view.on_disability(S1, &stopped("a:x"), now);
    assert_eq!(world.process("a:x").displayed_state(), P::Fatal);
    world.load(S1, vec![in_state("a:x", P::Exited)]);
    assert_eq!(world.process("a:x").displayed_state(), P::Exited);
    let now = world.now();
    world.view.force(&name("a:x"), P::Fatal, "", now);
    world.event(S1, "a:x", P::Stopped);
    assert_eq!(world.process("a:x").forced(), None);
}

#[test]
fn a_forced_event_that_is_out_of_date_is_dropped() {
    let forced = |on: Option<&str>, at: f64| ProcessEvent {
        now_monotonic: at,
        forced: Some(on.map(Into::into)),
        ..event("a:x", P::Stopped)
    };
    // the last event of s1 is of its time 40
    for (on, at, applied) in [
        (Some("h1:9000"), 39.0, false),
        (Some("h1:9000"), 40.0, true),
        (Some("h1:9000"), 41.0, true),
        // it does not declare the process
        (Some("h2:9000"), 1.0, true),
        (Some("elsewhere:1"), 1.0, true),
        (None, 1.0, true),
    ] {
        // the sender need not declare it
        let mut world = World::running(vec![], &[(S0, &[]), (S1, &["a:x"])]);
        world.event_at(S1, "a:x", P::Running, 40.0);
        let changes = world.send(S0, &forced(on, at));
        assert_eq!(changes.applied, applied, "{on:?} {at}");
        assert_eq!(changes.shown.is_empty(), !applied);
        assert_eq!(lines(&changes, Level::Error).len(), 0);
        let shown = if applied { P::Stopped } else { P::Running };
        assert_eq!(world.process("a:x").displayed_state(), shown);
        assert_eq!(world.seen("a:x"), (P::Running, true, vec![S1]));
    }
}
