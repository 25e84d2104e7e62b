//! What becomes of a start (spec cluster 5.2, 5.6).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use visord_model::state::ProcessState;

use super::support::{World, id, name};
use crate::plan::{Input, is_started};
use crate::rules::ProcessRules;
use crate::state::InstanceState;
use crate::strategy::{StartingFailureStrategy, StartingStrategy};

/// `first` in sub-group 1 with these rules, `next` in sub-group 2; `first` was asked to start.
fn begun(edit: impl FnOnce(&mut ProcessRules)) -> World {
    let mut world = World::new("a");
    world.application("app", |_| {});
    world.process("app:first", edit);
    world.process("app:next", |it| it.start_sequence = 2);
    assert_eq!(world.start_application("app"), ["start app:first 0"]);
    world
}

#[test]
fn an_event_decides_the_outcome() {
    use ProcessState::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping, Unknown};
    for wait_exit in [false, true] {
        for (state, expected, goes_on, fails) in [
            (Starting, true, false, false),
            (Backoff, true, false, false),
            (Running, true, !wait_exit, false),
            (Exited, true, true, !wait_exit),
            (Exited, false, true, true),
            (Fatal, false, true, true),
            (Stopped, false, true, true),
            (Stopping, false, true, true),
            (Unknown, false, true, true),
        ] {
            let mut world = begun(|it| {
                it.wait_exit = wait_exit;
                it.required = true;
                it.starting_failure = StartingFailureStrategy::Abort;
            });
            let lines = world.full_event(&name("app:first"), id(0), state, expected);
            let next: &[&str] = if goes_on && !fails {
                &["start app:next 0"]
            } else {
                &[]
            };
            assert_eq!(lines, next, "{state} {expected} {wait_exit}");
            // a required process that fails ends the start
            assert_eq!(world.plan.is_starting(), !fails, "{state} {wait_exit}");
        }
    }
}

#[test]
fn a_process_asked_for_by_itself_does_not_wait_for_its_exit() {
    let mut world = World::new("a");
    world.application("app", |_| {});
    world.process("app:x", |it| it.wait_exit = true);
    world.start("app:x", StartingStrategy::Config);
    world.run("app:x", 0);
    assert!(world.is_idle());
    // an expected exit before RUNNING is a success only with the rule
    world.event("app:x", 0, ProcessState::Exited);
    world.start("app:x", StartingStrategy::Config);
    world.event("app:x", 0, ProcessState::Starting);
    world.event("app:x", 0, ProcessState::Exited);
    assert!(world.is_idle());
}

#[test]
fn what_runs_already_is_skipped_and_what_exited_starts_again() {
    let mut world = World::new("a");
    world.application("app", |_| {});
    for (process, sequence) in [("app:a", 1), ("app:b", 2), ("app:c", 3)] {
        world.process(process, |it| {
            it.start_sequence = sequence;
            it.wait_exit = process == "app:a";
        });
    }
    world.run("app:a", 0);
    world.event("app:a", 0, ProcessState::Exited);
    assert_eq!(world.start_application("app"), ["start app:a 0"]);
    world.run("app:b", 0);
    world.run("app:a", 0);
    assert_eq!(
        world.event("app:a", 0, ProcessState::Exited),
        ["start app:c 0"]
    );
}

#[test]
fn events_of_other_instances_do_not_matter() {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    world.process("app:x", |_| {});
    world.start_application("app");
    world.run("app:x", 1);
    assert!(world.plan.is_starting());
    world.run("app:x", 0);
    assert!(world.is_idle());
}

#[test]
fn extra_arguments_are_given_or_those_of_the_last_start() {
    let mut world = World::new("a");
    world.application("app", |_| {});
    world.process("app:x", |_| {});
    let start = |args: Option<&str>| {
        let args = args.map(ToString::to_string);
        Input::StartProcesses([name("app:x")].into(), StartingStrategy::Config, args)
    };
    assert_eq!(world.step(start(Some("-v"))), ["start app:x 0 -v"]);
    let event = |state| (name("app:x"), id(0), state);
    for (process, on, state) in [event(ProcessState::Starting), event(ProcessState::Running)] {
        world.show_with_args(&process, on, state, "-v");
        world.step(Input::Event {
            process,
            on,
            state,
            expected: true,
        });
    }
    world.show_with_args(&name("app:x"), id(0), ProcessState::Exited, "-v");
    assert_eq!(world.start_application("app"), ["start app:x 0 -v"]);
    world.step(Input::Abort);
    assert_eq!(world.step(start(None)), ["start app:x 0 -v"]);
    world.step(Input::Abort);
    assert_eq!(world.step(start(Some(""))), ["start app:x 0"]);
}

#[test]
fn a_required_process_that_fails_decides_for_its_application() {
    for (strategy, required, expected) in [
        (
            StartingFailureStrategy::Continue,
            true,
            ["start app:next 0"].as_slice(),
        ),
        (StartingFailureStrategy::Stop, false, &["start app:next 0"]),
        (StartingFailureStrategy::Abort, false, &["start app:next 0"]),
        (StartingFailureStrategy::Abort, true, &[]),
        (StartingFailureStrategy::Stop, true, &["stop app:up 0"]),
    ] {
        let mut world = World::new("a");
        world.application("app", |_| {});
        world.process("app:up", |_| {});
        world.process("app:first", |it| {
            it.starting_failure = strategy;
            it.required = required;
        });
        world.process("app:next", |it| it.start_sequence = 2);
        assert_eq!(world.start_application("app").len(), 2);
        world.run("app:up", 0);
        world.event("app:first", 0, ProcessState::Backoff);
        assert_eq!(world.event("app:first", 0, ProcessState::Fatal), expected);
        assert_eq!(
            world.plan.is_stopping(),
            expected.starts_with(&["stop app:up 0"])
        );
    }
}

#[test]
fn commands_already_sent_go_on_before_the_application_stops() {
    let mut world = World::new("a");
    world.application("app", |_| {});
    world.application("after", |it| it.start_sequence = 2);
    world.process("after:x", |_| {});
    world.process("app:fails", |it| {
        it.required = true;
        it.starting_failure = StartingFailureStrategy::Stop;
    });
    world.process("app:slow", |_| {});
    world.step(Input::StartAll);
    assert!(world.event("app:fails", 0, ProcessState::Fatal).is_empty());
    assert!(
        world
            .event("app:slow", 0, ProcessState::Starting)
            .is_empty()
    );
    // the failure of an application does not keep the others from starting
    let lines = world.event("app:slow", 0, ProcessState::Running);
    assert_eq!(lines, ["stop app:slow 0", "start after:x 0"]);
}

#[test]
fn without_a_resource_a_process_is_shown_fatal() {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    world.process("app:big", |it| {
        it.expected_loading = 80;
        it.required = true;
        it.starting_failure = StartingFailureStrategy::Continue;
    });
    world.process("app:next", |it| it.start_sequence = 2);
    for process in ["app:busy0", "app:busy1"] {
        world.process(process, |it| {
            it.start_sequence = 0;
            it.expected_loading = 30;
        });
    }
    world.run("app:busy0", 0);
    world.run("app:busy1", 1);
    let mut lines = world.start("app:big", StartingStrategy::LessLoaded);
    assert_eq!(lines, ["app:big is FATAL: No resource available"]);
    assert!(world.is_idle());
    world.halt("app:busy0", 0);
    world.halt("app:busy1", 1);
    // forced states do not matter: what it really is counts
    lines = world.start_application("app");
    assert_eq!(lines, ["start app:big 0"]);
    world.event("app:big", 0, ProcessState::Starting);
    world
        .view
        .process_rules(&name("app:next"))
        .unwrap()
        .expected_loading = 21;
    world
        .view
        .process_rules(&name("app:next"))
        .unwrap()
        .placement
        .identifiers = ["s0".into()].into();
    lines = world.event("app:big", 0, ProcessState::Running);
    assert_eq!(lines, ["app:next is FATAL: No resource available"]);
}

#[test]
fn no_resource_for_a_required_process_stops_its_application() {
    let mut world = begun(|_| {});
    world.process("app:nowhere", |it| {
        it.placement.identifiers.clear();
        it.start_sequence = 3;
        it.required = true;
        it.starting_failure = StartingFailureStrategy::Stop;
    });
    world.step(Input::Abort);
    world.start_application("app");
    world.run("app:first", 0);
    let lines: Vec<String> = world.run("app:next", 0);
    assert_eq!(
        lines,
        [
            "app:nowhere is FATAL: No resource available",
            "stop app:first 0",
            "stop app:next 0",
        ]
    );
}

#[test]
fn an_application_is_started_if_it_runs_or_has_done_its_work() {
    let mut world = World::new("a");
    world.application("app", |_| {});
    world.application("empty", |_| {});
    for process in ["app:x", "app:y"] {
        world.process(process, |it| it.wait_exit = true);
    }
    let started = |world: &World| is_started(world.view.application("app").unwrap());
    assert!(!started(&world));
    world.event("app:x", 0, ProcessState::Starting);
    assert!(!started(&world));
    world.event("app:x", 0, ProcessState::Running);
    assert!(started(&world));
    world.event("app:x", 0, ProcessState::Exited);
    assert!(!started(&world), "y has not run");
    world.run("app:y", 0);
    world.event("app:y", 0, ProcessState::Exited);
    assert!(started(&world));
    world.unexpected_exit("app:y", 0);
    assert!(!started(&world));
}
