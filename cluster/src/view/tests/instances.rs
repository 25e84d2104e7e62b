//! Instance states, TICKs, handshakes (spec cluster 3.1).

use alloc::sync::Arc;
use alloc::vec;

use visord_model::log_line::Level;
use visord_model::state::ProcessState as P;

use super::world::{S0, S1, S2, World, in_state, lines, name, stopped};
use crate::effect::Shown;
use crate::identity::InstanceId;
use crate::message::StateModes;
use crate::state::{ClusterState, InstanceState as S};

fn modes() -> Arc<StateModes> {
    Arc::new(StateModes {
        identifier: "h1:9000".into(),
        nick: "s1".into(),
        now_monotonic: 0.0,
        state: ClusterState::Operation,
        degraded: false,
        discovery: false,
        master: "h1:9000".into(),
        starting_jobs: false,
        stopping_jobs: false,
        instances: <_>::default(),
    })
}

/// A way to each state.
fn way(state: S) -> &'static [S] {
    match state {
        S::Stopped => &[],
        S::Checking => &[S::Checking],
        S::Checked => &[S::Checking, S::Checked],
        S::Running => &[S::Checking, S::Checked, S::Running],
        S::Failed => &[S::Checking, S::Failed],
        S::Isolated => &[S::Checking, S::Isolated],
    }
}

#[test]
fn only_the_listed_transitions_happen() {
    for from in S::ALL {
        let allowed: &[S] = match from {
            S::Stopped => &[S::Checking],
            S::Checking => &[S::Stopped, S::Checked, S::Failed, S::Isolated],
            S::Checked => &[S::Running, S::Failed],
            S::Running => &[S::Failed],
            S::Failed => &[S::Stopped, S::Isolated],
            S::Isolated => &[],
        };
        for to in S::ALL {
            let mut world = World::new(vec![]);
            for state in way(from) {
                assert!(world.state(S1, *state).applied);
            }
            let changes = world.state(S1, to);
            let happens = allowed.contains(&to);
            assert_eq!(changes.applied, happens, "{from} to {to}");
            let after = if happens { to } else { from };
            assert_eq!(world.view.instance(S1).state(), after);
            let criticals = lines(&changes, Level::Critical).len();
            assert_eq!(criticals, usize::from(!happens && from != to));
            let shown: &[Shown] = if happens { &[Shown::Instance(S1)] } else { &[] };
            assert_eq!(changes.shown, shown);
        }
    }
}

#[test]
fn the_local_instance_is_never_isolated() {
    let mut world = World::new(vec![]);
    world.state(S0, S::Checking);
    assert!(!world.state(S0, S::Isolated).applied);
    assert_eq!(world.view.instance(S0).state(), S::Checking);
}

#[test]
fn ticks_of_peers_count_when_the_local_instance_is_checked() {
    let mut world = World::new(vec![]);
    assert!(!world.tick(S1, 4, 0).applied);
    assert_eq!(world.view.instance(S1).last_tick(), None);
    let changes = world.tick(S0, 0, 0);
    assert!(changes.handshake);
    assert_eq!(changes.shown, [Shown::Instance(S0)]);
    assert!(!world.tick(S1, 4, 0).handshake);
    world.state(S0, S::Checked);
    let changes = world.tick(S1, 4, 0);
    assert!(changes.handshake);
    assert_eq!(world.view.instance(S1).state(), S::Checking);
    // the next one does not begin another
    let changes = world.tick(S1, 5, 1);
    assert!(!changes.handshake);
    assert_eq!(changes.shown, [Shown::Instance(S1)]);
}

#[test]
fn times_of_a_tick() {
    let mut world = World::running(vec![], &[(S0, &[]), (S1, &[])]);
    world.tick(S0, 3, 3);
    let local = world.view.instance(S0);
    assert_eq!((local.remote_counter(), local.local_counter()), (3, 3));
    assert_eq!(
        (local.local_time(), local.local_mtime()),
        (2_000_015, 115.0)
    );
    assert_eq!(local.started(), Some(100.0));
    world.tick(S1, 8, 3);
    let peer = world.view.instance(S1);
    assert_eq!((peer.remote_counter(), peer.local_counter()), (8, 3));
    let clock = world.clock as f64;
    assert_eq!(peer.local_mtime(), clock);
    assert_eq!(peer.local_time(), 1_000_000 + world.clock as i64);
    assert_eq!(peer.started(), Some(clock - 40.0));
    let tick = peer.last_tick().expect("a TICK");
    assert_eq!((tick.when, tick.when_monotonic), (2_000_040.0, 140.0));
}

#[test]
fn a_tick_refreshes_the_records_of_its_sender() {
    let running = in_state("a:x", P::Running);
    let mut world = World::new(vec![]);
    world.join(S0, vec![]);
    world.join(S1, vec![running.clone(), stopped("a:y")]);
    world.join(S2, vec![running]);
    world.tick(S1, 2, 1);
    let process = world.process("a:x");
    let record = &process.records()[&S1];
    assert_eq!(
        (record.info.now, record.info.now_monotonic),
        (2_000_010.0, 110.0)
    );
    assert_eq!(record.uptime, 110.0);
    // the time of the last event stays
    assert_eq!(record.event_time, 1.0);
    assert_eq!(process.records()[&S2].info.now_monotonic, 1.0);
    assert_eq!(world.process("a:y").records()[&S1].uptime, 0.0);
}

#[test]
fn silence_is_failure() {
    let mut world = World::running(vec![], &[(S0, &[]), (S1, &[])]);
    world.tick(S0, 10, 10);
    world.tick(S1, 7, 10);
    let options = world.options.clone();
    assert!(world.view.check_timers(12, &options).log.is_empty());
    world.tick(S0, 13, 13);
    let changes = world.view.check_timers(13, &options);
    assert_eq!(world.view.instance(S1).state(), S::Failed);
    assert_eq!(changes.shown, [Shown::Instance(S1)]);
    // a STOPPED one is expected to be silent
    assert_eq!(world.view.instance(S2).state(), S::Stopped);
}

#[test]
fn a_restart_that_was_not_noticed_is_a_failure() {
    let mut world = World::running(vec![], &[(S0, &[]), (S1, &[])]);
    world.tick(S0, 10, 10);
    world.tick(S1, 7, 10);
    let changes = world.tick(S1, 0, 10);
    assert_eq!(
        lines(&changes, Level::Warn),
        ["stealth restart of Supvisors=<s1>h1:9000"]
    );
    assert_eq!(world.view.instance(S1).local_counter(), 0);
    let options = world.options.clone();
    world.tick(S0, 11, 11);
    world.view.check_timers(11, &options);
    assert_eq!(world.view.instance(S1).state(), S::Failed);
    // once it is STOPPED, its low number means nothing
    world.state(S1, S::Stopped);
    assert!(world.tick(S1, 0, 11).handshake);
    world.view.check_timers(12, &options);
    assert_eq!(world.view.instance(S1).state(), S::Checking);
}

#[test]
fn a_known_restart_needs_one_handshake() {
    let mut world = World::running(vec![], &[(S0, &[]), (S1, &[])]);
    world.tick(S0, 10, 10);
    world.tick(S1, 7, 10);
    world.state(S1, S::Failed);
    world.state(S1, S::Stopped);
    assert!(world.tick(S1, 0, 10).handshake);
    assert_eq!(world.view.instance(S1).local_counter(), 10);
}

#[test]
fn an_old_answer_is_told_from_the_current_one() {
    let mut world = World::new(vec![]);
    let first = world.now().mono;
    assert!(!world.view.instance(S1).is_checking(first));
    world.state(S1, S::Checking);
    assert!(!world.view.instance(S1).is_checking(first));
    let second = world.now().mono;
    assert!(world.view.instance(S1).is_checking(second));
    world.state(S1, S::Stopped);
    assert!(!world.view.instance(S1).is_checking(second));
}

#[test]
fn changes_during_a_handshake_make_it_stale() {
    type Send = fn(&mut World, InstanceId) -> bool;
    let sends: [Send; 4] = [
        |world, id| world.event(id, "a:x", P::Running).applied,
        |world, id| world.removed(id, "a", Some("x")).applied,
        |world, id| world.added(id, stopped("a:z")).applied,
        |world, id| {
            let now = world.now();
            world.view.on_disability(id, &stopped("a:x"), now).applied
        },
    ];
    for send in sends {
        for state in S::ALL {
            let mut world = World::running(vec![], &[(S0, &["a:x"])]);
            for next in way(state) {
                world.state(S1, *next);
                if *next == S::Checking {
                    world.load(S1, vec![stopped("a:x")]);
                }
            }
            let before = world.now().mono;
            let applied = send(&mut world, S1);
            assert_eq!(applied, matches!(state, S::Checked | S::Running), "{state}");
            let after = world.now().mono;
            let instance = world.view.instance(S1);
            assert_eq!(instance.missed_since(before), state == S::Checking);
            assert!(!instance.missed_since(after));
            // the next handshake starts without it
            if state == S::Checking {
                world.state(S1, S::Stopped);
                world.state(S1, S::Checking);
                assert!(!world.view.instance(S1).missed_since(before));
            }
        }
    }
}

#[test]
fn modes_are_forgotten_with_the_instance() {
    let mut world = World::running(vec![], &[(S0, &[]), (S1, &[])]);
    let changes = world.view.on_modes(S1, modes());
    assert_eq!(changes.shown, [Shown::Cluster(S0)]);
    assert!(world.view.instance(S1).modes().is_some());
    world.state(S1, S::Failed);
    assert!(world.view.instance(S1).modes().is_some());
    world.state(S1, S::Stopped);
    assert!(world.view.instance(S1).modes().is_none());
    assert!(!world.view.on_modes(S0, modes()).applied);
}

#[test]
fn process_failure_needs_a_running_instance() {
    let mut world = World::running(vec![], &[(S0, &["a:x"]), (S1, &["a:x"])]);
    world.event(S1, "a:x", P::Fatal);
    assert!(world.view.instance(S1).process_failure());
    assert!(!world.view.instance(S0).process_failure());
    world.event(S1, "a:x", P::Starting);
    assert!(!world.view.instance(S1).process_failure());
    assert!(world.process("a:x").has_crashed());
    world.event(S1, "a:x", P::Fatal);
    world.state(S1, S::Failed);
    assert!(!world.view.instance(S1).process_failure());
    assert!(world.view.declared(S1).any(|it| it.name == name("a:x")));
}
