//! Which events have a subscriber, readable from any thread without a message.
//!
//! The event bus writes it when subscriptions change; the log threads read it before they build an
//! event that no pool would receive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use visord_model::event::{EventKind, KindSet};

/// The set of event types with a subscriber. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Interest(Arc<AtomicU64>);

impl Interest {
    /// Replaces the subscriptions. One to an abstract type covers its descendants.
    pub fn set(&self, kinds: impl Iterator<Item = EventKind>) {
        let kinds: Vec<EventKind> = kinds.collect();
        let bits = KindSet::subscribed(&kinds).bits();
        self.0.store(bits, Ordering::Relaxed);
    }

    /// Whether an event of this type has a subscriber.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        KindSet::from_bits(self.0.load(Ordering::Relaxed)).contains(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wanted_at_first() {
        assert!(!Interest::default().wants(EventKind::Event));
    }

    #[test]
    fn a_parent_covers_its_descendants_only() {
        let interest = Interest::default();
        let reader = interest.clone();
        interest.set([EventKind::ProcessLog].into_iter());
        assert!(reader.wants(EventKind::ProcessLogStderr));
        assert!(reader.wants(EventKind::ProcessLog));
        assert!(!reader.wants(EventKind::ProcessCommunicationStdout));
        assert!(!reader.wants(EventKind::Event));
        interest.set([EventKind::Event].into_iter());
        assert!(reader.wants(EventKind::Tick3600));
        interest.set(std::iter::empty());
        assert!(!reader.wants(EventKind::Tick3600));
    }
}
