//! Event types, their names, the subscription hierarchy (spec core 7.1) and sets of them.

/// Declares the types: variant, wire name, and the type it belongs to (EVENT belongs to itself).
macro_rules! kinds {
    ($($kind:ident = $name:literal in $parent:ident,)*) => {
        /// Every type a listener may subscribe to, abstract ones included.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $(#[doc = $name] $kind,)*
        }

        /// In the order of the enum.
        const TABLE: &[(EventKind, &str, EventKind)] =
            &[$((EventKind::$kind, $name, EventKind::$parent),)*];
    };
}

kinds! {
    Event = "EVENT" in Event,
    ProcessState = "PROCESS_STATE" in Event,
    ProcessStateStarting = "PROCESS_STATE_STARTING" in ProcessState,
    ProcessStateRunning = "PROCESS_STATE_RUNNING" in ProcessState,
    ProcessStateBackoff = "PROCESS_STATE_BACKOFF" in ProcessState,
    ProcessStateStopping = "PROCESS_STATE_STOPPING" in ProcessState,
    ProcessStateExited = "PROCESS_STATE_EXITED" in ProcessState,
    ProcessStateStopped = "PROCESS_STATE_STOPPED" in ProcessState,
    ProcessStateFatal = "PROCESS_STATE_FATAL" in ProcessState,
    ProcessStateUnknown = "PROCESS_STATE_UNKNOWN" in ProcessState,
    ProcessCommunication = "PROCESS_COMMUNICATION" in Event,
    ProcessCommunicationStdout = "PROCESS_COMMUNICATION_STDOUT" in ProcessCommunication,
    ProcessCommunicationStderr = "PROCESS_COMMUNICATION_STDERR" in ProcessCommunication,
    ProcessLog = "PROCESS_LOG" in Event,
    ProcessLogStdout = "PROCESS_LOG_STDOUT" in ProcessLog,
    ProcessLogStderr = "PROCESS_LOG_STDERR" in ProcessLog,
    RemoteCommunication = "REMOTE_COMMUNICATION" in Event,
    SupervisorStateChange = "SUPERVISOR_STATE_CHANGE" in Event,
    SupervisorStateChangeRunning = "SUPERVISOR_STATE_CHANGE_RUNNING" in SupervisorStateChange,
    SupervisorStateChangeStopping = "SUPERVISOR_STATE_CHANGE_STOPPING" in SupervisorStateChange,
    Tick = "TICK" in Event,
    Tick5 = "TICK_5" in Tick,
    Tick60 = "TICK_60" in Tick,
    Tick3600 = "TICK_3600" in Tick,
    ProcessGroup = "PROCESS_GROUP" in Event,
    ProcessGroupAdded = "PROCESS_GROUP_ADDED" in ProcessGroup,
    ProcessGroupRemoved = "PROCESS_GROUP_REMOVED" in ProcessGroup,
    Process = "PROCESS" in Event,
    ProcessAdded = "PROCESS_ADDED" in Process,
    ProcessRemoved = "PROCESS_REMOVED" in Process,
    ProcessEnabled = "PROCESS_ENABLED" in Process,
    ProcessDisabled = "PROCESS_DISABLED" in Process,
}

impl EventKind {
    /// Every type, in the order of the enum.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(kind, _, _)| *kind)
    }

    /// The type of this exact (upper-case) name.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(kind, _, _)| *kind)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The type this one belongs to; only EVENT has none.
    pub fn parent(self) -> Option<Self> {
        let parent = self.row().2;
        (parent != self).then_some(parent)
    }

    /// Whether a subscription to `other` receives this type.
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

    fn row(self) -> &'static (Self, &'static str, Self) {
        &TABLE[self as usize]
    }
}

/// A set of event types; a subscription puts its types and all their descendants in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u64);

impl KindSet {
    /// Everything that a subscription to these types receives (spec core 7.1).
    pub fn subscribed(kinds: &[EventKind]) -> Self {
        let covered = |kind: &EventKind| kinds.iter().any(|other| kind.is_a(*other));
        EventKind::all()
            .filter(covered)
            .fold(Self::default(), |set, kind| set.union(Self::of(kind)))
    }

    const fn of(kind: EventKind) -> Self {
        // 32 types fit in 64 bits
        Self(1 << kind as u32)
    }

    /// Whether the type is in the set.
    pub const fn contains(self, kind: EventKind) -> bool {
        self.0 & Self::of(kind).0 != 0
    }

    /// What is in one or the other.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind as K;
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

    #[test]
    fn a_subscription_covers_its_descendants() {
        let set = KindSet::subscribed(&[EventKind::Tick, EventKind::ProcessStateFatal]);
        let contained = EventKind::all().filter(|kind| set.contains(*kind));
        assert!(contained.eq([
            EventKind::ProcessStateFatal,
            EventKind::Tick,
            EventKind::Tick5,
            EventKind::Tick60,
            EventKind::Tick3600,
        ]));
        assert!(!set.contains(EventKind::ProcessState));
        // its name is the beginning of others that do not belong to it
        let set = KindSet::subscribed(&[EventKind::Process]);
        let contained = EventKind::all().filter(|kind| set.contains(*kind));
        assert!(contained.eq([
            EventKind::Process,
            EventKind::ProcessAdded,
            EventKind::ProcessRemoved,
            EventKind::ProcessEnabled,
            EventKind::ProcessDisabled,
        ]));
        let all = KindSet::subscribed(&[EventKind::Event]);
        assert!(EventKind::all().all(|kind| all.contains(kind)));
        assert_eq!(KindSet::subscribed(&[]), KindSet::default());
    }
}
