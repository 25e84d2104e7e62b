//! Old and new together: the original's client drives our daemon, ours drives the original's.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{Setup, original, summary, wait_until};

const PROGRAMS: &str = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n\
     [program:echo]\ncommand=/bin/sh -c 'echo hello; exec sleep 1000'\nstartsecs=0\n\
     [program:manual]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n";

/// One session that uses each command once; its transcript.
fn session(setup: Setup) -> Vec<(Option<i32>, String)> {
    setup.configure("", PROGRAMS);
    let mut daemon = setup.start();
    daemon.wait_state("cat", "RUNNING");
    daemon.wait_state("echo", "RUNNING");
    wait_until("the greeting", || {
        summary(&daemon.ctl(&["tail", "echo"])).1.contains("hello")
    });
    let supervisor = daemon.pid().to_string();
    let mut transcript = Vec::new();
    let commands: [&[&str]; 15] = [
        &["status", "manual"],
        &["start", "manual"],
        &["start", "manual"],
        &["stop", "manual"],
        &["stop", "manual"],
        &["restart", "cat"],
        &["start", "nope"],
        &["status", "nope"],
        &["tail", "echo"],
        &["tail", "-4", "echo"],
        &["pid"],
        &["pid", "manual"],
        &["version"],
        &["reload"],
        &["frobnicate"],
    ];
    for command in commands {
        transcript.push(shown(&daemon.ctl(command), &supervisor));
    }
    // the restart that `reload` asked for is over when programs run again
    wait_until("the restart", || {
        daemon
            .text("main.log")
            .matches("supervisord started with pid")
            .count()
            == 2
            && daemon.try_call("supervisor.getState", &[]).is_ok()
    });
    transcript.push(shown(&daemon.ctl(&["shutdown"]), &supervisor));
    assert_eq!(daemon.ended().code(), Some(0));
    transcript
}

fn shown(output: &Output, supervisor: &str) -> (Option<i32>, String) {
    let (code, out, _) = summary(output);
    (code, out.replace(supervisor, "PID"))
}

#[test]
fn the_original_client_drives_our_daemon_like_ours_does() {
    let Some(theirs) = Setup::original_client() else {
        return;
    };
    assert_eq!(session(theirs), session(Setup::new()));
}

#[test]
fn our_client_drives_the_original_daemon_like_ours() {
    let Some(theirs) = Setup::original_daemon() else {
        return;
    };
    assert_eq!(session(theirs), session(Setup::new()));
}

/// Supervisor's own end-to-end tests, as they are installed with it.
#[test]
fn the_originals_end_to_end_tests_pass() {
    let Some(python) = original("python") else {
        return;
    };
    let pexpect = Command::new(&python)
        .args(["-c", "import pexpect"])
        .output();
    if !pexpect.is_ok_and(|output| output.status.success()) {
        crate::harness::skip("pexpect is not installed with the original");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let programs = Path::new(env!("CARGO_BIN_EXE_supervisord")).parent();
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end.py"))
        .args([programs.expect("a folder"), folder.path()])
        .output()
        .expect("run the tests");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
