//! Start, backoff, fatal, stop, kill, restart, with real children.

use visord_xmlrpc::Value;

use crate::harness::{Daemon, is_alive, kill, wait_until};

#[test]
fn a_killed_program_is_replaced() {
    let daemon = Daemon::with("", "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\n");
    daemon.wait_state("x", "RUNNING");
    let first = daemon.child_pid("x");
    kill(first, libc::SIGKILL);
    wait_until("another pid", || {
        let pid = daemon.child_pid("x");
        pid != 0 && pid != first
    });
    daemon.wait_log("exited: x (terminated by SIGKILL; not expected)");
}

#[test]
fn failing_starts_end_in_fatal() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/false\nstartretries=1\nstartsecs=5\n",
    );
    daemon.wait_state("x", "FATAL");
    let log = daemon.text("main.log");
    assert_eq!(log.matches("spawned: 'x'").count(), 2, "{log}");
    assert!(log.contains("gave up: x entered FATAL state, too many start retries too quickly"));
}

#[test]
fn a_missing_program_is_told_and_retried() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/no/such/program\nstartretries=0\nautostart=false\n",
    );
    let name = [Value::from("x")];
    let fault = daemon
        .try_call("supervisor.startProcess", &name)
        .unwrap_err();
    assert!(
        fault.contains("NO_FILE: can't find command '/no/such/program'"),
        "{fault}"
    );
    assert_eq!(daemon.state("x"), "STOPPED");
}

#[test]
fn a_stubborn_group_is_killed_with_all_its_descendants() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/sh -c \"trap '' TERM; (trap '' TERM; sleep 1000) & \
         echo $! > @DIR@/child; wait; sleep 1000\"\n\
         startsecs=0\nstopwaitsecs=1\nstopasgroup=true\n",
    );
    // the child may run before its pid is known
    daemon.wait_state("x", "RUNNING");
    wait_until("the grandchild", || !daemon.text("child").is_empty());
    let grandchild: i32 = daemon.text("child").trim().parse().expect("a pid");
    let child = daemon.child_pid("x");
    daemon.call("supervisor.stopProcess", &[Value::from("x")]);
    assert_eq!(daemon.state("x"), "STOPPED");
    assert!(!is_alive(child));
    wait_until("the grandchild to be gone", || !is_alive(grandchild));
    daemon.wait_log("killing 'x'");
}

#[test]
fn what_a_child_wrote_is_stored_before_its_exit_is_told() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/sh -c 'head -c 60000 /dev/zero; echo end'\nautostart=false\n\
         startsecs=0\nautorestart=false\nstdout_logfile=@DIR@/x.log\nredirect_stderr=true\n",
    );
    for round in 1..=10 {
        daemon.call("supervisor.startProcess", &[Value::from("x")]);
        daemon.wait_state("x", "EXITED");
        let size = std::fs::metadata(daemon.path("x.log"))
            .expect("the log")
            .len();
        assert_eq!(size, round * 60_004);
    }
}

#[test]
fn a_start_during_a_stop_follows_it() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/sh -c \"trap 'sleep 0.3; exit' TERM; while :; do sleep 0.05; done\"\n\
         startsecs=0\n",
    );
    daemon.wait_state("x", "RUNNING");
    let first = daemon.child_pid("x");
    daemon.call(
        "supervisor.stopProcess",
        &[Value::from("x"), Value::Bool(false)],
    );
    assert_eq!(daemon.state("x"), "STOPPING");
    assert_eq!(
        daemon.call("supervisor.startProcess", &[Value::from("x")]),
        Value::Bool(true)
    );
    assert_ne!(daemon.child_pid("x"), first);
}
