//! The time in a log line.
//!
//! Supported are ISO 8601 with `T` or a blank (`2026-11-21T03:58:39.123+00:00`, our own `prefix`
//! and `json` formats, Python's `,123`, Go's and nginx's `2026/11/21`), the time of web servers
//! (`21/Nov/2026:03:58:39 +0000`) and that of syslog (`Nov 21 03:58:39`), within the first
//! [`WITHIN`] bytes of the line. A time without a zone is in the daemon's zone.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use super::visible;
use crate::clock;

/// Bytes at the start of a line that may contain its time.
pub const WITHIN: usize = 80;

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// The context for times that are incomplete.
#[derive(Clone, Debug)]
pub struct LogClock {
    /// The daemon's zone.
    pub zone: TimeZone,
    /// Now, for times without a year or a day.
    pub now: Timestamp,
}

impl LogClock {
    /// That of this machine.
    pub fn system() -> Self {
        Self {
            zone: TimeZone::system(),
            now: clock::timestamp(),
        }
    }

    /// The time of a line, in milliseconds since 1970.
    pub fn of_line(&self, line: &[u8]) -> Option<i64> {
        let line = &line[..line.len().min(WITHIN + 80)];
        let line = visible(line);
        let starts = 0..line.len().min(WITHIN);
        starts
            .filter(|&at| at == 0 || !line[at - 1].is_ascii_alphanumeric())
            .find_map(|at| self.at(&line[at..]))
    }

    /// A time that a user entered: as in lines, without seconds, or without a day for the most
    /// recent time of this kind.
    pub fn meant(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Some(time) = self.at(text.as_bytes()) {
            return Some(time);
        }
        let (time, rest) = time_of_day(text.as_bytes())?;
        if !rest.is_empty() {
            return None;
        }
        let today = self.now.to_zoned(self.zone.clone()).date();
        let then = self.local(today.to_datetime(time))?;
        if then > self.now.as_millisecond() {
            return self.local(today.yesterday().ok()?.to_datetime(time));
        }
        Some(then)
    }

    fn at(&self, text: &[u8]) -> Option<i64> {
        let first = *text.first()?;
        if first.is_ascii_digit() {
            self.numeric(text).or_else(|| self.web_server(text))
        } else {
            self.syslog(text)
        }
    }

    /// `2026-11-21 03:58:39`.
    fn numeric(&self, text: &[u8]) -> Option<i64> {
        let (year, rest) = number(text, 4)?;
        let separator = *rest.first().filter(|byte| b"-/".contains(byte))?;
        let (month, rest) = number(&rest[1..], 2)?;
        let (day, rest) = number(rest.strip_prefix(&[separator])?, 2)?;
        let [b'T' | b't' | b' ' | b'_', rest @ ..] = rest else {
            return None;
        };
        let date = Date::new(year, month, day).ok()?;
        let (time, rest) = time_of_day(rest)?;
        self.moment(date.to_datetime(time), rest)
    }

    /// `21/Nov/2026:03:58:39 +0000`.
    fn web_server(&self, text: &[u8]) -> Option<i64> {
        let (day, rest) = number(text, 2)?;
        let month = month(rest.strip_prefix(b"/")?)?;
        let (year, rest) = number(rest.get(4..)?.strip_prefix(b"/")?, 4)?;
        let (time, rest) = time_of_day(rest.strip_prefix(b":")?)?;
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let date = Date::new(year, month, day).ok()?;
        self.moment(date.to_datetime(time), rest)
    }

    /// `Nov 21 03:58:39`, or with a blank before a day of one digit.
    fn syslog(&self, text: &[u8]) -> Option<i64> {
        let month = month(text)?;
        let rest = text.get(3..)?.strip_prefix(b" ")?;
        let (day, rest) = match rest.strip_prefix(b" ") {
            Some(rest) => number(rest, 1)?,
            None => number(rest, 2)?,
        };
        let (time, _) = time_of_day(rest.strip_prefix(b" ")?)?;
        let tomorrow = self.now.checked_add(24.hours()).ok()?;
        let year = self.now.to_zoned(self.zone.clone()).year();
        let in_year = |year| self.local(Date::new(year, month, day).ok()?.to_datetime(time));
        let then = in_year(year)?;
        if then > tomorrow.as_millisecond() {
            return in_year(year - 1);
        }
        Some(then)
    }

    /// A time with the zone that may follow it at once: in `12:00:00 -5 widgets` there is none.
    fn moment(&self, then: DateTime, rest: &[u8]) -> Option<i64> {
        match offset(rest) {
            Some(offset) => Some(offset.to_timestamp(then).ok()?.as_millisecond()),
            None => self.local(then),
        }
    }

    fn local(&self, then: DateTime) -> Option<i64> {
        let then = self.zone.to_ambiguous_timestamp(then).compatible().ok()?;
        Some(then.as_millisecond())
    }
}

/// A number of exactly this many digits, and the rest.
fn number<N: FromStr>(text: &[u8], count: usize) -> Option<(N, &[u8])> {
    digits(text, count).filter(|(_, rest)| !starts_with_digit(rest))
}

/// A number of this many digits, whatever follows.
fn digits<N: FromStr>(text: &[u8], count: usize) -> Option<(N, &[u8])> {
    let (own, rest) = text.split_at_checked(count)?;
    let own = Some(own).filter(|own| own.iter().all(u8::is_ascii_digit))?;
    Some((std::str::from_utf8(own).ok()?.parse().ok()?, rest))
}

fn starts_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

fn month(text: &[u8]) -> Option<i8> {
    let name = text.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| month[..] == name[..])?;
    i8::try_from(at + 1).ok()
}

/// `03:58`, `03:58:39`, `03:58:39.123` or `03:58:39,123`, and the rest.
fn time_of_day(text: &[u8]) -> Option<(Time, &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, mut rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (mut second, mut nanosecond) = (0_i8, 0_i32);
    if let Some((seconds, after)) = rest.strip_prefix(b":").and_then(|text| number(text, 2)) {
        // a leap second counts as the one before it
        second = 59.min(seconds);
        rest = after;
        if let [b'.' | b',', digits @ ..] = after
            && starts_with_digit(digits)
        {
            let end = digits.iter().position(|byte| !byte.is_ascii_digit());
            let end = end.unwrap_or(digits.len());
            let counted = end.min(9);
            (nanosecond, _) = self::digits(digits, counted)?;
            nanosecond *= 10_i32.pow(9 - counted as u32);
            rest = &digits[end..];
        }
    }
    Some((Time::new(hour, minute, second, nanosecond).ok()?, rest))
}

/// `Z`, `+00:00`, `+0000` or `+00`.
fn offset(text: &[u8]) -> Option<Offset> {
    let (sign, rest) = match text {
        [b'Z' | b'z', ..] => return Some(Offset::UTC),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _no_zone => return None,
    };
    let (hours, rest): (i32, _) = digits(rest, 2)?;
    let minutes = digits(rest.strip_prefix(b":").unwrap_or(rest), 2);
    let minutes = hours * 60 + minutes.map_or(0, |(minutes, _)| minutes);
    Offset::from_seconds(sign * minutes * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> LogClock {
        LogClock {
            zone: TimeZone::fixed(Offset::from_hours(1).unwrap()),
            now: "2026-03-05T12:00:00+01:00".parse().unwrap(),
        }
    }

    fn iso(milliseconds: Option<i64>) -> String {
        let time = milliseconds.map(|time| Timestamp::from_millisecond(time).unwrap());
        time.map_or_else(String::new, |time| time.to_string())
    }

    #[test]
    fn times_of_lines() {
        for (line, expected) in [
            (
                "2026-11-21T03:58:39.123+00:00 web:web_00 stdout | GET /",
                "2026-11-21T03:58:39.123Z",
            ),
            (
                "{\"time\":\"2026-11-21T03:58:39.5Z\",\"group\":\"g\"}",
                "2026-11-21T03:58:39.5Z",
            ),
            (
                "2026-03-05 10:15:00,250 INFO spawned",
                "2026-03-05T09:15:00.25Z",
            ),
            ("[2026-03-05 10:15] short", "2026-03-05T09:15:00Z"),
            ("2026/03/05 10:15:00 [error] 7#7", "2026-03-05T09:15:00Z"),
            ("2026-03-05 10:15:00 -5 widgets", "2026-03-05T09:15:00Z"),
            ("2026-03-05 10:15:00-05:30 x", "2026-03-05T15:45:00Z"),
            (
                "127.0.0.1 - - [05/Mar/2026:10:15:00 +0200] \"GET /\"",
                "2026-03-05T08:15:00Z",
            ),
            ("Mar  5 10:15:00 host sshd[1]:", "2026-03-05T09:15:00Z"),
            ("Dec 31 23:59:60 host x", "2025-12-31T22:59:59Z"),
            (
                "\u{1b}[32m2026-03-05T10:15:00Z\u{1b}[0m INFO",
                "2026-03-05T10:15:00Z",
            ),
            ("INFO [2026-03-05T10:15:00Z] x", "2026-03-05T10:15:00Z"),
            ("10:15:00 only a time", ""),
            ("2026-13-05 10:15:00", ""),
            ("12026-03-05 10:15:00", ""),
            ("no time at all", ""),
            ("Mar", ""),
            ("", ""),
        ] {
            assert_eq!(iso(clock().of_line(line.as_bytes())), expected, "{line}");
        }
    }

    #[test]
    fn times_that_users_mean() {
        for (text, expected) in [
            ("2026-03-04 10:15", "2026-03-04T09:15:00Z"),
            ("2026-03-04T10:15:30Z", "2026-03-04T10:15:30Z"),
            (" 11:30 ", "2026-03-05T10:30:00Z"),
            ("12:30:15", "2026-03-04T11:30:15Z"),
            ("12:30x", ""),
            ("noon", ""),
            ("25:00", ""),
        ] {
            assert_eq!(iso(clock().meant(text)), expected, "{text}");
        }
    }
}
