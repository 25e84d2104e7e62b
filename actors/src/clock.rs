//! The one place that reads the clocks.

use std::time::Duration;

use tokio::time::Instant;
use visord_logs::since_1970;
use visord_model::moment::{Moment, Mono};

/// Monotonic time since the daemon started, and the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock whose monotonic time begins now.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Both clocks, read once per turn. tokio's instant obeys paused time in tests.
    pub fn now(&self) -> Moment {
        Moment {
            mono: Mono(self.start.elapsed()),
            unix: seconds(since_1970()),
        }
    }
}

/// Whole seconds.
pub(crate) fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970.
pub fn unix_millis() -> i64 {
    i64::try_from(since_1970().as_millis()).unwrap_or(i64::MAX)
}
