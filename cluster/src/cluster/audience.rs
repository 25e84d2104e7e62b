//! Who hears what the local instance publishes, and who has missed something.
//!
//! The original publishes to the instances that it sees ACTIVE. What happens between the moment
//! when a peer reads the local processes and its next TICK, by which it becomes ACTIVE here, never
//! reaches it; nor does what is lost with a connection. Both would leave its view wrong until the
//! process changes again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use visord_model::moment::Mono;
use visord_model::name::ProcessName;

use crate::identity::InstanceId;
use crate::message::ProcessEvent;

/// What was sent less than this before a transport failed may be lost.
const IN_FLIGHT: Duration = Duration::from_secs(10);

/// What a peer that is not ACTIVE knows of the local processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// All: it has read them, and everything is sent to it.
    Everything,
    /// What happened before this time.
    Until(Mono),
}

/// Peers that are not ACTIVE but know the local processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Audience {
    peers: BTreeMap<InstanceId, Hearing>,
    /// The last event of each local process, and when it was.
    events: BTreeMap<ProcessName, (Mono, ProcessEvent)>,
}

impl Audience {
    /// A peer reads the local processes.
    pub(super) fn questioned(&mut self, peer: InstanceId) {
        self.peers.insert(peer, Hearing::Everything);
    }

    /// A peer was lost while it was ACTIVE, or listened.
    pub(super) fn lost(&mut self, peer: InstanceId, now: Mono) {
        let since = Mono(now.0.saturating_sub(IN_FLIGHT));
        let hearing = self.peers.entry(peer).or_insert(Hearing::Everything);
        if *hearing == Hearing::Everything {
            *hearing = Hearing::Until(since);
        }
    }

    /// Publications are sent to this peer though it is STOPPED.
    pub(super) fn listens(&self, peer: InstanceId) -> bool {
        self.peers.get(&peer) == Some(&Hearing::Everything)
    }

    /// A peer becomes ACTIVE. Returns the events that it may have missed.
    pub(super) fn joined(&mut self, peer: InstanceId) -> Vec<ProcessEvent> {
        let Some(Hearing::Until(since)) = self.peers.remove(&peer) else {
            return Vec::new();
        };
        let late = self.events.values().filter(|(time, _)| *time >= since);
        late.map(|(_, event)| event.clone()).collect()
    }

    /// A local process changed.
    pub(super) fn note(&mut self, event: &ProcessEvent, now: Mono) {
        let name = event.name.clone();
        self.events.insert(name, (now, event.clone()));
    }

    /// A local process, or all of a group, is removed.
    pub(super) fn forget(&mut self, group: &str, process: Option<&str>) {
        self.events.retain(|name, _| {
            &*name.group != group || process.is_some_and(|it| &*name.process != it)
        });
    }
}
