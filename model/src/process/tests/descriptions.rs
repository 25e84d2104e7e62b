//! The words of spec core 4.3 and 4.7 that no story tells.

use super::world::World;
use crate::exit::ExitStatus;
use crate::process::{Autorestart, Input, Policy, ProcessInfo};
use crate::signal::Signal;
use crate::state::ProcessState as S;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

#[test]
fn states_are_described() {
    let local = |time: i64| format!("local {time}");
    let blank = World::new(Policy::default()).info();
    let died = "Exited too quickly (process log may have details)";
    for (state, start, stop, spawnerr, text) in [
        (S::Stopped, 0, 0, "", "Not started"),
        (S::Stopped, 50, 90, "", "local 90"),
        // it was started, but there never was a child (difference Q37)
        (S::Stopped, 50, 0, "", "Not started"),
        (S::Exited, 50, 90, "Bad exit code 1", "local 90"),
        (S::Starting, 50, 0, "", ""),
        (S::Stopping, 50, 0, "", ""),
        (S::Unknown, 50, 0, "", ""),
        (S::Running, 50, 0, "", "pid 7, uptime 0:00:50"),
        // the wall clock was set back
        (S::Running, 150, 0, "", "pid 7, uptime 0:00:00"),
        (S::Backoff, 50, 90, died, died),
        (S::Fatal, 50, 90, died, died),
        (S::Fatal, 50, 90, "", "unknown error (try \"tail x\")"),
    ] {
        let info = ProcessInfo {
            state,
            start,
            stop,
            spawnerr: spawnerr.to_string(),
            pid: 7,
            ..blank.clone()
        };
        assert_eq!(info.description(100, &local), text, "{state}");
    }
}

#[test]
fn ends_are_described() {
    let signal = |number, core| ExitStatus::Signal {
        signal: Signal::raw(number),
        core,
    };
    for (status, code, text) in [
        (ExitStatus::Code(0), 0, "exit status 0"),
        (ExitStatus::Code(255), 255, "exit status 255"),
        (signal(9, false), -1, "terminated by SIGKILL"),
        (signal(11, true), -1, "terminated by SIGSEGV (core dumped)"),
        (signal(17, false), -1, "terminated by SIGCHLD"),
        (signal(29, false), -1, "terminated by SIGPOLL"),
        (signal(34, false), -1, "terminated by SIGRTMIN"),
        (signal(40, false), -1, "terminated by signal 40"),
        (signal(64, false), -1, "terminated by SIGRTMAX"),
        (
            ExitStatus::Other(0x137f),
            -1,
            "unknown termination cause 0x137f",
        ),
    ] {
        assert_eq!(status.code(), code);
        assert_eq!(status.describe(), text);
    }
}

#[test]
fn a_life_is_remembered() {
    let mut world = World::new(Policy {
        autorestart: Autorestart::Always,
        startsecs: 1,
        ..Policy::default()
    });
    let why = |world: &World| {
        let info = world.info();
        (info.state, info.restarts, info.why())
    };
    assert_eq!(why(&world), (S::Stopped, 0, String::new()));
    world.spawn_trouble = Some("can't find command 'x'".to_string());
    world.give(Input::Start).unwrap();
    let reason = "can't find command 'x'".to_string();
    assert_eq!(why(&world), (S::Backoff, 0, reason));
    world.wait(Duration::from_secs(1));
    assert_eq!(why(&world), (S::Starting, 1, String::new()));
    world.wait(Duration::from_secs(2));
    world.die(ExitStatus::Signal {
        signal: Signal::KILL,
        core: false,
    });
    assert_eq!(
        why(&world),
        (S::Starting, 2, "killed by SIGKILL".to_string())
    );
    world.die(ExitStatus::Code(0));
    let early = "exited with code 0 too quickly after its start".to_string();
    assert_eq!(why(&world), (S::Backoff, 2, early));
    world.wait(Duration::from_secs(3));
    world.give(Input::Stop).unwrap();
    world.die(ExitStatus::Signal {
        signal: Signal::TERM,
        core: false,
    });
    let asked = "stopped on request, killed by SIGTERM".to_string();
    assert_eq!(why(&world), (S::Stopped, 3, asked));
    let last = world.info().last_exit.unwrap();
    assert!(last.requested && !last.expected);
    assert_eq!(last.at, world.now.unix);
}
