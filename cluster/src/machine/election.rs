//! Who is Master (spec cluster 3.4).

use alloc::vec::Vec;

use super::facts::Facts;
use crate::identity::InstanceId;

/// Whether every RUNNING instance names `own`, which the local one does.
pub(super) fn agreed(facts: &Facts<'_>, own: Option<InstanceId>) -> bool {
    let Some(own) = own else {
        return false;
    };
    let name = facts.identifier(own);
    let same = |master: &str| master == name;
    facts
        .peers()
        .all(|peer| peer.modes.is_some_and(|modes| same(&modes.master)))
}

/// The RUNNING instances that some RUNNING instance names as Master.
pub(super) fn named(facts: &Facts<'_>, own: Option<InstanceId>) -> Vec<InstanceId> {
    let by_peer = |name: &str| {
        let mut modes = facts.peers().filter_map(|peer| peer.modes);
        modes.any(|modes| *modes.master == *name)
    };
    let running = facts.running();
    let named = running.filter(|(id, it)| own == Some(*id) || by_peer(it.identifier));
    named.map(|(id, _)| id).collect()
}

/// The Master to propose: one that an instance has published, else any; a core instance, else any;
/// of these the one with the smallest nick.
pub(super) fn select(facts: &Facts<'_>, own: Option<InstanceId>) -> Option<InstanceId> {
    let mut candidates = named(facts, own);
    if candidates.is_empty() {
        candidates = facts.running().map(|(id, _)| id).collect();
    }
    if candidates.iter().any(|id| facts.core.contains(id)) {
        candidates.retain(|id| facts.core.contains(id));
    }
    let nick = |id: &InstanceId| facts.members[id.0 as usize].nick;
    candidates.into_iter().min_by(|a, b| nick(a).cmp(nick(b)))
}
