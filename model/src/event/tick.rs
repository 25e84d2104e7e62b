//! TICK_5, TICK_60 and TICK_3600 from the wall clock (spec core 7.6).

use alloc::vec::Vec;
use core::time::Duration;

use super::{Event, EventKind, KindSet};

/// How often a tick comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Every 5 seconds.
    FiveSeconds,
    /// Every 60 seconds.
    Minute,
    /// Every 3600 seconds.
    Hour,
}

impl Period {
    /// In the order in which ticks that are due together are sent.
    pub const ALL: [Self; 3] = [Self::FiveSeconds, Self::Minute, Self::Hour];

    /// Its length.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::FiveSeconds => 5,
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// The type of its event.
    #[must_use]
    pub const fn kind(self) -> EventKind {
        match self {
            Self::FiveSeconds => EventKind::Tick5,
            Self::Minute => EventKind::Tick60,
            Self::Hour => EventKind::Tick3600,
        }
    }

    /// Start of the slice that this second (Unix time) lies in.
    #[must_use]
    pub fn slice(self, unix: i64) -> i64 {
        let length = i64::from(self.seconds());
        unix.div_euclid(length).saturating_mul(length)
    }

    /// Time until the next slice begins, never zero.
    fn remaining(self, since_epoch: Duration) -> Duration {
        let length = u64::from(self.seconds());
        let next = (since_epoch.as_secs() / length + 1).saturating_mul(length);
        Duration::from_secs(next).saturating_sub(since_epoch)
    }
}

/// The slices of the clock seen last; one tick per period whenever its slice is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticks {
    seen: [i64; 3],
}

impl Ticks {
    /// No longer than this without a look at the clock: it may have been set, or the machine
    /// slept, and no timer notices either.
    pub const LONGEST_SLEEP: Duration = Duration::from_secs(60);

    /// Records the slices of this second; they are not sent.
    #[must_use]
    pub fn new(unix: i64) -> Self {
        Self {
            seen: Period::ALL.map(|period| period.slice(unix)),
        }
    }

    /// The ticks due at this second. A slice that was missed is not made up for, and one
    /// that the clock went back to is sent again.
    pub fn turn(&mut self, unix: i64) -> Vec<Event> {
        let mut due = Vec::new();
        for (seen, period) in self.seen.iter_mut().zip(Period::ALL) {
            let when = period.slice(unix);
            if *seen != when {
                *seen = when;
                due.push(Event::Tick { period, when });
            }
        }
        due
    }

    /// How long to sleep if these types are wanted; `None`: no tick is wanted.
    #[must_use]
    pub fn sleep(wanted: KindSet, since_epoch: Duration) -> Option<Duration> {
        Period::ALL
            .into_iter()
            .filter(|period| wanted.contains(period.kind()))
            .map(|period| period.remaining(since_epoch))
            .min()
            .map(|sleep| sleep.min(Self::LONGEST_SLEEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whens(events: &[Event]) -> Vec<(EventKind, i64)> {
        let when = |event: &Event| {
            let Event::Tick { when, .. } = event else {
                panic!("{event:?}");
            };
            (event.kind(), *when)
        };
        events.iter().map(when).collect()
    }

    #[test]
    fn one_tick_per_new_slice() {
        let mut ticks = Ticks::new(7203);
        assert!(ticks.turn(7204).is_empty());
        assert_eq!(whens(&ticks.turn(7206)), [(EventKind::Tick5, 7205)]);
        // missed slices are not made up for
        assert_eq!(
            whens(&ticks.turn(10_801)),
            [
                (EventKind::Tick5, 10_800),
                (EventKind::Tick60, 10_800),
                (EventKind::Tick3600, 10_800)
            ]
        );
        // the clock was set back
        assert_eq!(
            whens(&ticks.turn(10_799)),
            [
                (EventKind::Tick5, 10_795),
                (EventKind::Tick60, 10_740),
                (EventKind::Tick3600, 7200)
            ]
        );
        assert_eq!(whens(&ticks.turn(-1))[0], (EventKind::Tick5, -5));
    }

    #[test]
    fn sleeps_until_the_next_wanted_slice() {
        let now = Duration::from_millis(7_203_250);
        let sleep = |kinds: &[EventKind]| Ticks::sleep(KindSet::subscribed(kinds), now);
        assert_eq!(sleep(&[EventKind::ProcessState]), None);
        assert_eq!(
            sleep(&[EventKind::Event]),
            Some(Duration::from_millis(1750))
        );
        assert_eq!(
            sleep(&[EventKind::Tick60]),
            Some(Duration::from_millis(56_750))
        );
        assert_eq!(sleep(&[EventKind::Tick3600]), Some(Ticks::LONGEST_SLEEP));
        let wanted = KindSet::subscribed(&[EventKind::Tick5]);
        let sleep = Ticks::sleep(wanted, Duration::from_secs(10));
        assert_eq!(sleep, Some(Duration::from_secs(5)));
    }
}
