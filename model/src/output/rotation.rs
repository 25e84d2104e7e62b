//! When a log is rotated by the calendar, and what becomes of old ones
//! (`*_logfile_rotate`, `*_logfile_compress`: keys of ours).

/// What besides its size makes a log rotate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RotateBy {
    /// Nothing.
    #[default]
    Size,
    /// A new local day.
    Daily,
    /// A new local hour.
    Hourly,
}

/// What becomes of a rotated log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// It stays as it is.
    #[default]
    None,
    /// `.1` becomes `.1.gz`.
    Gzip,
    /// `.1` becomes `.1.zst`.
    Zstd,
}

impl Compression {
    /// What is added to the name of a compressed log.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// A moment of the wall clock and where the clock stands there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalMoment {
    /// Seconds since 1970, UTC.
    pub unix: i64,
    /// Seconds local time is ahead of UTC at that moment.
    pub offset: i64,
}

/// Decides when a new day or hour asks for a rotation.
///
/// A log is rotated before the first bytes of a new period are written, so a process that
/// is silent makes no empty files and nothing has to wait for midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    by: RotateBy,
    /// The period of what the log contains.
    period: i64,
}

impl Schedule {
    /// The schedule of a log whose last bytes are of this moment; `None` for size alone.
    pub fn new(by: RotateBy, last: LocalMoment) -> Option<Self> {
        let period = period(by, last)?;
        Some(Self { by, period })
    }

    /// Bytes are to be written at this moment: whether what is there belongs to an earlier
    /// period. Asked again in the same period it says no.
    ///
    /// A clock that goes back by less than a period changes nothing, so that a correction
    /// around midnight does not rotate twice; one that goes back further begins again.
    pub fn is_due(&mut self, now: LocalMoment) -> bool {
        let Some(period) = period(self.by, now) else {
            return false;
        };
        let is_due = period > self.period;
        if is_due || period < self.period.saturating_sub(1) {
            self.period = period;
        }
        is_due
    }
}

/// The number of the day or hour, in their order; local ones begin when the local clock
/// shows a full day or hour.
fn period(by: RotateBy, moment: LocalMoment) -> Option<i64> {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    match by {
        RotateBy::Size => None,
        RotateBy::Daily => Some(moment.unix.saturating_add(moment.offset).div_euclid(DAY)),
        // by UTC but for the minutes, so that an hour that comes twice (the end of summer
        // time) is two hours
        RotateBy::Hourly => {
            let minutes = moment.offset.rem_euclid(HOUR);
            Some(moment.unix.saturating_add(minutes).div_euclid(HOUR))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn at(unix: i64, offset: i64) -> LocalMoment {
        LocalMoment { unix, offset }
    }

    #[test]
    fn size_alone_has_no_schedule() {
        assert_eq!(Schedule::new(RotateBy::Size, at(0, 0)), None);
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        // 23:59:59 in a zone one hour ahead
        let mut daily = Schedule::new(RotateBy::Daily, at(86_400 - 3601, 3600)).expect("daily");
        assert!(!daily.is_due(at(86_400 - 3601, 3600)));
        assert!(daily.is_due(at(86_400 - 3600, 3600)));
        assert!(!daily.is_due(at(86_400 - 3599, 3600)));
        // many days without output are one rotation
        assert!(daily.is_due(at(10 * 86_400, 3600)));
        assert!(!daily.is_due(at(10 * 86_400, 3600)));
    }

    #[test]
    fn the_hour_at_the_end_of_summer_time_is_two_hours() {
        let mut hourly = Schedule::new(RotateBy::Hourly, at(3600, 7200)).expect("hourly");
        assert!(!hourly.is_due(at(7199, 7200)));
        assert!(hourly.is_due(at(7200, 3600)));
        // a zone with half an hour: 00:29:59 UTC is 05:59:59 there
        let mut half = Schedule::new(RotateBy::Hourly, at(0, 19_800)).expect("hourly");
        assert!(!half.is_due(at(1799, 19_800)));
        assert!(half.is_due(at(1800, 19_800)));
    }

    #[test]
    fn a_clock_that_trembles_at_midnight_rotates_once() {
        let mut daily = Schedule::new(RotateBy::Daily, at(86_399, 0)).expect("daily");
        assert!(daily.is_due(at(86_400, 0)));
        assert!(!daily.is_due(at(86_399, 0)));
        assert!(!daily.is_due(at(86_401, 0)));
        // one that was years ahead does not stop rotation for years
        assert!(daily.is_due(at(1_000_000_000, 0)));
        assert!(!daily.is_due(at(200_000, 0)));
        assert!(daily.is_due(at(300_000, 0)));
    }

    proptest! {
        /// On a clock that only goes forward: exactly one rotation before the first bytes of
        /// each period that has any, but for the first.
        #[test]
        fn once_per_period_with_output(
            steps in prop::collection::vec(0i64..50_000, 1..60),
            offset in -50_000i64..50_000,
            is_daily: bool,
        ) {
            let (by, length) = if is_daily {
                (RotateBy::Daily, 86_400)
            } else {
                (RotateBy::Hourly, 3600)
            };
            let mut now = 1_000_000_000;
            let mut schedule = Schedule::new(by, at(now, offset)).expect("a schedule");
            let mut periods = Vec::from([(now + offset).div_euclid(length)]);
            let mut rotations = 0;
            for step in steps {
                now += step;
                periods.push((now + offset).div_euclid(length));
                rotations += usize::from(schedule.is_due(at(now, offset)));
            }
            periods.dedup();
            prop_assert_eq!(rotations, periods.len() - 1);
        }
    }
}
