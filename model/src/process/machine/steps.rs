//! The steps that requests and answers are made of.

use super::{Machine, PendingStop, Phase, SPAWN_TIMEOUT, log};
use crate::exit::ExitStatus;
use crate::log_line::Level;
use crate::moment::Moment;
use crate::process::{Autorestart, Effect, Effects, LastExit, Transition, diagram, messages};
use crate::signal::Signal;
use crate::state::ProcessState;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Machine {
    pub(super) fn spawn(&mut self, now: Moment, out: &mut Effects) {
        self.start = now.unix;
        self.starts = self.starts.saturating_add(1);
        self.spawnerr.clear();
        self.exitstatus = 0;
        let phase = Phase::Spawning {
            expires_at: now.mono + SPAWN_TIMEOUT,
            stop: None,
            signals: Vec::new(),
        };
        self.enter(phase, out, |_| {});
        out.push(Effect::Spawn);
    }

    pub(super) fn succeed(&mut self, pid: i32, out: &mut Effects) {
        self.tries = 0;
        self.enter(Phase::Running { pid }, out, |t| t.pid = pid);
        log(
            out,
            Level::Info,
            messages::success(&self.name, self.policy.startsecs),
        );
    }

    pub(super) fn begin_stop(
        &mut self,
        pid: i32,
        pending: PendingStop,
        now: Moment,
        out: &mut Effects,
    ) {
        let (group, signal) = (self.policy.stopasgroup, self.policy.stopsignal);
        log(
            out,
            Level::Debug,
            messages::killing(&self.name, pid, group, signal),
        );
        let kill_at = now.mono.plus_secs(self.policy.stopwaitsecs);
        let phase = Phase::Stopping {
            pid,
            kill_at,
            start_after: pending == PendingStop::Restart,
        };
        self.enter(phase, out, |t| t.pid = pid);
        out.push(Effect::Kill { pid, group, signal });
    }

    pub(super) fn kill(&mut self, pid: i32, group: bool, signal: Signal, out: &mut Effects) {
        log(
            out,
            Level::Debug,
            messages::killing(&self.name, pid, group, signal),
        );
        out.push(Effect::Kill { pid, group, signal });
    }

    pub(super) fn send(&self, pid: i32, signal: Signal, out: &mut Effects) {
        let text = format!("sending {} (pid {pid}) sig {}", self.name, signal.name());
        log(out, Level::Debug, text);
        out.push(Effect::Kill {
            pid,
            group: false,
            signal,
        });
    }

    pub(super) fn died_too_early(
        &mut self,
        pid: i32,
        status: ExitStatus,
        now: Moment,
        out: &mut Effects,
    ) {
        self.remember(status, false, false);
        let reason = "Exited too quickly (process log may have details)".to_string();
        self.fail_start(reason, Some((pid, status)), now, out);
        let text = messages::exited(&self.name, status, false);
        log(out, Level::Warn, text);
        self.give_up_if_hopeless(out);
    }

    /// To BACKOFF, for one more second than the last time.
    pub(super) fn fail_start(
        &mut self,
        reason: String,
        exit: Option<(i32, ExitStatus)>,
        now: Moment,
        out: &mut Effects,
    ) {
        self.tries = self.tries.saturating_add(1);
        self.spawnerr = reason;
        let retry_at = now.mono.plus_secs(i64::from(self.tries));
        let uptime = self.uptime();
        self.enter(Phase::Backoff { retry_at }, out, |t| {
            t.pid = exit.map_or(0, |(pid, _)| pid);
            t.exit = exit.map(|(_, status)| status);
            t.uptime = exit.map(|_| uptime);
        });
    }

    /// From BACKOFF to FATAL if that was the last try.
    pub(super) fn give_up_if_hopeless(&mut self, out: &mut Effects) {
        if i64::from(self.tries) > self.policy.startretries {
            self.tries = 0;
            self.enter(Phase::Fatal, out, |_| {});
            log(out, Level::Info, messages::gave_up(&self.name));
        }
    }

    /// By itself, from RUNNING.
    pub(super) fn ended(&mut self, pid: i32, status: ExitStatus, now: Moment, out: &mut Effects) {
        let code = status.code();
        let expected = self.policy.exitcodes.contains(&code);
        self.exitstatus = code;
        self.remember(status, expected, false);
        self.tries = 0;
        if !expected {
            self.spawnerr = format!("Bad exit code {code}");
        }
        let again = match self.policy.autorestart {
            Autorestart::Never => false,
            Autorestart::Unexpected => !expected,
            Autorestart::Always => true,
        };
        let restart_at = self.earliest_restart().filter(|_| again && !self.closing);
        let uptime = self.uptime();
        self.enter(Phase::Exited { restart_at }, out, |t| {
            (t.pid, t.expected, t.exit) = (pid, expected, Some(status));
            t.uptime = Some(uptime);
        });
        let level = if expected { Level::Info } else { Level::Warn };
        log(out, level, messages::exited(&self.name, status, expected));
        if restart_at.is_some_and(|at| at <= now.mono) {
            self.spawn(now, out);
        }
    }

    /// On request, from STOPPING (or at last, from UNKNOWN).
    pub(super) fn stopped(
        &mut self,
        pid: i32,
        status: ExitStatus,
        start_after: bool,
        now: Moment,
        out: &mut Effects,
    ) {
        let code = status.code();
        let expected = self.policy.exitcodes.contains(&code);
        self.exitstatus = code;
        // a child in UNKNOWN could not be signalled and ended by itself
        let requested = self.state() == ProcessState::Stopping;
        self.remember(status, expected, requested);
        let uptime = self.uptime();
        self.enter(Phase::Stopped, out, |t| {
            (t.pid, t.exit) = (pid, Some(status));
            t.uptime = Some(uptime);
        });
        let level = if expected { Level::Info } else { Level::Warn };
        log(
            out,
            level,
            format!("stopped: {} ({})", self.name, status.describe()),
        );
        if start_after {
            self.spawn(now, out);
        }
    }

    /// On request, before there was a child.
    pub(super) fn stopped_unspawned(
        &mut self,
        pending: PendingStop,
        now: Moment,
        out: &mut Effects,
    ) {
        self.last_exit = None;
        let phase = Phase::Stopping {
            pid: 0,
            kill_at: now.mono,
            start_after: pending == PendingStop::Restart,
        };
        self.enter(phase, out, |_| {});
        self.enter(Phase::Stopped, out, |_| {});
        log(out, Level::Info, messages::start_cancelled(&self.name));
        if pending == PendingStop::Restart {
            self.spawn(now, out);
        }
    }

    fn remember(&mut self, status: ExitStatus, expected: bool, requested: bool) {
        self.last_exit = Some(LastExit {
            status,
            expected,
            requested,
            at: self.stop,
        });
    }

    /// Seconds from the last start to the last exit by the wall clock, which is what is reported.
    fn uptime(&self) -> u64 {
        u64::try_from(self.stop - self.start).unwrap_or(0)
    }

    /// The only function that changes the state: it checks the transition and publishes it.
    pub(super) fn enter(
        &mut self,
        phase: Phase,
        out: &mut Effects,
        detail: impl FnOnce(&mut Transition),
    ) {
        let from = self.state();
        self.phase = phase;
        let to = self.state();
        debug_assert!(diagram::is_allowed(from, to), "{from} -> {to}");
        let mut transition = Transition {
            from,
            to,
            pid: 0,
            tries: self.tries,
            expected: false,
            exit: None,
            uptime: None,
            spawnerr: self.spawnerr.clone(),
        };
        detail(&mut transition);
        out.push(Effect::Changed(transition));
    }
}
