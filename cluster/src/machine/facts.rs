//! What a machine decides by.

use alloc::vec::Vec;

use crate::identity::InstanceId;
use crate::message::StateModes;
use crate::state::{ClusterState, InstanceState};

/// One instance, as the local one sees it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its identifier.
    pub identifier: &'a str,
    /// Its nick: the smallest one is elected.
    pub nick: &'a str,
    /// Its state.
    pub state: InstanceState,
    /// It is one of the initial list.
    pub initial: bool,
    /// What it published last of itself; not read for the local instance.
    pub modes: Option<&'a StateModes>,
}

/// The world at one evaluation.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The local instance.
    pub local: InstanceId,
    /// All instances; the index is the number of the [`InstanceId`].
    pub members: Vec<Member<'a>>,
    /// The core instances.
    pub core: Vec<InstanceId>,
    /// An instance was lost in this evaluation.
    pub lost: bool,
    /// An instance became RUNNING in this evaluation.
    pub joined: bool,
    /// The local instance starts processes.
    pub starting: bool,
    /// The local instance stops processes.
    pub stopping: bool,
    /// A process of a managed application runs more than once.
    pub conflicts: bool,
}

impl<'a> Facts<'a> {
    /// Whether the local instance sees this one RUNNING.
    pub fn is_running(&self, id: InstanceId) -> bool {
        self.members[id.0 as usize].state == InstanceState::Running
    }

    /// The identifier of an instance.
    pub fn identifier(&self, id: InstanceId) -> &'a str {
        self.members[id.0 as usize].identifier
    }

    /// The instances that the local one sees RUNNING, in order.
    pub fn running(&self) -> impl Iterator<Item = (InstanceId, &Member<'a>)> {
        let all = (0..).map(InstanceId).zip(&self.members);
        all.filter(|(_, member)| member.state == InstanceState::Running)
    }

    /// Those of them that are not the local one.
    pub fn peers(&self) -> impl Iterator<Item = &Member<'a>> {
        let others = self.running().filter(|(id, _)| *id != self.local);
        others.map(|(_, member)| member)
    }

    /// All RUNNING instances see the same ones RUNNING and none in between: the stable set of
    /// spec cluster 3.3 is not empty. Then it is the set of RUNNING instances.
    pub fn stable(&self) -> bool {
        if !self.is_running(self.local) || self.members.iter().any(|it| !it.state.is_stable()) {
            return false;
        }
        let mut mine: Vec<&str> = self.running().map(|(_, it)| it.identifier).collect();
        mine.sort_unstable();
        self.peers().all(|peer| {
            let Some(modes) = peer.modes else {
                return false;
            };
            let seen = &modes.instances;
            let running = seen
                .iter()
                .filter(|(_, state)| **state == InstanceState::Running);
            seen.values().all(|state| state.is_stable())
                && running.map(|(name, _)| &**name).eq(mine.iter().copied())
        })
    }

    /// Nicks of the RUNNING peers that have published another state than this, or none.
    pub fn not_in(&self, state: ClusterState) -> Vec<&'a str> {
        let other = |peer: &&Member<'a>| peer.modes.is_none_or(|modes| modes.state != state);
        self.peers().filter(other).map(|peer| peer.nick).collect()
    }
}
