//! Local time as logs print it, cheap: a second is formatted once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Formats moments as local time, remembering the second it formatted last.
#[derive(Debug)]
pub(crate) struct LocalClock {
    format: &'static str,
    zone: TimeZone,
    second: Option<u64>,
    text: String,
}

impl LocalClock {
    /// A clock with this `strftime` format, of second resolution.
    pub(crate) fn new(format: &'static str) -> Self {
        Self {
            format,
            zone: TimeZone::system(),
            second: None,
            text: String::new(),
        }
    }

    /// The text of this moment's second.
    pub(crate) fn text(&mut self, since_1970: Duration) -> &str {
        let second = since_1970.as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            let moment = i64::try_from(second)
                .ok()
                .and_then(|second| Timestamp::from_second(second).ok())
                .unwrap_or(Timestamp::MAX);
            self.text = moment
                .to_zoned(self.zone.clone())
                .strftime(self.format)
                .to_string();
        }
        &self.text
    }
}

/// Wall-clock time since 1970; a clock set before that counts as 1970.
pub(crate) fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_each_second_once_and_right() {
        let mut clock = LocalClock::new("%Y-%m-%d %H:%M:%S");
        clock.zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(
            clock.text(Duration::from_millis(1500)),
            "1970-01-01 02:00:01"
        );
        assert_eq!(
            clock.text(Duration::from_millis(1999)),
            "1970-01-01 02:00:01"
        );
        assert_eq!(
            clock.text(Duration::from_secs(86_400)),
            "1970-01-02 02:00:00"
        );
    }
}
