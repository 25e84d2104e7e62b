//! Idle costs nothing.

use std::time::Duration;

use crate::harness::Daemon;
use crate::live::Stream;

/// Voluntary context switches of every thread of a process.
fn switches(pid: i32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    tasks
        .filter_map(|task| {
            // a thread may end meanwhile
            let status = task.ok()?.path().join("status");
            let status = std::fs::read_to_string(status).ok()?;
            let line = status
                .lines()
                .find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
            line?.trim().parse::<u64>().ok()
        })
        .sum()
}

/// Wait until three seconds pass in which nothing wakes it; a wake-up every second shows.
fn comes_to_rest(daemon: &Daemon) {
    let mut before = switches(daemon.pid());
    let mut quiet = 0;
    for _ in 0..30 {
        std::thread::sleep(Duration::from_secs(1));
        let now = switches(daemon.pid());
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
        if quiet == 3 {
            return;
        }
    }
    panic!("the daemon never came to rest");
}

const PROGRAM: &str = "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\n";

/// The 30 seconds are measured by hand.
#[test]
fn nothing_wakes_a_daemon_that_has_nothing_to_do() {
    let daemon = Daemon::with("", PROGRAM);
    daemon.wait_state("x", "RUNNING");
    comes_to_rest(&daemon);
}

/// While somebody watches the use of resources it is sampled every two seconds; then no more.
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
