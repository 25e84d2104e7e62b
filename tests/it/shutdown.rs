//! Order and patience at the end; restart in place.

use crate::harness::{Daemon, Setup, is_alive, wait_until};

const THREE: &str = "[program:first]\ncommand=/bin/sleep 1000\npriority=1\nstartsecs=0\n\
     [program:second]\ncommand=/bin/sleep 1000\npriority=2\nstartsecs=0\n\
     [program:third]\ncommand=/bin/sleep 1000\npriority=3\nstartsecs=0\n";

#[test]
fn everything_stops_in_reverse_order_on_term() {
    let mut daemon = Daemon::with("", THREE);
    let names = ["first", "second", "third"];
    names
        .iter()
        .for_each(|name| daemon.wait_state(name, "RUNNING"));
    let pids: Vec<i32> = names.iter().map(|name| daemon.child_pid(name)).collect();
    daemon.signal(libc::SIGTERM);
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "children are left");
    assert!(!daemon.path("s.sock").exists() && !daemon.path("main.pid").exists());
    let log = daemon.text("main.log");
    let stops: Vec<&str> = log
        .lines()
        .filter_map(|l| l.split("stopped: ").nth(1))
        .collect();
    assert_eq!(
        stops,
        [
            "third (terminated by SIGTERM)",
            "second (terminated by SIGTERM)",
            "first (terminated by SIGTERM)"
        ]
    );
}

#[test]
fn hup_runs_the_new_configuration_in_the_same_process() {
    let daemon = Daemon::with("", THREE);
    daemon.wait_state("third", "RUNNING");
    daemon.setup().configure(
        "identifier=changed",
        "[program:new]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    daemon.signal(libc::SIGHUP);
    wait_until("the new configuration", || {
        daemon.try_call("supervisor.getIdentification", &[]).ok()
            == Some(visord_xmlrpc::Value::from("changed"))
    });
    daemon.wait_state("new", "RUNNING");
    let pid = daemon.call("supervisor.getPID", &[]);
    assert_eq!(pid, visord_xmlrpc::Value::Int(daemon.pid().into()));
}

#[test]
fn an_invalid_configuration_does_not_restart_anything() {
    let daemon = Daemon::with("", THREE);
    daemon.wait_state("first", "RUNNING");
    let pid = daemon.child_pid("first");
    daemon
        .setup()
        .configure("", "[program:first]\ncommand=/bin/cat\npriority=high\n");
    daemon.signal(libc::SIGHUP);
    daemon.wait_log("CRIT");
    let fault = daemon.try_call("supervisor.restart", &[]).unwrap_err();
    assert!(fault.contains("CANT_REREAD"), "{fault}");
    assert_eq!(daemon.child_pid("first"), pid);
}

#[test]
fn usr2_opens_every_log_anew() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/sh -c 'while :; do echo x; sleep 0.05; done'\n\
         stdout_logfile=@DIR@/x.log\nstartsecs=0\n",
    );
    wait_until("output", || !daemon.text("x.log").is_empty());
    std::fs::rename(daemon.path("x.log"), daemon.path("x.old")).expect("rename");
    std::fs::rename(daemon.path("main.log"), daemon.path("main.old")).expect("rename");
    daemon.signal(libc::SIGUSR2);
    wait_until("output in the new file", || {
        !daemon.text("x.log").is_empty()
    });
    assert!(
        daemon
            .text("main.old")
            .contains("received SIGUSR2 indicating log reopen request")
    );
}

#[test]
fn a_signal_that_comes_with_the_pidfile_is_obeyed() {
    for _ in 0..10 {
        let setup = Setup::new();
        setup.configure("", "[program:x]\ncommand=/bin/cat\n");
        let mut daemon = setup.start_at_once();
        wait_until("the pidfile", || !daemon.text("main.pid").is_empty());
        daemon.signal(libc::SIGTERM);
        assert_eq!(daemon.ended().code(), Some(0));
        assert!(!daemon.path("main.pid").exists() && !daemon.path("s.sock").exists());
    }
}

#[test]
fn a_restart_runs_what_was_found_valid() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/sh -c \"trap 'sleep 0.5; exit' TERM; while :; do sleep 0.05; done\"\n\
         startsecs=0\n",
    );
    daemon.wait_state("x", "RUNNING");
    daemon.signal(libc::SIGHUP);
    daemon.wait_log("waiting for x to die");
    daemon.setup().configure("", "[program:x]\n");
    wait_until("the restart", || {
        daemon
            .text("main.log")
            .matches("supervisord started with pid")
            .count()
            == 2
    });
    wait_until("x to run again", || {
        daemon.try_call("supervisor.getState", &[]).is_ok()
    });
    daemon.wait_state("x", "RUNNING");
}
