//! At a limit on tasks (RLIMIT_NPROC, as a user that is not root): the daemon answers, keeps its
//! programs, ends when it is told to, and is well again when there is room.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::unistd::{User, geteuid};
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, is_alive, summary, wait_until};

const PROGRAMS: &str = "[program:a]\ncommand=/bin/sleep 1000\nstartsecs=0\n\
                        stdout_logfile=@DIR@/a.log\n\
                        [program:b]\ncommand=/bin/sleep 1000\nstartsecs=0\nautostart=false\n\
                        startretries=0\n";

/// A folder and a `[supervisord]` option for a user whose tasks are limited: root's are not.
fn unprivileged(setup: &Setup) -> &'static str {
    let Some(nobody) = nobody() else {
        return "minprocs=1";
    };
    let folder = setup.path("");
    chown(&folder, Some(nobody.uid.as_raw()), None).expect("chown");
    "minprocs=1\nuser=nobody"
}

/// The user to run as, if this test runs as root.
fn nobody() -> Option<User> {
    geteuid().is_root().then(|| {
        User::from_name("nobody")
            .ok()
            .flatten()
            .expect("a user nobody")
    })
}

fn limited(setup: Setup) -> Daemon {
    let user = unprivileged(&setup);
    setup.configure(user, PROGRAMS);
    let daemon = setup.start();
    daemon.wait_state("a", "RUNNING");
    limit(&daemon, "1");
    daemon
}

/// No more tasks beyond this number, however many the user has.
fn limit(daemon: &Daemon, tasks: &str) {
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--pid={}", daemon.pid()))
        .arg(format!("--nproc={tasks}:"));
    // a container's root may not change the limits of other users
    if let Some(nobody) = nobody() {
        command.uid(nobody.uid.as_raw()).gid(nobody.gid.as_raw());
    }
    assert!(command.status().expect("run prlimit").success());
}

fn user_of(daemon: &Daemon) -> &'static str {
    unprivileged(daemon.setup())
}

fn shut_down(mut daemon: Daemon) {
    let a = daemon.child_pid("a");
    daemon.call("supervisor.shutdown", &[]);
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(!is_alive(a));
    for left in ["s.sock", "main.pid"] {
        assert!(!daemon.path(left).exists(), "{left}");
    }
    assert!(!daemon.text("daemon.err").contains("panicked"));
}

#[test]
fn every_request_is_answered() {
    let daemon = limited(Setup::new());
    let a = daemon.child_pid("a");
    let fault = daemon.try_call("supervisor.startProcess", &[Value::from("b")]);
    assert!(fault.expect_err("no room").contains("SPAWN_ERROR"));
    let reread = daemon.call("supervisor.reloadConfig", &[]);
    assert!(reread.as_array().is_some());
    daemon.call("supervisor.clearLog", &[]);
    for method in [
        "supervisor.tailProcessStdoutLog",
        "supervisor.readProcessStdoutLog",
    ] {
        daemon.call(
            method,
            &[Value::from("a"), Value::from(0), Value::from(100)],
        );
    }
    daemon.call("supervisor.readLog", &[Value::from(0), Value::from(0)]);
    daemon.call("supervisor.getAllProcessDetails", &[]);
    daemon.signal(libc::SIGUSR2);
    daemon.wait_log("supervisord logreopen");
    let more = format!("{PROGRAMS}[program:c]\ncommand=/bin/sleep 1000\nstartsecs=0\n");
    daemon.setup().configure(user_of(&daemon), &more);
    let updated = daemon.ctl(&["update"]);
    assert_eq!(
        summary(&updated),
        (Some(0), "c: added process group\n".into(), String::new())
    );
    assert_eq!(daemon.child_pid("a"), a);
    limit(&daemon, "1000");
    for name in ["b", "c"] {
        let _ = daemon.try_call("supervisor.startProcess", &[Value::from(name)]);
        daemon.wait_state(name, "RUNNING");
    }
    limit(&daemon, "1");
    shut_down(daemon);
}

/// A restart needs threads: what cannot be had is tried again until it can.
#[test]
fn a_restart_waits_for_room() {
    for by_signal in [false, true] {
        let daemon = limited(Setup::new());
        if by_signal {
            daemon.signal(libc::SIGHUP);
        } else {
            daemon.call("supervisor.restart", &[]);
        }
        daemon.wait_log("the web server could not start");
        limit(&daemon, "1000");
        wait_until("an answer", || {
            daemon.try_call("supervisor.getState", &[]).is_ok()
        });
        let _ = daemon.try_call("supervisor.startProcess", &[Value::from("a")]);
        daemon.wait_state("a", "RUNNING");
        shut_down(daemon);
    }
}

/// At the start it is an error that names what is missing, and nothing is left.
#[test]
fn a_start_without_room_is_a_usage_error() {
    let setup = Setup::new();
    let user = unprivileged(&setup);
    setup.configure(user, PROGRAMS);
    let supervisord = env!("CARGO_BIN_EXE_supervisord");
    for mode in ["-n", "-d"] {
        let options = if mode == "-n" { "-n -s" } else { "" };
        let script = format!("exec prlimit --nproc=1 {supervisord} {options} -c s.conf");
        let output = Command::new("/bin/sh")
            .args(["-c", &script])
            .current_dir(setup.path(""))
            .output();
        let (code, out, err) = summary(&output.expect("run supervisord"));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        let log = fs::read_to_string(setup.path("main.log")).expect("a log");
        let text = "could not start the spawner thread: Resource temporarily unavailable";
        assert!(log.contains(text), "{log}");
        assert!(mode == "-d" || err.contains(text), "{err}");
        assert!(
            !err.contains("panicked") && !log.contains("panicked"),
            "{err}{log}"
        );
        for left in ["s.sock", "main.pid"] {
            assert!(!setup.path(left).exists(), "{left}");
        }
        fs::remove_file(setup.path("main.log")).expect("a log");
    }
}
