//! `supervisorctl status --long` and `--watch`, against our daemon and the original's.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Daemon, Setup, kill, summary, wait_until};
use crate::screen::{END, INTERRUPT, PROMPT, Screen};

const PROGRAMS: &str = "\
[program:web-1]
command=/bin/cat
startsecs=0
[program:tree]
command=/bin/sh -c 'sleep 1000 & wait'
startsecs=0
stopasgroup=true
[program:done]
command=/bin/sh -c 'exit 3'
autorestart=false
startsecs=0
[program:manual]
command=/bin/cat
autostart=false
startsecs=0
";

/// What the terminal is told to go to another screen, and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

fn start(setup: Setup) -> Daemon {
    setup.configure("", PROGRAMS);
    let daemon = setup.start();
    for (name, state) in [
        ("web-1", "RUNNING"),
        ("tree", "RUNNING"),
        ("done", "EXITED"),
    ] {
        daemon.wait_state(name, state);
    }
    daemon
}

/// Our daemon, and the original's if it is installed.
fn daemons() -> impl Iterator<Item = Daemon> {
    Setup::with_each_daemon().map(start)
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).expect("a document")
}

#[test]
fn everything_that_our_daemon_knows() {
    let daemon = start(Setup::new());
    kill(daemon.child_pid("web-1"), libc::SIGKILL);
    wait_until("the restart", || {
        let (_, out, _) = summary(&daemon.ctl(&["--json", "status", "-l", "web-1"]));
        document(&out)["result"][0]["restarts"] == 1
    });
    daemon.wait_state("web-1", "RUNNING");
    let (code, out, err) = summary(&daemon.ctl(&["status", "--long"]));
    assert_eq!((code, err.as_str()), (Some(3), ""));
    let lines: Vec<Vec<&str>> = out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let head = "NAME STATE PID UPTIME CPU MEMORY RESTARTS LAST EXIT";
    assert_eq!(lines[0].join(" "), head);
    let names: Vec<&str> = lines[1..].iter().map(|words| words[0]).collect();
    assert_eq!(names, ["done", "manual", "tree", "web-1"]);
    assert_eq!(
        lines[1][1..11].join(" "),
        "EXITED - - - - 0 exited with code 3,"
    );
    assert_eq!(lines[2][1..].join(" "), "STOPPED - - - - 0 -");
    let pid = daemon.child_pid("web-1").to_string();
    assert_eq!(lines[4][1..3], ["RUNNING", &pid]);
    assert!(
        lines[4].join(" ").contains(" 1 killed by SIGKILL, "),
        "{out}"
    );

    let (_, out, _) = summary(&daemon.ctl(&["--json", "status", "-l", "tree", "web-1"]));
    let result = &document(&out)["result"];
    let tree = &result[0];
    assert_eq!(tree["processes"], 2, "{tree}");
    assert!(
        tree["rss"].as_i64().is_some_and(|bytes| bytes > 10_000),
        "{tree}"
    );
    assert!(tree["cpu"].as_f64().is_some(), "{tree}");
    assert_eq!(tree["exit_status"], Value::Null);
    assert_eq!(result[1]["exit_signal"], "SIGKILL");
    assert_eq!(result[1]["lost_stdout"], 0);
    // names are chosen as ever
    let (code, out, _) = summary(&daemon.ctl(&["status", "-l", "web-*", "nope"]));
    assert_eq!(code, Some(4));
    assert!(
        out.starts_with("nope: ERROR (no such process)\nNAME "),
        "{out}"
    );
    assert_eq!(out.lines().count(), 3);
}

#[test]
fn what_the_original_knows() {
    let Some(setup) = Setup::original_daemon() else {
        return;
    };
    let daemon = start(setup);
    let (_, out, _) = summary(&daemon.ctl(&["status", "--long"]));
    let words = |line: usize| {
        let line = out.lines().nth(line).unwrap_or_default();
        line.split_whitespace().collect::<Vec<&str>>()
    };
    assert_eq!(
        words(1)[..10].join(" "),
        "done EXITED - - - - - exited with code"
    );
    let pid = daemon.child_pid("web-1").to_string();
    assert_eq!(words(4)[1..3], ["RUNNING", &pid]);
    assert_eq!(words(4)[4..], ["-"; 4]);
    let (_, out, _) = summary(&daemon.ctl(&["--json", "status", "-l", "done"]));
    let done = &document(&out)["result"][0];
    assert_eq!(
        (&done["exit_status"], &done["rss"]),
        (&json!(3), &Value::Null)
    );
}

/// A `status --watch` whose output is read.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(daemon: &Daemon, words: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_supervisorctl"))
            .arg("-c")
            .arg(daemon.path("s.conf"))
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start supervisorctl");
        let output = child.stdout.take().expect("its output");
        let lines = BufReader::new(output).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line").expect("a text")
    }
}

#[test]
fn a_table_for_each_change() {
    for daemon in daemons() {
        let mut watch = Watch::start(&daemon, &["status", "--watch", "0.2", "manual", "web-1"]);
        assert!(watch.line().starts_with("manual   "));
        assert!(watch.line().starts_with("web-1   "));
        assert_eq!(summary(&daemon.ctl(&["start", "manual"])).0, Some(0));
        loop {
            assert_eq!(watch.line(), "");
            let line = watch.line();
            assert!(watch.line().starts_with("web-1   "));
            if line.contains(" RUNNING ") {
                break;
            }
        }
        // its reader is gone
        let Watch { mut child, lines } = watch;
        drop(lines);
        assert_eq!(child.wait().expect("its end").code(), Some(0));
    }
}

#[test]
fn a_document_for_each_change() {
    for daemon in daemons() {
        let mut watch = Watch::start(&daemon, &["--json", "status", "--watch", "manual"]);
        let first = document(&watch.line());
        assert_eq!(first["exit_status"], 3);
        assert_eq!(first["result"][0]["state"], "STOPPED");
        assert_eq!(summary(&daemon.ctl(&["start", "manual"])).0, Some(0));
        let mut last = Value::Null;
        while last["result"][0]["state"] != "RUNNING" {
            last = document(&watch.line());
        }
        assert_eq!(last["exit_status"], 0);
        // it says that the daemon is gone, and that it is back
        assert_eq!(summary(&daemon.ctl(&["reload"])).0, Some(0));
        while last["result"][0]["state"] != "STOPPED" {
            last = document(&watch.line());
        }
        let pid = i32::try_from(watch.child.id()).expect("a pid");
        kill(pid, libc::SIGINT);
        assert_eq!(watch.child.wait().expect("its end").code(), Some(0));
    }
}

#[test]
fn a_screen_that_is_drawn_again() {
    for daemon in daemons() {
        let words = ["status", "--watch", "--long", "manual", "tree"];
        let mut screen = Screen::open(&daemon, "xterm", &words);
        screen.expect(ENTER);
        screen.expect("STOPPED");
        screen.expect("press q to quit");
        assert_eq!(summary(&daemon.ctl(&["start", "manual"])).0, Some(0));
        let shown = screen.expect("manual  \x1b[32mRUNNING\x1b[0m");
        assert!(shown.contains("\x1b[H"), "drawn in the same place");
        screen.expect("(press q to quit)");
        // another width: nothing is wider
        screen.resize(30);
        screen.expect("…");
        screen.expect("\x1b[H");
        let shown = screen.expect("\x1b[H");
        let widest = shown.split("\r\n").map(|line| {
            let plain = ["\x1b[J", "\x1b[K", "\x1b[32m", "\x1b[0m"];
            let line = plain
                .iter()
                .fold(line.to_owned(), |line, code| line.replace(code, ""));
            line.chars().count()
        });
        assert_eq!(widest.max(), Some(30), "{shown:?}");
        screen.keys("x");
        screen.keys("q");
        screen.expect(LEAVE);
        assert_eq!(screen.code(), Some(0));
    }
}

#[test]
fn the_terminal_is_given_back() {
    let daemon = daemons().next().expect("ours");
    // in a shell Ctrl-C leads back to the prompt
    let mut screen = Screen::shell(&daemon, "xterm");
    for key in [INTERRUPT, END, "q"] {
        screen.keys("status --watch\r");
        screen.expect(ENTER);
        screen.expect("(press q to quit)");
        screen.keys(key);
        screen.expect(LEAVE);
        screen.expect(PROMPT);
    }
    screen.keys("version\r");
    screen.expect("4.3.0");
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));

    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let mut screen = Screen::open(&daemon, "xterm", &["status", "-w"]);
        screen.expect("(press q to quit)");
        kill(screen.pid(), signal);
        screen.expect(LEAVE);
        let by_key = (signal == libc::SIGINT).then_some(0);
        assert_eq!(screen.code(), by_key, "{signal}");
    }
    // a terminal that cannot be drawn on gets tables
    let mut screen = Screen::open(&daemon, "dumb", &["status", "-w", "web-1"]);
    screen.expect("web-1  ");
    screen.keys(INTERRUPT);
    assert_eq!(screen.code(), Some(0));
}

#[test]
fn what_cannot_be_watched() {
    let daemon = daemons().next().expect("ours");
    for (words, code, begin) in [
        (
            &["status", "-w", "nope"][..],
            4,
            "nope: ERROR (no such process)\n",
        ),
        (
            &["status", "--watch=x"],
            2,
            "Error: invalid time 'x': expected seconds\n",
        ),
        (
            &["status", "--watch=0"],
            2,
            "Error: --watch needs at least 0.1 seconds\n",
        ),
    ] {
        let (found, out, _) = summary(&daemon.ctl(words));
        assert_eq!(found, Some(code), "{words:?}");
        assert!(out.starts_with(begin), "{words:?}: {out}");
    }
    let nowhere = ["-s", "unix:///nonexistent", "status", "-w"];
    let (code, out, _) = summary(&daemon.setup().ctl_alone(&nowhere, ""));
    assert_eq!(code, Some(4));
    assert_eq!(out, "unix:///nonexistent no such file\n");
}
