//! Local time as logs print it, cheap: a second is formatted once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use visord_model::output::rotation::LocalMoment;

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

    pub(crate) fn for_rfc3339() -> Self {
        Self::new("%Y-%m-%dT%H:%M:%S%:z")
    }

    /// The moment with milliseconds and offset, as RFC 3339 has it.
    pub(crate) fn rfc3339(&mut self, since_1970: Duration) -> String {
        // after `2026-11-21T03:58:39`
        let second = self.text(since_1970);
        let (moment, offset) = second.split_at_checked(19).unwrap_or((second, ""));
        format!("{moment}.{:03}{offset}", since_1970.subsec_millis())
    }

    pub(crate) fn text(&mut self, since_1970: Duration) -> &str {
        let second = since_1970.as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            let moment = Timestamp::from_second(second.cast_signed());
            let moment = moment.unwrap_or(Timestamp::MAX);
            self.text = moment
                .to_zoned(self.zone.clone())
                .strftime(self.format)
                .to_string();
        }
        &self.text
    }
}

/// A moment in seconds since 1970 and how far local time is ahead of UTC there.
pub(crate) fn local(unix: i64) -> LocalMoment {
    let offset = Timestamp::from_second(unix)
        .map_or(0, |moment| TimeZone::system().to_offset(moment).seconds());
    LocalMoment {
        unix,
        offset: offset.into(),
    }
}

/// Wall-clock time since 1970; a clock set before that counts as 1970.
#[must_use]
pub fn since_1970() -> Duration {
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

    #[test]
    fn lines_have_milliseconds_and_offset() {
        let mut clock = LocalClock::for_rfc3339();
        clock.zone = TimeZone::fixed(jiff::tz::offset(-2));
        let text = clock.rfc3339(Duration::from_millis(86_400_007));
        assert_eq!(text, "1970-01-01T22:00:00.007-02:00");
    }
}
