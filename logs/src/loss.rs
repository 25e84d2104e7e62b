//! Bytes that could not be stored: counted at once, declared at most once a second.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// The shortest time between two declarations of one output.
const INTERVAL: Duration = Duration::from_secs(1);

/// The account of one output.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    undeclared: u64,
    reason: String,
    declared_at: Option<Instant>,
}

impl Loss {
    /// Counts bytes that are lost; the latest reason is the one declared.
    pub(crate) fn add(&mut self, bytes: usize, reason: &dyn Display) {
        if bytes > 0 {
            self.undeclared += bytes as u64;
            self.reason = reason.to_string();
        }
    }

    pub(crate) fn is_owed(&self) -> bool {
        self.undeclared > 0
    }

    /// When a second has passed since the last declaration: the next may follow, or the
    /// account may be closed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.declared_at.map(|declared| declared + INTERVAL)
    }

    /// Whether the last declaration was less than a second ago.
    fn is_too_soon(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| now < due)
    }

    /// Whether nothing is owed and the next loss could be declared at once: then the
    /// account may be closed.
    pub(crate) fn is_settled(&self, now: Instant) -> bool {
        !self.is_owed() && !self.is_too_soon(now)
    }

    /// Continues the account of an earlier run of the same output.
    pub(crate) fn inherit(&mut self, earlier: &mut Self) {
        let owed = std::mem::take(earlier);
        if owed.is_owed() {
            self.undeclared += owed.undeclared;
            self.reason = owed.reason;
        }
        self.declared_at = self.declared_at.max(owed.declared_at);
    }

    /// The sentence for the activity log, if one is owed and not too soon after the last. `of` is
    /// what it says of the output: `'<name>' stdout`.
    pub(crate) fn declare(&mut self, of: &str, now: Instant) -> Option<String> {
        if !self.is_owed() || self.is_too_soon(now) {
            return None;
        }
        self.declared_at = Some(now);
        let bytes = std::mem::take(&mut self.undeclared);
        Some(format!("{bytes} bytes of {of} lost: {}", self.reason))
    }
}

/// The `now` of the last declaration of an output that ends: never too soon.
pub(crate) fn at_last() -> Instant {
    Instant::now() + INTERVAL
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: &str = "'x' stdout";

    #[test]
    fn declares_at_most_once_a_second_and_never_forgets() {
        let mut loss = Loss::default();
        let start = Instant::now();
        assert!(loss.is_settled(start) && loss.declare(OF, start).is_none());
        loss.add(10, &"disk full");
        assert_eq!(
            loss.declare(OF, start).as_deref(),
            Some("10 bytes of 'x' stdout lost: disk full")
        );
        loss.add(3, &"disk full");
        loss.add(4, &"gone");
        assert_eq!(loss.declare(OF, start + Duration::from_millis(999)), None);
        assert!(loss.is_owed());
        assert_eq!(loss.due(), Some(start + INTERVAL));
        assert_eq!(
            loss.declare(OF, start + INTERVAL).as_deref(),
            Some("7 bytes of 'x' stdout lost: gone")
        );
        loss.add(1, &"gone");
        assert!(loss.declare(OF, start + INTERVAL * 2).is_some());
        assert!(!loss.is_settled(start + INTERVAL * 2));
        assert!(loss.is_settled(start + INTERVAL * 3));
        loss.add(1, &"gone");
        assert!(loss.declare(OF, start + INTERVAL * 2).is_none());
        assert!(loss.declare(OF, at_last() + INTERVAL * 2).is_some());
    }

    #[test]
    fn a_process_that_restarts_does_not_declare_more_often() {
        let now = Instant::now();
        let mut first = Loss::default();
        first.add(1, &"disk full");
        assert!(first.declare(OF, now).is_some());
        first.add(2, &"disk full");
        let mut second = Loss::default();
        second.inherit(&mut first);
        second.add(4, &"disk full");
        assert_eq!(second.declare(OF, now), None);
        assert_eq!(
            second.declare(OF, now + INTERVAL).as_deref(),
            Some("6 bytes of 'x' stdout lost: disk full")
        );
    }
}
