//! `supervisorctl tail` of several programs, against our daemon and the original's.

use std::fs;

use crate::harness::{Daemon, Setup, summary, wait_until};
use crate::screen::{INTERRUPT, Screen};

const PROGRAMS: &str = "\
[program:echo-a]
command=/bin/cat
startsecs=0
stdout_logfile=@DIR@/echo-a.log
[program:echo-long]
command=/bin/cat
startsecs=0
stdout_logfile=@DIR@/echo-long.log
[program:errs]
command=/bin/sh -c 'while read l; do echo \"$l\" >&2; done'
startsecs=0
stdout_logfile=@DIR@/errs.log
stderr_logfile=@DIR@/errs.err
[program:silent]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
redirect_stderr=true
[group:g]
programs=one,two
[program:one]
command=/bin/cat
startsecs=0
stdout_logfile=@DIR@/one.log
[program:two]
command=/bin/cat
startsecs=0
stdout_logfile=@DIR@/two.log
";

const ALL: [&str; 6] = ["echo-a", "echo-long", "errs", "silent", "g:one", "g:two"];

/// Our daemon, and the original's if it is installed.
fn daemons() -> impl Iterator<Item = Daemon> {
    Setup::with_each_daemon().map(|setup| {
        setup.configure("", PROGRAMS);
        let daemon = setup.start();
        for name in ALL {
            daemon.wait_state(name, "RUNNING");
        }
        daemon
    })
}

/// Have a program write something, and wait until it is in the log.
fn write(daemon: &Daemon, name: &str, log: &str, text: &str) {
    let arguments = [name.into(), text.into()];
    daemon.call("supervisor.sendProcessStdin", &arguments);
    wait_until("what was written", || daemon.text(log).ends_with(text));
}

#[test]
fn the_ends_of_several_logs() {
    for daemon in daemons() {
        write(&daemon, "echo-a", "echo-a.log", "one\ntwo\nthree\n");
        write(&daemon, "echo-long", "echo-long.log", "x\n\ny");
        write(&daemon, "errs", "errs.err", "oh\n");
        write(&daemon, "g:one", "one.log", "1\n");
        write(&daemon, "g:two", "two.log", "2\n");
        let echoes = "echo-a    | one\necho-a    | two\necho-a    | three\n\
                      echo-long | x\necho-long | \necho-long | y\n";
        for (words, code, out) in [
            (&["echo-*"][..], 0, echoes),
            (&["echo-a", "echo-long"], 0, echoes),
            (
                &["echo-long", "g:*", "-n", "1"],
                0,
                "echo-long | y\ng:one     | 1\ng:two     | 2\n",
            ),
            (&["g:*"], 0, "g:one | 1\ng:two | 2\n"),
            (
                &["-4", "echo-a", "errs", "both"],
                0,
                "echo-a | ree\nerrs   ! oh\n",
            ),
            (&["errs", "both"], 0, "errs ! oh\n"),
            (&["errs", "echo-a", "STDERR"], 0, "errs   ! oh\n"),
            (&["-n", "2", "echo-a"], 0, "two\nthree\n"),
            (&["-n", "9", "echo-a"], 0, "one\ntwo\nthree\n"),
            (&["silent", "both"], 1, "silent: ERROR (no log file)\n"),
            (
                &["echo-a*", "no*"],
                1,
                "no*: ERROR (no such process)\necho-a | one\n",
            ),
            (
                &["-f", "-n", "2", "errs"],
                1,
                "Error: -n and -f do not go together\n",
            ),
            // what the original understands means what it means there
            (&["-6", "echo-a"], 0, "three\n\n"),
            (&["echo-a", "nope"], 1, "Error: bad channel 'nope'\n"),
            (&["echo-a", "nope", "stderr"], 0, "\n"),
            (
                &["-f", "echo-a", "nope", "more"],
                1,
                "Error: too many arguments\n",
            ),
        ] {
            let (found, text, err) = summary(&daemon.ctl(&[&["tail"], words].concat()));
            assert_eq!((found, err.as_str()), (Some(code), ""), "{words:?}");
            assert!(text.starts_with(out), "{words:?}: {text}");
            if code == 0 {
                assert_eq!(text, out, "{words:?}");
            }
        }
    }
}

#[test]
fn more_lines_than_one_look_brings() {
    let daemon = daemons().next().expect("ours");
    let lines: Vec<String> = (0..5000).map(|n| format!("line {n:04}")).collect();
    fs::write(daemon.path("echo-a.log"), lines.join("\n") + "\n").expect("a log");
    let (code, out, _) = summary(&daemon.ctl(&["tail", "-n", "4000", "echo-a"]));
    assert_eq!(code, Some(0));
    assert_eq!(out, lines[1000..].join("\n") + "\n");
}

#[test]
fn several_logs_as_they_grow() {
    for daemon in daemons() {
        write(&daemon, "echo-a", "echo-a.log", "before\n");
        let words = ["tail", "-f", "echo-*", "errs", "both"];
        let mut screen = Screen::open(&daemon, "dumb", &words);
        screen.expect("==> Press Ctrl-C to exit <==");
        screen.expect("echo-a    | before\r\n");
        // lines stay whole whatever else writes meanwhile
        write(&daemon, "echo-a", "echo-a.log", "begin");
        write(&daemon, "echo-long", "echo-long.log", "between\n");
        screen.expect("echo-long | between\r\n");
        write(&daemon, "errs", "errs.err", "oh\n");
        screen.expect("errs      ! oh\r\n");
        write(&daemon, "echo-a", "echo-a.log", " and end\n");
        screen.expect("echo-a    | begin and end\r\n");
        // the end of one is told
        let (code, ..) = summary(&daemon.ctl(&["stop", "echo-long"]));
        assert_eq!(code, Some(0));
        screen.expect("==> echo-long is STOPPED");
        screen.keys(INTERRUPT);
        assert_eq!(screen.code(), Some(0));
    }
}

#[test]
fn a_daemon_that_restarts() {
    for daemon in daemons() {
        write(&daemon, "echo-a", "echo-a.log", "before\n");
        let mut screen = Screen::open(&daemon, "dumb", &["tail", "-f", "echo-a*"]);
        screen.expect("echo-a | before\r\n");
        let (code, ..) = summary(&daemon.ctl(&["reload"]));
        assert_eq!(code, Some(0));
        screen.expect("s.sock has gone, waiting for it <==");
        screen.expect("==> connected to unix://");
        let wait = ["wait", "echo-a", "--timeout", "60"];
        assert_eq!(summary(&daemon.ctl(&wait)).0, Some(0));
        write(&daemon, "echo-a", "echo-a.log", "after\n");
        let shown = screen.expect("echo-a | after\r\n");
        assert!(!shown.contains("before"), "shown twice: {shown}");
        screen.keys(INTERRUPT);
        assert_eq!(screen.code(), Some(0));
    }
}

#[test]
fn names_have_colours_on_a_terminal() {
    let daemon = daemons().next().expect("ours");
    write(&daemon, "echo-a", "echo-a.log", "x\n");
    let mut screen = Screen::open(&daemon, "xterm", &["tail", "echo-a", "g:one"]);
    screen.expect("\x1b[36mecho-a |\x1b[0m x\r\n");
    assert_eq!(screen.code(), Some(0));
}

/// A program that is followed gets another log.
#[test]
fn another_log_is_followed() {
    let daemon = daemons().next().expect("ours");
    let mut screen = Screen::open(&daemon, "dumb", &["tail", "-f", "echo-*"]);
    screen.expect("==> Press Ctrl-C to exit <==");
    write(&daemon, "echo-a", "echo-a.log", "before\n");
    screen.expect("echo-a    | before\r\n");
    let changed = PROGRAMS.replace("echo-a.log", "other.log");
    daemon.setup().configure("", &changed);
    let updated = daemon.ctl(&["update"]);
    assert!(updated.status.success(), "{updated:?}");
    daemon.wait_state("echo-a", "RUNNING");
    write(&daemon, "echo-a", "other.log", "after\n");
    screen.expect("echo-a    | after\r\n");
    screen.keys(INTERRUPT);
}
