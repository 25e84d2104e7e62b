//! The one place that reads the clocks.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use visord_logs::since_1970;
use visord_model::moment::{Moment, Mono};

/// The monotonic clock of the system, and the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// What CLOCK_MONOTONIC said then.
    base: Duration,
}

impl Clock {
    /// A clock that goes on from now.
    pub fn start() -> Self {
        // every system has this clock; deadlines would be right without it
        let base = clock_gettime(ClockId::CLOCK_MONOTONIC);
        Self {
            start: Instant::now(),
            base: base.map_or(Duration::ZERO, Duration::from),
        }
    }

    /// Both clocks, read once per turn. Monotonic time is that of CLOCK_MONOTONIC, which other
    /// processes of the machine can read, too. tokio's instant obeys paused time in tests.
    pub fn now(&self) -> Moment {
        Moment {
            mono: Mono(self.base + self.start.elapsed()),
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
