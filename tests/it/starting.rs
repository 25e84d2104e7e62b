//! Starting many programs, programs that end at once, and starts that hang.

use std::time::{Duration, Instant};

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, wait_until};
use crate::mount::Mount;

/// How many programs run, and the log.
fn wait_for_running(daemon: &Daemon, count: usize) -> String {
    wait_until("all programs to run", || {
        let all = daemon.call("supervisor.getAllProcessInfo", &[]);
        let all = all.as_array().expect("a list").to_vec();
        let running = all.iter().filter(|info| {
            let state = info.get("statename").and_then(Value::as_str);
            state == Some("RUNNING")
        });
        running.count() == count
    });
    daemon.text("main.log")
}

/// Starting many programs needs no more descriptors than running them.
#[test]
fn as_many_programs_start_as_can_run() {
    let program = "[program:p]\ncommand=/bin/sleep 1000\nstartsecs=0\nstartretries=0\n\
                   numprocs=160\nprocess_name=%(program_name)s%(process_num)d\n";
    let setup = Setup::new().limited("ulimit -n 1024");
    setup.configure("", program);
    let daemon = setup.start();
    let log = wait_for_running(&daemon, 160);
    assert!(!log.contains("spawnerr"), "{log}");
}

/// Whatever the logs, which differ in what opening them takes.
#[test]
fn programs_start_in_order() {
    let program = |n: usize| {
        let log = if n.is_multiple_of(2) { "NONE" } else { "AUTO" };
        format!(
            "[program:p{n:02}]\ncommand=/bin/sleep 1000\nstartsecs=0\npriority={n}\n\
             stdout_logfile={log}\nstderr_logfile={log}\n"
        )
    };
    let programs: String = (0..30).map(program).collect();
    for _ in 0..4 {
        let daemon = Daemon::with("", &programs);
        let log = wait_for_running(&daemon, 30);
        let spawned = log.lines().filter_map(|line| line.split_once("spawned: '"));
        let order: Vec<&str> = spawned.map(|(_, rest)| &rest[..3]).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}

/// What counts is how long the child lived, not when the daemon came to know of it.
#[test]
fn a_program_that_lives_for_startsecs_has_started() {
    let program = "[program:p]\ncommand=/bin/sleep 1\nstartsecs=1\nstartretries=0\n\
                   autorestart=false\nnumprocs=40\nprocess_name=%(program_name)s%(process_num)d\n";
    let daemon = Daemon::with("", program);
    wait_until("all programs to end", || {
        let log = daemon.text("main.log");
        log.matches("INFO exited: p").count() + log.matches("entered FATAL").count() == 40
    });
    let log = daemon.text("main.log");
    assert!(!log.contains("FATAL"), "{log}");
}

#[test]
fn a_program_that_ends_at_once_is_restarted_once_a_second() {
    let begun = Instant::now();
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/true\nstartsecs=0\nautorestart=true\n\
         [program:y]\ncommand=/bin/sleep 1000\nstartsecs=2\nautostart=false\n",
    );
    let starts = || daemon.text("main.log").matches("spawned: 'x'").count();
    wait_until("two restarts", || starts() >= 3);
    assert!(begun.elapsed() >= Duration::from_secs(2), "{}", starts());
    // between two of its lives it can be stopped
    daemon.wait_state("x", "EXITED");
    let stopped = daemon.call("supervisor.stopAllProcesses", &[]);
    daemon.call("supervisor.startProcess", &[Value::from("y"), false.into()]);
    let before = starts();
    daemon.wait_state("y", "RUNNING");
    // unless it lived at that moment, it is still EXITED
    let state = daemon.state("x");
    assert!(["EXITED", "STOPPED"].contains(&&*state), "{state}");
    assert_eq!(starts(), before, "{stopped:?}");
}

/// A daemon with a file system of its own, where the log of `late` is.
fn with_mount(programs: &str) -> Option<(Mount, Daemon)> {
    let setup = Setup::new();
    let mount = Mount::ext4(setup.path("mount"))?;
    setup.configure("", programs);
    Some((mount, setup.start()))
}

#[test]
fn a_start_that_hangs_fails_and_can_be_stopped() {
    let late = |n: usize| {
        format!(
            "[program:late{n}]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\nstartretries=1\n\
             stdout_logfile=@DIR@/mount/late{n}.log\npriority=2\n"
        )
    };
    let programs: String = (0..5).map(late).collect();
    let other = "[program:other]\ncommand=/bin/cat\nstartsecs=0\npriority=1\n";
    let Some((mount, mut daemon)) = with_mount(&format!("{programs}{other}")) else {
        return;
    };
    daemon.wait_state("other", "RUNNING");
    let Some(frozen) = mount.freeze() else {
        return;
    };
    let start = |name: &str| {
        let mut client = daemon.client();
        let arguments = [Value::from(name), false.into()];
        std::thread::spawn(move || {
            let answer = client.call("supervisor.startProcess", &arguments);
            answer.map_err(|error| error.to_string())
        })
    };
    let hanging: Vec<_> = (0..4).map(|n| start(&format!("late{n}"))).collect();
    daemon.wait_state("late3", "STARTING");
    // a stop takes effect at once
    daemon.call("supervisor.stopProcess", &[Value::from("late3")]);
    assert_eq!(daemon.state("late3"), "STOPPED");
    // others are started and stopped all the time
    daemon.call("supervisor.stopProcess", &[Value::from("other")]);
    daemon.call("supervisor.startProcess", &[Value::from("other")]);
    // and without one the start fails
    for answer in hanging {
        let fault = answer.join().expect("a client").expect_err("it hangs");
        let faults = ["SPAWN_ERROR: late", "ABNORMAL_TERMINATION: late3"];
        assert!(faults.iter().any(|it| fault.contains(it)), "{fault}");
    }
    daemon.wait_state("late0", "FATAL");
    let log = daemon.text("main.log");
    assert!(log.contains("spawnerr: the start of 'late0' did not complete within 5 seconds"));
    // another attempt does not take another thread
    let reason = "an earlier attempt to start it still hangs";
    assert_eq!(daemon.info("late0", "spawnerr"), Value::from(reason));
    let again = start("late0").join().expect("a client");
    assert!(again.expect_err("it hangs").contains("SPAWN_ERROR: late0"));
    // the end does not wait for it
    let last = start("late4");
    daemon.wait_state("late4", "STARTING");
    daemon.signal(libc::SIGTERM);
    daemon.wait_log("stopped: late4 (before it was spawned)");
    daemon.wait_log("stopped: other");
    wait_until("the end", || !daemon.path("main.pid").exists());
    // the kernel lets a process that waits for a frozen file system end only now
    drop(frozen);
    assert!(daemon.ended().success());
    drop(last.join());
}

/// While its output waits for a log that hangs, a child that has ended does not come up.
#[test]
fn a_dead_child_does_not_become_running() {
    let Some((mount, daemon)) = with_mount(
        "[program:late]\ncommand=/bin/sh -c \"echo word; exit 1\"\nautostart=false\nstartsecs=4\n\
         startretries=0\nstdout_logfile=@DIR@/mount/late.log\n",
    ) else {
        return;
    };
    let start = || daemon.try_call("supervisor.startProcess", &[Value::from("late")]);
    start().expect_err("it ends at once");
    // now its log exists, and can be opened without a wait
    let Some(frozen) = mount.freeze() else {
        return;
    };
    let fault = start().expect_err("it ends at once");
    assert!(fault.contains("SPAWN_ERROR"), "{fault}");
    drop(frozen);
    let log = daemon.text("main.log");
    assert!(log.contains("the log of 'late' hangs"), "{log}");
    assert!(!log.contains("entered RUNNING"), "{log}");
}
