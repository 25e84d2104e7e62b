//! Conflicts and how they end (spec cluster 6).

use alloc::string::String;
use alloc::vec::Vec;

use super::support::{World, name};
use crate::plan::Input;
use crate::strategy::{ConciliationStrategy, RunningFailureStrategy};

/// `app:x` runs on s0, s1 and s2, for 20, 10 and 30 s.
fn world() -> World {
    let mut world = World::new("abc");
    world.application("app", |_| {});
    world.process("app:x", |_| {});
    for (on, uptime) in [20.0, 10.0, 30.0].into_iter().enumerate() {
        world.run_for("app:x", on, uptime);
    }
    world
}

fn conciliate(world: &mut World, strategy: ConciliationStrategy) -> Vec<String> {
    let conflicts = world.view.conflicts();
    assert_eq!(conflicts, [name("app:x")]);
    world.step(Input::Conciliate(strategy, conflicts))
}

#[test]
fn the_youngest_or_the_oldest_is_kept() {
    let mut world = world();
    let lines = conciliate(&mut world, ConciliationStrategy::Senicide);
    assert_eq!(lines, ["stop app:x 0", "stop app:x 2"]);
    let mut world = self::world();
    let lines = conciliate(&mut world, ConciliationStrategy::Infanticide);
    assert_eq!(lines, ["stop app:x 0", "stop app:x 1"]);
}

#[test]
fn of_equally_old_ones_the_first_is_kept() {
    for strategy in [
        ConciliationStrategy::Senicide,
        ConciliationStrategy::Infanticide,
    ] {
        let mut world = World::new("ab");
        world.application("app", |_| {});
        world.process("app:x", |_| {});
        world.run_for("app:x", 1, 5.0);
        world.run_for("app:x", 0, 5.0);
        assert_eq!(conciliate(&mut world, strategy), ["stop app:x 0"]);
    }
}

#[test]
fn a_user_decides() {
    let mut world = world();
    assert!(conciliate(&mut world, ConciliationStrategy::User).is_empty());
    assert!(world.is_idle());
}

#[test]
fn all_stop() {
    let mut world = world();
    let lines = conciliate(&mut world, ConciliationStrategy::Stop);
    assert_eq!(lines, ["stop app:x 0", "stop app:x 1", "stop app:x 2"]);
    for on in 0..3 {
        assert!(world.halt("app:x", on).is_empty());
    }
    assert!(world.is_idle());
}

#[test]
fn all_stop_and_one_starts() {
    let mut world = world();
    assert_eq!(
        conciliate(&mut world, ConciliationStrategy::Restart).len(),
        3
    );
    assert!(world.halt("app:x", 2).is_empty());
    assert!(world.halt("app:x", 0).is_empty());
    assert_eq!(world.halt("app:x", 1), ["start app:x 0"]);
}

#[test]
fn all_stop_and_the_running_failure_strategy_follows() {
    for (strategy, expected) in [
        (RunningFailureStrategy::Continue, [""; 0].as_slice()),
        (RunningFailureStrategy::RestartProcess, &["start app:x 0"]),
        (RunningFailureStrategy::StopApplication, &["stop app:y 0"]),
        (
            RunningFailureStrategy::RestartApplication,
            &["stop app:y 0"],
        ),
        (RunningFailureStrategy::Shutdown, &[]),
    ] {
        let mut world = world();
        world.process("app:y", |_| {});
        world.run("app:y", 0);
        world
            .view
            .process_rules(&name("app:x"))
            .unwrap()
            .running_failure = strategy;
        let lines = conciliate(&mut world, ConciliationStrategy::RunningFailure);
        assert_eq!(lines, ["stop app:x 0", "stop app:x 1", "stop app:x 2"]);
        for on in 0..3 {
            assert!(world.halt("app:x", on).is_empty());
        }
        // the stopper has released the application
        assert_eq!(world.tick(), expected, "{strategy:?}");
    }
}

#[test]
fn a_conflict_that_is_over_stops_nothing() {
    for strategy in [
        ConciliationStrategy::Senicide,
        ConciliationStrategy::Infanticide,
    ] {
        let mut world = world();
        world.halt("app:x", 0);
        world.halt("app:x", 1);
        let processes = [name("app:x"), name("app:unknown")].into();
        assert!(
            world
                .step(Input::Conciliate(strategy, processes))
                .is_empty()
        );
    }
}
