//! Random histories: abstract actions, resolved against the live state, judged after each.
//!
//! `HISTORIES=1000000 cargo test -p visord-model histories` takes a longer walk.

use super::rules::{Rules, Verdict};
use super::world::{World, line};
use crate::exit::ExitStatus;
use crate::process::{ALLOWED, Autorestart, Input, Policy};
use crate::signal::Signal;
use crate::state::ProcessState;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use std::{env, println};

const HISTORIES: u64 = 10_000;
const MILLISECOND: Duration = Duration::from_millis(1);

/// What may be tried at any time; whether it means anything depends on the state.
#[derive(Clone, Debug)]
enum Action {
    Ask(Input),
    Die(ExitStatus),
    NextSpawnFails,
    NextKillFails {
        gone: bool,
    },
    SpawnsTakeTime(bool),
    /// The spawn under way waits for its turn, has it, or is past the point where a stop cancels
    /// it.
    Turn {
        queued: bool,
        cloning: bool,
    },
    AnswerSpawn,
    Wait(Duration),
    WaitForDeadline,
    WaitAlmostForDeadline,
    /// Time passes, but the timer is late.
    Oversleep,
    SpuriousDeadline,
}

/// A small generator of its own (xorshift): the same numbers everywhere, for ever.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn one_of<T: Clone>(&mut self, choice: &[T]) -> T {
        let index = usize::try_from(self.roll(choice.len() as u64)).expect("few choices");
        choice[index].clone()
    }
}

fn policy(dice: &mut Dice) -> Policy {
    let autorestart = [
        Autorestart::Never,
        Autorestart::Unexpected,
        Autorestart::Always,
    ];
    Policy {
        autostart: dice.roll(2) == 0,
        startsecs: dice.one_of(&[-1, 0, 1, 1, 3]),
        startretries: dice.one_of(&[-1, 0, 1, 3]),
        autorestart: dice.one_of(&autorestart),
        exitcodes: dice.one_of(&[vec![0], vec![0, 2], vec![]]),
        stopsignal: dice.one_of(&[Signal::TERM, Signal::INT, Signal::KILL, Signal::raw(0)]),
        stopwaitsecs: dice.one_of(&[-1, 0, 1, 3, 10]),
        stopasgroup: dice.roll(2) == 0,
        killasgroup: dice.roll(2) == 0,
    }
}

fn action(dice: &mut Dice) -> Action {
    let signals = [Signal::HUP, Signal::TERM, Signal::KILL];
    match dice.roll(68) {
        0..=9 => Action::Ask(Input::Start),
        10..=16 => Action::Ask(Input::Stop),
        17 => Action::Ask(Input::KeepRunning),
        18 => Action::Ask(Input::GiveUp),
        19..=20 => Action::Ask(Input::Autostart),
        21..=23 => Action::Ask(Input::Signal(dice.one_of(&signals))),
        24 => Action::Ask(Input::Closing),
        25..=33 => Action::Die(status(dice)),
        34..=36 => Action::NextSpawnFails,
        37 => Action::NextKillFails { gone: true },
        38 => Action::NextKillFails { gone: false },
        39..=41 => Action::SpawnsTakeTime(dice.roll(2) == 0),
        42..=46 => Action::AnswerSpawn,
        47..=50 => Action::Wait(MILLISECOND * dice.one_of(&[0, 100, 999, 1000, 2500, 20_000])),
        51..=54 => Action::WaitForDeadline,
        55..=56 => Action::WaitAlmostForDeadline,
        57 => Action::Oversleep,
        58..=59 => {
            let (queued, cloning) = dice.one_of(&[(true, false), (false, false), (false, true)]);
            Action::Turn { queued, cloning }
        }
        60..=61 => Action::SpuriousDeadline,
        62..=63 => Action::Ask(Input::Hold),
        64..=65 => Action::Ask(Input::Release),
        66 => Action::Ask(Input::NeverRestart),
        _ => Action::Ask(Input::Fail("no such program".to_string())),
    }
}

fn status(dice: &mut Dice) -> ExitStatus {
    let signal = ExitStatus::Signal {
        signal: Signal::TERM,
        core: false,
    };
    dice.one_of(&[
        ExitStatus::Code(0),
        ExitStatus::Code(1),
        ExitStatus::Code(2),
        signal,
    ])
}

/// What a walk came across.
#[derive(Default)]
struct Tally {
    done: u32,
    skipped: u32,
    refused: u32,
    transitions: BTreeMap<(ProcessState, ProcessState), u32>,
}

/// One history from beginning to end.
struct Walk<'a> {
    world: World,
    rules: Rules,
    tally: &'a mut Tally,
    story: Vec<String>,
}

impl Walk<'_> {
    fn run(&mut self, history: &[Action]) -> Verdict {
        for action in history {
            if self.resolve(action)? {
                self.tally.done += 1;
            } else {
                self.tally.skipped += 1;
            }
            self.judge()?;
        }
        self.end()?;
        for (transition, count) in &self.rules.seen {
            *self.tally.transitions.entry(*transition).or_default() += count;
        }
        Ok(())
    }

    fn judge(&mut self) -> Verdict {
        self.story.extend(self.world.record.iter().filter_map(line));
        self.rules.judge(&mut self.world)
    }

    /// Carry out an action; false if it means nothing now.
    fn resolve(&mut self, action: &Action) -> Result<bool, String> {
        let world = &mut self.world;
        let left = world
            .machine
            .deadline()
            .map(|due| due.0.saturating_sub(world.now.mono.0));
        match action {
            Action::Ask(input) => self.ask(input)?,
            Action::Die(status) if world.child.is_some() => world.die(*status),
            Action::NextSpawnFails => world.spawn_trouble = Some("no such program".to_string()),
            Action::NextKillFails { gone } => {
                world.kill_trouble = Some((*gone, "no such luck".to_string()));
            }
            Action::SpawnsTakeTime(slow) => world.slow = *slow,
            Action::Turn { queued, cloning } => {
                (world.queued, world.cloning) = (*queued, *cloning);
            }
            Action::AnswerSpawn if world.forking => world.answer_spawn(),
            Action::Wait(duration) => world.wait(*duration),
            Action::WaitForDeadline if left.is_some() => world.wait(left.unwrap_or_default()),
            Action::WaitAlmostForDeadline if left > Some(MILLISECOND) => {
                world.wait(left.unwrap_or_default() - MILLISECOND);
            }
            Action::Oversleep if left.is_some() => world.sleep(left.unwrap_or_default()),
            Action::SpuriousDeadline if left != Some(Duration::ZERO) => self.spurious()?,
            Action::Die(_)
            | Action::AnswerSpawn
            | Action::WaitForDeadline
            | Action::WaitAlmostForDeadline
            | Action::Oversleep
            | Action::SpuriousDeadline => return Ok(false),
        }
        Ok(true)
    }

    fn ask(&mut self, input: &Input) -> Verdict {
        let due = self.rules.answer(input, self.world.forking);
        let before = due.is_err().then(|| self.world.machine.clone());
        let answer = self.world.give(input.clone());
        if answer != due {
            return Err(format!("{input:?} is answered {answer:?}, not {due:?}"));
        }
        if before.is_some_and(|before| before != self.world.machine) {
            return Err(format!("refused, but something changed: {input:?}"));
        }
        self.tally.refused += u32::from(due.is_err());
        Ok(())
    }

    /// A timer that fires early, or after it was cancelled.
    fn spurious(&mut self) -> Verdict {
        let before = self.world.machine.clone();
        let effects = self.world.machine.step(Input::Deadline, self.world.now);
        if effects != Ok(Vec::new()) || before != self.world.machine {
            return Err("a spurious deadline had an effect".to_string());
        }
        Ok(())
    }

    /// The daemon closes: time alone leads to rest, though only SIGKILL impresses the child.
    fn end(&mut self) -> Verdict {
        self.world.kill_trouble = None;
        self.ask(&Input::Closing)?;
        self.ask(&Input::GiveUp)?;
        if self.world.forking {
            self.world.answer_spawn();
        }
        self.judge()?;
        if let Some(due) = self.world.machine.deadline() {
            self.world.wait(due.0.saturating_sub(self.world.now.mono.0));
            self.judge()?;
            let killed = ExitStatus::Signal {
                signal: Signal::KILL,
                core: false,
            };
            self.world.die(killed);
            self.judge()?;
        }
        let state = self.world.machine.state();
        self.world.wait(Duration::from_secs(100_000));
        self.judge()?;
        if !state.is_stopped() || self.world.machine.state() != state {
            return Err(format!("{state} is no end"));
        }
        Ok(())
    }
}

/// The verdict on a history, and what happened in it; panics are verdicts too.
fn verdict(policy: &Policy, history: &[Action], tally: &mut Tally) -> Result<(), String> {
    let mut walk = Walk {
        world: World::new(policy.clone()),
        rules: Rules::new(policy.clone()),
        tally,
        story: Vec::new(),
    };
    let verdict = catch_unwind(AssertUnwindSafe(|| walk.run(history)))
        .unwrap_or_else(|_| Err("a panic, see above".to_string()));
    verdict.map_err(|why| format!("{}\n{why}", walk.story.join("\n")))
}

/// Leave out whatever the failure does not need.
fn shrink(policy: &Policy, mut history: Vec<Action>) -> Vec<Action> {
    let mut index = history.len();
    while index > 0 {
        index -= 1;
        let mut shorter = history.clone();
        shorter.remove(index);
        if verdict(policy, &shorter, &mut Tally::default()).is_err() {
            history = shorter;
            index = history.len();
        }
    }
    history
}

#[test]
fn random_histories_obey_the_rules() {
    let count = env::var("HISTORIES").map_or(HISTORIES, |text| text.parse().expect("a number"));
    let begun = Instant::now();
    let mut tally = Tally::default();
    for seed in 0..count {
        let mut dice = Dice::new(seed);
        let policy = policy(&mut dice);
        let length = 1 + dice.roll(40);
        let history: Vec<Action> = (0..length).map(|_| action(&mut dice)).collect();
        if verdict(&policy, &history, &mut tally).is_err() {
            let history = shrink(&policy, history);
            let why = verdict(&policy, &history, &mut Tally::default()).err();
            let why = why.unwrap_or_default();
            panic!("seed {seed}\n{policy:#?}\n{history:#?}\n{why}");
        }
    }
    println!(
        "{count} histories in {:?}: {} actions, {} skipped, {} refused",
        begun.elapsed(),
        tally.done,
        tally.skipped,
        tally.refused
    );
    for transition in ALLOWED {
        let count = tally.transitions.get(&transition).copied().unwrap_or(0);
        println!("{:>8} -> {:8} {count}", transition.0, transition.1);
        assert!(count > 0, "{transition:?} never happened");
    }
}
