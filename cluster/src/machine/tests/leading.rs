//! What Masters and the others do past ELECTION (spec cluster 3.2, 3.7).

use super::*;
use core::time::Duration;

#[test]
fn distribution_ends_when_all_members_have_it() {
    let mut world = strict();
    for id in [TWO, THREE] {
        world.publish(id, ClusterState::Election, NAMES[0]);
    }
    let (_, effects) = world.settle();
    assert_eq!(effects.last(), Some(&Effect::StartAll));
    world.publish(TWO, ClusterState::Distribution, NAMES[0]);
    assert_eq!(world.settle().0, []);
    world.publish(THREE, ClusterState::Distribution, NAMES[0]);
    assert_eq!(world.settle().0, [ClusterState::Operation]);
}

#[test]
fn distribution_ends_without_a_member_that_never_says_so() {
    let mut world = strict();
    for id in [TWO, THREE] {
        world.publish(id, ClusterState::Election, NAMES[0]);
    }
    world.starting = true;
    world.settle();
    world.now = world.now + Duration::from_secs(1000);
    // what is started takes its time
    assert_eq!(world.settle().0, []);
    world.starting = false;
    assert_eq!(world.settle().0, []);
    world.now = world.now + (PATIENCE - Duration::from_secs(1));
    assert_eq!(world.settle().0, []);
    world.now = world.now + Duration::from_secs(1);
    assert_eq!(world.settle().0, [ClusterState::Operation]);
}

#[test]
fn conflicts_are_conciliated_until_there_are_none() {
    let mut world = strict();
    world.lead();
    world.conflicts = true;
    world.starting = true;
    assert_eq!(world.settle().0, []);
    world.starting = false;
    let turn = world.step(Input::Evaluate);
    assert_eq!(turn.effects, [Effect::Conciliate]);
    world.stopping = true;
    assert_eq!(world.settle().1, []);
    world.stopping = false;
    assert_eq!(world.settle().1, [Effect::Conciliate]);
    world.conflicts = false;
    assert_eq!(world.settle().0, [ClusterState::Operation]);
}

#[test]
fn a_new_instance_brings_everyone_to_election() {
    for conciliation in [false, true] {
        let mut world = strict();
        world.lead();
        world.conflicts = conciliation;
        world.settle();
        world.joined = true;
        world.publish(THREE, ClusterState::Synchronization, "");
        let (states, _) = world.settle();
        assert_eq!(states, [ClusterState::Election]);
        assert_eq!(world.machine.master(), Some(ONE));
    }
}

#[test]
fn a_lost_master_brings_everyone_to_election() {
    for state in [ClusterState::Operation, ClusterState::Conciliation] {
        let mut world = strict();
        world.serve(state);
        assert_eq!(world.machine.state(), state);
        world.all_see(TWO, InstanceState::Stopped);
        world.publish(THREE, state, "");
        world.lost = true;
        let (states, effects) = world.settle();
        assert_eq!(states, [ClusterState::Election]);
        assert_eq!(effects, [Effect::Abort]);
        assert_eq!(world.master(), "s1");
    }
}

#[test]
fn the_master_restarts_what_is_lost() {
    let mut world = strict();
    world.lead();
    world.all_see(THREE, InstanceState::Stopped);
    world.lost = true;
    assert_eq!(world.settle().1, [Effect::Lost(true)]);

    let mut world = strict();
    world.serve(ClusterState::Operation);
    world.all_see(THREE, InstanceState::Stopped);
    world.lost = true;
    assert_eq!(world.settle().1, [Effect::Lost(false)]);
}

#[test]
fn two_masters_meet_again() {
    let mut world = strict();
    world.lead();
    world.publish(TWO, ClusterState::Operation, NAMES[1]);
    let (states, _) = world.settle();
    assert_eq!(states, [ClusterState::Election]);
    assert_eq!(world.master(), "s1");
}

#[test]
fn closing_follows_the_master() {
    use ClusterState::{Final, Restarting};
    let mut world = strict();
    world.lead();
    world.stopping = true;
    let turn = world.step(Input::Close(Closing::Restart));
    assert_eq!(turn.effects, [Effect::Abort, Effect::StopAll]);
    assert_eq!(world.machine.state(), Restarting);
    assert_eq!(world.settle().0, []);
    world.stopping = false;
    let (states, effects) = world.settle();
    assert_eq!(states, [Final]);
    assert_eq!(effects, [Effect::Close(Closing::Restart)]);

    let mut world = strict();
    world.serve(ClusterState::Operation);
    world.publish(TWO, Restarting, NAMES[1]);
    let (states, effects) = world.settle();
    assert_eq!((states, effects), (vec![Restarting], vec![Effect::Abort]));
    world.publish(TWO, Final, NAMES[1]);
    let (states, effects) = world.settle();
    assert_eq!(states, [Final]);
    assert_eq!(effects, [Effect::Close(Closing::Restart)]);
}

#[test]
fn closing_ends_without_the_master() {
    let mut world = strict();
    world.serve(ClusterState::Operation);
    world.publish(TWO, ClusterState::ShuttingDown, NAMES[1]);
    world.settle();
    world.all_see(TWO, InstanceState::Stopped);
    let (states, effects) = world.settle();
    assert_eq!(states, [ClusterState::Final]);
    assert_eq!(effects, [Effect::Close(Closing::Shutdown)]);
}

#[test]
fn a_late_slave_closes_with_its_master() {
    for state in [ClusterState::Restarting, ClusterState::ShuttingDown] {
        let mut world = strict();
        for id in [TWO, THREE] {
            world.publish(id, state, NAMES[1]);
        }
        world.settle();
        assert_eq!(world.machine.state(), state);
    }
}
