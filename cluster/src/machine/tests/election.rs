//! Stability and election (spec cluster 3.3, 3.4).

use super::*;

#[test]
fn the_smallest_nick_is_elected() {
    let mut world = strict();
    world.peers[2].nick = "a3";
    world.settle();
    assert_eq!(world.master(), "a3");
}

#[test]
fn a_core_instance_comes_first() {
    let mut world = strict();
    world.core = vec![THREE];
    world.settle();
    assert_eq!(world.master(), "s3");
}

#[test]
fn a_master_that_somebody_has_comes_first() {
    let mut world = strict();
    world.publish(TWO, ClusterState::Operation, NAMES[2]);
    world.settle();
    assert_eq!(world.master(), "s3");
}

#[test]
fn of_two_masters_the_core_one_or_the_smaller_wins() {
    let mut world = strict();
    world.publish(TWO, ClusterState::Operation, NAMES[1]);
    world.publish(THREE, ClusterState::Operation, NAMES[2]);
    world.settle();
    assert_eq!(world.master(), "s2");

    let mut world = strict();
    world.core = vec![THREE];
    world.publish(TWO, ClusterState::Operation, NAMES[1]);
    world.publish(THREE, ClusterState::Operation, NAMES[2]);
    world.settle();
    assert_eq!(world.master(), "s3");
}

#[test]
fn a_named_master_that_does_not_run_is_no_candidate() {
    let mut world = strict();
    world.publish(TWO, ClusterState::Election, "elsewhere:1");
    world.settle();
    assert_eq!(world.master(), "s1");
}

#[test]
fn nobody_is_elected_while_one_sees_another_set() {
    let mut world = World::new(with(&[SyncOption::Timeout]));
    world.now = Mono(core::time::Duration::from_secs(15));
    world.peers[1]
        .modes
        .instances
        .insert(NAMES[2].into(), InstanceState::Checking);
    let (states, _) = world.settle();
    use ClusterState::{Election, Synchronization};
    assert_eq!(states, [Synchronization, Election]);
    assert_eq!(world.machine.master(), None);
    world.peers[1]
        .modes
        .instances
        .insert(NAMES[2].into(), InstanceState::Stopped);
    world.settle();
    assert_eq!(world.machine.master(), None);
}

#[test]
fn a_single_instance_needs_no_second_look() {
    let mut world = World::new(with(&[SyncOption::Strict]));
    world.peers.truncate(1);
    world.peers[0].modes.instances = BTreeMap::from([(NAMES[0].into(), InstanceState::Running)]);
    let (states, effects) = world.settle();
    use ClusterState::{Distribution, Election, Operation, Synchronization};
    assert_eq!(states, [Synchronization, Election, Distribution, Operation]);
    assert_eq!(effects, [Effect::Abort, Effect::Abort, Effect::StartAll]);
}

#[test]
fn a_slave_leaves_election_with_its_master() {
    let mut world = strict();
    world.settle();
    for state in [ClusterState::Election, ClusterState::Synchronization] {
        for id in [TWO, THREE] {
            world.publish(id, state, NAMES[1]);
        }
        world.settle();
        assert_eq!(world.machine.state(), ClusterState::Election);
    }
    world.publish(TWO, ClusterState::Distribution, NAMES[1]);
    assert_eq!(world.settle().0, []);
    // its own first choice was s1, and the others named none: it keeps it
    assert_eq!(world.master(), "s1");
}

#[test]
fn a_slave_that_is_late_catches_up() {
    use ClusterState::{Conciliation, Distribution, Election, Operation, Synchronization};
    let mut world = strict();
    for id in [TWO, THREE] {
        world.publish(id, Conciliation, NAMES[1]);
    }
    let (states, _) = world.settle();
    let expected = [
        Synchronization,
        Election,
        Distribution,
        Operation,
        Conciliation,
    ];
    assert_eq!(states, expected);
}
