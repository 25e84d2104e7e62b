//! A simulated world around one machine: a clock, at most one child, and a recorder.
//!
//! It does what the Process actor does (one input, all effects, answers at once), with a
//! child that does nothing by itself.

use crate::exit::ExitStatus;
use crate::fault::FaultCode;
use crate::moment::{Moment, Mono};
use crate::name::ProcessName;
use crate::process::{Effect, Input, KillFailure, Machine, Policy, ProcessInfo, SPAWN_TIMEOUT};
use crate::state::ProcessState;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// Wall clock of the beginning.
pub(super) const EPOCH: i64 = 1_000_000_000;
/// More steps than any honest turn has.
const ENDLESS: usize = 50;

/// One thing that was seen.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: Mono,
    /// Which input this is, or comes of; they are counted.
    pub(super) number: usize,
    pub(super) what: Seen,
}

#[derive(Clone, Debug)]
pub(super) enum Seen {
    Given(Input),
    Wished(Effect),
}

/// See the module.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    /// The child that has not been reaped.
    pub(super) child: Option<i32>,
    /// A spawn has not been answered.
    pub(super) forking: bool,
    /// Spawns are answered on demand only.
    pub(super) slow: bool,
    /// The child is being cloned: only the time limit can cancel the spawn under way.
    pub(super) cloning: bool,
    /// The spawn under way waits for its turn.
    pub(super) queued: bool,
    /// Why the next spawn fails.
    pub(super) spawn_trouble: Option<String>,
    /// How the next signal fails.
    pub(super) kill_trouble: Option<(bool, String)>,
    pub(super) record: Vec<Entry>,
    /// When the clone of the spawn under way begins: by default when it is wished for.
    pub(super) cloned_at: Moment,
    next_pid: i32,
    inputs: usize,
}

impl World {
    pub(super) fn new(policy: Policy) -> Self {
        let mono = Mono(Duration::from_secs(1000));
        Self {
            machine: Machine::new("x", policy),
            now: Moment { mono, unix: EPOCH },
            cloned_at: Moment { mono, unix: EPOCH },
            child: None,
            forking: false,
            slow: false,
            cloning: false,
            queued: false,
            spawn_trouble: None,
            kill_trouble: None,
            record: Vec::new(),
            next_pid: 101,
            inputs: 0,
        }
    }

    /// Since the beginning.
    pub(super) fn age(at: Mono) -> Duration {
        at.0 - Duration::from_secs(1000)
    }

    /// One turn, and if a spawn was wished for and is quick, the turn that answers it.
    pub(super) fn give(&mut self, input: Input) -> Result<(), FaultCode> {
        self.turn(input)?;
        while self.forking && !self.slow {
            self.answer_spawn();
        }
        Ok(())
    }

    /// One input, all its effects and their answers.
    fn turn(&mut self, input: Input) -> Result<(), FaultCode> {
        let mut todo = VecDeque::from(self.step(input)?);
        let mut steps = 0;
        while let Some((number, effect)) = todo.pop_front() {
            steps += 1;
            assert!(steps < ENDLESS, "the turn does not end");
            self.note(number, Seen::Wished(effect.clone()));
            if let Some(answer) = self.perform(effect) {
                todo.extend(self.step(answer).expect("an answer is never refused"));
            }
        }
        Ok(())
    }

    fn step(&mut self, input: Input) -> Result<Vec<(usize, Effect)>, FaultCode> {
        let effects = self.machine.step(input.clone(), self.now)?;
        self.inputs += 1;
        let number = self.inputs;
        self.note(number, Seen::Given(input));
        Ok(effects.into_iter().map(|effect| (number, effect)).collect())
    }

    fn note(&mut self, number: usize, what: Seen) {
        let at = self.now.mono;
        self.record.push(Entry { at, number, what });
    }

    fn perform(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Spawn => {
                assert!(!self.forking && self.child.is_none(), "two children");
                self.forking = true;
                self.cloned_at = self.now;
                None
            }
            Effect::CancelSpawn => {
                assert!(self.forking, "no spawn to cancel");
                self.forking = self.cloning;
                (!self.forking).then_some(Input::SpawnCancelled)
            }
            Effect::ExpireSpawn => {
                assert!(self.forking, "no spawn to cancel");
                self.forking = self.queued;
                Some(match self.queued {
                    true => Input::SpawnDue(self.now.mono + SPAWN_TIMEOUT),
                    false => Input::SpawnCancelled,
                })
            }
            Effect::Kill { signal, .. } => {
                let (gone, reason) = self.kill_trouble.take()?;
                Some(Input::KillFailed(KillFailure {
                    signal,
                    gone,
                    reason,
                }))
            }
            Effect::Probe { .. } => Some(Input::Probed(self.kill_trouble.is_none())),
            Effect::Changed(_) | Effect::Log(_) => None,
        }
    }

    /// Answer the spawn under way.
    pub(super) fn answer_spawn(&mut self) {
        assert!(self.forking, "no spawn is under way");
        self.forking = false;
        let answer = match self.spawn_trouble.take() {
            Some(reason) => Input::SpawnFailed(reason),
            None => {
                let pid = self.next_pid;
                self.next_pid += 1;
                self.child = Some(pid);
                let at = self.cloned_at;
                Input::Spawned { pid, at }
            }
        };
        self.give(answer).expect("an answer is never refused");
    }

    /// The child ends.
    pub(super) fn die(&mut self, status: ExitStatus) {
        assert!(self.child.take().is_some(), "there is no child");
        let at = self.now;
        self.give(Input::Exited { status, at })
            .expect("an exit is never refused");
    }

    /// Let time pass; every deadline is kept to the nanosecond.
    pub(super) fn wait(&mut self, duration: Duration) {
        let end = self.now.mono + duration;
        let mut stuck = 0;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            stuck += 1;
            assert!(stuck < 100_000, "time stands still at {due:?}");
            self.move_to(due.max(self.now.mono));
            let before = (self.machine.state(), due);
            self.give(Input::Deadline)
                .expect("a deadline is never refused");
            let after = (self.machine.state(), self.machine.deadline());
            assert!(
                after != (before.0, Some(before.1)),
                "a due deadline changed nothing in {}",
                before.0
            );
        }
        self.move_to(end);
    }

    /// Let time pass without a timer that fires.
    pub(super) fn sleep(&mut self, duration: Duration) {
        self.move_to(self.now.mono + duration);
    }

    fn move_to(&mut self, mono: Mono) {
        let whole = i64::try_from(Self::age(mono).as_secs()).expect("a short story");
        self.now = Moment {
            mono,
            unix: EPOCH + whole,
        };
    }

    /// What a client sees.
    pub(super) fn info(&self) -> ProcessInfo {
        self.machine.info(&ProcessName::new("x", "x"))
    }

    /// A line like those of `supervisorctl status`; wall times count from the beginning.
    pub(super) fn status(&self) -> String {
        let info = self.info();
        let ended = |time: i64| format!("ended at {}", time - EPOCH);
        let text = info.description(self.now.unix, &ended);
        let line = format!("x {:<10}{text}", info.state);
        line.trim_end().to_string()
    }
}

/// A recorded thing as a line of a story; answers are told by their effects.
pub(super) fn line(entry: &Entry) -> Option<String> {
    let Seen::Wished(effect) = &entry.what else {
        return None;
    };
    let text = match effect {
        Effect::Spawn => "fork".to_string(),
        Effect::CancelSpawn => "cancel the fork".to_string(),
        Effect::ExpireSpawn => "the fork is overdue".to_string(),
        Effect::Kill {
            pid,
            group: true,
            signal,
        } => format!("kill   process group {pid} {signal}"),
        Effect::Kill { pid, signal, .. } => format!("kill   {pid} {signal}"),
        Effect::Probe { pid } => format!("probe  {pid}"),
        Effect::Log(line) => format!("{}   {}", line.level.code(), line.text),
        Effect::Changed(t) => {
            let (to, from) = (t.to, t.from);
            let detail = match to {
                ProcessState::Starting | ProcessState::Backoff => format!(" tries:{}", t.tries),
                ProcessState::Running | ProcessState::Stopping | ProcessState::Stopped => {
                    format!(" pid:{}", t.pid)
                }
                ProcessState::Exited => {
                    format!(" expected:{} pid:{}", u8::from(t.expected), t.pid)
                }
                ProcessState::Fatal | ProcessState::Unknown => String::new(),
            };
            format!("event  PROCESS_STATE_{to} from_state:{from}{detail}")
        }
    };
    let age = World::age(entry.at).as_secs_f64();
    Some(format!("{age:7.3}  {text}"))
}
