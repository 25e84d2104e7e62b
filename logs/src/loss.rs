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
    /// An empty account for what is called `of`; bytes are added to `total` as well, which others
    /// may read at any time.
    pub(crate) fn new(of: String, total: Arc<AtomicU64>) -> Self {
        Self {
            of,
            total,
            undeclared: 0,
            reason: String::new(),
            declared_at: None,
        }
    }

    /// Counts there from now on; nothing has been lost yet.
    pub(crate) fn count_into(&mut self, total: Arc<AtomicU64>) {
        self.total = total;
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

    /// Whether a declaration is owed.
    pub(crate) fn is_owed(&self) -> bool {
        self.undeclared > 0
    }

    /// When a second has passed since the last declaration: the next may follow, or the
    /// account may be closed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.declared_at.map(|declared| declared + INTERVAL)
    }

    /// Whether nothing is owed and the next loss could be declared at once: then the
    /// account may be closed.
    pub(crate) fn is_settled(&self, now: Instant) -> bool {
        self.undeclared == 0 && !self.is_too_soon(now)
    }

    /// Continues the account of an earlier run of the same output.
    pub(crate) fn inherit(&mut self, earlier: &mut Self) {
        let owed = std::mem::take(&mut earlier.undeclared);
        if owed > 0 {
            if !Arc::ptr_eq(&self.total, &earlier.total) {
                self.total.fetch_add(owed, Ordering::Relaxed);
            }
            self.undeclared += owed;
            self.reason = std::mem::take(&mut earlier.reason);
        }
        self.declared_at = self.declared_at.max(earlier.declared_at);
    }

    fn is_too_soon(&self, now: Instant) -> bool {
        self.declared_at
            .is_some_and(|declared| now < declared + INTERVAL)
    }

    /// The sentence for the activity log, if one is owed and not too soon after the last.
    pub(crate) fn declare(&mut self, now: Instant) -> Option<String> {
        if self.is_too_soon(now) {
            None
        } else {
            self.settle(now)
        }
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
        let mut loss = Loss::new("'x' stdout".into(), Arc::default());
        let start = Instant::now();
        assert!(loss.is_settled(start) && loss.declare(start).is_none());
        loss.add(10, &"disk full");
        assert_eq!(
            loss.declare(start).as_deref(),
            Some("10 bytes of 'x' stdout lost: disk full")
        );
        loss.add(3, &"disk full");
        loss.add(4, &"gone");
        assert_eq!(loss.declare(start + Duration::from_millis(999)), None);
        assert!(loss.is_owed());
        assert_eq!(loss.due(), Some(start + INTERVAL));
        assert_eq!(
            loss.declare(start + INTERVAL).as_deref(),
            Some("7 bytes of 'x' stdout lost: gone")
        );
        loss.add(1, &"gone");
        assert!(loss.settle(start + INTERVAL).is_some());
        assert_eq!(loss.total.load(Ordering::Relaxed), 18);
        assert!(!loss.is_settled(start + INTERVAL));
        assert!(loss.is_settled(start + INTERVAL * 2));
    }

    #[test]
    fn a_process_that_restarts_does_not_declare_more_often() {
        let now = Instant::now();
        let mut first = Loss::new("'x' stdout".into(), Arc::default());
        first.add(1, &"disk full");
        assert!(first.declare(now).is_some());
        first.add(2, &"disk full");
        let mut second = Loss::new("'x' stdout".into(), Arc::default());
        second.inherit(&mut first);
        second.add(4, &"disk full");
        assert_eq!(second.declare(now), None);
        assert_eq!(
            second.declare(now + INTERVAL).as_deref(),
            Some("6 bytes of 'x' stdout lost: disk full")
        );
    }
}
