//! Synchronization conditions and failure strategies (spec cluster 3.3, 3.5).

use super::*;
use core::time::Duration;

fn state_after(options: Options, change: impl FnOnce(&mut World)) -> (ClusterState, bool) {
    let mut world = World::new(options);
    change(&mut world);
    world.settle();
    (world.machine.state(), world.machine.degraded())
}

fn missing(world: &mut World) {
    world.all_see(THREE, InstanceState::Stopped);
}

#[test]
fn strict_waits_for_the_list() {
    let strict = with(&[SyncOption::Strict]);
    let waits = (ClusterState::Synchronization, true);
    assert_eq!(state_after(strict.clone(), missing), waits);
    let ends = (ClusterState::Election, false);
    assert_eq!(state_after(strict, |_| {}), ends);
}

#[test]
fn timeout_counts_from_off_and_is_not_degraded() {
    let timeout = with(&[SyncOption::Timeout]);
    let at = |seconds| {
        move |world: &mut World| {
            missing(world);
            world.now = Mono(Duration::from_secs(seconds));
        }
    };
    let waits = (ClusterState::Synchronization, false);
    assert_eq!(state_after(timeout.clone(), at(14)), waits);
    let ends = (ClusterState::Election, false);
    assert_eq!(state_after(timeout, at(15)), ends);
}

#[test]
fn core_needs_its_instances_only() {
    let core = with(&[SyncOption::Core]);
    let chosen = |core: &'static [InstanceId]| {
        move |world: &mut World| {
            missing(world);
            world.core = core.to_vec();
        }
    };
    let ends = (ClusterState::Election, false);
    assert_eq!(state_after(core.clone(), chosen(&[ONE, TWO])), ends);
    let waits = (ClusterState::Synchronization, true);
    assert_eq!(state_after(core.clone(), chosen(&[THREE])), waits);
    assert_eq!(state_after(core, chosen(&[])), waits);
}

#[test]
fn user_ends_it_by_a_running_master() {
    let user = with(&[SyncOption::User]);
    let waits = (ClusterState::Synchronization, false);
    assert_eq!(state_after(user.clone(), |_| {}), waits);
    // adopted from a peer
    let adopt = |world: &mut World| world.publish(THREE, ClusterState::Operation, NAMES[2]);
    assert_eq!(
        state_after(user.clone(), adopt),
        (ClusterState::Election, false)
    );
    // chosen here
    let mut world = World::new(user);
    world.settle();
    assert!(world.step(Input::EndSync(Some(TWO))).again);
    world.settle();
    assert_eq!(world.master(), "s2");
    assert_eq!(world.machine.state(), ClusterState::Election);
}

#[test]
fn one_condition_is_enough_and_the_others_degrade() {
    let both = with(&[SyncOption::Strict, SyncOption::Core]);
    let found = state_after(both, |world| {
        missing(world);
        world.core = vec![ONE];
    });
    assert_eq!(found, (ClusterState::Election, true));
}

#[test]
fn an_unstable_set_meets_nothing() {
    let found = state_after(with(&[SyncOption::List]), |world| {
        world.peers[1]
            .modes
            .instances
            .insert(NAMES[0].into(), InstanceState::Checked);
    });
    assert_eq!(found, (ClusterState::Synchronization, true));
}

fn lose_s3(strategy: ClusterFailureStrategy, synchro: &[SyncOption]) -> ClusterState {
    let mut world = strict();
    world.core = vec![ONE];
    world.lead();
    world.options = Options {
        failure_strategy: strategy,
        ..with(synchro)
    };
    missing(&mut world);
    world.lost = true;
    world.settle();
    world.machine.state()
}

#[test]
fn failure_strategies() {
    use ClusterFailureStrategy::{Continue, Resync, Shutdown};
    use SyncOption::{Core, List, Strict, User};
    assert_eq!(lose_s3(Continue, &[Strict]), ClusterState::Operation);
    assert_eq!(lose_s3(Resync, &[Strict]), ClusterState::Synchronization);
    assert_eq!(lose_s3(Resync, &[List]), ClusterState::Synchronization);
    assert_eq!(lose_s3(Shutdown, &[List]), ClusterState::Final);
    // CORE comes before STRICT, USER before both
    assert_eq!(lose_s3(Resync, &[Core, Strict]), ClusterState::Operation);
    assert_eq!(lose_s3(Shutdown, &[User, Core]), ClusterState::Final);
}

#[test]
fn a_shutdown_by_failure_stops_the_applications_first() {
    let mut world = strict();
    world.lead();
    world.options.failure_strategy = ClusterFailureStrategy::Shutdown;
    missing(&mut world);
    world.stopping = true;
    let (states, effects) = world.settle();
    assert_eq!(states, [ClusterState::ShuttingDown]);
    assert_eq!(effects, [Effect::Abort, Effect::StopAll]);
    world.stopping = false;
    let (states, effects) = world.settle();
    assert_eq!(states, [ClusterState::Final]);
    assert_eq!(effects, [Effect::Close(Closing::Shutdown)]);
}

#[test]
fn resync_works_from_distribution_and_conciliation() {
    for conciliation in [false, true] {
        let mut world = strict();
        if conciliation {
            world.lead();
            world.conflicts = true;
        } else {
            for id in [TWO, THREE] {
                world.publish(id, ClusterState::Election, NAMES[0]);
            }
            world.starting = true;
        }
        world.settle();
        let state = if conciliation {
            ClusterState::Conciliation
        } else {
            ClusterState::Distribution
        };
        assert_eq!(world.machine.state(), state);
        world.options.failure_strategy = ClusterFailureStrategy::Resync;
        missing(&mut world);
        world.lost = true;
        let (states, _) = world.settle();
        assert_eq!(states, [ClusterState::Synchronization]);
        assert_eq!(world.machine.master(), Some(ONE), "the Master is kept");
    }
}
