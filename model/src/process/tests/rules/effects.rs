//! What may be wished for, and when.

use super::{RESTART_INTERVAL, Rules, SPAWN_TIMEOUT, Verdict, Wanted};
use crate::moment::Mono;
use crate::process::{Autorestart, Input, Transition, is_allowed};
use crate::signal::Signal;
use crate::state::ProcessState as S;
use alloc::format;
use core::time::Duration;

impl Rules {
    #[expect(clippy::too_many_lines, reason = "one arm for each case")]
    pub(super) fn changed(&mut self, t: &Transition, input: &Input, at: Mono) -> Verdict {
        let (from, to) = (t.from, t.to);
        let told_otherwise = matches!(input, Input::Fail(_)) && from == S::Backoff;
        rule!(
            from == self.state || told_otherwise,
            "{from} -> {to} leaves a gap after {}",
            self.state
        );
        rule!(is_allowed(from, to), "{from} -> {to} is not allowed");
        *self.seen.entry((from, to)).or_default() += 1;
        match to {
            S::Starting => self.starting(from, input, at)?,
            S::Running => {
                self.failures = 0;
                let up = self.launched.unwrap_or(at).plus_secs(self.policy.startsecs);
                rule!(at >= up, "RUNNING before startsecs");
            }
            S::Backoff => {
                self.failures += 1;
                self.troubled = true;
                self.exitstatus = 0;
                self.retry_due = Some(at.plus_secs(i64::from(self.failures)));
                let up = self.launched.unwrap_or(at).plus_secs(self.policy.startsecs);
                rule!(
                    !matches!(input, Input::Exited { .. }) || at < up,
                    "an exit after startsecs is no failed start"
                );
            }
            S::Fatal => {
                let hopeless = i64::from(self.failures) > self.policy.startretries;
                let given_up = *input == Input::GiveUp || matches!(input, Input::SpawnFailed(_));
                let failed = matches!(input, Input::Fail(_));
                rule!(
                    hopeless || given_up || failed || self.held,
                    "gave up after {} failures",
                    self.failures
                );
                self.failures = 0;
            }
            S::Stopping => self.kill_due = Some(at.plus_secs(self.policy.stopwaitsecs)),
            S::Exited => {
                self.failures = 0;
                let expected = self.policy.exitcodes.contains(&self.exitstatus);
                rule!(t.expected == expected, "expected is {}", t.expected);
                self.troubled = !expected;
                let restarts = self.autorestarts(self.exitstatus) && !self.closing;
                let earliest = self.launched.map(|launched| launched + RESTART_INTERVAL);
                self.restart_due = earliest.filter(|_| restarts);
            }
            S::Unknown => {
                // clients that wait for that start get UNKNOWN as their answer
                self.start_after = false;
                self.stop_failed = from == S::Stopping;
                self.probe_due = self.next_probe(at);
            }
            // what is held does not start after its stop
            S::Stopped => self.start_after &= !self.held,
        }
        rule!(
            t.tries == self.failures,
            "tries is {}, not {}",
            t.tries,
            self.failures
        );
        let spoken = t.spawnerr.is_empty();
        rule!(spoken != self.troubled, "spawnerr is `{}`", t.spawnerr);
        self.state = to;
        Ok(())
    }

    /// Every reason there is to start anything.
    fn starting(&mut self, from: S, input: &Input, at: Mono) -> Verdict {
        let restart = self.wanted == Some(Wanted::Restart) || self.start_after;
        let reason = match (from, input) {
            (S::Stopped | S::Exited | S::Fatal, Input::Start) => true,
            (S::Stopped, Input::Autostart) => self.policy.autostart && !self.ever_started,
            (S::Backoff, Input::Deadline) => self.retry_due.is_some_and(|due| due <= at),
            (S::Exited, Input::Exited { .. } | Input::Deadline) => {
                self.restart_due.is_some_and(|due| due <= at)
            }
            (S::Stopped, Input::Exited { .. }) => self.start_after,
            (S::Stopped, Input::SpawnCancelled) => restart,
            (S::Stopped | S::Fatal, Input::SpawnFailed(_)) => restart,
            _ => false,
        };
        rule!(reason, "no reason to start from {from}");
        let allowed = i64::from(self.failures) <= self.policy.startretries;
        rule!(
            from != S::Backoff || allowed,
            "try {} is one too many",
            self.failures + 1
        );
        self.ever_started = true;
        (self.launched, self.wanted, self.start_after) = (None, None, false);
        (self.spawn_due, self.restart_due) = (Some(at + SPAWN_TIMEOUT), None);
        self.signals.clear();
        (self.exitstatus, self.troubled) = (0, false);
        Ok(())
    }

    /// A second after the first refusal, then twice as long each time, up to a minute.
    pub(super) fn next_probe(&mut self, at: Mono) -> Option<Mono> {
        let pause = self.probe_pause;
        self.probe_pause = (pause * 2).min(Duration::from_secs(60));
        Some(at + pause)
    }

    fn autorestarts(&self, code: i32) -> bool {
        match self.policy.autorestart {
            Autorestart::Never => false,
            Autorestart::Unexpected => !self.policy.exitcodes.contains(&code),
            Autorestart::Always => true,
        }
    }

    pub(super) fn spawn(&mut self) -> Verdict {
        rule!(!self.closing, "spawn while closing");
        rule!(!self.held, "spawn while held");
        rule!(self.pid.is_none(), "a second child");
        rule!(self.state == S::Starting, "spawn in {}", self.state);
        Ok(())
    }

    pub(super) fn kill(
        &mut self,
        pid: i32,
        group: bool,
        signal: Signal,
        input: &Input,
        at: Mono,
    ) -> Verdict {
        rule!(self.pid == Some(pid), "signal to {pid}, which is not ours");
        let policy = &self.policy;
        let stop = (signal, group) == (policy.stopsignal, policy.stopasgroup);
        let allowed = match input {
            Input::Signal(asked) => (signal, group) == (*asked, false),
            Input::Stop | Input::GiveUp | Input::Probed(true) => stop,
            Input::Spawned { .. } => {
                let asked = !group && self.signals.contains(&signal);
                asked || (stop && self.wanted.is_some())
            }
            Input::Deadline => {
                let due = self.kill_due;
                rule!(due.is_some_and(|due| due <= at), "SIGKILL, due {due:?}");
                // a repeat without any pause would let nothing else happen
                self.kill_due = Some(at.plus_secs(policy.stopwaitsecs.max(1)));
                (signal, group) == (Signal::KILL, policy.killasgroup)
            }
            Input::Autostart
            | Input::Start
            | Input::Closing
            | Input::Hold
            | Input::Release
            | Input::NeverRestart
            | Input::Fail(_)
            | Input::SpawnFailed(_)
            | Input::SpawnCancelled
            | Input::SpawnDue(_)
            | Input::KeepRunning
            | Input::Probed(false)
            | Input::KillFailed(_)
            | Input::Exited { .. } => false,
        };
        rule!(allowed, "no reason for {signal}, group: {group}");
        Ok(())
    }
}
