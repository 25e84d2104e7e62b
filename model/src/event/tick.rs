//! TICK_5, TICK_60 and TICK_3600 from the wall clock (spec core 7.6).

use alloc::vec::Vec;
use core::time::Duration;

use super::{Event, EventKind, KindSet};

/// The ticks in the order in which those that are due together are sent, and the seconds between two.
const PERIODS: [(EventKind, u32); 3] = [
    (EventKind::Tick5, 5),
    (EventKind::Tick60, 60),
    (EventKind::Tick3600, 3600),
];

/// Start of the slice of so many seconds that this second (Unix time) lies in.
fn slice(seconds: u32, unix: i64) -> i64 {
    let length = i64::from(seconds);
    unix.div_euclid(length).saturating_mul(length)
}

/// Time until the next slice begins, never zero.
fn remaining(seconds: u32, since_epoch: Duration) -> Duration {
    let length = u64::from(seconds);
    let next = (since_epoch.as_secs() / length + 1).saturating_mul(length);
    Duration::from_secs(next).saturating_sub(since_epoch)
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
    pub fn new(unix: i64) -> Self {
        Self {
            seen: PERIODS.map(|(_, seconds)| slice(seconds, unix)),
        }
    }

    /// The ticks due at this second. A slice that was missed is not made up for, and one
    /// that the clock went back to is sent again.
    pub fn turn(&mut self, unix: i64) -> Vec<Event> {
        let mut due = Vec::new();
        for (seen, (kind, seconds)) in self.seen.iter_mut().zip(PERIODS) {
            let when = slice(seconds, unix);
            if *seen != when {
                *seen = when;
                due.push(Event::Tick { kind, when });
            }
        }
        due
    }

    /// How long to sleep if these types are wanted; `None`: no tick is wanted.
    pub fn sleep(wanted: KindSet, since_epoch: Duration) -> Option<Duration> {
        let wanted = PERIODS
            .into_iter()
            .filter(|(kind, _)| wanted.contains(*kind));
        wanted
            .map(|(_, seconds)| remaining(seconds, since_epoch))
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
