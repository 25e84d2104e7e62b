//! Which events have a subscriber, readable from any thread without a message.
//!
//! The event bus writes it when subscriptions change; the log threads read it before they build an
//! event that no pool would receive, and the ticker sleeps by it.

use tokio::sync::watch;
use visord_model::event::{EventKind, KindSet};

/// The set of event types with a subscriber. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Interest(watch::Sender<KindSet>);

impl Interest {
    /// Replaces the set.
    pub(crate) fn set(&self, kinds: KindSet) {
        let replace = |old: &mut KindSet| std::mem::replace(old, kinds) != kinds;
        self.0.send_if_modified(replace);
    }

    /// Whether an event of this type has a subscriber.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.0.borrow().contains(kind)
    }

    /// The set, and a wake-up when it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<KindSet> {
        self.0.subscribe()
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
        interest.set(KindSet::subscribed(&[EventKind::ProcessLog]));
        assert!(reader.wants(EventKind::ProcessLogStderr));
        assert!(reader.wants(EventKind::ProcessLog));
        assert!(!reader.wants(EventKind::ProcessCommunicationStdout));
        assert!(!reader.wants(EventKind::Event));
        interest.set(KindSet::subscribed(&[EventKind::Event]));
        assert!(reader.wants(EventKind::Tick3600));
        interest.set(KindSet::default());
        assert!(!reader.wants(EventKind::Tick3600));
    }
}
