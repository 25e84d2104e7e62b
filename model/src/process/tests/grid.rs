//! Every phase against every input, as one golden file: `model/traces/grid.txt`.
//!
//! A change of any rule is a visible difference of that file; see `stories` for updating it.

use super::stories::{fault, first_difference, folder, updating};
use super::world::World;
use crate::exit::ExitStatus;
use crate::fault::FaultCode;
use crate::moment::Moment;
use crate::process::{
    Autorestart, Effect, Effects, Input, KillFailure, Machine, Policy, SPAWN_TIMEOUT,
};
use crate::signal::Signal;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;
use std::fs;

/// `startretries=1` keeps the way to FATAL short; everything else is the default.
fn policy() -> Policy {
    Policy {
        startretries: 1,
        ..Policy::default()
    }
}

/// A name and how to get there.
type Phase = (&'static str, fn(&mut World));

const PHASES: [Phase; 16] = [
    ("STOPPED, never started", |_| {}),
    ("STOPPED, on request", |world| {
        run(world);
        ask(world, Input::Stop);
        world.die(ExitStatus::Code(0));
    }),
    ("STARTING, spawn under way", |world| {
        world.slow = true;
        ask(world, Input::Start);
    }),
    ("STARTING, being cloned, stop asked for", |world| {
        (world.slow, world.cloning) = (true, true);
        ask(world, Input::Start);
        ask(world, Input::Stop);
    }),
    (
        "STARTING, being cloned, stop and start asked for",
        |world| {
            (world.slow, world.cloning) = (true, true);
            ask(world, Input::Start);
            ask(world, Input::Stop);
            ask(world, Input::Start);
        },
    ),
    ("STARTING, being cloned, given up", |world| {
        (world.slow, world.cloning) = (true, true);
        ask(world, Input::Start);
        ask(world, Input::GiveUp);
    }),
    ("STARTING", |world| ask(world, Input::Start)),
    ("STARTING, second try", |world| {
        ask(world, Input::Start);
        world.die(ExitStatus::Code(1));
        world.wait(Duration::from_secs(1));
    }),
    ("RUNNING", run),
    ("BACKOFF", |world| {
        ask(world, Input::Start);
        world.die(ExitStatus::Code(1));
    }),
    ("STOPPING", |world| {
        run(world);
        ask(world, Input::Stop);
    }),
    ("STOPPING, start asked for", |world| {
        run(world);
        ask(world, Input::Stop);
        ask(world, Input::Start);
    }),
    ("EXITED", |world| {
        run(world);
        world.die(ExitStatus::Code(0));
    }),
    ("EXITED, restart due", |world| {
        *world = World::new(Policy {
            startsecs: 0,
            ..policy()
        });
        ask(world, Input::Start);
        world.die(ExitStatus::Code(1));
    }),
    ("FATAL", |world| {
        world.spawn_trouble = Some("no program".to_string());
        ask(world, Input::Start);
        world.spawn_trouble = Some("no program".to_string());
        world.wait(Duration::from_secs(1));
    }),
    ("UNKNOWN", |world| {
        run(world);
        world.kill_trouble = Some((false, "not permitted".to_string()));
        ask(world, Input::Stop);
    }),
];

fn ask(world: &mut World, input: Input) {
    world.give(input).expect("an accepted request");
}

fn exited(status: ExitStatus, at: Moment) -> Input {
    Input::Exited { status, at }
}

fn run(world: &mut World) {
    ask(world, Input::Start);
    world.wait(Duration::from_secs(2));
}

fn inputs(now: Moment) -> Vec<(&'static str, Input)> {
    let failed = |gone| {
        let (signal, reason) = (Signal::TERM, "the reason".to_string());
        Input::KillFailed(KillFailure {
            signal,
            gone,
            reason,
        })
    };
    let killed = ExitStatus::Signal {
        signal: Signal::KILL,
        core: false,
    };
    vec![
        ("autostart", Input::Autostart),
        ("start", Input::Start),
        ("stop", Input::Stop),
        ("keep running", Input::KeepRunning),
        ("give up", Input::GiveUp),
        ("signal HUP", Input::Signal(Signal::HUP)),
        ("closing", Input::Closing),
        ("hold", Input::Hold),
        ("release", Input::Release),
        ("never restart", Input::NeverRestart),
        ("fail", Input::Fail("the reason".to_string())),
        ("spawned 7", Input::Spawned { pid: 7, at: now }),
        ("spawn failed", Input::SpawnFailed("the reason".to_string())),
        ("spawn cancelled", Input::SpawnCancelled),
        (
            "spawn due in 5 s",
            Input::SpawnDue(now.mono + SPAWN_TIMEOUT),
        ),
        ("kill failed, gone", failed(true)),
        ("kill failed, else", failed(false)),
        ("probed, refused", Input::Probed(false)),
        ("probed, reachable", Input::Probed(true)),
        ("exited 0", exited(ExitStatus::Code(0), now)),
        ("exited 1", exited(ExitStatus::Code(1), now)),
        ("exited by KILL", exited(killed, now)),
        ("deadline, early", Input::Deadline),
    ]
}

#[test]
fn every_phase_meets_every_input() {
    let path = folder().join("grid.txt");
    let grid = grid();
    if updating() {
        fs::write(&path, &grid).expect("a writable grid");
    }
    let told = fs::read_to_string(&path).expect("a readable grid");
    if let Some(difference) = first_difference(&told, &grid) {
        panic!("grid.txt: {difference}");
    }
}

fn grid() -> String {
    let mut text = String::from(
        "# Every phase, every input: the states entered, what is wished for, the next deadline.\n\
         # \"then\" is the moment of the deadline. Further lines tell what differs while the daemon\n\
         # closes and while the process is held; the exact sentences of the log are in the\n\
         # stories. The program has startretries=1, else the defaults.\n",
    );
    for (name, reach) in PHASES {
        text.push_str(&format!("\n{name}\n"));
        let mut open = World::new(policy());
        reach(&mut open);
        let mut closing = open.machine.clone();
        let closed = closing.step(Input::Closing, open.now);
        assert_eq!(closed, Ok(vec![]), "closing only forbids");
        let mut held = open.machine.clone();
        let holding = held.step(Input::Hold, open.now);
        assert_eq!(holding, Ok(vec![]), "so does a hold");
        let mut inputs = inputs(open.now);
        if let Some(due) = open.machine.deadline() {
            let at = Moment {
                mono: due,
                ..open.now
            };
            inputs.push(("exited 0, then", exited(ExitStatus::Code(0), at)));
            inputs.push(("deadline, then", Input::Deadline));
        }
        for (label, input) in inputs {
            let late = label.ends_with(", then");
            let usually = outcome(&open, &open.machine, input.clone(), late);
            text.push_str(&format!("  {label:<18} {usually}\n"));
            for (variant, machine, cause) in
                [("closing", &closing, "closing"), ("held", &held, "hold")]
            {
                let differently = outcome(&open, machine, input.clone(), late);
                if usually != differently && label != cause {
                    text.push_str(&format!("  {:<18} {variant}: {differently}\n", ""));
                }
            }
        }
    }
    text
}

/// What comes of an input, in one line.
fn outcome(world: &World, machine: &Machine, input: Input, late: bool) -> String {
    let mut after = machine.clone();
    let mut now = world.now;
    if let Some(due) = world.machine.deadline().filter(|_| late) {
        now.mono = due;
    }
    let answer = after.step(input, now);
    if answer.is_err() {
        assert_eq!(*machine, after, "a refusal changes nothing");
    }
    match answer {
        Err(refusal) => refused(refusal),
        Ok(effects) if effects.is_empty() => {
            let same = after == *machine;
            if same { "-" } else { "remembered" }.to_string()
        }
        Ok(effects) => {
            let due = after.deadline().map_or(String::new(), |due| {
                format!("; deadline in {} s", (due.0 - now.mono.0).as_secs_f64())
            });
            format!("{}{due}", wishes(&effects))
        }
    }
}

fn refused(refusal: FaultCode) -> String {
    format!("refused: {}", fault(refusal))
}

fn wishes(effects: &Effects) -> String {
    let words: Vec<String> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Spawn => "spawn".to_string(),
            Effect::CancelSpawn => "cancel spawn".to_string(),
            Effect::ExpireSpawn => "expire spawn".to_string(),
            Effect::Kill { group, signal, .. } => {
                let group = if *group { " group" } else { "" };
                format!("kill{group} {signal}")
            }
            Effect::Probe { .. } => "probe".to_string(),
            Effect::Changed(t) => t.to.to_string(),
            Effect::Log(line) => {
                let mut words = line.text.split([' ', ':']);
                format!("{} {}", line.level.code(), words.next().unwrap_or_default())
            }
        })
        .collect();
    words.join(", ")
}

/// Whatever the policy says about restarting, the other two ways to leave RUNNING.
#[test]
fn autorestart_is_about_exits_from_running_alone() {
    let signals = ExitStatus::Signal {
        signal: Signal::TERM,
        core: false,
    };
    for (autorestart, status, again) in [
        (Autorestart::Never, ExitStatus::Code(1), false),
        (Autorestart::Never, signals, false),
        (Autorestart::Unexpected, ExitStatus::Code(0), false),
        (Autorestart::Unexpected, ExitStatus::Code(1), true),
        (Autorestart::Unexpected, signals, true),
        (Autorestart::Always, ExitStatus::Code(0), true),
        (Autorestart::Always, ExitStatus::Code(1), true),
    ] {
        let mut world = World::new(Policy {
            autorestart,
            ..policy()
        });
        run(&mut world);
        world.die(status);
        assert_eq!(world.child.is_some(), again, "{autorestart:?}, {status:?}");
        let mut world = World::new(Policy {
            autorestart,
            ..policy()
        });
        run(&mut world);
        ask(&mut world, Input::Stop);
        world.die(status);
        assert_eq!(world.child, None, "stopped, {autorestart:?}, {status:?}");
    }
}
