//! Bytes that could not be stored: counted at once, declared at most once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The shortest time between two declarations of one channel.
const INTERVAL: Duration = Duration::from_secs(1);

/// The account of one channel.
#[derive(Debug)]
pub(crate) struct Loss {
    /// `'<name>' stdout`, as the sentence says it.
    of: String,
    total: Arc<AtomicU64>,
    undeclared: u64,
    reason: String,
    declared_at: Option<Instant>,
}

impl Loss {
    /// An empty account for what is called `of`.
    pub(crate) fn new(of: String) -> Self {
        Self {
            of,
            total: Arc::default(),
            undeclared: 0,
            reason: String::new(),
            declared_at: None,
        }
    }

    /// The count others may read at any time.
    pub(crate) fn total(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.total)
    }

    /// Counts bytes that are lost; the latest reason is the one declared.
    pub(crate) fn add(&mut self, bytes: usize, reason: &dyn std::fmt::Display) {
        if bytes == 0 {
            return;
        }
        let bytes = bytes as u64;
        self.total.fetch_add(bytes, Ordering::Relaxed);
        self.undeclared += bytes;
        self.reason = reason.to_string();
    }

    /// When the next declaration is due, if one is owed.
    pub(crate) fn due(&self) -> Option<Instant> {
        (self.undeclared > 0).then(|| {
            self.declared_at
                .map_or_else(Instant::now, |declared| declared + INTERVAL)
        })
    }

    /// The sentence for the activity log, if one is owed and not too soon after the last.
    pub(crate) fn declare(&mut self, now: Instant) -> Option<String> {
        let soon = self
            .declared_at
            .is_some_and(|declared| now < declared + INTERVAL);
        if soon { None } else { self.settle(now) }
    }

    /// The sentence that is owed, whatever the time: the channel is ending.
    pub(crate) fn settle(&mut self, now: Instant) -> Option<String> {
        if self.undeclared == 0 {
            return None;
        }
        self.declared_at = Some(now);
        let bytes = std::mem::take(&mut self.undeclared);
        Some(format!(
            "{bytes} bytes of {} lost: {}",
            self.of, self.reason
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declares_at_most_once_a_second_and_never_forgets() {
        let mut loss = Loss::new("'x' stdout".into());
        let start = Instant::now();
        assert_eq!((loss.due(), loss.declare(start)), (None, None));
        loss.add(10, &"disk full");
        assert_eq!(
            loss.declare(start).as_deref(),
            Some("10 bytes of 'x' stdout lost: disk full")
        );
        loss.add(3, &"disk full");
        loss.add(4, &"gone");
        assert_eq!(loss.declare(start + Duration::from_millis(999)), None);
        assert_eq!(loss.due(), Some(start + INTERVAL));
        assert_eq!(
            loss.declare(start + INTERVAL).as_deref(),
            Some("7 bytes of 'x' stdout lost: gone")
        );
        loss.add(1, &"gone");
        assert!(loss.settle(start + INTERVAL).is_some());
        assert_eq!(loss.total().load(Ordering::Relaxed), 18);
    }
}
