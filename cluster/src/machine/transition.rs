//! Which state may follow which (spec cluster 3.2).

use crate::state::ClusterState::{
    self, Conciliation, Distribution, Election, Final, Off, Operation, Restarting, ShuttingDown,
    Synchronization,
};

/// Whether a transition is allowed. More are than in the original: CONCILIATION to ELECTION and
/// DISTRIBUTION to SYNCHRONIZATION, without which a cluster hangs, and ELECTION to RESTARTING for
/// an instance that is late when its Master closes the cluster.
pub(super) const fn allowed(from: ClusterState, to: ClusterState) -> bool {
    match from {
        Off => matches!(to, Synchronization),
        Synchronization => matches!(to, Off | Election),
        Election => matches!(
            to,
            Off | Synchronization | Distribution | Restarting | ShuttingDown
        ),
        Distribution => matches!(
            to,
            Off | Synchronization | Election | Operation | Restarting | ShuttingDown
        ),
        Operation => matches!(
            to,
            Off | Synchronization | Election | Conciliation | Restarting | ShuttingDown
        ),
        Conciliation => matches!(
            to,
            Off | Synchronization | Election | Operation | Restarting | ShuttingDown
        ),
        Restarting | ShuttingDown => matches!(to, Final),
        Final => false,
    }
}

/// The next state on the way of an instance in `from` to that of its Master; `None` if it has to
/// wait.
pub(super) const fn toward(from: ClusterState, master: ClusterState) -> Option<ClusterState> {
    if allowed(from, master) {
        // in ELECTION only these say that the Master knows of the election's end
        return match (from, master) {
            (Election, Off | Synchronization) => None,
            _ => Some(master),
        };
    }
    match (from, master) {
        (Election, Operation | Conciliation) => Some(Distribution),
        (Distribution, Conciliation) => Some(Operation),
        (Operation | Conciliation, Distribution) => Some(Election),
        _ => None,
    }
}
