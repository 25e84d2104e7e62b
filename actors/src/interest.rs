//! Who wants which events, readable from any thread without asking anyone.
//!
//! The event bus writes it when subscriptions change; the log threads read it before
//! they build an event that nobody would receive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use visord_model::event::EventKind;

/// The set of event types somebody subscribes to. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Interest(Arc<AtomicU64>);

impl Interest {
    /// Replaces the subscriptions. A subscription to an abstract type covers its descendants.
    pub fn set(&self, kinds: impl Iterator<Item = EventKind>) {
        let bits = kinds.fold(0, |bits, kind| bits | bit(kind));
        self.0.store(bits, Ordering::Relaxed);
    }

    /// Whether an event of this type would reach anybody.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        let bits = self.0.load(Ordering::Relaxed);
        let mut current = Some(kind);
        while let Some(kind) = current {
            if bits & bit(kind) != 0 {
                return true;
            }
            current = kind.parent();
        }
        false
    }
}

/// The 27 types fit into one word.
const fn bit(kind: EventKind) -> u64 {
    1 << kind as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_wants_anything_at_first() {
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
