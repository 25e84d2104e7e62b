//! The state of a process over all instances, loads, losses (spec cluster 4.2, 4.4).

use alloc::vec;
use alloc::vec::Vec;

use visord_model::state::ProcessState as P;

use super::world::{S0, S1, S2, S3, World, application, in_state, name, program, zone};
use crate::effect::Shown;
use crate::identity::InstanceId;
use crate::message::LocalProcess;
use crate::rules::element::ProgramElement;

type Said = &'static [(InstanceId, P)];

/// What the instances say, in their order, and what follows: the state, and where it runs.
const VECTORS: &[(Said, P, &[InstanceId])] = &[
    (&[], P::Stopped, &[]),
    (&[(S1, P::Starting)], P::Starting, &[S1]),
    (&[(S1, P::Running), (S2, P::Stopped)], P::Running, &[S1]),
    (&[(S1, P::Running), (S2, P::Fatal)], P::Running, &[S1]),
    // STOPPING stays where it was
    (&[(S1, P::Running), (S1, P::Stopping)], P::Stopping, &[S1]),
    (&[(S1, P::Stopping)], P::Stopping, &[]),
    (&[(S1, P::Stopping), (S2, P::Fatal)], P::Stopping, &[]),
    (&[(S1, P::Stopping), (S2, P::Running)], P::Running, &[S2]),
    // conflicts
    (
        &[(S1, P::Running), (S2, P::Starting)],
        P::Running,
        &[S1, S2],
    ),
    (
        &[(S1, P::Starting), (S2, P::Backoff)],
        P::Backoff,
        &[S1, S2],
    ),
    (
        &[(S1, P::Starting), (S2, P::Starting)],
        P::Starting,
        &[S1, S2],
    ),
    (
        &[(S1, P::Running), (S2, P::Running), (S1, P::Stopping)],
        P::Running,
        &[S1, S2],
    ),
    (
        &[
            (S1, P::Running),
            (S2, P::Running),
            (S1, P::Stopping),
            (S2, P::Stopping),
        ],
        P::Stopping,
        &[S1, S2],
    ),
    (
        &[(S1, P::Running), (S2, P::Running), (S1, P::Exited)],
        P::Running,
        &[S2],
    ),
    // the last word counts
    (&[(S1, P::Exited), (S2, P::Fatal)], P::Fatal, &[]),
    (&[(S2, P::Fatal), (S1, P::Exited)], P::Exited, &[]),
    (&[(S1, P::Running), (S1, P::Unknown)], P::Unknown, &[]),
];

#[test]
fn synthetic_states() {
    for (said, state, running) in VECTORS {
        let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["a:x"])]);
        for (from, state) in *said {
            world.event(*from, "a:x", *state);
        }
        let process = world.process("a:x");
        assert_eq!(
            (process.state(), process.running()),
            (*state, *running),
            "{said:?}"
        );
        assert_eq!(process.is_conflicting(), running.len() > 1);
    }
}

#[test]
fn the_exit_is_that_of_the_last_record() {
    let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["a:x"])]);
    let exited = |expected| LocalProcess {
        expected,
        ..in_state("a:x", P::Exited)
    };
    world.load(S1, vec![exited(false)]);
    assert_eq!(world.seen("a:x"), (P::Exited, false, vec![]));
    assert!(world.process("a:x").is_crashed());
    world.load(S2, vec![exited(true)]);
    assert_eq!(world.seen("a:x"), (P::Exited, true, vec![]));
    world.load(S1, vec![exited(false)]);
    world.event(S2, "a:x", P::Running);
    assert_eq!(world.seen("a:x"), (P::Running, true, vec![S2]));
}

#[test]
fn the_pid_is_known_while_it_runs() {
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    world.event(S1, "a:x", P::Starting);
    assert_eq!(world.process("a:x").pid_on(S1), 0);
    world.event(S1, "a:x", P::Running);
    assert_eq!(world.process("a:x").pid_on(S1), 7);
    assert_eq!(world.process("a:x").pid_on(S2), 0);
    world.event(S1, "a:x", P::Exited);
    assert_eq!(world.process("a:x").pid_on(S1), 0);
}

fn loaded(process: &str, load: u8) -> ProgramElement {
    ProgramElement {
        expected_loading: Some(load),
        ..program(process)
    }
}

#[test]
fn conflicts_are_those_of_managed_applications() {
    let managed = vec![application("a", vec![])];
    let all: &[&str] = &["a:x", "b:x"];
    let mut world = World::running(managed, &[(S1, all), (S2, all)]);
    for process in all {
        world.event(S1, process, P::Running);
        world.event(S2, process, P::Running);
    }
    assert!(world.process("b:x").is_conflicting());
    assert_eq!(world.view.conflicts(), [name("a:x")]);
    assert!(world.view.is_conflicting());
    world.event(S1, "a:x", P::Stopped);
    assert_eq!(world.view.conflicts(), []);
    assert!(!world.view.is_conflicting());
}

#[test]
fn loads_are_of_what_runs() {
    let rules = vec![application("a", vec![loaded("x", 20), loaded("y", 30)])];
    let all: &[&str] = &["a:x", "a:y"];
    let mut world = World::running(rules, &[(S0, all), (S1, all), (S2, all), (S3, &[])]);
    let loads = |world: &World| -> Vec<u32> {
        world
            .view
            .instances()
            .map(|(id, _)| world.view.load(id))
            .collect()
    };
    for (from, process, state, expected) in [
        (S1, "a:x", P::Starting, [0, 20, 0, 0]),
        (S1, "a:x", P::Running, [0, 20, 0, 0]),
        (S1, "a:y", P::Backoff, [0, 50, 0, 0]),
        (S0, "a:x", P::Running, [20, 50, 0, 0]),
        // it still runs somewhere, so it still loads both
        (S0, "a:x", P::Stopping, [20, 50, 0, 0]),
        (S1, "a:x", P::Stopping, [0, 30, 0, 0]),
        (S1, "a:x", P::Stopped, [0, 30, 0, 0]),
        (S1, "a:y", P::Fatal, [0, 0, 0, 0]),
        (S2, "a:y", P::Running, [0, 0, 30, 0]),
    ] {
        world.event(from, process, state);
        assert_eq!(loads(&world), expected, "{from:?} {process} {state}");
    }
    let now = world.now();
    world.view.force(&name("a:y"), P::Fatal, "", now);
    assert_eq!(loads(&world), [0, 0, 30, 0]);
    world.event(S0, "a:y", P::Running);
    world.event(S1, "a:y", P::Running);
    assert_eq!(world.view.node_load(world.view.node(S1)), 60);
    assert_eq!(world.view.node_load(world.view.node(S2)), 30);
    world.view.lose(S1);
    assert_eq!(loads(&world), [30, 0, 30, 0]);
}

#[test]
fn what_ran_on_a_lost_instance_is_fatal() {
    let all: &[&str] = &["a:x", "a:y", "b:z", "b:s"];
    let mut world = World::running(vec![], &[(S1, all), (S2, all)]);
    world.event_at(S1, "a:x", P::Running, 30.0);
    world.event_at(S1, "a:y", P::Running, 31.0);
    world.event_at(S2, "a:y", P::Starting, 32.0);
    world.event_at(S1, "b:s", P::Running, 33.0);
    world.event_at(S1, "b:s", P::Stopping, 34.0);
    let changes = world.view.lose(S1);
    // a:y runs elsewhere, b:s was ending
    assert_eq!(changes.lost, [name("a:x")]);
    assert_eq!(
        changes.shown,
        [
            Shown::Process(name("a:x")),
            Shown::Process(name("a:y")),
            Shown::Process(name("b:s")),
            Shown::Application("a".into()),
            Shown::Application("b".into()),
        ]
    );
    assert_eq!(world.seen("a:x"), (P::Fatal, false, vec![]));
    assert_eq!(world.seen("a:y"), (P::Starting, true, vec![S2]));
    assert_eq!(world.seen("b:s"), (P::Fatal, false, vec![]));
    assert_eq!(world.seen("b:z").0, P::Stopped);
    let record = &world.process("a:x").records()[&S1];
    assert_eq!(record.info.spawnerr, "Supervisor h1:9000 lost");
    assert_eq!(record.description(&zone), "Supervisor h1:9000 lost");
    // not the fault of the process
    assert!(!record.has_crashed);
    // the time is the one of its last event
    assert_eq!((record.event_time, record.info.stop), (30.0, 0.0));
    assert_eq!(record.info.pid, 7);
    assert_eq!(world.view.running_on(S1).count(), 0);
    assert_eq!(world.view.declared(S1).count(), 4);
    assert!(world.view.lose(S1).shown.is_empty());
}

#[test]
fn a_loss_of_all_copies_is_told_once() {
    let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["a:x"])]);
    world.event(S1, "a:x", P::Running);
    world.event(S2, "a:x", P::Running);
    assert_eq!(world.view.lose(S2).lost, []);
    assert_eq!(world.view.lose(S1).lost, [name("a:x")]);
}
