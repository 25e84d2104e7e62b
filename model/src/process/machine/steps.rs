//! The steps that requests and answers are made of.

use super::{Machine, PendingStop, Phase, SPAWN_TIMEOUT};
use crate::exit::ExitStatus;
use crate::log_line::Level;
use crate::moment::Moment;
use crate::process::{Autorestart, Effect, LastExit, Transition, is_allowed};
use crate::signal::Signal;
use crate::state::ProcessState;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Machine {
    /// Spawn, unless that is not to happen now.
    pub(super) fn spawn(&mut self, now: Moment) {
        if self.held {
            return;
        }
        (self.start, self.start_mono) = (now.unix, now.mono);
        self.starts = self.starts.saturating_add(1);
        self.spawnerr.clear();
        self.exitstatus = 0;
        let phase = Phase::Spawning {
            expires_at: now.mono + SPAWN_TIMEOUT,
            stop: None,
            signals: Vec::new(),
        };
        self.enter(phase, |_| {});
        self.effects.push(Effect::Spawn);
    }

    pub(super) fn succeed(&mut self, pid: i32) {
        self.tries = 0;
        self.enter(Phase::Running { pid }, |t| t.pid = pid);
        let (name, secs) = (&self.name, self.policy.startsecs);
        let text = format!(
            "success: {name} entered RUNNING state, process has stayed up for > than {secs} seconds (startsecs)"
        );
        self.log(Level::Info, text);
    }

    pub(super) fn begin_stop(&mut self, pid: i32, pending: PendingStop, now: Moment) {
        let (group, signal) = (self.policy.stopasgroup, self.policy.stopsignal);
        let text = self.killing(pid, group, signal);
        self.log(Level::Debug, text);
        let kill_at = now.mono.plus_secs(self.policy.stopwaitsecs);
        let phase = Phase::Stopping {
            pid,
            kill_at,
            start_after: pending == PendingStop::Restart,
        };
        self.enter(phase, |t| t.pid = pid);
        self.effects.push(Effect::Kill { pid, group, signal });
    }

    pub(super) fn kill(&mut self, pid: i32, group: bool, signal: Signal) {
        let text = self.killing(pid, group, signal);
        self.log(Level::Debug, text);
        self.effects.push(Effect::Kill { pid, group, signal });
    }

    pub(super) fn send(&mut self, pid: i32, signal: Signal) {
        let text = format!("sending {} (pid {pid}) sig {}", self.name, signal.name());
        self.log(Level::Debug, text);
        self.effects.push(Effect::Kill {
            pid,
            group: false,
            signal,
        });
    }

    pub(super) fn died_too_early(&mut self, pid: i32, status: ExitStatus, now: Moment) {
        self.remember(status, false, false);
        let reason = "Exited too quickly (process log may have details)".to_string();
        self.fail_start(reason, Some((pid, status)), now);
        let text = self.exit_text(status, false);
        self.log(Level::Warn, text);
        self.give_up_if_hopeless();
    }

    /// To BACKOFF, for one more second than the last time.
    pub(super) fn fail_start(
        &mut self,
        reason: String,
        exit: Option<(i32, ExitStatus)>,
        now: Moment,
    ) {
        self.tries = self.tries.saturating_add(1);
        self.spawnerr = reason;
        self.stop_mono = now.mono;
        let retry_at = now.mono.plus_secs(i64::from(self.tries));
        let phase = Phase::Backoff { retry_at };
        match exit {
            Some((pid, status)) => self.enter_by_exit(phase, pid, status, false),
            None => self.enter(phase, |_| {}),
        }
    }

    /// From BACKOFF to FATAL if that was the last try, or if there may be no further one.
    pub(super) fn give_up_if_hopeless(&mut self) {
        let why = if i64::from(self.tries) > self.policy.startretries {
            "too many start retries too quickly"
        } else if self.held {
            "it may not be started again"
        } else {
            return;
        };
        self.tries = 0;
        self.enter(Phase::Fatal, |_| {});
        let text = format!("gave up: {} entered FATAL state, {why}", self.name);
        self.log(Level::Info, text);
    }

    /// By itself, from RUNNING.
    pub(super) fn ended(&mut self, pid: i32, status: ExitStatus, now: Moment) {
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
        let phase = Phase::Exited { restart_at };
        self.enter_by_exit(phase, pid, status, expected);
        let level = if expected { Level::Info } else { Level::Warn };
        let text = self.exit_text(status, expected);
        self.log(level, text);
        if restart_at.is_some_and(|at| at <= now.mono) {
            self.spawn(now);
        }
    }

    /// On request, from STOPPING (or at last, from UNKNOWN).
    pub(super) fn stopped(&mut self, pid: i32, status: ExitStatus, start_after: bool, now: Moment) {
        let code = status.code();
        let expected = self.policy.exitcodes.contains(&code);
        self.exitstatus = code;
        // a child in UNKNOWN could not be signalled and ended by itself
        let requested = self.state() == ProcessState::Stopping;
        self.remember(status, expected, requested);
        self.enter_by_exit(Phase::Stopped, pid, status, false);
        let level = if expected { Level::Info } else { Level::Warn };
        let text = format!("stopped: {} ({})", self.name, status.describe());
        self.log(level, text);
        if start_after {
            self.spawn(now);
        }
    }

    /// On request, before there was a child.
    pub(super) fn stopped_unspawned(&mut self, pending: PendingStop, now: Moment) {
        self.last_exit = None;
        self.stop_mono = now.mono;
        let phase = Phase::Stopping {
            pid: 0,
            kill_at: now.mono,
            start_after: pending == PendingStop::Restart,
        };
        self.enter(phase, |_| {});
        self.enter(Phase::Stopped, |_| {});
        let text = format!("stopped: {} (before it was spawned)", self.name);
        self.log(Level::Info, text);
        if pending == PendingStop::Restart {
            self.spawn(now);
        }
    }

    fn exit_text(&self, status: ExitStatus, expected: bool) -> String {
        let verdict = if expected { "expected" } else { "not expected" };
        format!("exited: {} ({}; {verdict})", self.name, status.describe())
    }

    fn killing(&self, pid: i32, group: bool, signal: Signal) -> String {
        let (name, signal) = (&self.name, signal.name());
        let target = if group { "process group " } else { "" };
        format!("killing {name} (pid {pid}) {target}with signal {signal}")
    }

    fn remember(&mut self, status: ExitStatus, expected: bool, requested: bool) {
        self.last_exit = Some(LastExit {
            status,
            expected,
            requested,
            at: self.stop,
        });
    }

    fn enter_by_exit(&mut self, phase: Phase, pid: i32, status: ExitStatus, expected: bool) {
        // by the wall clock, which is what is reported
        let uptime = u64::try_from(self.stop - self.start).unwrap_or(0);
        self.enter(phase, |t| {
            (t.pid, t.expected) = (pid, expected);
            (t.exit, t.uptime) = (Some(status), Some(uptime));
        });
    }

    /// The only function that changes the state: it checks the transition and publishes it.
    pub(super) fn enter(&mut self, phase: Phase, detail: impl FnOnce(&mut Transition)) {
        let from = self.state();
        self.phase = phase;
        let to = self.state();
        debug_assert!(is_allowed(from, to), "{from} -> {to}");
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
        self.effects.push(Effect::Changed(transition));
    }
}
