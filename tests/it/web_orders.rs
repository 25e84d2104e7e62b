//! Orders of the processes page, given to a real daemon: for some processes, a group, all.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::harness::{Daemon, PATIENCE, wait_until};

const PROGRAMS: &str = "[group:g]\nprograms=a,b\n\
    [program:a]\ncommand=/bin/cat\nautostart=false\nautorestart=false\nstartsecs=0\n\
    [program:b]\ncommand=/bin/cat\nautostart=false\nautorestart=false\nstartsecs=0\n\
    [program:c]\ncommand=/bin/sh -c \"echo hello; exec cat\"\nautostart=false\nstartsecs=0\n\
    stdout_logfile=@DIR@/c.log\n\
    [program:broken]\ncommand=/nonexistent/broken\nautostart=false\nstartretries=0\n\
    [program:brief]\ncommand=/bin/sh -c \"exit 3\"\nautostart=false\nstartretries=0\n";

/// Post a form as a script does: status and report.
fn order(daemon: &Daemon, form: &str) -> (u16, String) {
    let mut stream = UnixStream::connect(daemon.path("s.sock")).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).expect("to send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer[9..12].parse().expect("a status");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    (status, body.to_owned())
}

fn states(daemon: &Daemon) -> String {
    let state = |name: &&str| daemon.state(name);
    let states: Vec<String> = ["g:a", "g:b", "c", "broken"].iter().map(state).collect();
    states.join(" ")
}

#[test]
fn for_some_for_a_group_and_for_all() {
    let daemon = Daemon::with("", PROGRAMS);
    let ok = |text: &str| (200, text.to_owned());
    let failed = |text: &str| (409, text.to_owned());
    assert_eq!(
        order(&daemon, "selected=start&pick=c&pick=g:a"),
        ok("Started 2 programs: c, g:a.")
    );
    assert_eq!(states(&daemon), "RUNNING STOPPED RUNNING STOPPED");
    let before = daemon.child_pid("c");
    assert_eq!(
        order(&daemon, "selected=restart&pick=g:*&confirmed=yes"),
        ok("Restarted 2 programs: g:a, g:b.")
    );
    assert_eq!(states(&daemon), "RUNNING RUNNING RUNNING STOPPED");
    assert_eq!(daemon.child_pid("c"), before, "c was not meant");
    assert_eq!(
        order(&daemon, "all=start"),
        failed(
            "Could not start brief: Exited too quickly (process log may have details).\n\
             Could not start broken: can't find command '/nonexistent/broken'.\n\
             Already running: 3 programs: c, g:a, g:b."
        )
    );
    assert_eq!(
        order(&daemon, "group=signal g&which=term&confirmed=yes"),
        ok("Sent SIGTERM to 2 programs: g:a, g:b.")
    );
    daemon.wait_state("g:a", "EXITED");
    daemon.wait_state("g:b", "EXITED");
    assert_eq!(
        order(&daemon, "all=stop&confirmed=yes"),
        ok("Stopped c.\nNot running: 4 programs: brief, broken, g:a, g:b.")
    );
    assert_eq!(states(&daemon), "EXITED EXITED STOPPED STOPPED");
    assert_eq!(
        order(&daemon, "stop=gone"),
        failed("Could not stop gone: there is no such program.")
    );
}

#[test]
fn logs_of_some_are_cleared() {
    let daemon = Daemon::with("", PROGRAMS);
    order(&daemon, "start=c");
    wait_until("c to have written", || daemon.text("c.log") == "hello\n");
    let asked_back = order(&daemon, "selected=clearlog&pick=c&pick=g:a");
    assert!(
        asked_back
            .1
            .contains("<h1>Clear the logs of 2 selected programs?</h1>")
    );
    assert_eq!(daemon.text("c.log"), "hello\n");
    let (status, report) = order(&daemon, "selected=clearlog&pick=c&pick=g:a&confirmed=yes");
    assert_eq!(
        (status, report.as_str()),
        (200, "Cleared the logs of 2 programs: c, g:a.")
    );
    assert_eq!(fs::read(daemon.path("c.log")).expect("the log"), b"");
}
