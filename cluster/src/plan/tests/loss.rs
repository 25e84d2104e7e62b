//! Instances that are lost (spec cluster 5.8, 5.9).

use super::support::World;
use crate::plan::Input;
use crate::strategy::{RunningFailureStrategy, StartingFailureStrategy, StartingStrategy};

/// Two nodes; `app:x` on s1, its running failure strategy, `app:y` on s0.
fn world(strategy: RunningFailureStrategy) -> World {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    for (process, on) in [("app:x", 1), ("app:y", 0)] {
        world.process(process, |it| {
            if process == "app:x" {
                it.running_failure = strategy;
            }
        });
        world.run(process, on);
    }
    world
}

#[test]
fn the_master_applies_the_running_failure_strategy() {
    for (strategy, master, expected) in [
        (RunningFailureStrategy::Continue, true, [""; 0].as_slice()),
        (
            RunningFailureStrategy::RestartProcess,
            true,
            &["start app:x 0"],
        ),
        (RunningFailureStrategy::RestartProcess, false, &[]),
        (
            RunningFailureStrategy::StopApplication,
            true,
            &["stop app:y 0"],
        ),
        (
            RunningFailureStrategy::RestartApplication,
            true,
            &["stop app:y 0"],
        ),
        (RunningFailureStrategy::Shutdown, true, &[]),
        (RunningFailureStrategy::Restart, true, &[]),
    ] {
        let mut world = world(strategy);
        assert_eq!(world.lose(1, master), expected, "{strategy:?}");
        if strategy == RunningFailureStrategy::RestartApplication {
            assert_eq!(world.halt("app:y", 0), ["start app:x 0", "start app:y 0"]);
        }
    }
}

#[test]
fn what_runs_elsewhere_has_not_failed() {
    let mut world = world(RunningFailureStrategy::RestartProcess);
    world.run("app:x", 0);
    assert!(world.lose(1, true).is_empty());
}

#[test]
fn a_start_on_a_lost_instance_is_a_starting_failure() {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    world.process("app:x", |it| {
        it.placement.identifiers = ["s1".into()].into();
        it.running_failure = RunningFailureStrategy::RestartProcess;
        it.required = true;
        it.starting_failure = StartingFailureStrategy::Abort;
    });
    world.process("app:y", |it| it.start_sequence = 2);
    assert_eq!(world.start_application("app"), ["start app:x 1"]);
    world.event("app:x", 1, visord_model::state::ProcessState::Starting);
    // neither y nor x: the start is aborted, and it is no running failure
    assert!(world.lose(1, true).is_empty());
    assert!(world.is_idle());
}

#[test]
fn the_next_sub_group_starts_elsewhere() {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    world.process("app:x", |it| {
        it.placement.identifiers = ["s1".into()].into()
    });
    world.process("app:y", |it| it.start_sequence = 2);
    world.start_application("app");
    assert_eq!(world.lose(1, false), ["start app:y 0"]);
}

#[test]
fn a_stop_on_a_lost_instance_is_over() {
    let mut world = world(RunningFailureStrategy::RestartProcess);
    world.stop("app:x");
    assert!(world.lose(1, true).is_empty(), "it was to be stopped");
    assert!(world.is_idle());
}

#[test]
fn what_is_planned_is_not_started_twice() {
    let mut world = world(RunningFailureStrategy::RestartProcess);
    world.application("first", |_| {});
    world.process("first:x", |_| {});
    world.halt("app:x", 1);
    assert_eq!(world.start_application("first"), ["start first:x 0"]);
    assert!(world.start("app:x", StartingStrategy::Config).is_empty());
    // it comes back by itself, and is lost before its turn
    world.run("app:x", 1);
    assert!(world.lose(1, true).is_empty());
    assert_eq!(world.run("first:x", 0), ["start app:x 0"]);
    world.run("app:x", 0);
    assert!(world.is_idle());
}

#[test]
fn a_restart_goes_on_elsewhere() {
    let mut world = world(RunningFailureStrategy::Continue);
    let restart = Input::RestartApplication("app".into(), StartingStrategy::Config);
    assert_eq!(world.step(restart), ["stop app:x 1", "stop app:y 0"]);
    world.halt("app:y", 0);
    assert_eq!(world.lose(1, true), ["start app:x 0", "start app:y 0"]);
}
