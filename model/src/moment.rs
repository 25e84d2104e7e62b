//! Time as the rules see it: handed in, never read.

use core::ops::Add;
use core::time::Duration;

/// Monotonic time since an arbitrary start; every deadline is one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mono(pub Duration);

impl Mono {
    /// This moment plus a number of seconds; negative seconds count as none,
    /// and a sum out of range is the end of time.
    #[must_use]
    pub fn plus_secs(self, seconds: i64) -> Self {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        Self(self.0.saturating_add(Duration::from_secs(seconds)))
    }
}

impl Add<Duration> for Mono {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}

/// One instant on both clocks: monotonic for decisions, wall seconds for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// For every deadline.
    pub mono: Mono,
    /// Whole seconds since 1970, only ever reported.
    pub unix: i64,
}
