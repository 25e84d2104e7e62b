//! Answers to effects, exits and deadlines.

use super::{FIRST_PROBE_PAUSE, LONGEST_PROBE_PAUSE, Machine, PendingStop, Phase};
use crate::exit::ExitStatus;
use crate::log_line::Level;
use crate::moment::{Moment, Mono};
use crate::process::{Effect, KillFailure, SPAWN_TIMEOUT};
use crate::signal::Signal;
use alloc::format;
use alloc::string::String;

impl Machine {
    pub(super) fn spawned(&mut self, pid: i32, at: Moment, now: Moment) {
        let Phase::Spawning { stop, signals, .. } = &mut self.phase else {
            return;
        };
        let (stop, signals) = (stop.take(), core::mem::take(signals));
        let text = format!("spawned: '{}' with pid {pid}", self.name);
        self.log(Level::Info, text);
        (self.start, self.start_mono) = (at.unix, at.mono);
        self.spawned_at = Some(at.mono);
        self.probe_pause = FIRST_PROBE_PAUSE;
        let ready_at = at.mono.plus_secs(self.policy.startsecs);
        // the state is STARTING already; only the pid is new
        self.phase = Phase::Starting { pid, ready_at };
        for signal in signals {
            self.send(pid, signal);
        }
        if let Some(pending) = stop {
            self.begin_stop(pid, pending, now);
        } else if self.policy.startsecs <= 0 {
            self.succeed(pid);
        }
    }

    pub(super) fn spawn_failed(&mut self, reason: String, now: Moment) {
        let Phase::Spawning { stop, .. } = &self.phase else {
            return;
        };
        let stop = *stop;
        // there is no child: how an earlier one ended no longer matters
        self.last_exit = None;
        // only here the log line comes before the event
        self.log(Level::Info, format!("spawnerr: {reason}"));
        self.fail_start(reason, None, now);
        self.give_up_if_hopeless();
        // where that led to FATAL it is as stopped as can be
        match stop {
            Some(PendingStop::GiveUp) => self.give_up(now),
            Some(PendingStop::Stop) => {
                let _ = self.stop(PendingStop::Stop, now);
            }
            Some(PendingStop::Restart) => {
                let _ = self.stop(PendingStop::Stop, now);
                let _ = self.start(now);
            }
            None => {}
        }
    }

    /// Nothing was spawned, because a stop or the time limit cancelled it.
    pub(super) fn spawn_cancelled(&mut self, now: Moment) {
        let Phase::Spawning { stop, .. } = &self.phase else {
            return;
        };
        match *stop {
            None => {
                let (name, seconds) = (&self.name, SPAWN_TIMEOUT.as_secs());
                let reason =
                    format!("the start of '{name}' did not complete within {seconds} seconds");
                self.spawn_failed(reason, now);
            }
            Some(pending) => self.stopped_unspawned(pending, now),
        }
    }

    /// It was not its turn yet: it is given more time.
    pub(super) fn spawn_due(&mut self, due: Mono) {
        if let Phase::Spawning { expires_at, .. } = &mut self.phase {
            *expires_at = due;
        }
    }

    pub(super) fn kill_failed(&mut self, failure: &KillFailure, now: Moment) {
        let (Phase::Starting { pid, .. } | Phase::Running { pid } | Phase::Stopping { pid, .. }) =
            self.phase
        else {
            return;
        };
        // a client may have sent the very signal of the stop by itself: only the message differs
        let ours = [self.policy.stopsignal, Signal::KILL].contains(&failure.signal);
        let stop = ours && matches!(self.phase, Phase::Stopping { .. });
        let (name, reason) = (&self.name, &failure.reason);
        if failure.gone {
            let now = if stop { "" } else { "now " };
            let text = format!(
                "unable to signal {name} (pid {pid}), it probably just {now}exited on its own: {reason}"
            );
            self.log(Level::Debug, text);
            return;
        }
        let action = if stop { "killing" } else { "sending sig" };
        let trouble = format!("unknown problem {action} {name} ({pid}):{reason}");
        self.log(Level::Critical, trouble.clone());
        let phase = Phase::Unknown {
            pid,
            trouble,
            probe_at: self.next_probe(now),
            stops: matches!(self.phase, Phase::Stopping { .. }),
        };
        self.enter(phase, |_| {});
    }

    /// When to look next whether the child can be signalled.
    fn next_probe(&mut self, now: Moment) -> Mono {
        let pause = self.probe_pause;
        self.probe_pause = LONGEST_PROBE_PAUSE.min(pause * 2);
        now.mono + pause
    }

    /// In UNKNOWN: go on with what was asked for, if the child can be signalled again.
    pub(super) fn probed(&mut self, reachable: bool, now: Moment) {
        let Phase::Unknown {
            pid,
            stops,
            probe_at,
            ..
        } = &mut self.phase
        else {
            return;
        };
        let (pid, stops) = (*pid, *stops);
        let spawned_at = self.spawned_at.unwrap_or(now.mono);
        let ready_at = spawned_at.plus_secs(self.policy.startsecs);
        if !reachable {
            // the next look is due already
        } else if stops {
            self.begin_stop(pid, PendingStop::Stop, now);
        } else if now.mono < ready_at {
            *probe_at = ready_at;
        } else {
            self.tries = 0;
            self.enter(Phase::Running { pid }, |t| t.pid = pid);
        }
    }

    /// `at`: when it was reaped, which counts; what follows is counted from `now`.
    pub(super) fn exited(&mut self, status: ExitStatus, at: Moment, now: Moment) {
        // without a child there is no exit
        let Some(pid) = self.pid() else {
            return;
        };
        (self.stop, self.stop_mono) = (at.unix, at.mono);
        match self.phase {
            Phase::Starting { ready_at, .. } if at.mono < ready_at => {
                self.died_too_early(pid, status, now);
            }
            Phase::Starting { .. } => {
                self.tries = 0;
                self.enter(Phase::Running { pid }, |t| t.pid = pid);
                self.ended(pid, status, now);
            }
            Phase::Running { .. } => self.ended(pid, status, now),
            Phase::Stopping { start_after, .. } => {
                self.stopped(pid, status, start_after, now);
            }
            Phase::Unknown { .. } => self.stopped(pid, status, false, now),
            Phase::Stopped
            | Phase::Spawning { .. }
            | Phase::Backoff { .. }
            | Phase::Exited { .. }
            | Phase::Fatal => {}
        }
    }

    pub(super) fn deadline_passed(&mut self, now: Moment) {
        if self.deadline().is_none_or(|due| now.mono < due) {
            return;
        }
        match self.phase {
            Phase::Starting { pid, .. } => self.succeed(pid),
            Phase::Spawning { .. } => self.effects.push(Effect::ExpireSpawn),
            Phase::Backoff { .. } | Phase::Exited { .. } => self.spawn(now),
            Phase::Stopping {
                pid, start_after, ..
            } => {
                let name = &self.name;
                let text = format!("killing '{name}' ({pid}) with SIGKILL");
                self.log(Level::Warn, text);
                // a repeat without any pause would never let anything else happen
                let kill_at = now.mono.plus_secs(self.policy.stopwaitsecs.max(1));
                self.phase = Phase::Stopping {
                    pid,
                    kill_at,
                    start_after,
                };
                self.kill(pid, self.policy.killasgroup, Signal::KILL);
            }
            Phase::Unknown { pid, .. } => {
                let due = self.next_probe(now);
                if let Phase::Unknown { probe_at, .. } = &mut self.phase {
                    *probe_at = due;
                }
                self.effects.push(Effect::Probe { pid });
            }
            Phase::Stopped | Phase::Running { .. } | Phase::Fatal => {}
        }
    }
}
