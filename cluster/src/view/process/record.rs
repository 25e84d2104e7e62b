//! What one instance says of a process (spec cluster 4.1).

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use visord_model::process::Described;
use visord_model::state::ProcessState;

use super::is_crash;
use crate::message::{LocalProcess, ProcessEvent, Tick};

/// What one instance says of a process.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it said last, with what its events and TICKs changed since. Its description is the one
    /// that came with it: see [`Self::description`].
    pub info: LocalProcess,
    /// When it last changed, monotonic seconds of the local clock.
    pub local_mtime: f64,
    /// When the sender made it, monotonic seconds of the sender's clock.
    pub event_time: f64,
    /// Seconds it runs by the sender's clock; 0 unless RUNNING or STOPPING.
    pub uptime: f64,
    /// It has been FATAL, or has exited unexpectedly, since the record was loaded.
    pub has_crashed: bool,
    /// An event came since the record was loaded.
    pub by_event: bool,
    /// Its place among the changes of all records of the process: the largest is the newest.
    pub(super) change: u64,
}

impl Record {
    pub(super) fn new(info: LocalProcess, local_mtime: f64, change: u64) -> Self {
        let mut record = Self {
            local_mtime,
            event_time: info.now_monotonic,
            uptime: 0.0,
            has_crashed: is_crash(info.state, info.expected),
            by_event: false,
            change,
            info,
        };
        record.refresh_uptime();
        record
    }

    /// It is FATAL there, or has exited unexpectedly.
    pub fn is_crashed(&self) -> bool {
        is_crash(self.info.state, self.info.expected)
    }

    /// As `getProcessInfo` describes a process, with the times of the last TICK. `local` shows Unix
    /// seconds in the local zone as `Nov 20 11:17 PM`.
    pub fn description(&self, local: &dyn Fn(i64) -> String) -> String {
        let facts = Described {
            name: &self.info.name.process,
            state: self.info.state,
            start: seconds(self.info.start),
            stop: seconds(self.info.stop),
            pid: self.info.pid,
            spawnerr: &self.info.spawnerr,
        };
        facts.text(seconds(self.info.now), local)
    }

    pub(super) fn on_event(&mut self, event: &ProcessEvent, local_mtime: f64, change: u64) {
        self.info.pid = event.pid;
        self.info.extra_args.clone_from(&event.extra_args);
        self.info.disabled = event.disabled;
        self.by_event = true;
        self.info.now = event.now;
        self.info.now_monotonic = event.now_monotonic;
        self.enter(
            event.state,
            event.expected,
            &event.spawnerr,
            local_mtime,
            change,
        );
        self.has_crashed |= self.is_crashed();
    }

    /// The instance is lost: it will not say more. That is no crash of the process.
    pub(super) fn on_loss(&mut self, reason: &str, local_mtime: f64, change: u64) {
        self.enter(ProcessState::Fatal, false, reason, local_mtime, change);
    }

    fn enter(
        &mut self,
        state: ProcessState,
        expected: bool,
        spawnerr: &str,
        mtime: f64,
        change: u64,
    ) {
        let info = &mut self.info;
        info.state = state;
        info.expected = expected;
        spawnerr.clone_into(&mut info.spawnerr);
        match state {
            ProcessState::Starting | ProcessState::Backoff => {
                info.start = info.now;
                info.start_monotonic = info.now_monotonic;
            }
            ProcessState::Stopped | ProcessState::Exited | ProcessState::Unknown => {
                info.stop = info.now;
                info.stop_monotonic = info.now_monotonic;
            }
            // FATAL came after BACKOFF: nothing ran
            ProcessState::Running | ProcessState::Stopping | ProcessState::Fatal => {}
        }
        self.local_mtime = mtime;
        self.event_time = self.info.now_monotonic;
        self.change = change;
        self.refresh_uptime();
    }

    pub(super) fn on_tick(&mut self, tick: Tick) {
        self.info.now = tick.when;
        self.info.now_monotonic = tick.when_monotonic;
        self.refresh_uptime();
    }

    fn refresh_uptime(&mut self) {
        self.uptime = match self.info.state {
            ProcessState::Running | ProcessState::Stopping => {
                self.info.now_monotonic - self.info.start_monotonic
            }
            ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::Backoff
            | ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Unknown => 0.0,
        };
    }
}

/// Whole seconds, as the original counts them.
fn seconds(time: f64) -> i64 {
    time as i64
}
