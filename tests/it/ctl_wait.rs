//! `supervisorctl wait`, against our daemon, which tells what happens, and the original's,
//! which is asked.

use std::process::Output;
use std::thread;

use visord_xmlrpc::Value;

use crate::ctl_reference::PROGRAMS;
use crate::harness::{Daemon, Setup, summary, wait_until};

/// The programs of [`ctl_reference`](crate::ctl_reference), some with other options, and two more.
fn programs() -> String {
    let web = |n| format!("[program:web-{n}]\ncommand=/bin/cat\nstartsecs={}\n", n - 1);
    let changes = "[program:fails]\nautostart=true\n[program:a]\nautostart=false\n";
    format!("{PROGRAMS}{}{}{changes}", web(1), web(2))
}

/// Our daemon, and the original's if it is installed.
fn daemons() -> impl Iterator<Item = Daemon> {
    Setup::with_each_daemon().map(|setup| {
        setup.configure("", &programs());
        setup.start()
    })
}

fn said(output: &Output) -> (Option<i32>, String) {
    let (code, out, err) = summary(output);
    assert_eq!(err, "");
    (code, out)
}

#[test]
fn states_that_are_reached_or_not() {
    for daemon in daemons() {
        let spoilt = "fails: ERROR (FATAL, will not become RUNNING by itself: ";
        for (words, code, begin) in [
            (&["web-*"][..], 0, "web-1: RUNNING\nweb-2: RUNNING\n"),
            (&["web-2", "web-1"], 0, "web-2: RUNNING\nweb-1: RUNNING\n"),
            (&["fails", "manual"], 7, spoilt),
            (&["fails", "--for", "FATAL"], 0, "fails: FATAL\n"),
            (&["done", "--for=exited,fatal"], 0, "done: EXITED\n"),
            (&["done"], 7, "done: ERROR (EXITED, will not become RUNNING"),
            (&["g:*", "--for", "down"], 0, "g:a: STOPPED\ng:b: STOPPED\n"),
            (
                &["manual", "web-1", "--timeout", "0.2"],
                124,
                "manual: ERROR (STOPPED, not RUNNING after 0.2 seconds)\nweb-1: RUNNING\n",
            ),
            (&["nope", "web-1"], 1, "nope: ERROR (no such process)\n"),
            (&["no*"], 1, "no*: ERROR (no such process)\n"),
            (&["zz:*"], 1, "zz: ERROR (no such group)\n"),
            (&[], 2, "Error: wait requires a process name\nwait <name>"),
            (
                &["x", "--for", "GOOD"],
                2,
                "Error: unknown state 'GOOD' (one of STOPPED, STARTING, RUNNING, BACKOFF, \
                 STOPPING, EXITED, FATAL, DOWN)\n",
            ),
        ] {
            let (found, out) = said(&daemon.ctl(&[&["wait"], words].concat()));
            assert_eq!(found, Some(code), "{words:?}: {out}");
            assert!(out.starts_with(begin), "{words:?}: {out}");
        }
    }
}

#[test]
fn what_happens_meanwhile() {
    for daemon in daemons() {
        let daemon = &daemon;
        thread::scope(|scope| {
            let waiting = scope.spawn(|| daemon.ctl(&["wait", "manual", "g:*"]));
            let stopping = scope.spawn(|| daemon.ctl(&["wait", "web-1", "--for", "STOPPED"]));
            for words in [&["start", "manual", "g:*"][..], &["stop", "web-1"]] {
                let (code, out) = said(&daemon.ctl(words));
                assert_eq!(code, Some(0), "{out}");
            }
            let (code, out) = said(&waiting.join().expect("an outcome"));
            assert_eq!(
                (code, out.as_str()),
                (Some(0), "manual: RUNNING\ng:a: RUNNING\ng:b: RUNNING\n")
            );
            let (code, out) = said(&stopping.join().expect("an outcome"));
            assert_eq!((code, out.as_str()), (Some(0), "web-1: STOPPED\n"));
        });
        thread::scope(|scope| {
            let waiting = scope.spawn(|| daemon.ctl(&["wait", "fails"]));
            let removing = scope.spawn(|| {
                let wait = ["wait", "web-1", "--for", "RUNNING", "--timeout", "60"];
                daemon.ctl(&wait)
            });
            let (code, out) = said(&waiting.join().expect("an outcome"));
            assert_eq!(code, Some(7), "{out}");
            let (code, out) = said(&daemon.ctl(&["remove", "web-1"]));
            assert_eq!(code, Some(0), "{out}");
            let (code, out) = said(&removing.join().expect("an outcome"));
            assert_eq!(code, Some(1), "{out}");
            // refused right away if it was removed before the wait began
            let gone = ["was removed", "no such process"].map(|w| format!("web-1: ERROR ({w})\n"));
            assert!(gone.contains(&out), "{out}");
        });
    }
}

/// With a time limit the daemon itself is waited for, too.
#[test]
fn a_daemon_that_is_not_there_yet() {
    let setup = Setup::new();
    setup.configure("", &programs());
    let (code, out) = said(&setup.ctl(&["wait", "web-1"]));
    assert_eq!(code, Some(7));
    assert!(out.ends_with(" no such file\n"), "{out}");
    let (code, out) = said(&setup.ctl(&["wait", "web-1", "--timeout", "0.1"]));
    assert_eq!(code, Some(124));
    assert!(out.ends_with(" no such file\n"), "{out}");

    let config = setup.path("s.conf").display().to_string();
    let other = Setup::new();
    let words = ["-c", &config, "wait", "web-1", "web-2", "--timeout", "60"];
    thread::scope(|scope| {
        let waiting = scope.spawn(|| other.ctl_alone(&words, ""));
        let _daemon = setup.start();
        let (code, out) = said(&waiting.join().expect("an outcome"));
        let all = "web-1: RUNNING\nweb-2: RUNNING\n";
        assert_eq!((code, out.as_str()), (Some(0), all));
    });
}

/// `reload` answers before the daemon ends: the wait outlives that.
#[test]
fn a_daemon_that_restarts() {
    for daemon in daemons() {
        let pid = i64::from(daemon.child_pid("web-1"));
        let (code, _) = said(&daemon.ctl(&["reload"]));
        assert_eq!(code, Some(0));
        wait_until("a new process", || {
            let (code, out) = said(&daemon.ctl(&["wait", "web-1", "--timeout", "60"]));
            assert_eq!((code, out.as_str()), (Some(0), "web-1: RUNNING\n"));
            // what was waited for may have been the old one, and the daemon be gone again
            let info = daemon.try_call("supervisor.getProcessInfo", &["web-1".into()]);
            info.is_ok_and(|info| {
                info.get("pid")
                    .and_then(Value::as_int)
                    .is_some_and(|new| new != 0 && new != pid)
            })
        });
    }
}

#[test]
fn for_programs() {
    for daemon in daemons() {
        daemon.wait_state("web-1", "RUNNING");
        let words = ["--json", "wait", "web-1", "manual", "--timeout", "0.1"];
        let (code, out) = said(&daemon.ctl(&words));
        assert_eq!(code, Some(124));
        let document: serde_json::Value = serde_json::from_str(&out).expect("a document");
        assert_eq!(document["exit_status"], 124);
        assert_eq!(
            document["result"],
            serde_json::json!([
                { "namespec": "web-1", "state": "RUNNING", "reached": true },
                { "namespec": "manual", "state": "STOPPED", "reached": false },
            ])
        );
        let error = "manual: ERROR (STOPPED, not RUNNING after 0.1 seconds)";
        assert_eq!(document["errors"], serde_json::json!([error]));
    }
}
