//! Random requests of several clients at once, children that are killed, logs that are flooded,
//! configurations that change; and the promises that hold all the same: never two instances of a
//! program, nothing left of what was stopped, nothing leaked, the daemon alive.
//!
//! It runs for some seconds; `VISORD_SOAK=SECONDS[,SEED]` makes it longer.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use visord_xmlrpc::Value;
use visord_xmlrpc::{CallError, Client};

use crate::harness::{Daemon, PATIENCE, Setup, kill, wait_until};

/// Clients, each with programs of its own.
const CLIENTS: usize = 4;
const KINDS: [&str; 5] = ["quiet", "stubborn", "flood", "brief", "bad"];

/// Holds a lock as long as it lives, so that a second instance finds out.
const CHILD: &str = "cd @DIR@\nexec 9>>lock.$1\n\
    flock -n 9 || { echo two of $1 >> complaints; exit 3; }\n\
    case $2 in\n\
    quiet) exec sleep 1000;;\n\
    stubborn) trap '' TERM; exec sleep 1000;;\n\
    flood) exec yes a line of some length that fills the log;;\n\
    brief) exec sleep 0.05;;\n\
    esac\nexit 1\n";

/// xorshift: a seed tells the whole story of a client but for its timing.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        let count = u64::try_from(from.len()).expect("a few");
        from[usize::try_from(self.below(count)).expect("a few")]
    }
}

/// A configuration: of all programs some, with settings that change.
fn programs(dice: &mut Dice) -> String {
    let mut text = String::new();
    for client in 0..CLIENTS {
        for kind in KINDS {
            if dice.below(8) == 0 {
                continue;
            }
            let name = format!("{kind}{client}");
            text.push_str(&format!(
                "[program:{name}]\ncommand=/bin/sh @DIR@/child.sh {name} {kind}\n\
                 environment=A={}\nautostart={}\nstartsecs=0\nstartretries=2\nstopwaitsecs=1\n\
                 stdout_logfile=@DIR@/{name}.log\nstdout_logfile_maxbytes=300KB\n\
                 stdout_logfile_backups=1\nredirect_stderr=true\n",
                dice.below(3),
                dice.below(2),
            ));
        }
    }
    text
}

/// The pid of the process this one was started by; `None`: there is no such process.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after = stat.rsplit_once(')')?.1;
    after.split_whitespace().nth(1)?.parse().ok()
}

/// Every child of the daemon, zombies too.
fn children(daemon: &Daemon) -> Vec<i32> {
    let all = fs::read_dir("/proc").expect("/proc");
    let pids = all.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| parent(pid) == Some(daemon.pid()))
        .collect()
}

fn entries(daemon: &Daemon, what: &str) -> usize {
    let path = format!("/proc/{}/{what}", daemon.pid());
    fs::read_dir(path).expect("the daemon").count()
}

struct Soak<'a> {
    daemon: &'a Daemon,
    client: Client,
    dice: Dice,
    number: usize,
    done: &'a AtomicU64,
}

impl Soak<'_> {
    /// Faults are answers like others; that there is an answer is the promise. Only a restart of
    /// the daemon may break a connection.
    fn ask(&mut self, method: &str, arguments: &[Value]) -> Option<Value> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let answer = self.client.call(&format!("supervisor.{method}"), arguments);
            match answer {
                Ok(value) => return Some(value),
                Err(CallError::Fault(_)) => return None,
                Err(error) => {
                    let restarts = self.daemon.text("main.log").contains("restart request");
                    assert!(restarts && Instant::now() < patience, "{method}: {error}");
                    self.client = self.daemon.client();
                }
            }
        }
    }

    fn pid(&mut self, name: &str) -> Option<i32> {
        let info = self.ask("getProcessInfo", &[Value::from(name)])?;
        let pid = info.get("pid").and_then(Value::as_int)?;
        i32::try_from(pid).ok().filter(|&pid| pid > 1)
    }

    /// What was stopped is gone when the answer comes.
    fn stop(&mut self, name: &str) {
        let pid = self.pid(name);
        let stopped = self.ask("stopProcess", &[Value::from(name), true.into()]);
        if let (Some(pid), Some(_)) = (pid, stopped) {
            let left = parent(pid) == Some(self.daemon.pid());
            assert!(!left, "{name} was stopped, and its pid {pid} is there");
        }
    }

    fn one(&mut self) {
        let kind = self.dice.pick(&KINDS);
        let name = format!("{kind}{}", self.number);
        let named = Value::from(name.as_str());
        let wait = Value::from(self.dice.below(2) == 0);
        match self.dice.below(16) {
            0..=3 => drop(self.ask("startProcess", &[named, wait])),
            4..=5 => self.stop(&name),
            6 => drop(self.ask("stopProcess", &[named, false.into()])),
            7 => {
                let signal = self.dice.pick(&["TERM", "HUP", "USR1", "KILL"]);
                self.ask("signalProcess", &[named, signal.into()]);
            }
            8..=9 => {
                // only if it is a child of this daemon still
                if let Some(pid) = self.pid(&name)
                    && parent(pid) == Some(self.daemon.pid())
                {
                    kill_quietly(pid);
                }
            }
            10 => drop(self.ask("addProcessGroup", &[named])),
            11 => drop(self.ask("removeProcessGroup", &[named])),
            12 => drop(self.ask("updateProcessGroup", &[named])),
            13 => drop(self.ask("clearProcessLogs", &[named])),
            14 => drop(self.ask("tailProcessStdoutLog", &[named, 0.into(), 1000.into()])),
            _ => drop(self.ask("getAllProcessInfo", &[])),
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// A new configuration, and whatever of it is different.
    fn reconfigure(&mut self) {
        if self.dice.below(10) == 0 {
            self.daemon.signal(libc::SIGHUP);
            return;
        }
        let text = programs(&mut self.dice);
        self.daemon.setup().configure("", &text);
        let changes = self.ask("reloadConfig", &[]);
        let lists = changes.as_ref().and_then(Value::as_array).into_iter();
        let groups = lists
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_array)
            .flatten();
        let names: Vec<Value> = groups.cloned().collect();
        for name in names {
            if self.dice.below(2) == 0 {
                self.ask("updateProcessGroup", &[name]);
            }
        }
    }
}

/// It may be gone already.
fn kill_quietly(pid: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
}

/// Stop everything and wait until it is.
fn calm(daemon: &Daemon) {
    let stop = || daemon.try_call("supervisor.stopAllProcesses", &[true.into()]);
    // a restart that is under way may start some again
    wait_until("every child to end", || {
        stop().is_ok() && children(daemon).is_empty()
    });
}

#[test]
fn the_promises_hold_whatever_happens() {
    let wish = std::env::var("VISORD_SOAK").unwrap_or_default();
    let mut wish = wish.split(',').map(|it| it.parse::<u64>().ok());
    let time = Duration::from_secs(wish.next().flatten().unwrap_or(6));
    let seed = wish.next().flatten().unwrap_or(0x5eed);
    let setup = Setup::new();
    let folder = setup.path("x").with_file_name("");
    let script = CHILD.replace("@DIR@", &folder.display().to_string());
    fs::write(setup.path("child.sh"), script).expect("write the script");
    let mut dice = Dice(seed | 1);
    setup.configure("", &programs(&mut dice));
    let daemon = setup.start();
    // everything the daemon makes once is made
    daemon.call("supervisor.startAllProcesses", &[true.into()]);
    calm(&daemon);
    let (descriptors, threads) = (entries(&daemon, "fd"), entries(&daemon, "task"));
    let done = AtomicU64::new(0);
    let end = Instant::now() + time;
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let mut soak = Soak {
                daemon: &daemon,
                client: daemon.client(),
                dice: Dice(dice.below(u64::MAX) | 1),
                number,
                done: &done,
            };
            scope.spawn(move || {
                while Instant::now() < end {
                    soak.one();
                    if number == 0 && soak.dice.below(40) == 0 {
                        soak.reconfigure();
                    }
                }
            });
        }
    });
    calm(&daemon);
    assert_eq!(daemon.text("complaints"), "", "seed {seed}");
    // connections that rest and threads that wait for work are given up after a while
    let (fds, tasks) = (descriptors + 8, threads + 8);
    wait_until("descriptors to be closed", || entries(&daemon, "fd") <= fds);
    wait_until("threads to end", || entries(&daemon, "task") <= tasks);
    let log = daemon.text("main.log");
    assert!(!log.contains("panicked"), "seed {seed}");
    eprintln!(
        "{} operations, {} starts; descriptors {descriptors} -> {}, threads {threads} -> {}",
        done.into_inner(),
        log.matches("INFO spawned: ").count(),
        entries(&daemon, "fd"),
        entries(&daemon, "task"),
    );
    kill(daemon.pid(), libc::SIGTERM);
    let mut daemon = daemon;
    assert!(daemon.ended().success());
}
