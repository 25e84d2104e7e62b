//! From accumulated time to percent: pure, so that it can be tested without burning any.

use std::collections::VecDeque;
use std::time::Duration;

use super::stat::Stat;
use super::{CURVE, Sample};

/// How the machine counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    /// Clock ticks of a second.
    pub(super) hertz: u64,
    /// Bytes of a page.
    pub(super) page: u64,
}

/// What is known of one process from sample to sample.
#[derive(Debug)]
pub(super) struct Track {
    root: Stat,
    at: Duration,
    members: Vec<Stat>,
    /// Ticks used since the root was born.
    ticks: u64,
    pub(super) newest: Sample,
    pub(super) curve: VecDeque<Sample>,
}

impl Track {
    /// The first sample: the average since the root was born. `at` is the time since boot;
    /// `None` without members, the first of which must be the root.
    pub(super) fn begin(root: i32, members: &[Stat], at: Duration, units: Units) -> Option<Self> {
        let root = members.iter().find(|stat| stat.pid == root)?;
        let ticks = members.iter().map(|stat| stat.ticks).sum();
        let age = at.saturating_sub(seconds(root.born, units));
        let mut track = Self {
            root: *root,
            at,
            members: Vec::new(),
            ticks,
            newest: Sample::default(),
            curve: VecDeque::new(),
        };
        track.take(members, ticks, age, units);
        Some(track)
    }

    /// Whether these members have the same root: a pid alone may be that of another process.
    pub(super) fn is_of(&self, members: &[Stat]) -> bool {
        members.iter().any(|stat| stat.is(&self.root))
    }

    /// The next sample: what was used since the one before.
    ///
    /// A member that was waited for by another has left its time there; one that no member
    /// waited for has taken it along, and what it had is not expected any more.
    pub(super) fn advance(&mut self, members: &[Stat], at: Duration, units: Units) {
        let now: u64 = members.iter().map(|stat| stat.ticks).sum();
        let is_alive = |old: &Stat| members.iter().any(|stat| stat.is(old));
        let is_waited_for = |old: &Stat| self.members.iter().any(|other| other.pid == old.parent);
        let counted = |old: &&Stat| is_alive(old) || is_waited_for(old);
        let before = self.members.iter().filter(counted).map(|old| old.ticks);
        let used = now.saturating_sub(before.sum());
        let span = at.saturating_sub(self.at);
        self.at = at;
        self.ticks += used;
        self.take(members, used, span, units);
    }

    #[expect(clippy::cast_possible_truncation, reason = "percents for people")]
    fn take(&mut self, members: &[Stat], used: u64, span: Duration, units: Units) {
        self.members = members.to_vec();
        let busy = seconds(used, units).as_secs_f64();
        let span = span.as_secs_f64();
        let cpu = if span > 0.0 { busy / span * 100.0 } else { 0.0 };
        let pages: u64 = members.iter().map(|stat| stat.pages).sum();
        self.newest = Sample {
            cpu: cpu as f32,
            rss: pages * units.page,
            processes: u32::try_from(members.len()).unwrap_or(u32::MAX),
            seconds: seconds(self.ticks, units).as_secs_f64(),
        };
    }

    pub(super) fn record(&mut self) {
        while self.curve.len() >= CURVE {
            self.curve.pop_front();
        }
        self.curve.push_back(self.newest);
    }
}

pub(super) fn seconds(ticks: u64, units: Units) -> Duration {
    let hertz = units.hertz.max(1);
    let nanos = (ticks % hertz) * 1_000_000_000 / hertz;
    Duration::from_secs(ticks / hertz) + Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: Units = Units {
        hertz: 100,
        page: 4096,
    };

    fn stat(pid: i32, parent: i32, born: u64, ticks: u64) -> Stat {
        Stat {
            pid,
            parent,
            group: 10,
            ticks,
            own_ticks: ticks,
            born,
            pages: 10,
        }
    }

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn begin(members: &[Stat], seconds: f64) -> Track {
        Track::begin(10, members, at(seconds), UNITS).unwrap()
    }

    #[test]
    fn first_since_its_birth_then_since_the_last_look() {
        // born 100 s after boot, 20 s of work in the 40 s since
        let mut track = begin(&[stat(10, 1, 10_000, 2000)], 140.0);
        assert!((track.newest.cpu - 50.0).abs() < 0.01);
        assert_eq!(track.newest.rss, 40_960);
        assert_eq!(track.newest.processes, 1);
        track.advance(&[stat(10, 1, 10_000, 2300)], at(142.0), UNITS);
        assert!((track.newest.cpu - 150.0).abs() < 0.01);
        assert!((track.newest.seconds - 23.0).abs() < 1e-9);
        track.advance(&[stat(10, 1, 10_000, 2300)], at(144.0), UNITS);
        assert!(track.newest.cpu.abs() < 1e-6);
        // two looks at one moment
        track.advance(&[stat(10, 1, 10_000, 2300)], at(144.0), UNITS);
        assert!(track.newest.cpu.abs() < 1e-6);
    }

    #[test]
    fn time_of_children_that_were_waited_for_counts_once() {
        let mut track = begin(&[stat(10, 1, 1000, 100), stat(11, 10, 1100, 400)], 20.0);
        // 11 worked 50 ticks more, ended, and 10 waited for it
        track.advance(&[stat(10, 1, 1000, 550)], at(21.0), UNITS);
        assert!((track.newest.cpu - 50.0).abs() < 0.01);
        // one that came and went between two looks
        track.advance(&[stat(10, 1, 1000, 580)], at(22.0), UNITS);
        assert!((track.newest.cpu - 30.0).abs() < 0.01);
        assert!((track.newest.seconds - 5.8).abs() < 1e-9);
    }

    #[test]
    fn a_member_that_is_not_waited_for_takes_its_time_along() {
        // 13 is an orphan of the group: no member waits for it
        let mut track = begin(&[stat(10, 1, 1000, 100), stat(13, 1, 1100, 400)], 20.0);
        track.advance(&[stat(10, 1, 1000, 110)], at(21.0), UNITS);
        assert!((track.newest.cpu - 10.0).abs() < 0.01);
        assert!((track.newest.seconds - 5.1).abs() < 1e-9);
    }

    #[test]
    fn a_pid_that_is_used_again_is_another_process() {
        let mut track = begin(&[stat(10, 1, 1000, 500), stat(11, 10, 1100, 300)], 20.0);
        assert!(track.is_of(&[stat(10, 1, 1000, 600)]));
        assert!(!track.is_of(&[stat(10, 1, 1900, 5)]));
        // the child's pid: the old one was waited for, the new one has worked 20 ticks
        let now = [stat(10, 1, 1000, 800), stat(11, 10, 1950, 20)];
        track.advance(&now, at(21.0), UNITS);
        assert!((track.newest.cpu - 20.0).abs() < 0.01);
    }

    #[test]
    fn nothing_is_ever_negative_and_the_curve_is_bounded() {
        let mut track = begin(&[stat(10, 1, 1000, 500)], 20.0);
        track.advance(&[stat(10, 1, 1000, 400)], at(21.0), UNITS);
        assert!(track.newest.cpu.abs() < 1e-6);
        for _ in 0..200 {
            track.record();
        }
        assert_eq!(track.curve.len(), CURVE);
        assert!(Track::begin(10, &[], at(1.0), UNITS).is_none());
        // a clock of another namespace may be behind the birth
        assert!(begin(&[stat(10, 1, 99_000, 500)], 20.0).newest.cpu.abs() < 1e-6);
    }
}
