//! Idle costs nothing.

use std::time::Duration;

use crate::harness::Daemon;

/// Voluntary context switches of every thread of a process.
fn switches(pid: i32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.expect("a thread").path().join("status"));
            let status = status.expect("its status");
            let line = status
                .lines()
                .find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
            line.and_then(|n| n.trim().parse::<u64>().ok())
                .expect("a number")
        })
        .sum()
}

/// The 30 seconds are measured by hand; a wake-up every second shows in three.
#[test]
fn nothing_wakes_a_daemon_that_has_nothing_to_do() {
    let daemon = Daemon::with("", "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\n");
    daemon.wait_state("x", "RUNNING");
    // what the start itself still has under way ends before its first quiet second
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
