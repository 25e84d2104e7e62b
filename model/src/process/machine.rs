//! `step(input, now) -> effects`: the rules of a process's lifecycle.
//!
//! The rule: **one input, all its effects in order, one re-armed timer; then the next input.**
//! Spawning alone is answered later; until then the machine is STARTING without a pid. A signal
//! that arrives meanwhile is sent as soon as the pid is known. A stop cancels the spawn; only
//! where the child is being cloned at that moment it waits for the pid, too.

mod answers;
mod steps;
mod view;

use super::{Autorestart, Effect, Effects, Input, LastExit, Policy};
use crate::fault::FaultCode;
use crate::log_line::{Level, LogLine};
use crate::moment::{Moment, Mono};
use crate::signal::Signal;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

/// How long a spawn may take from its turn on: opening logs, finding the program and making a
/// process take milliseconds, and seconds only where a file system or a name service hangs.
pub const SPAWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A process is not restarted automatically before this much time has passed since its last
/// start, so a program that ends at once cannot use up the machine. It is what the original's
/// loop amounts to (`docs/decisions/0013-process-lifecycle.md`).
pub const RESTART_INTERVAL: Duration = Duration::from_secs(1);

/// How long after a signal was refused the machine looks whether signals go through again; twice
/// as long each time, up to [`LONGEST_PROBE_PAUSE`].
const FIRST_PROBE_PAUSE: Duration = Duration::from_secs(1);
/// See [`FIRST_PROBE_PAUSE`]. A program may have changed to a user that the daemon may not signal,
/// so this may go on as long as it runs.
const LONGEST_PROBE_PAUSE: Duration = Duration::from_secs(60);

/// The phase of its lifecycle; each variant holds only what is true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Stopped,
    /// A spawn is under way.
    Spawning {
        expires_at: Mono,
        stop: Option<PendingStop>,
        signals: Vec<Signal>,
    },
    Starting {
        pid: i32,
        ready_at: Mono,
    },
    Running {
        pid: i32,
    },
    Backoff {
        retry_at: Mono,
    },
    Stopping {
        pid: i32,
        kill_at: Mono,
        /// Start again once the stop is complete (difference Q15).
        start_after: bool,
    },
    Exited {
        /// When it is restarted, if it is.
        restart_at: Option<Mono>,
    },
    Fatal,
    Unknown {
        pid: i32,
        /// What went wrong, as the log has it.
        trouble: String,
        /// When to look whether the child can be signalled again.
        probe_at: Mono,
        /// A stop failed, and is tried again then. Otherwise the process is RUNNING then.
        stops: bool,
    },
}

/// What was asked for while the child was being cloned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PendingStop {
    Stop,
    /// Stop, and start again once that is complete (difference Q15).
    Restart,
    GiveUp,
}

/// The lifecycle of one process as a plain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    name: Arc<str>,
    policy: Policy,
    phase: Phase,
    /// Failed starts in a row; survives a manual stop (difference C22).
    tries: u32,
    closing: bool,
    /// Nothing is spawned until that is taken back. Its restarts and retries stay due.
    held: bool,
    /// When its last child was cloned.
    spawned_at: Option<Mono>,
    /// How long to wait before the next look in UNKNOWN.
    probe_pause: Duration,
    start: i64,
    stop: i64,
    /// The same moments by the other clock; `stop_mono` also that of a failed start.
    start_mono: Mono,
    stop_mono: Mono,
    exitstatus: i32,
    spawnerr: String,
    /// Attempts to start it, the first included.
    starts: u32,
    last_exit: Option<LastExit>,
    /// What the input under way has requested so far; empty between two inputs.
    effects: Effects,
}

impl Machine {
    /// A process that was never started.
    pub fn new(name: impl Into<Arc<str>>, policy: Policy) -> Self {
        Self {
            name: name.into(),
            policy,
            phase: Phase::Stopped,
            tries: 0,
            closing: false,
            held: false,
            spawned_at: None,
            probe_pause: FIRST_PROBE_PAUSE,
            start: 0,
            stop: 0,
            start_mono: Mono::default(),
            stop_mono: Mono::default(),
            exitstatus: 0,
            spawnerr: String::new(),
            starts: 0,
            last_exit: None,
            effects: Vec::new(),
        }
    }

    /// What happens next: the state after `input`, and what has to be done about it.
    ///
    /// # Errors
    /// Why the request makes no sense now (`FAILED`: nothing can be started in UNKNOWN); nothing
    /// has changed then.
    pub fn step(&mut self, input: Input, now: Moment) -> Result<Effects, FaultCode> {
        // an input that panicked has no effects
        self.effects.clear();
        match input {
            Input::Autostart => self.autostart(now),
            Input::Start => self.start(now)?,
            Input::Stop => self.stop(PendingStop::Stop, now)?,
            Input::KeepRunning => self.keep_running(),
            Input::GiveUp => self.give_up(now),
            Input::Signal(signal) => self.signal(signal)?,
            Input::Closing => self.close(),
            Input::Hold => self.held = true,
            Input::Release => self.held = false,
            Input::NeverRestart => self.never_restart(),
            Input::Fail(reason) => self.fail(reason)?,
            Input::Spawned { pid, at } => self.spawned(pid, at, now),
            Input::SpawnFailed(reason) => self.spawn_failed(reason, now),
            Input::SpawnCancelled => self.spawn_cancelled(now),
            Input::SpawnDue(due) => self.spawn_due(due),
            Input::KillFailed(failure) => self.kill_failed(&failure, now),
            Input::Probed(reachable) => self.probed(reachable, now),
            Input::Exited { status, at } => self.exited(status, at, now),
            Input::Deadline => self.deadline_passed(now),
        }
        Ok(core::mem::take(&mut self.effects))
    }

    /// When [`Input::Deadline`] is due; the only reason time matters.
    pub fn deadline(&self) -> Option<Mono> {
        match self.phase {
            Phase::Spawning { expires_at, .. } => Some(expires_at),
            Phase::Starting { ready_at, .. } => Some(ready_at),
            Phase::Backoff { .. } | Phase::Exited { .. } if self.held => None,
            Phase::Backoff { retry_at } if !self.closing => Some(retry_at),
            Phase::Stopping { kill_at, .. } => Some(kill_at),
            Phase::Exited { restart_at } => restart_at,
            Phase::Unknown { probe_at, .. } => Some(probe_at),
            Phase::Stopped | Phase::Running { .. } | Phase::Backoff { .. } | Phase::Fatal => None,
        }
    }

    // -- requests ------------------------------------------------------

    fn autostart(&mut self, now: Moment) {
        let untouched = self.phase == Phase::Stopped && self.start == 0;
        if untouched && self.policy.autostart && !self.closing {
            self.spawn(now);
        }
    }

    fn start(&mut self, now: Moment) -> Result<(), FaultCode> {
        if self.closing {
            return Err(FaultCode::ShutdownState);
        }
        if self.held {
            return Err(FaultCode::Disabled);
        }
        match &mut self.phase {
            Phase::Stopped | Phase::Exited { .. } | Phase::Fatal => self.spawn(now),
            Phase::Stopping { start_after, .. } => *start_after = true,
            // the client of the stop waits for it
            Phase::Spawning {
                stop: stop @ Some(_),
                ..
            } => *stop = Some(PendingStop::Restart),
            Phase::Spawning { .. }
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Backoff { .. } => return Err(FaultCode::AlreadyStarted),
            Phase::Unknown { .. } => return Err(FaultCode::Failed),
        }
        Ok(())
    }

    fn stop(&mut self, pending: PendingStop, now: Moment) -> Result<(), FaultCode> {
        match &mut self.phase {
            Phase::Spawning { stop, .. } => {
                *stop = Some(pending);
                self.effects.push(Effect::CancelSpawn);
            }
            // in UNKNOWN the signal may go through this time
            Phase::Starting { pid, .. } | Phase::Running { pid } | Phase::Unknown { pid, .. } => {
                let pid = *pid;
                self.begin_stop(pid, pending, now);
            }
            // it stays EXITED, and nothing starts it any more
            Phase::Exited {
                restart_at: restart_at @ Some(_),
            } => *restart_at = None,
            Phase::Backoff { .. } => {
                let text = format!(
                    "Attempted to kill {}, which is in BACKOFF state.",
                    self.name
                );
                self.log(Level::Debug, text);
                self.enter(Phase::Stopped, |_| {});
            }
            // taking back a start that waits for this stop is a success
            Phase::Stopping {
                start_after: start_after @ true,
                ..
            } => *start_after = false,
            Phase::Stopped | Phase::Stopping { .. } | Phase::Exited { .. } | Phase::Fatal => {
                return Err(FaultCode::NotRunning);
            }
        }
        Ok(())
    }

    fn keep_running(&mut self) {
        if let Phase::Unknown { stops, .. } = &mut self.phase {
            *stops = false;
        }
    }

    fn give_up(&mut self, now: Moment) {
        if matches!(self.phase, Phase::Backoff { .. }) {
            self.tries = 0;
            self.enter(Phase::Fatal, |_| {});
        } else {
            // whatever does not run needs no stop
            let _ = self.stop(PendingStop::GiveUp, now);
        }
    }

    fn close(&mut self) {
        self.closing = true;
        match &mut self.phase {
            Phase::Spawning {
                stop: stop @ Some(PendingStop::Restart),
                ..
            } => *stop = Some(PendingStop::Stop),
            Phase::Stopping { start_after, .. } => *start_after = false,
            Phase::Exited { restart_at } => *restart_at = None,
            Phase::Stopped
            | Phase::Spawning { .. }
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Backoff { .. }
            | Phase::Fatal
            | Phase::Unknown { .. } => {}
        }
    }

    fn never_restart(&mut self) {
        self.policy.autorestart = Autorestart::Never;
        if let Phase::Exited { restart_at } = &mut self.phase {
            *restart_at = None;
        }
    }

    /// To FATAL, and listeners see it come from BACKOFF (spec cluster 7.3 "start_args").
    fn fail(&mut self, reason: String) -> Result<(), FaultCode> {
        match self.phase {
            Phase::Stopped | Phase::Backoff { .. } | Phase::Exited { .. } | Phase::Fatal => {}
            Phase::Spawning { .. }
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Stopping { .. }
            | Phase::Unknown { .. } => return Err(FaultCode::AlreadyStarted),
        }
        self.tries = 0;
        self.spawnerr = reason;
        self.last_exit = None;
        let retry_at = Mono::default();
        self.phase = Phase::Backoff { retry_at };
        self.enter(Phase::Fatal, |_| {});
        Ok(())
    }

    fn signal(&mut self, signal: Signal) -> Result<(), FaultCode> {
        match &mut self.phase {
            // a second one of a kind would be merged with the first by the kernel, too
            Phase::Spawning { signals, .. } => {
                if !signals.contains(&signal) {
                    signals.push(signal);
                }
            }
            Phase::Starting { pid, .. } | Phase::Running { pid } | Phase::Stopping { pid, .. } => {
                let pid = *pid;
                self.send(pid, signal);
            }
            Phase::Stopped
            | Phase::Backoff { .. }
            | Phase::Exited { .. }
            | Phase::Fatal
            | Phase::Unknown { .. } => return Err(FaultCode::NotRunning),
        }
        Ok(())
    }

    fn log(&mut self, level: Level, text: String) {
        self.effects.push(Effect::Log(LogLine::new(level, text)));
    }
}
