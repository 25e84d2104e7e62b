//! What must hold whatever happens: an observer that sees what the machine is given and what
//! it wishes, keeps its own account from the specification alone, and objects.

use super::world::{Entry, Seen, World};
use crate::exit::ExitStatus;
use crate::fault::FaultCode;
use crate::moment::Mono;
use crate::process::{Autorestart, Effect, Input, Policy, RESTART_INTERVAL, SPAWN_TIMEOUT};
use crate::signal::Signal;
use crate::state::ProcessState as S;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Whatever a rule objects to.
pub(super) type Verdict = Result<(), String>;

/// `Err` with a text unless the condition holds.
macro_rules! rule {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}

mod effects;

/// A stop asked for while a spawn is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Stop,
    Restart,
}

/// The account; times are those at which something was seen.
pub(super) struct Rules {
    policy: Policy,
    state: S,
    closing: bool,
    held: bool,
    ever_started: bool,
    /// Failed starts in a row.
    failures: u32,
    pid: Option<i32>,
    launched: Option<Mono>,
    /// The time limit of the spawn under way.
    spawn_due: Option<Mono>,
    restart_due: Option<Mono>,
    retry_due: Option<Mono>,
    kill_due: Option<Mono>,
    /// In UNKNOWN: the next look whether the child can be signalled, the pause after it, and
    /// whether a stop waits for it.
    probe_due: Option<Mono>,
    probe_pause: Duration,
    stop_failed: bool,
    /// Asked for while forking: a stop, and signals.
    wanted: Option<Wanted>,
    signals: Vec<Signal>,
    /// A start was asked for while stopping.
    start_after: bool,
    /// What a client should see.
    exitstatus: i32,
    /// How the last child ended, unless a later start got none.
    ended: Option<ExitStatus>,
    troubled: bool,
    start: i64,
    stop: i64,
    /// How often each transition was seen.
    pub(super) seen: BTreeMap<(S, S), u32>,
}

impl Rules {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            state: S::Stopped,
            closing: false,
            held: false,
            ever_started: false,
            failures: 0,
            pid: None,
            launched: None,
            spawn_due: None,
            restart_due: None,
            retry_due: None,
            kill_due: None,
            probe_due: None,
            probe_pause: Duration::from_secs(1),
            stop_failed: false,
            wanted: None,
            signals: Vec::new(),
            start_after: false,
            exitstatus: 0,
            ended: None,
            troubled: false,
            start: 0,
            stop: 0,
            seen: BTreeMap::new(),
        }
    }

    /// What a request must be answered, before it is made (spec core 4.8, interfaces 3.5).
    pub(super) fn answer(&self, request: &Input, forking: bool) -> Result<(), FaultCode> {
        let restart_wanted = self.start_after || self.wanted == Some(Wanted::Restart);
        match request {
            Input::Start if self.closing => Err(FaultCode::ShutdownState),
            Input::Start if self.held => Err(FaultCode::Disabled),
            Input::Start => match self.state {
                S::Stopped | S::Exited | S::Fatal | S::Stopping => Ok(()),
                S::Starting if forking && self.wanted.is_some() => Ok(()),
                S::Starting | S::Running | S::Backoff => Err(FaultCode::AlreadyStarted),
                S::Unknown => Err(FaultCode::Failed),
            },
            Input::Stop if self.state == S::Stopping && restart_wanted => Ok(()),
            Input::Stop if self.state == S::Unknown || self.restart_due.is_some() => Ok(()),
            Input::Stop if !self.state.is_running() => Err(FaultCode::NotRunning),
            Input::Signal(_) if !self.state.is_signallable() => Err(FaultCode::NotRunning),
            Input::Fail(_) if !self.rests() => Err(FaultCode::AlreadyStarted),
            Input::Stop
            | Input::Signal(_)
            | Input::Autostart
            | Input::GiveUp
            | Input::KeepRunning
            | Input::Probed(_)
            | Input::Closing
            | Input::Hold
            | Input::Release
            | Input::NeverRestart
            | Input::Fail(_)
            | Input::Spawned { .. }
            | Input::SpawnFailed(_)
            | Input::SpawnCancelled
            | Input::SpawnDue(_)
            | Input::KillFailed(_)
            | Input::Exited { .. }
            | Input::Deadline => Ok(()),
        }
    }

    /// Without a child, and none is about to come.
    fn rests(&self) -> bool {
        matches!(self.state, S::Stopped | S::Backoff | S::Exited | S::Fatal)
    }

    /// Everything recorded since the last time, then the world as it is now.
    pub(super) fn judge(&mut self, world: &mut World) -> Verdict {
        let record = core::mem::take(&mut world.record);
        let mut turns: BTreeMap<usize, (&Input, Mono, Vec<&Effect>)> = BTreeMap::new();
        for Entry { at, number, what } in &record {
            match what {
                Seen::Given(input) => {
                    turns.insert(*number, (input, *at, Vec::new()));
                }
                Seen::Wished(effect) => match turns.get_mut(number) {
                    Some((_, _, effects)) => effects.push(effect),
                    None => return Err(format!("{effect:?} out of nothing")),
                },
            }
        }
        for (input, at, effects) in turns.into_values() {
            self.turn(input, at, &effects)
                .map_err(|why| format!("{why}, at {:?}, given {input:?}", World::age(at)))?;
        }
        self.agree(world)
    }

    /// One input and its effects.
    fn turn(&mut self, input: &Input, at: Mono, effects: &[&Effect]) -> Verdict {
        let before = self.state;
        let unwanted = self.take_note(input, at)?;
        let mut kills = 0;
        for effect in effects {
            match effect {
                Effect::Changed(transition) => self.changed(transition, input, at)?,
                Effect::Spawn => self.spawn()?,
                Effect::CancelSpawn | Effect::ExpireSpawn => {
                    let forking = self.state == S::Starting && self.pid.is_none();
                    rule!(forking, "{effect:?} in {}", self.state);
                    let late = **effect == Effect::ExpireSpawn;
                    rule!(
                        late == (*input == Input::Deadline),
                        "no reason for {effect:?}"
                    );
                }
                Effect::Kill { pid, group, signal } => {
                    kills += 1;
                    self.kill(*pid, *group, *signal, input, at)?;
                }
                Effect::Probe { pid } => {
                    rule!(self.pid == Some(*pid), "probe of {pid}, which is not ours");
                    let due = self.state == S::Unknown && *input == Input::Deadline;
                    rule!(due, "no reason to probe in {}", self.state);
                    self.probe_due = self.next_probe(at);
                }
                Effect::Log(_) => {}
            }
        }
        rule!(
            !unwanted || effects.is_empty(),
            "{} effects without any reason",
            effects.len()
        );
        self.outcome(input, at, before, kills)
    }

    /// Keep account of an input; true: nothing may come of it.
    #[expect(clippy::too_many_lines, reason = "one arm for each case")]
    fn take_note(&mut self, input: &Input, at: Mono) -> Result<bool, String> {
        match input {
            Input::Closing => {
                self.closing = true;
                self.start_after = false;
                self.restart_due = None;
                self.wanted = self.wanted.map(|_| Wanted::Stop);
                return Ok(true);
            }
            Input::Hold => {
                self.held = true;
                return Ok(true);
            }
            Input::Release => {
                self.held = false;
                return Ok(true);
            }
            Input::NeverRestart => {
                self.policy.autorestart = Autorestart::Never;
                self.restart_due = None;
                return Ok(true);
            }
            Input::Fail(_) => {
                (self.failures, self.troubled) = (0, true);
                (self.ended, self.restart_due) = (None, None);
            }
            Input::Spawned { pid, at } => {
                self.pid = Some(*pid);
                self.launched = Some(at.mono);
                self.probe_pause = Duration::from_secs(1);
            }
            Input::SpawnDue(due) => self.spawn_due = Some(*due),
            Input::Exited { status, .. } => {
                self.pid = None;
                self.exitstatus = status.code();
                self.ended = Some(*status);
            }
            Input::SpawnFailed(_) | Input::SpawnCancelled => self.ended = None,
            Input::Start if self.state == S::Starting => self.wanted = Some(Wanted::Restart),
            Input::Start if self.state == S::Stopping => self.start_after = true,
            Input::Stop | Input::GiveUp if self.state == S::Starting && self.pid.is_none() => {
                self.wanted = Some(Wanted::Stop);
            }
            Input::Stop | Input::GiveUp => {
                self.start_after = false;
                self.restart_due = None;
            }
            Input::Signal(signal) if self.pid.is_none() => {
                // each once
                if !self.signals.contains(signal) {
                    self.signals.push(*signal);
                }
            }
            Input::Deadline => return Ok(self.deadline().is_none_or(|due| at < due)),
            Input::Autostart => {
                let due = !self.ever_started && self.policy.autostart;
                let due = due && !self.closing && !self.held;
                return Ok(!due);
            }
            Input::KeepRunning => {
                self.stop_failed = false;
                return Ok(true);
            }
            Input::Probed(true) if self.state == S::Unknown => {
                let up = self.launched.unwrap_or(at).plus_secs(self.policy.startsecs);
                let early = !self.stop_failed && at < up;
                if early {
                    self.probe_due = Some(up);
                }
                return Ok(early);
            }
            Input::Probed(_) => return Ok(true),
            Input::Start | Input::Signal(_) | Input::KillFailed(_) => {}
        }
        Ok(false)
    }

    /// The one deadline there may be (spec core 4.3, 4.8).
    fn deadline(&self) -> Option<Mono> {
        match self.state {
            S::Starting if self.pid.is_none() => self.spawn_due,
            S::Starting => Some(self.launched?.plus_secs(self.policy.startsecs)),
            S::Exited | S::Backoff if self.held => None,
            S::Exited => self.restart_due,
            S::Backoff if self.closing => None,
            S::Backoff => self.retry_due,
            S::Stopping => self.kill_due,
            S::Unknown => self.probe_due,
            S::Stopped | S::Running | S::Fatal => None,
        }
    }

    /// What must have become of an input by the end of its turn.
    #[expect(clippy::too_many_lines, reason = "one arm for each case")]
    fn outcome(&mut self, input: &Input, at: Mono, before: S, kills: usize) -> Verdict {
        let now = self.state;
        match input {
            Input::Stop | Input::GiveUp => {
                let running = matches!(before, S::Starting | S::Running | S::Unknown);
                let wanted = self.wanted.is_some();
                let stopped = now == S::Stopping && kills == 1;
                rule!(
                    !running || wanted || stopped,
                    "the stop was lost, now {now}"
                );
                let rests = if *input == Input::Stop {
                    S::Stopped
                } else {
                    S::Fatal
                };
                rule!(before != S::Backoff || now == rests, "{now} out of BACKOFF");
            }
            Input::Spawned { .. } => {
                let wishes = self.signals.len() + usize::from(self.wanted.is_some());
                rule!(kills == wishes, "{kills} signals of {wishes}");
                let at_once = self.policy.startsecs <= 0 && self.wanted.is_none();
                rule!(!at_once || now == S::Running, "not RUNNING at once");
                if let Some(wanted) = self.wanted.take() {
                    rule!(now == S::Stopping, "the stop was forgotten, now {now}");
                    self.start_after = wanted == Wanted::Restart;
                }
                self.signals.clear();
            }
            Input::SpawnFailed(_) => {
                let rests = self.wanted.take() != Some(Wanted::Stop) || now.is_stopped();
                rule!(rests, "the stop was forgotten, now {now}");
            }
            Input::SpawnCancelled => {
                let next = match self.wanted.take() {
                    Some(Wanted::Stop) => now == S::Stopped,
                    Some(Wanted::Restart) if self.held => now == S::Stopped,
                    Some(Wanted::Restart) | None => matches!(now, S::Backoff | S::Fatal),
                };
                rule!(next || now == S::Starting, "{now} after a cancelled spawn");
                self.signals.clear();
            }
            Input::Exited { .. } => {
                rule!(now != S::Running, "RUNNING without a child");
                let due = self.restart_due.is_some_and(|due| due <= at);
                rule!(!due || self.held, "{now}: its restart was forgotten");
            }
            Input::KillFailed(failure) => {
                rule!(
                    !failure.gone || now == before,
                    "{now}: a vanished child changes nothing"
                );
                let unknown = now == S::Unknown || self.pid.is_none();
                rule!(failure.gone || unknown, "{now}: the failure was lost");
            }
            Input::Probed(true) if before == S::Unknown => {
                let next = match self.stop_failed {
                    true => S::Stopping,
                    false => S::Running,
                };
                rule!([next, S::Unknown].contains(&now), "{now} after a probe");
            }
            Input::Start | Input::Signal(_) | Input::Autostart | Input::Closing => {}
            Input::KeepRunning | Input::Probed(_) => {}
            Input::Hold | Input::Release | Input::NeverRestart => {}
            Input::Fail(_) => rule!(now == S::Fatal, "{now} instead of FATAL"),
            Input::Deadline | Input::SpawnDue(_) => {}
        }
        let hopeless = i64::from(self.failures) > self.policy.startretries;
        rule!(
            now != S::Backoff || !hopeless,
            "BACKOFF without any retries left"
        );
        Ok(())
    }

    /// The machine, this account and the world tell the same.
    fn agree(&mut self, world: &World) -> Verdict {
        let machine = &world.machine;
        let (state, due) = (machine.state(), machine.deadline());
        rule!(state == self.state, "{state}, which nobody was told");
        rule!(
            machine.pid() == world.child,
            "pid {:?} is not the child",
            machine.pid()
        );
        rule!(machine.is_spawning() == world.forking, "spawning or not?");
        rule!(
            due == self.deadline(),
            "deadline {due:?}, not {:?}",
            self.deadline()
        );
        let restart = self.start_after || self.wanted == Some(Wanted::Restart);
        let restart = restart && !self.held;
        rule!(machine.will_restart() == restart, "will it restart?");
        let info = world.info();
        rule!(
            info.exitstatus == self.exitstatus,
            "exitstatus {}",
            info.exitstatus
        );
        let to_starting = self.seen.iter().filter(|((_, to), _)| *to == S::Starting);
        let starts: u32 = to_starting.map(|(_, count)| count).sum();
        rule!(
            info.restarts == starts.saturating_sub(1),
            "{} restarts in {starts} starts",
            info.restarts
        );
        let ended = info.last_exit.map(|exit| exit.status);
        rule!(ended == self.ended, "it ended by {ended:?}");
        rule!(
            info.last_exit.is_none_or(|exit| exit.at == info.stop),
            "two times of one exit"
        );
        rule!(
            info.start >= self.start && info.stop >= self.stop,
            "times run back"
        );
        rule!(
            info.start <= world.now.unix && info.stop <= world.now.unix,
            "a future time"
        );
        (self.start, self.stop) = (info.start, info.stop);
        Ok(())
    }
}
