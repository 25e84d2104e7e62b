//! Event types, their names and the subscription hierarchy (spec core 7.1).

/// Every type a listener may subscribe to, abstract ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    missing_docs,
    reason = "the names are the documentation; see the table"
)]
pub enum EventKind {
    Event,
    ProcessState,
    ProcessStateStarting,
    ProcessStateRunning,
    ProcessStateBackoff,
    ProcessStateStopping,
    ProcessStateExited,
    ProcessStateStopped,
    ProcessStateFatal,
    ProcessStateUnknown,
    ProcessCommunication,
    ProcessCommunicationStdout,
    ProcessCommunicationStderr,
    ProcessLog,
    ProcessLogStdout,
    ProcessLogStderr,
    RemoteCommunication,
    SupervisorStateChange,
    SupervisorStateChangeRunning,
    SupervisorStateChangeStopping,
    Tick,
    Tick5,
    Tick60,
    Tick3600,
    ProcessGroup,
    ProcessGroupAdded,
    ProcessGroupRemoved,
}

use EventKind as K;

/// Type, wire name, parent.
const TABLE: [(K, &str, Option<K>); 27] = [
    (K::Event, "EVENT", None),
    (K::ProcessState, "PROCESS_STATE", Some(K::Event)),
    (
        K::ProcessStateStarting,
        "PROCESS_STATE_STARTING",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateRunning,
        "PROCESS_STATE_RUNNING",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateBackoff,
        "PROCESS_STATE_BACKOFF",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateStopping,
        "PROCESS_STATE_STOPPING",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateExited,
        "PROCESS_STATE_EXITED",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateStopped,
        "PROCESS_STATE_STOPPED",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateFatal,
        "PROCESS_STATE_FATAL",
        Some(K::ProcessState),
    ),
    (
        K::ProcessStateUnknown,
        "PROCESS_STATE_UNKNOWN",
        Some(K::ProcessState),
    ),
    (
        K::ProcessCommunication,
        "PROCESS_COMMUNICATION",
        Some(K::Event),
    ),
    (
        K::ProcessCommunicationStdout,
        "PROCESS_COMMUNICATION_STDOUT",
        Some(K::ProcessCommunication),
    ),
    (
        K::ProcessCommunicationStderr,
        "PROCESS_COMMUNICATION_STDERR",
        Some(K::ProcessCommunication),
    ),
    (K::ProcessLog, "PROCESS_LOG", Some(K::Event)),
    (
        K::ProcessLogStdout,
        "PROCESS_LOG_STDOUT",
        Some(K::ProcessLog),
    ),
    (
        K::ProcessLogStderr,
        "PROCESS_LOG_STDERR",
        Some(K::ProcessLog),
    ),
    (
        K::RemoteCommunication,
        "REMOTE_COMMUNICATION",
        Some(K::Event),
    ),
    (
        K::SupervisorStateChange,
        "SUPERVISOR_STATE_CHANGE",
        Some(K::Event),
    ),
    (
        K::SupervisorStateChangeRunning,
        "SUPERVISOR_STATE_CHANGE_RUNNING",
        Some(K::SupervisorStateChange),
    ),
    (
        K::SupervisorStateChangeStopping,
        "SUPERVISOR_STATE_CHANGE_STOPPING",
        Some(K::SupervisorStateChange),
    ),
    (K::Tick, "TICK", Some(K::Event)),
    (K::Tick5, "TICK_5", Some(K::Tick)),
    (K::Tick60, "TICK_60", Some(K::Tick)),
    (K::Tick3600, "TICK_3600", Some(K::Tick)),
    (K::ProcessGroup, "PROCESS_GROUP", Some(K::Event)),
    (
        K::ProcessGroupAdded,
        "PROCESS_GROUP_ADDED",
        Some(K::ProcessGroup),
    ),
    (
        K::ProcessGroupRemoved,
        "PROCESS_GROUP_REMOVED",
        Some(K::ProcessGroup),
    ),
];

impl EventKind {
    /// Every type, in the order of the enum.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(kind, _, _)| *kind)
    }

    /// The type of this exact (upper-case) name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(kind, _, _)| *kind)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The type this one belongs to; only EVENT has none.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        self.row().2
    }

    /// Whether a subscription to `other` receives this type.
    #[must_use]
    pub fn is_a(self, other: Self) -> bool {
        let mut current = Some(self);
        while let Some(kind) = current {
            if kind == other {
                return true;
            }
            current = kind.parent();
        }
        false
    }

    fn row(self) -> &'static (Self, &'static str, Option<Self>) {
        // the table is written in the order of the enum; a test proves it
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_order_and_names_lead_back() {
        for (index, (kind, name, _)) in TABLE.iter().enumerate() {
            assert_eq!(*kind as usize, index);
            assert_eq!(EventKind::from_name(name), Some(*kind));
        }
    }

    #[test]
    fn everything_is_an_event() {
        assert!(TABLE.iter().all(|(kind, _, _)| kind.is_a(K::Event)));
        assert!(K::Tick5.is_a(K::Tick) && !K::Tick5.is_a(K::Tick60));
    }
}
