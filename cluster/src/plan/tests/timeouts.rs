//! Commands that take too long, in TICKs of the instance that was asked (spec cluster 5.7).

use visord_model::state::ProcessState;

use super::support::{World, id};
use crate::plan::Input;
use crate::rules::ProcessRules;
use crate::state::InstanceState;
use crate::strategy::{StartingFailureStrategy, StartingStrategy};

/// Ten seconds to start, forty to stop.
fn world(edit: impl FnOnce(&mut ProcessRules)) -> World {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    world.process("app:x", edit);
    world.process("app:y", |it| it.start_sequence = 2);
    world.seconds("app:x", 10, 40);
    world
}

/// TICKs until something happens, at most 40.
fn ticks_until(world: &mut World, expected: &[&str]) -> Option<u32> {
    (1..=40).find(|_| {
        let lines = world.tick();
        if !lines.is_empty() {
            assert_eq!(lines, expected);
        }
        !lines.is_empty()
    })
}

#[test]
fn a_start_that_is_not_answered() {
    let mut world = world(|it| {
        it.required = true;
        it.starting_failure = StartingFailureStrategy::Stop;
    });
    world.tick();
    world.start_application("app");
    let late = [
        "app:x is FATAL: process STARTING event not received in time",
        // the failure strategy does not apply
        "start app:y 0",
    ];
    assert_eq!(ticks_until(&mut world, &late), Some(3));
    assert_eq!(world.state("app:x"), ProcessState::Fatal);
    assert!(world.plan.is_starting());
    // nothing is known of it any more
    assert!(world.run("app:x", 0).is_empty());
}

#[test]
fn a_start_that_takes_too_long() {
    let mut world = world(|_| {});
    world.start_application("app");
    world.event("app:x", 0, ProcessState::Starting);
    let late = [
        "app:x is FATAL: process RUNNING event not received in time",
        "start app:y 0",
    ];
    assert_eq!(ticks_until(&mut world, &late), Some(2 + 2 + 1));
}

#[test]
fn a_retry_gets_all_the_time_again() {
    let mut world = world(|_| {});
    world.start_application("app");
    world.event("app:x", 0, ProcessState::Starting);
    for _ in 0..4 {
        assert!(world.tick().is_empty());
    }
    world.event("app:x", 0, ProcessState::Backoff);
    let late = [
        "app:x is FATAL: process RUNNING event not received in time",
        "start app:y 0",
    ];
    assert_eq!(ticks_until(&mut world, &late), Some(5));
}

#[test]
fn an_exit_is_waited_for_without_limit() {
    let mut world = world(|it| it.wait_exit = true);
    world.start_application("app");
    world.run("app:x", 0);
    assert_eq!(ticks_until(&mut world, &[]), None);
    assert!(world.plan.is_starting());
    assert_eq!(
        world.event("app:x", 0, ProcessState::Exited),
        ["start app:y 0"]
    );
}

#[test]
fn only_the_ticks_of_the_instance_count() {
    let mut world = world(|_| {});
    world.start_application("app");
    for _ in 0..40 {
        assert!(world.tick_of(&[id(1)]).is_empty());
    }
    assert!(world.plan.is_starting());
    assert_eq!(world.tick().len(), 2);
}

#[test]
fn a_stop_that_is_not_answered() {
    let mut world = world(|_| {});
    world.run("app:x", 0);
    world.stop("app:x");
    let late = ["app:x is STOPPED: process STOPPING event not received in time"];
    assert_eq!(ticks_until(&mut world, &late), Some(3));
    assert!(world.is_idle());
}

#[test]
fn a_stop_that_takes_too_long() {
    let mut world = world(|_| {});
    world.run("app:x", 0);
    let restart = Input::RestartApplication("app".into(), StartingStrategy::Config);
    assert_eq!(world.step(restart), ["stop app:x 0"]);
    world.event("app:x", 0, ProcessState::Stopping);
    // the application is shown STOPPED now, so it starts; x itself still stops and is skipped
    let late = [
        "app:x is STOPPED: process STOPPED event not received in time",
        "start app:y 0",
    ];
    assert_eq!(ticks_until(&mut world, &late), Some(8 + 2 + 1));
}

#[test]
fn outcomes_without_an_event_count() {
    let mut world = world(|_| {});
    world.start_application("app");
    world.show(
        &super::support::name("app:x"),
        id(0),
        ProcessState::Running,
        true,
    );
    assert_eq!(world.tick(), ["start app:y 0"]);
    world.run("app:y", 0);
    world.stop("app:x");
    world.show(
        &super::support::name("app:x"),
        id(0),
        ProcessState::Stopped,
        true,
    );
    assert!(world.tick().is_empty());
    assert!(world.is_idle());
}

#[test]
fn many_instances_give_more_time() {
    for (instances, isolated, ticks) in [(29, 0, 3), (30, 0, 4), (30, 1, 3), (50, 0, 6)] {
        let mut world = World::new(&"a".repeat(instances));
        for number in 0..isolated {
            world.leave(instances - 1 - number, InstanceState::Isolated);
        }
        world.application("app", |_| {});
        world.process("app:x", |_| {});
        world.start_application("app");
        let late = ["app:x is FATAL: process STARTING event not received in time"];
        assert_eq!(ticks_until(&mut world, &late), Some(ticks));
    }
}
