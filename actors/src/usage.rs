//! What the programs use: processor time and memory of each supervised process with all that
//! descends from it.
//!
//! Sampled on a thread of its own every two seconds while there are watchers, and once when a
//! caller asks. Without watchers there is no thread.

mod stat;
mod track;
mod tree;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use visord_logs::worker::{Inbox, Worker, queue};

use crate::board::Board;
use crate::messages::supervisor::ProcessName;
use track::{Track, Units};
use tree::Forest;

/// Between two samples while there are watchers.
pub const PERIOD: Duration = Duration::from_secs(2);

/// Samples of a curve: two minutes.
pub const CURVE: usize = 60;

/// A sample this young is good enough for a caller that asks for one.
const FRESH: Duration = Duration::from_millis(500);

/// What a process and all that descends from it use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Percent of one core since the sample before; the first time, since the process started.
    pub cpu: f32,
    /// Bytes in memory. What several of them share is counted for each.
    pub rss: u64,
    /// How many processes they are.
    pub processes: u32,
    /// Processor time since the process started, in seconds, that of descendants which ended
    /// included.
    pub seconds: f64,
}

/// What the daemon itself uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Processor time.
    pub seconds: Duration,
    /// Bytes in memory.
    pub rss: u64,
    /// Time since its start.
    pub age: Duration,
}

/// What the processes of a board use. Clones are the same.
#[derive(Clone)]
pub struct Usage(Arc<Inner>);

struct Inner {
    board: Arc<Board>,
    units: Units,
    /// Held while `/proc` is read; `known` is not, for readers do not wait.
    looking: Mutex<()>,
    known: Mutex<Known>,
    watch: Mutex<Watch>,
    sampled: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    tracks: BTreeMap<ProcessName, Track>,
    sampled_at: Option<Instant>,
    recorded_at: Option<Instant>,
}

#[derive(Default)]
struct Watch {
    watchers: usize,
    /// Takes samples; it has no commands, its queue is closed when the last watcher leaves.
    thread: Option<Worker<Infallible>>,
}

/// Samples are taken every two seconds until this is dropped.
pub struct WatchGuard(Usage);

impl Usage {
    /// The use that the processes of this board make.
    pub fn new(board: Arc<Board>) -> Self {
        let number = |variable, usual| {
            let found = sysconf(variable).ok().flatten();
            found.and_then(|n| u64::try_from(n).ok()).unwrap_or(usual)
        };
        let units = Units {
            hertz: number(SysconfVar::CLK_TCK, 100),
            page: number(SysconfVar::PAGE_SIZE, 4096),
        };
        Self(Arc::new(Inner {
            board,
            units,
            looking: Mutex::default(),
            known: Mutex::default(),
            watch: Mutex::default(),
            sampled: watch::Sender::new(0),
        }))
    }

    /// Take samples every two seconds until the guard is dropped.
    #[must_use]
    pub fn watch(&self) -> WatchGuard {
        let mut watch = self.0.watch.lock();
        watch.watchers += 1;
        if watch.thread.is_none() {
            // without a thread there are no samples: an empty column, and the next watcher
            // tries again
            watch.thread = self.start_sampling().ok();
        }
        drop(watch);
        WatchGuard(self.clone())
    }

    /// The newest sample of a process; `None` if it does not run or was never looked at.
    pub fn now(&self, name: &ProcessName) -> Option<Sample> {
        self.0
            .known
            .lock()
            .tracks
            .get(name)
            .map(|track| track.newest)
    }

    /// The newest sample of every process that runs.
    pub fn all(&self) -> BTreeMap<ProcessName, Sample> {
        let known = self.0.known.lock();
        let newest = known.tracks.iter();
        newest.map(|(name, t)| (name.clone(), t.newest)).collect()
    }

    /// What this very process uses, without its children. Reads `/proc`.
    pub fn own(&self) -> Option<Own> {
        let stat = stat::own()?;
        let units = self.0.units;
        let age = since_boot().saturating_sub(track::seconds(stat.born, units));
        Some(Own {
            seconds: track::seconds(stat.own_ticks, units),
            rss: stat.pages * units.page,
            age,
        })
    }

    /// Its last samples of two minutes, oldest first, as far as there were watchers.
    pub fn curve(&self, name: &ProcessName) -> Vec<Sample> {
        let known = self.0.known.lock();
        let track = known.tracks.get(name).into_iter();
        track.flat_map(|track| &track.curve).copied().collect()
    }

    /// A number that changes with every sample, and a wakeup when it does.
    pub fn sampled(&self) -> watch::Receiver<u64> {
        self.0.sampled.subscribe()
    }

    /// Take a sample now, unless there is a fresh one. Reads `/proc`: not for the control
    /// thread nor the one that answers clients.
    pub fn sample_once(&self) {
        let looking = self.0.looking.lock();
        let is_fresh = |at: Instant| at.elapsed() < FRESH;
        if !self.0.known.lock().sampled_at.is_some_and(is_fresh) {
            self.sample(&looking);
        }
    }

    /// How old the newest sample is; `None` before the first.
    pub fn age(&self) -> Option<Duration> {
        self.taken().map(|at| at.elapsed())
    }

    /// When the newest sample was taken; `None` before the first.
    pub fn taken(&self) -> Option<Instant> {
        self.0.known.lock().sampled_at
    }

    fn start_sampling(&self) -> io::Result<Worker<Infallible>> {
        let usage = self.clone();
        let (sender, inbox) = queue(0)?;
        Worker::start("usage", sender, move || usage.keep_sampling(&inbox))
    }

    fn keep_sampling(&self, inbox: &Inbox<Infallible>) {
        loop {
            let due = Instant::now() + PERIOD;
            self.sample(&self.0.looking.lock());
            self.0.known.lock().record();
            self.0.sampled.send_modify(|number| *number += 1);
            if inbox.take(Some(due)).is_none() {
                return;
            }
        }
    }

    /// The caller holds the guard while it reads `/proc`.
    fn sample(&self, _looking: &MutexGuard<'_, ()>) {
        let rows = self.0.board.all();
        let parent = self.0.board.identity().pid;
        let forest = Forest::new(stat::all());
        let at = since_boot();
        let mut known = self.0.known.lock();
        let mut old = std::mem::take(&mut known.tracks);
        for row in rows.iter().filter(|row| row.pid > 0) {
            let name = row.full_name();
            let members = forest.family(row.pid, parent);
            let track = match old.remove(&name) {
                Some(mut track) if track.is_of(&members) => {
                    track.advance(&members, at, self.0.units);
                    Some(track)
                }
                _ => Track::begin(row.pid, &members, at, self.0.units),
            };
            known.tracks.extend(track.map(|track| (name, track)));
        }
        known.sampled_at = Some(Instant::now());
    }
}

impl Known {
    /// Put the newest samples on the curves. A curve starts over after a time without watchers:
    /// it has no gaps.
    fn record(&mut self) {
        let now = Instant::now();
        let gap = |at: Instant| now.duration_since(at) > PERIOD * 3;
        let starts_over = self.recorded_at.is_some_and(gap);
        for track in self.tracks.values_mut() {
            if starts_over {
                track.curve.clear();
            }
            track.record();
        }
        self.recorded_at = Some(now);
    }
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        let mut watch = self.0.0.watch.lock();
        watch.watchers -= 1;
        if watch.watchers == 0
            && let Some(thread) = watch.thread.take()
        {
            thread.sender().close(Instant::now());
        }
    }
}

/// Time since boot, suspended or not: what births are counted in.
fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests;
