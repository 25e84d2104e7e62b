//! Golden stories, `model/traces/*.txt`: commands, a line of dashes, and what happens.
//!
//! ```text
//! program startsecs=1 startretries=3     the program, named x (see `policy`)
//! start                                  also: stop, give up, signal HUP, autostart, closing
//! wait 2.5                               seconds
//! child exits 1                          or: child is killed by SEGV
//! next spawn fails: REASON               the one after is an ordinary one again
//! next signal fails: REASON              likewise
//! spawns take time                       until `spawn done`
//! the child is being cloned              so that a stop comes too late to cancel it
//! the spawn waits for its turn           or: has its turn
//! ```
//!
//! After `UPDATE_TRACES=1 cargo test -p visord-model` the files say what the rules do now;
//! read the difference before committing it.

use super::world::{World, line};
use crate::exit::ExitStatus;
use crate::fault::FaultCode;
use crate::process::{Autorestart, Input, Policy};
use crate::signal::Signal;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::path::PathBuf;
use std::{env, fs};

/// The folder of the golden files.
pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("traces")
}

/// Whether the golden files are to be written instead of compared.
pub(super) fn updating() -> bool {
    env::var_os("UPDATE_TRACES").is_some()
}

#[test]
fn stories() {
    let mut wrong = Vec::new();
    let mut names: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of stories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .filter(|path| !path.ends_with("grid.txt"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "stories are missing");
    for path in names {
        let told = fs::read_to_string(&path).expect("a readable story");
        let name = path.display();
        let happened = retell(&told).unwrap_or_else(|error| panic!("{name}: {error}"));
        if updating() {
            fs::write(&path, happened).expect("a writable story");
        } else if let Some(difference) = first_difference(&told, &happened) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first line in which two texts differ.
pub(super) fn first_difference(told: &str, happened: &str) -> Option<String> {
    let (mut old, mut new) = (told.lines(), happened.lines());
    for number in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (old, new) if old == new => {}
            (old, new) => {
                let (old, new) = (old.unwrap_or("(nothing)"), new.unwrap_or("(nothing)"));
                return Some(format!(
                    "line {number}\n  told      {old}\n  happened  {new}"
                ));
            }
        }
    }
    None
}

/// The same story with what really happens after each line of dashes.
fn retell(told: &str) -> Result<String, String> {
    let mut story = Story::default();
    let mut out = String::new();
    let mut skipping = false;
    for text in told.lines() {
        if skipping && !text.is_empty() {
            continue;
        }
        skipping = false;
        out.push_str(text);
        out.push('\n');
        if text.starts_with("---") {
            out.push_str(&story.happened());
            skipping = true;
        } else if !text.is_empty() && !text.starts_with('#') {
            story.tell(text).map_err(|why| format!("`{text}`: {why}"))?;
        }
    }
    Ok(out)
}

#[derive(Default)]
struct Story {
    world: Option<World>,
    lines: Vec<String>,
}

impl Story {
    /// Carry out one command.
    fn tell(&mut self, command: &str) -> Result<(), String> {
        if let Some(options) = command.strip_prefix("program") {
            self.world = Some(World::new(policy(options)?));
            return Ok(());
        }
        let world = self.world.as_mut().ok_or("no program yet")?;
        let answer = act(world, command)?;
        self.lines
            .extend(world.record.drain(..).filter_map(|e| line(&e)));
        if let Err(refusal) = answer {
            let age = World::age(world.now.mono).as_secs_f64();
            let fault = fault(refusal);
            self.lines.push(format!("{age:7.3}  refused: {fault}"));
        }
        Ok(())
    }

    /// What happened since the last line of dashes.
    fn happened(&mut self) -> String {
        let mut lines = core::mem::take(&mut self.lines);
        lines.extend(self.world.as_ref().map(World::status));
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }
}

/// The fault that a client gets.
pub(super) fn fault(refusal: FaultCode) -> &'static str {
    if refusal == FaultCode::Failed {
        return "FAILED, x is in an unknown process state";
    }
    refusal.name()
}

fn act(world: &mut World, command: &str) -> Result<Result<(), FaultCode>, String> {
    let (verb, rest) = command.split_once(": ").unwrap_or((command, ""));
    let reason = rest.to_string();
    match verb {
        "autostart" => return Ok(world.give(Input::Autostart)),
        "start" => return Ok(world.give(Input::Start)),
        "stop" => return Ok(world.give(Input::Stop)),
        "give up" => return Ok(world.give(Input::GiveUp)),
        "closing" => return Ok(world.give(Input::Closing)),
        "hold" => return Ok(world.give(Input::Hold)),
        "release" => return Ok(world.give(Input::Release)),
        "never restart" => return Ok(world.give(Input::NeverRestart)),
        "fail" => return Ok(world.give(Input::Fail(reason))),
        "next spawn fails" => world.spawn_trouble = Some(reason),
        "next signal fails" => {
            let gone = reason.contains("No such process");
            world.kill_trouble = Some((gone, reason));
        }
        "spawns take time" => world.slow = true,
        "the child is being cloned" => world.cloning = true,
        "the spawn waits for its turn" => world.queued = true,
        "the spawn has its turn" => world.queued = false,
        "spawn done" => {
            world.cloning = false;
            world.answer_spawn();
        }
        _ => return act_with_argument(world, command),
    }
    Ok(Ok(()))
}

fn act_with_argument(world: &mut World, command: &str) -> Result<Result<(), FaultCode>, String> {
    let (verb, argument) = command.rsplit_once(' ').ok_or("no such command")?;
    let signal = || Signal::from_name(argument).ok_or("no such signal");
    match verb {
        "signal" => return Ok(world.give(Input::Signal(signal()?))),
        "wait" => {
            let seconds: f64 = argument.parse().map_err(|_| "no number")?;
            world.wait(Duration::from_secs_f64(seconds));
        }
        "child exits" => {
            let code = argument.parse().map_err(|_| "no number")?;
            world.die(ExitStatus::Code(code));
        }
        "child is killed by" => {
            let (signal, core) = (signal()?, false);
            world.die(ExitStatus::Signal { signal, core });
        }
        _ => return Err("no such command".to_string()),
    }
    Ok(Ok(()))
}

/// `key=value` pairs as in a `[program:x]` section, over its defaults.
fn policy(options: &str) -> Result<Policy, String> {
    let mut policy = Policy::default();
    for option in options.split_whitespace() {
        let (key, value) = option.split_once('=').ok_or("key=value, please")?;
        let number = || value.parse().map_err(|_| format!("{key}: no number"));
        match key {
            "autostart" => policy.autostart = value == "true",
            "startsecs" => policy.startsecs = number()?,
            "startretries" => policy.startretries = number()?,
            "autorestart" => {
                policy.autorestart = match value {
                    "true" => Autorestart::Always,
                    "false" => Autorestart::Never,
                    _ => Autorestart::Unexpected,
                }
            }
            "exitcodes" => {
                let codes = value.split(',').map(|code| code.parse().ok());
                policy.exitcodes = codes.collect::<Option<_>>().ok_or("no exit codes")?;
            }
            "stopsignal" => {
                policy.stopsignal = Signal::from_name(value).ok_or("no such signal")?;
            }
            "stopwaitsecs" => policy.stopwaitsecs = number()?,
            "stopasgroup" => policy.stopasgroup = value == "true",
            "killasgroup" => policy.killasgroup = value == "true",
            _ => return Err(format!("no option {key}")),
        }
    }
    Ok(policy)
}
