//! Idle costs nothing.

use crate::harness::{Daemon, wait_until, waits_for_events};
use crate::live::Stream;

fn comes_to_rest(daemon: &Daemon) {
    let pid = daemon.pid();
    let what = "a daemon that waits for nothing but events";
    wait_until(what, || waits_for_events(pid));
}

const PROGRAM: &str = "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\n";

#[test]
fn nothing_wakes_a_daemon_that_has_nothing_to_do() {
    let daemon = Daemon::with("", PROGRAM);
    daemon.wait_state("x", "RUNNING");
    comes_to_rest(&daemon);
}

/// The use of resources is sampled every two seconds, but only while a client watches it.
#[test]
fn viewers_that_left_leave_nothing_behind() {
    let daemon = Daemon::with("", PROGRAM);
    daemon.wait_state("x", "RUNNING");
    let socket = daemon.path("s.sock");
    let mut viewer = Stream::open(&socket, "?topics=state,usage,event");
    while viewer.next().expect("a message").event() != "usage" {}
    drop(viewer);
    comes_to_rest(&daemon);
    let threads = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("threads");
    for thread in threads {
        let name = thread.expect("a thread").path().join("comm");
        // one that ended meanwhile is not the one that is looked for
        let name = std::fs::read_to_string(name).unwrap_or_default();
        assert_ne!(name.trim(), "usage");
    }
}
