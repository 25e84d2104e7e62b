//! Which concrete and abstract types a subscription covers.

use super::EventKind;

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

    /// Just this one.
    const fn of(kind: EventKind) -> Self {
        // 27 types fit in 64 bits
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

    /// The types in the set, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = EventKind> {
        EventKind::all().filter(move |kind| self.contains(*kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_covers_its_descendants() {
        let set = KindSet::subscribed(&[EventKind::Tick, EventKind::ProcessStateFatal]);
        assert!(set.iter().eq([
            EventKind::ProcessStateFatal,
            EventKind::Tick,
            EventKind::Tick5,
            EventKind::Tick60,
            EventKind::Tick3600,
        ]));
        assert!(!set.contains(EventKind::ProcessState));
        let all = KindSet::subscribed(&[EventKind::Event]);
        assert!(EventKind::all().all(|kind| all.contains(kind)));
        assert_eq!(KindSet::subscribed(&[]), KindSet::default());
    }
}
