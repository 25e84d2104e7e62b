//! How peers join and get lost (spec cluster 3.1, 8.2, 8.4).

use super::*;
use crate::options::Strategies;

fn answered(world: &World, change: impl FnOnce(&mut Handshake)) -> Input {
    let mut input = world.good_answer(TWO, ClusterState::Election, "");
    if let Input::Answered { answer, .. } = &mut input {
        change(answer);
    }
    input
}

/// How an answer differs from a good one, and what becomes of the peer.
type Case = (fn(&mut Handshake), InstanceState);

fn checking() -> World {
    let mut world = World::new(SyncOption::Strict);
    world.step(Input::Begin(stopped()));
    let effects = world.tick_of(TWO);
    assert_eq!(told(&effects), ["handshake with s2"]);
    assert_eq!(world.state_of(TWO), InstanceState::Checking);
    world
}

#[test]
fn a_good_handshake_makes_a_member() {
    let mut world = checking();
    world.answer(TWO, ClusterState::Election, "");
    assert_eq!(world.state_of(TWO), InstanceState::Running);
}

#[test]
fn handshakes_that_fail() {
    let unknown = |answer: &mut Handshake| *answer = Handshake::Unknown;
    let refused = |answer: &mut Handshake| {
        if let Handshake::Answered { refused, .. } = answer {
            *refused = true;
        }
    };
    let inconsistent = |answer: &mut Handshake| {
        if let Handshake::Answered { strategies, .. } = answer {
            *strategies = Strategies {
                auto_fence: true,
                ..*strategies
            };
        }
    };
    let silent = |answer: &mut Handshake| {
        if let Handshake::Answered { processes, .. } = answer {
            *processes = None;
        }
    };
    let cases: [Case; 4] = [
        (unknown, InstanceState::Stopped),
        (refused, InstanceState::Isolated),
        (inconsistent, InstanceState::Isolated),
        (silent, InstanceState::Stopped),
    ];
    for (change, state) in cases {
        let mut world = checking();
        let input = answered(&world, change);
        world.step(input);
        assert_eq!(world.state_of(TWO), state);
    }
}

#[test]
fn an_old_handshake_is_ignored() {
    let mut world = checking();
    let old = world.good_answer(TWO, ClusterState::Election, "");
    world.wait(1);
    world.step(Input::Unreachable(TWO));
    world.tick(&[]);
    assert_eq!(world.state_of(TWO), InstanceState::Stopped);
    world.tick(&[TWO]);
    assert_eq!(world.state_of(TWO), InstanceState::Checking);
    world.step(old);
    assert_eq!(world.state_of(TWO), InstanceState::Checking);
}

#[test]
fn an_event_in_the_handshake_makes_it_stale() {
    let mut world = checking();
    let answer = world.good_answer(TWO, ClusterState::Election, "");
    world.peer_event(TWO, PROCESSES[0], ProcessState::Running);
    world.step(answer);
    assert_eq!(world.state_of(TWO), InstanceState::Stopped);
}

#[test]
fn a_handshake_without_end_is_given_up() {
    let mut world = checking();
    for _ in 0..5 {
        world.tick(&[TWO]);
        assert_eq!(world.state_of(TWO), InstanceState::Checking);
    }
    world.tick(&[TWO]);
    assert_eq!(world.state_of(TWO), InstanceState::Stopped);
}

#[test]
fn silence_is_noticed_after_inactivity_ticks() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    // its last TICK came just before one of ours, which counts
    world.tick(&[THREE]);
    assert_eq!(world.state_of(TWO), InstanceState::Running);
    // FAILED, and invalidated in the same evaluation
    world.tick(&[THREE]);
    assert_eq!(world.state_of(TWO), InstanceState::Stopped);
}

#[test]
fn fencing_needs_a_working_master() {
    for fence in [false, true] {
        let options = Options {
            auto_fence: fence,
            ..World::new(SyncOption::Strict).cluster.options
        };
        let mut world = World::with(options, 3);
        world.lead();
        world.step(Input::Unreachable(THREE));
        let effects = world.tick(&[TWO]);
        let (state, ticks) = if fence {
            (InstanceState::Isolated, "TICK to s2")
        } else {
            (InstanceState::Stopped, "TICK to s2 s3")
        };
        assert_eq!(world.state_of(THREE), state);
        assert_eq!(told(&effects).last().map(String::as_str), Some(ticks));
    }
}

#[test]
fn strangers_are_not_heard() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let tick = Publication::Tick(Tick {
        when: 0.0,
        when_monotonic: 0.0,
        sequence_counter: 1,
    });
    let good = origin(TWO);
    let bad = [
        Origin {
            nick: "s3".into(),
            ..good.clone()
        },
        Origin {
            port: 2,
            ..good.clone()
        },
        Origin {
            identifier: "x:1".into(),
            nick: "x".into(),
            ..good
        },
    ];
    for origin in bad {
        let publication = tick.clone();
        let effects = world.step(Input::Heard {
            origin,
            publication,
        });
        let logged = matches!(
            effects.as_slice(),
            [Effect::Log(line)] if line.text.starts_with("event from unknown Supvisors=[")
        );
        assert!(logged, "{effects:?}");
    }
}
