//! What others may know of a machine.

use super::{Machine, PendingStop, Phase, RESTART_INTERVAL};
use crate::moment::Mono;
use crate::name::ProcessName;
use crate::process::ProcessInfo;
use crate::state::ProcessState;
use alloc::string::String;
use alloc::sync::Arc;

impl Machine {
    /// Its state.
    pub fn state(&self) -> ProcessState {
        match self.phase {
            Phase::Stopped => ProcessState::Stopped,
            Phase::Spawning { .. } | Phase::Starting { .. } => ProcessState::Starting,
            Phase::Running { .. } => ProcessState::Running,
            Phase::Backoff { .. } => ProcessState::Backoff,
            Phase::Stopping { .. } => ProcessState::Stopping,
            Phase::Exited { .. } => ProcessState::Exited,
            Phase::Fatal => ProcessState::Fatal,
            Phase::Unknown { .. } => ProcessState::Unknown,
        }
    }

    /// The child it owns, if its pid is known.
    pub fn pid(&self) -> Option<i32> {
        let (Phase::Starting { pid, .. }
        | Phase::Running { pid }
        | Phase::Stopping { pid, .. }
        | Phase::Unknown { pid, .. }) = self.phase
        else {
            return None;
        };
        Some(pid)
    }

    /// Whether a spawn is under way that has not been answered.
    pub fn is_spawning(&self) -> bool {
        matches!(self.phase, Phase::Spawning { .. })
    }

    /// Whether a start was asked for that waits for a stop to complete (difference Q15).
    pub fn will_restart(&self) -> bool {
        let asked = matches!(
            self.phase,
            Phase::Spawning {
                stop: Some(PendingStop::Restart),
                ..
            } | Phase::Stopping {
                start_after: true,
                ..
            }
        );
        asked && !self.held
    }

    /// Whether a start is to come that [`Input::Stop`](crate::process::Input::Stop) would take
    /// back: a restart that is due, or a start that waits for a stop to complete.
    pub fn start_is_due(&self) -> bool {
        let is_due = matches!(
            self.phase,
            Phase::Exited {
                restart_at: Some(_)
            }
        );
        is_due || self.will_restart()
    }

    /// The moment before which it is not restarted automatically; `None`: it had no child yet.
    pub fn earliest_restart(&self) -> Option<Mono> {
        self.spawned_at.map(|at| at + RESTART_INTERVAL)
    }

    /// In UNKNOWN: what went wrong, as the log has it; it is also what the client who asked
    /// for the signal is told.
    pub fn trouble(&self) -> Option<&str> {
        let Phase::Unknown { trouble, .. } = &self.phase else {
            return None;
        };
        Some(trouble)
    }

    /// What clients may know of the process; the logs and what its actor knows are empty.
    pub fn info(&self, name: &ProcessName) -> ProcessInfo {
        ProcessInfo {
            name: name.process.clone(),
            group: name.group.clone(),
            state: self.state(),
            start: self.start,
            stop: self.stop,
            start_mono: self.start_mono,
            stop_mono: self.stop_mono,
            spawnerr: self.spawnerr.clone(),
            exitstatus: self.exitstatus,
            pid: self.pid().unwrap_or(0),
            stdout_logfile: String::new(),
            stderr_logfile: String::new(),
            restarts: self.starts.saturating_sub(1),
            last_exit: self.last_exit,
            trouble: self.trouble().unwrap_or_default().into(),
            origin: Arc::default(),
            extra_args: "".into(),
            disabled: false,
        }
    }
}
