//! The machine alone, with facts made by hand. The grid of all states and inputs is in
//! `cluster/src/cluster/tests/grid.rs`.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use visord_model::moment::Mono;

use super::facts::{Facts, Member};
use super::{Effect, Input, Machine, PATIENCE, Turn};
use crate::identity::InstanceId;
use crate::input::Closing;
use crate::message::StateModes;
use crate::options::Options;
use crate::state::{ClusterState, InstanceState};
use crate::strategy::{ClusterFailureStrategy, SyncOption};

mod election;
mod leading;
mod sync;

const ONE: InstanceId = InstanceId(0);
const TWO: InstanceId = InstanceId(1);
const THREE: InstanceId = InstanceId(2);

/// One instance: its own state, its Master, how it sees the others.
#[derive(Clone)]
struct Peer {
    nick: &'static str,
    state: InstanceState,
    modes: StateModes,
}

/// A cluster of `s1` (local), `s2`, `s3`, all RUNNING, in agreement and without a Master.
struct World {
    peers: Vec<Peer>,
    core: Vec<InstanceId>,
    options: Options,
    machine: Machine,
    now: Mono,
    lost: bool,
    joined: bool,
    starting: bool,
    stopping: bool,
    conflicts: bool,
}

const NAMES: [&str; 3] = ["s1:1", "s2:1", "s3:1"];

impl World {
    fn new(options: Options) -> Self {
        let running: BTreeMap<Arc<str>, InstanceState> = NAMES
            .map(|name| (Arc::from(name), InstanceState::Running))
            .into();
        let peer = |(name, nick): (&'static str, &'static str)| Peer {
            nick,
            state: InstanceState::Running,
            modes: StateModes {
                identifier: name.into(),
                nick: nick.into(),
                now_monotonic: 0.0,
                state: ClusterState::Synchronization,
                degraded: false,
                discovery: false,
                master: "".into(),
                starting_jobs: false,
                stopping_jobs: false,
                instances: running.clone(),
            },
        };
        Self {
            peers: NAMES
                .into_iter()
                .zip(["s1", "s2", "s3"])
                .map(peer)
                .collect(),
            core: Vec::new(),
            options,
            machine: Machine::new(Mono::default()),
            now: Mono::default(),
            lost: false,
            joined: false,
            starting: false,
            stopping: false,
            conflicts: false,
        }
    }

    /// One step, without the lines of the log.
    fn step(&mut self, input: Input) -> Turn {
        let members = self.peers.iter().map(|peer| Member {
            identifier: &peer.modes.identifier,
            nick: peer.nick,
            state: peer.state,
            initial: true,
            modes: Some(&peer.modes),
        });
        let facts = Facts {
            local: ONE,
            members: members.collect(),
            core: self.core.clone(),
            lost: self.lost,
            joined: self.joined,
            starting: self.starting,
            stopping: self.stopping,
            conflicts: self.conflicts,
        };
        let mut turn = self.machine.step(input, &facts, &self.options, self.now);
        turn.effects.retain(|it| !matches!(it, Effect::Log(_)));
        turn
    }

    /// Evaluates until nothing follows. Returns the states that came, and the effects.
    fn settle(&mut self) -> (Vec<ClusterState>, Vec<Effect>) {
        let (mut states, mut effects) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            let before = self.machine.state();
            let turn = self.step(Input::Evaluate);
            effects.extend(turn.effects);
            if self.machine.state() != before {
                states.push(self.machine.state());
            }
            (self.lost, self.joined) = (false, false);
            if !turn.again {
                return (states, effects);
            }
        }
        panic!("no end: {states:?}");
    }

    /// All peers, the local one included, see this instance in this state.
    fn all_see(&mut self, id: InstanceId, state: InstanceState) {
        self.peers[id.0 as usize].state = state;
        for peer in &mut self.peers {
            peer.modes
                .instances
                .insert(NAMES[id.0 as usize].into(), state);
        }
        if state != InstanceState::Running {
            self.machine.not_running(id);
        }
    }

    /// What the peers publish.
    fn publish(&mut self, id: InstanceId, state: ClusterState, master: &str) {
        let modes = &mut self.peers[id.0 as usize].modes;
        modes.state = state;
        modes.master = master.into();
    }

    /// The local instance is Master and everything is started.
    fn lead(&mut self) {
        for id in [TWO, THREE] {
            self.publish(id, ClusterState::Election, NAMES[0]);
        }
        self.settle();
        for id in [TWO, THREE] {
            self.publish(id, ClusterState::Distribution, NAMES[0]);
        }
        self.settle();
        assert_eq!(self.machine.state(), ClusterState::Operation);
        assert_eq!(self.machine.master(), Some(ONE));
    }

    /// `s2` is Master.
    fn serve(&mut self, state: ClusterState) {
        for id in [TWO, THREE] {
            self.publish(id, ClusterState::Distribution, NAMES[1]);
        }
        self.settle();
        self.publish(TWO, state, NAMES[1]);
        self.settle();
        assert_eq!(self.machine.master(), Some(TWO));
    }

    fn master(&self) -> String {
        let id = self.machine.master();
        id.map_or_else(String::new, |id| self.peers[id.0 as usize].nick.into())
    }
}

fn with(synchro: &[SyncOption]) -> Options {
    Options {
        synchro_options: synchro.iter().copied().collect::<BTreeSet<_>>(),
        ..Options::default()
    }
}

fn strict() -> World {
    World::new(with(&[SyncOption::Strict]))
}
