//! Failures of running processes (spec cluster 5.9).

use alloc::string::String;
use alloc::vec::Vec;

use visord_model::moment::Moment;

use super::support::{World, id, name};
use crate::plan::Input;
use crate::state::InstanceState;
use crate::strategy::RunningFailureStrategy::{
    self, Continue, Restart, RestartApplication, RestartProcess, Shutdown, StopApplication,
};
use crate::strategy::StartingStrategy;

fn crash(world: &mut World, process: &str, on: usize) -> Vec<String> {
    let mut lines = world.unexpected_exit(process, on);
    lines.extend(world.step(Input::Crashed(name(process))));
    lines
}

fn world(processes: &[(&str, RunningFailureStrategy)]) -> World {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    for &(process, strategy) in processes {
        world.process(process, |it| it.running_failure = strategy);
        world.run(process, 0);
    }
    world
}

#[test]
fn a_crash() {
    for (strategy, expected) in [
        (Continue, [""; 0].as_slice()),
        (RestartProcess, &[]),
        (StopApplication, &["stop app:y 0"]),
        (RestartApplication, &["stop app:y 0"]),
        (Shutdown, &["shut down"]),
        (Restart, &["restart"]),
    ] {
        let mut world = world(&[("app:x", strategy), ("app:y", Continue)]);
        assert_eq!(crash(&mut world, "app:x", 0), expected, "{strategy:?}");
        let again: &[&str] = match strategy {
            RestartApplication => &["start app:x 0", "start app:y 0"],
            Continue | RestartProcess | StopApplication | Shutdown | Restart => &[],
        };
        if world.plan.is_stopping() {
            assert_eq!(world.halt("app:y", 0), again);
        }
    }
}

#[test]
fn the_last_process_of_an_application_crashes() {
    let mut world = world(&[("app:x", RestartApplication)]);
    assert_eq!(crash(&mut world, "app:x", 0), ["start app:x 0"]);
    let mut world = self::world(&[("app:x", StopApplication)]);
    assert!(crash(&mut world, "app:x", 0).is_empty());
    assert!(world.is_idle());
}

#[test]
fn jobs_wait_until_their_application_has_no_other() {
    let mut world = world(&[("app:x", StopApplication), ("app:y", Continue)]);
    world.process("app:slow", |it| it.start_sequence = 0);
    world.start("app:slow", StartingStrategy::Config);
    assert!(crash(&mut world, "app:x", 0).is_empty());
    assert!(world.tick().is_empty());
    assert!(world.run("app:slow", 0).is_empty());
    assert_eq!(world.tick(), ["stop app:y 0", "stop app:slow 0"]);
}

#[test]
fn a_crash_while_its_application_starts() {
    let mut world = world(&[]);
    for (process, sequence) in [("app:x", 1), ("app:y", 2)] {
        world.process(process, |it| {
            it.start_sequence = sequence;
            it.running_failure = RestartApplication;
        });
    }
    world.start_application("app");
    world.run("app:x", 0);
    assert!(
        crash(&mut world, "app:x", 0).is_empty(),
        "the start goes on"
    );
    assert!(world.run("app:y", 0).is_empty());
    assert_eq!(world.tick(), ["stop app:y 0"]);
    assert_eq!(world.halt("app:y", 0), ["start app:x 0"]);
}

/// All processes ran on s1 and are lost at once; `app:up` stays on s0.
fn lost(processes: &[(&str, RunningFailureStrategy, u32)]) -> Vec<String> {
    let mut world = world(&[("app:up", Continue)]);
    for &(process, strategy, sequence) in processes {
        world.process(process, |it| {
            it.running_failure = strategy;
            it.start_sequence = sequence;
        });
        world.run(process, 1);
    }
    world.lose(1, true)
}

#[test]
fn stopping_wins_over_restarting_the_application_over_restarting_a_process() {
    let stop = ["stop app:up 0"];
    let a = ("app:a", RestartProcess, 1);
    let b = ("app:b", StopApplication, 1);
    let c = ("app:c", RestartApplication, 1);
    let zero = ("app:zero", RestartProcess, 0);
    assert_eq!(lost(&[a, b, c, zero]), stop);
    assert_eq!(lost(&[zero, c, b]), stop);
    // not in the start sequence: the restart of the application does not cover it
    assert_eq!(lost(&[a, c, zero]), ["stop app:up 0", "start app:zero 0"]);
    assert_eq!(
        lost(&[a, zero]),
        ["start app:zero 0"],
        "sub-group 0 is first"
    );
}

#[test]
fn a_process_restart_is_promoted_if_the_application_has_stopped() {
    for (sequence, expected) in [
        (1, ["start app:other 0", "start app:x 0"].as_slice()),
        (0, &["start app:x 0"]),
    ] {
        let mut world = World::new("ab");
        world.application("app", |_| {});
        world.process("app:other", |_| {});
        world.process("app:x", |it| {
            it.running_failure = RestartProcess;
            it.start_sequence = sequence;
        });
        world.run("app:x", 1);
        assert_eq!(world.lose(1, true), expected);
    }
}

#[test]
fn a_process_restart_uses_the_rules_and_no_arguments() {
    let mut world = World::new("abc");
    world.application("app", |it| {
        it.starting_strategy = StartingStrategy::MostLoaded
    });
    world.process("app:up", |it| it.expected_loading = 10);
    world.run("app:up", 1);
    world.process("app:x", |it| it.running_failure = RestartProcess);
    for state in [10, 20].map(|code| visord_model::state::ProcessState::from_code(code).unwrap()) {
        world.show_with_args(&name("app:x"), id(2), state, "-v");
    }
    assert_eq!(world.lose(2, true), ["start app:x 1"]);
}

#[test]
fn a_deferred_restart_of_a_process_finds_it_running() {
    let mut world = world(&[("app:up", Continue)]);
    world.process("app:x", |it| it.running_failure = RestartProcess);
    world.process("app:slow", |_| {});
    world.run("app:x", 1);
    world.start("app:slow", StartingStrategy::Config);
    assert!(world.lose(1, true).is_empty(), "slow is not up yet");
    world.run("app:x", 0);
    world.run("app:slow", 0);
    // like the original: it stops, then starts again
    assert_eq!(world.tick(), ["stop app:x 0"]);
    assert_eq!(world.halt("app:x", 0), ["start app:x 0"]);
}

#[test]
fn processes_that_are_gone_are_forgotten() {
    let mut world = world(&[("app:x", StopApplication), ("app:y", RestartProcess)]);
    world.start("app:x", StartingStrategy::Config);
    for on in [0, 1] {
        world
            .view
            .on_removed(id(on), "app", None, Moment::default());
    }
    assert!(world.view.application("app").is_none());
    assert!(world.step(Input::Crashed(name("app:x"))).is_empty());
    world.leave(0, InstanceState::Stopped);
    let lost = Input::Lost {
        instances: [id(0)].into(),
        processes: [name("app:y")].into(),
        master: true,
    };
    assert!(world.step(lost).is_empty());
    assert!(world.tick().is_empty());
    assert!(world.is_idle());
}
