//! As PID 1 of a container: reaps what it did not start.

use std::process::{Command, Stdio};

use crate::harness::{Setup, wait_until};

/// A program whose grandchild is orphaned, and so adopted by PID 1, then ends.
const ORPHANS: &str = "[program:x]\ncommand=/bin/sh -c \"(sleep 0.2 &); exec sleep 1000\"\n\
     startsecs=0\n";

#[test]
fn orphans_are_reaped_and_term_ends_everything() {
    let setup = Setup::new();
    setup.configure("loglevel=debug", ORPHANS);
    let unshare = Command::new("unshare")
        .args([
            "--pid",
            "--fork",
            "--mount-proc",
            env!("CARGO_BIN_EXE_supervisord"),
        ])
        .args(["-n", "-c"])
        .arg(setup.path("s.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut container) = unshare else {
        crate::harness::skip("unshare is not installed");
        return;
    };
    let log = || std::fs::read_to_string(setup.path("main.log")).unwrap_or_default();
    let mut refused = false;
    wait_until(
        "the orphan to be reaped, or a refusal to make a container",
        || {
            refused = matches!(container.try_wait(), Ok(Some(_)));
            refused || log().contains("reaped unknown pid")
        },
    );
    if refused {
        crate::harness::skip("this user may not make a PID namespace");
        return;
    }
    assert!(
        log().contains("supervisord started with pid 1\n"),
        "{}",
        log()
    );
    let shutdown = setup.ctl(&["shutdown"]);
    assert_eq!(String::from_utf8_lossy(&shutdown.stdout), "Shut down\n");
    wait_until("the container to end", || {
        matches!(container.try_wait(), Ok(Some(_)))
    });
    assert!(
        log().contains("stopped: x (terminated by SIGTERM)"),
        "{}",
        log()
    );
}
