//! The one place that reads the clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use visord_model::moment::{Moment, Mono};

/// Monotonic time since the daemon started, and the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Both clocks, read once per turn. tokio's instant obeys paused time in tests.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment {
            mono: Mono(self.start.elapsed()),
            unix: unix_now(),
        }
    }

    /// The runtime's name for a moment.
    #[must_use]
    pub fn instant(&self, mono: Mono) -> Option<Instant> {
        self.start.checked_add(mono.0)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Whole seconds since 1970.
#[must_use]
pub fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}
