//! Random pairs of configurations: a process whose settings are equal before and after an
//! update keeps its pid, every other one has another pid or is gone, and what is to start by
//! itself runs at the end.
//!
//! What a process's settings are is computed here from the values that were written into the
//! file, not by the code under test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, is_alive, summary, wait_until};

/// Another one finds other cases; a failure prints it.
const SEED: [u8; 32] = *b"visord keeps pids it may keep...";

/// Pairs of configurations, each the successor of the last one.
const PAIRS: usize = 100;

/// Where stdout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    Auto,
    None,
    File,
}

/// What a section says, `None`: nothing.
#[derive(Clone, Debug)]
struct Section {
    numprocs: usize,
    /// Whether the command names the process number: then `sleep` differs from one to another.
    numbered: bool,
    autostart: bool,
    priority: Option<u8>,
    signal: Option<&'static str>,
    directory: bool,
    umask: bool,
    environment: Option<u8>,
    log: Log,
}

/// A configuration; each kind of section has names of its own.
#[derive(Clone, Debug)]
struct Written {
    environment: bool,
    programs: BTreeMap<&'static str, Section>,
    /// `[group:g]`: which programs, in which order, and its priority.
    group: Option<(Vec<&'static str>, u8)>,
    listener: Option<(Section, &'static str, u8)>,
    fastcgi: Option<(Section, &'static str)>,
}

/// Everything about a process that an update compares.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settings {
    text: String,
    log: Log,
}

/// By namespec.
type Processes = BTreeMap<String, (Settings, bool)>;

fn log() -> impl Strategy<Value = Log> {
    select(vec![Log::Auto, Log::Auto, Log::None, Log::File])
}

fn section() -> impl Strategy<Value = Section> {
    let often = |value| prop::option::weighted(0.2, value);
    (
        1..4_usize,
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.7),
        often(1..3_u8),
        prop::option::weighted(0.2, select(vec!["INT", "KILL"])),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        often(1..3_u8),
        log(),
    )
        .prop_map(|it| Section {
            numprocs: it.0,
            numbered: it.1,
            autostart: it.2,
            priority: it.3,
            signal: it.4,
            directory: it.5,
            umask: it.6,
            environment: it.7,
            log: it.8,
        })
}

/// The next configuration: most of it as before, so that there is something to keep.
fn next(before: Written) -> impl Strategy<Value = Written> {
    let kept = |old: Option<Section>| {
        prop_oneof![
            6 => Just(old.clone()),
            1 => Just(None),
            2 => section().prop_map(Some),
            // the same with more or fewer processes, or another log
            2 => (1..4_usize, log()).prop_map(move |(numprocs, log)| {
                old.clone().map(|old| Section { numprocs, log, ..old })
            }),
        ]
    };
    let program = |name| kept(before.programs.get(name).cloned());
    let listener = before.listener.clone();
    let events = prop_oneof![
        4 => Just(listener.as_ref().map_or("TICK_60", |it| it.1)),
        1 => select(vec!["TICK_60", "TICK_3600", "PROCESS_GROUP"]),
    ];
    let buffer = prop_oneof![4 => Just(listener.as_ref().map_or(10, |it| it.2)), 1 => 10..12_u8];
    let fastcgi = before.fastcgi.clone();
    let socket = prop_oneof![
        4 => Just(fastcgi.as_ref().map_or("f.sock", |it| it.1)),
        1 => select(vec!["f.sock", "g.sock"]),
    ];
    let group = prop_oneof![
        3 => Just(before.group.clone()),
        1 => Just(None),
        2 => (subsequence(vec!["a", "b", "c"], 1..3).prop_shuffle(), 1..3_u8).prop_map(Some),
    ];
    let environment = prop_oneof![9 => Just(before.environment), 1 => any::<bool>()];
    (
        (program("a"), program("b"), program("c"), program("d")),
        group,
        (kept(listener.map(|it| it.0)), events, buffer),
        (kept(fastcgi.map(|it| it.0)), socket),
        environment,
    )
        .prop_map(|(programs, group, listener, fastcgi, environment)| {
            let (a, b, c, d) = programs;
            let programs = [("a", a), ("b", b), ("c", c), ("d", d)];
            let programs: BTreeMap<_, _> = programs
                .into_iter()
                .filter_map(|(name, section)| Some((name, section?)))
                .collect();
            let group = group.and_then(|(mut names, priority)| {
                names.retain(|name| programs.contains_key(name));
                (!names.is_empty()).then_some((names, priority))
            });
            let (listener, events, buffer) = listener;
            let (fastcgi, socket) = fastcgi;
            Written {
                environment,
                programs,
                group,
                listener: listener.map(|section| (section, events, buffer)),
                fastcgi: fastcgi.map(|section| (section, socket)),
            }
        })
}

impl Section {
    fn command(&self, number: Option<usize>) -> String {
        let of_process = || number.map_or("%(process_num)d".to_owned(), |n| n.to_string());
        let seconds = if self.numbered {
            of_process()
        } else {
            "9".to_owned()
        };
        format!("/bin/sleep 100{seconds}")
    }

    /// The lines of the section, and what they come to for one process.
    fn lines(&self, number: Option<usize>) -> String {
        let mut text = format!("command={}\nstartsecs=0\n", self.command(number));
        let mut set = |key: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{key}={value}").expect("a string");
        };
        set("autostart", &self.autostart);
        self.priority.iter().for_each(|it| set("priority", it));
        self.signal.iter().for_each(|it| set("stopsignal", it));
        if self.directory {
            set("directory", &"/tmp");
        }
        if self.umask {
            set("umask", &"027");
        }
        if let Some(value) = &self.environment {
            set("environment", &format!("A=\"{value}\""));
        }
        text
    }

    fn written(&self, header: &str, more: &str) -> String {
        let log = match self.log {
            Log::Auto => "AUTO",
            Log::None => "NONE",
            Log::File => "@DIR@/%(program_name)s_%(process_num)d.log",
        };
        format!(
            "[{header}]\nprocess_name=%(program_name)s_%(process_num)d\nnumprocs={}\n\
             stdout_logfile={log}\n{more}{}",
            self.numprocs,
            self.lines(None)
        )
    }

    /// Its processes in this group. `more`: what else belongs to their settings.
    fn processes(&self, name: &str, group: &str, more: &str, all: &mut Processes) {
        for number in 0..self.numprocs {
            let settings = Settings {
                text: format!("{more}{}", self.lines(Some(number))),
                log: self.log,
            };
            let name = format!("{group}:{name}_{number}");
            all.insert(name, (settings, self.autostart));
        }
    }
}

impl Written {
    fn empty() -> Self {
        Self {
            environment: false,
            programs: BTreeMap::new(),
            group: None,
            listener: None,
            fastcgi: None,
        }
    }

    fn configure(&self, setup: &Setup) {
        let mut text = String::new();
        for (name, section) in &self.programs {
            text.push_str(&section.written(&format!("program:{name}"), ""));
        }
        if let Some((names, priority)) = &self.group {
            let names = names.join(",");
            text.push_str(&format!(
                "[group:g]\nprograms={names}\npriority={priority}\n"
            ));
        }
        if let Some((section, events, buffer)) = &self.listener {
            let more = format!("events={events}\nbuffer_size={buffer}\n");
            text.push_str(&section.written("eventlistener:l", &more));
        }
        if let Some((section, socket)) = &self.fastcgi {
            let more = format!("socket=unix://@DIR@/{socket}\n");
            text.push_str(&section.written("fcgi-program:f", &more));
        }
        let environment = if self.environment {
            "environment=B=\"1\""
        } else {
            ""
        };
        setup.configure(environment, &text);
    }

    fn processes(&self) -> Processes {
        let mut all = Processes::new();
        let (members, _) = self.group.clone().unwrap_or_default();
        let daemon = format!("{}\n", self.environment);
        for (name, section) in &self.programs {
            let group = if members.contains(name) { "g" } else { name };
            section.processes(name, group, &daemon, &mut all);
        }
        if let Some((section, events, buffer)) = &self.listener {
            let more = format!("{daemon}{events} {buffer}\n");
            section.processes("l", "l", &more, &mut all);
        }
        if let Some((section, socket)) = &self.fastcgi {
            section.processes("f", "f", &format!("{daemon}{socket}\n"), &mut all);
        }
        all
    }
}

/// Whether an update leaves a process alone: a log that becomes AUTO is no change (G8).
fn is_equal(running: &Settings, new: &Settings) -> bool {
    running.text == new.text && (running.log == new.log || new.log == Log::Auto)
}

fn pids(daemon: &Daemon) -> BTreeMap<String, i32> {
    let all = daemon.call("supervisor.getAllProcessInfo", &[]);
    let text = |info: &Value, key: &str| {
        let value = info.get(key).and_then(Value::as_str);
        value.expect("a text").to_owned()
    };
    let infos = all.as_array().expect("a list").iter();
    infos
        .map(|info| {
            let name = format!("{}:{}", text(info, "group"), text(info, "name"));
            let pid = info.get("pid").and_then(Value::as_int).expect("a pid");
            (name, i32::try_from(pid).expect("a pid"))
        })
        .collect()
}

/// The line of the dry run, as supervisorctl spells names.
fn expected_line(name: &str, runs: bool, stays: bool, starts: bool) -> Option<String> {
    let what = match (runs && !stays, starts && !stays) {
        (true, true) => "restarted",
        (true, false) => "stopped",
        (false, true) => "started",
        (false, false) => return None,
    };
    Some(format!("{name}: would be {what}"))
}

/// From one configuration to the next, which the file says already.
struct Step<'a> {
    daemon: &'a Daemon,
    running: &'a Processes,
    new: &'a Processes,
    /// Before the update.
    pids: BTreeMap<String, i32>,
}

impl Step<'_> {
    /// Whether the update does not touch this process.
    fn stays(&self, name: &str) -> bool {
        let pair = self.running.get(name).zip(self.new.get(name));
        pair.is_some_and(|((old, _), (new, _))| is_equal(old, new))
    }

    fn ran(&self, name: &str) -> bool {
        self.pids.get(name).is_some_and(|pid| *pid != 0)
    }

    /// A dry run tells what will happen, and changes nothing.
    fn dry_run(&self) {
        let added = self.new.keys();
        let added = added.filter(|name| !self.running.contains_key(*name));
        let names = self.running.keys().chain(added);
        let mut expected: Vec<String> = names
            .filter_map(|name| {
                let starts = self.new.get(name).is_some_and(|(_, autostart)| *autostart);
                expected_line(name, self.ran(name), self.stays(name), starts)
            })
            .collect();
        expected.sort_unstable();
        let (code, told, _) = summary(&self.daemon.ctl(&["update", "--dry-run"]));
        let mut told: Vec<&str> = told.lines().collect();
        told.sort_unstable();
        let expected = expected.iter().map(String::as_str).collect();
        assert_eq!((code, told), (Some(0), expected));
        assert_eq!(pids(self.daemon), self.pids, "a dry run changes nothing");
    }

    fn update(&self) {
        let (code, out, _) = summary(&self.daemon.ctl(&["update"]));
        assert_eq!(code, Some(0), "{out}");
        let must_run = |name: &str, autostart: bool| {
            if self.stays(name) {
                self.ran(name)
            } else {
                autostart
            }
        };
        wait_until("what starts by itself to run", || {
            let now = pids(self.daemon);
            self.new.iter().all(|(name, (_, auto))| {
                !must_run(name, *auto) || now.get(name).is_some_and(|p| *p != 0)
            })
        });
    }

    /// What is equal was left alone, everything else was replaced.
    fn check(&self) {
        let after = pids(self.daemon);
        assert!(after.keys().eq(self.new.keys()), "{after:?}");
        for (name, (_, autostart)) in self.new {
            let (old, pid) = (self.pids.get(name), after[name]);
            if self.stays(name) {
                assert_eq!(old, Some(&pid), "{name} was to be left alone");
            } else {
                assert!(pid == 0 || old != Some(&pid), "{name} was to be replaced");
                assert_eq!(pid != 0, *autostart, "{name}");
            }
            assert!(pid == 0 || is_alive(pid), "{name}");
        }
        let stopped = self.pids.iter().filter(|(name, _)| !self.stays(name));
        for (name, pid) in stopped.filter(|(_, pid)| **pid != 0) {
            assert!(!is_alive(*pid), "{name} ({pid}) was to be stopped");
        }
        let (code, out, _) = summary(&self.daemon.ctl(&["reread"]));
        let nothing = "No config updates to processes\n";
        assert_eq!((code, out.as_str()), (Some(0), nothing), "after the update");
    }

    /// What runs now: what was left alone keeps the log it has.
    fn result(&self) -> Processes {
        let of = |(name, (settings, autostart)): (&String, &(Settings, bool))| {
            let old = self.running.get(name).filter(|_| self.stays(name));
            let settings = old.map_or(settings, |(old, _)| old).clone();
            (name.clone(), (settings, *autostart))
        };
        self.new.iter().map(of).collect()
    }
}

/// Go from one configuration to the next, which the file says already; what runs afterwards.
fn update(daemon: &Daemon, running: &Processes, new: &Processes) -> Processes {
    let step = Step {
        daemon,
        running,
        new,
        pids: pids(daemon),
    };
    assert!(step.pids.keys().eq(running.keys()), "{:?}", step.pids);
    step.dry_run();
    step.update();
    step.check();
    step.result()
}

#[test]
fn what_is_equal_keeps_its_pid() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut written = Written::empty();
    let setup = Setup::new();
    written.configure(&setup);
    let daemon = setup.start();
    let mut running = Processes::new();
    let (mut kept, mut made) = (0, 0);
    for pair in 0..PAIRS {
        let tree = next(written.clone())
            .new_tree(&mut runner)
            .expect("a value");
        let new = tree.current();
        new.configure(daemon.setup());
        let before = pids(&daemon);
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            update(&daemon, &running, &new.processes())
        }));
        running = checked.unwrap_or_else(|panic| {
            eprintln!("seed {SEED:?}, pair {pair}\nfrom {written:#?}\nto {new:#?}");
            std::panic::resume_unwind(panic)
        });
        let after = pids(&daemon);
        kept += after
            .iter()
            .filter(|(name, pid)| before.get(*name) == Some(pid))
            .count();
        made += after
            .iter()
            .filter(|(name, pid)| before.get(*name) != Some(pid))
            .count();
        // some that do not start by themselves run, too
        for (name, (_, autostart)) in running.iter().step_by(2) {
            if !autostart && after[name] == 0 {
                daemon.call("supervisor.startProcess", &[Value::from(name.as_str())]);
            }
        }
        written = new;
    }
    assert!(
        kept > PAIRS && made > PAIRS,
        "{kept} kept, {made} made: no test of anything"
    );
}
