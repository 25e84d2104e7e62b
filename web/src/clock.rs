//! The clocks, and times in the formats that clients see.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

/// Now, on the monotonic clock.
pub fn instant() -> Instant {
    Instant::now()
}

/// Now, on the wall clock.
pub fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// Now, in whole seconds since 1970.
pub fn now() -> i64 {
    timestamp().as_second()
}

/// `Nov 20 11:11 PM` in the local zone.
pub fn short(unix: i64) -> String {
    local(unix, "%b %d %I:%M %p")
}

/// `Fri Nov 20 23:22:42 2026` in the local zone.
pub fn long(unix: i64) -> String {
    local(unix, "%a %b %e %H:%M:%S %Y")
}

/// `20/Nov/2026:23:19:35 +0000` in the local zone.
pub fn access(unix: i64) -> String {
    local(unix, "%d/%b/%Y:%H:%M:%S %z")
}

fn local(unix: i64, format: &str) -> String {
    formatted(unix, TimeZone::system(), format)
}

/// A time out of range, which no clock shows, is formatted as its number.
fn formatted(unix: i64, zone: TimeZone, format: &str) -> String {
    Timestamp::from_second(unix).map_or_else(
        |_| unix.to_string(),
        |moment| moment.to_zoned(zone).strftime(format).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let utc = |format| formatted(1_793_502_002, TimeZone::UTC, format);
        assert_eq!(utc("%a %b %e %H:%M:%S %Y"), "Sun Nov  1 03:00:02 2026");
        assert_eq!(utc("%b %d %I:%M %p"), "Nov 01 03:00 AM");
    }
}
