//! What our supervisorctl can do beyond the original's (docs/supervisorctl.md).

use serde_json::json;

use crate::harness::{Daemon, Setup, summary};

const PROGRAMS: &str = "\
[program:web-1]
command=/bin/cat
startsecs=0
[program:web-2]
command=/bin/cat
startsecs=0
[program:other]
command=/bin/cat
startsecs=0
autostart=false
[group:api]
programs=worker1,worker2,cron
[program:worker1]
command=/bin/cat
autostart=false
[program:worker2]
command=/bin/cat
autostart=false
[program:cron]
command=/bin/cat
autostart=false
";

fn daemon() -> Daemon {
    start(Setup::new())
}

fn start(setup: Setup) -> Daemon {
    setup.configure("", PROGRAMS);
    let daemon = setup.start();
    daemon.wait_state("web-1", "RUNNING");
    daemon.wait_state("web-2", "RUNNING");
    daemon
}

/// Our daemon, and the original's if it is installed.
fn daemons() -> impl Iterator<Item = Daemon> {
    Setup::with_each_daemon().map(start)
}

fn ctl(daemon: &Daemon, words: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = summary(&daemon.ctl(words));
    assert_eq!(err, "", "{words:?}");
    (code, out)
}

#[test]
fn patterns_name_processes_and_groups() {
    let daemon = daemon();
    let pid = daemon.child_pid("web-1");
    for (words, code, out) in [
        (&["pid", "web-1*"][..], 0, format!("{pid}\n")),
        (
            &["stop", "web-*"],
            0,
            "web-1: stopped\nweb-2: stopped\n".to_owned(),
        ),
        (
            &["start", "w*-?"],
            0,
            "web-1: started\nweb-2: started\n".to_owned(),
        ),
        (&["pid", "api:worker?"], 7, "0\n0\n".to_owned()),
        (
            &["clear", "web-*"],
            0,
            "web-1: cleared\nweb-2: cleared\n".to_owned(),
        ),
        (
            &["stop", "none*"],
            1,
            "none*: ERROR (no such process)\n".to_owned(),
        ),
        (
            &["update", "zz*"],
            1,
            "ERROR: no such group: zz*\n".to_owned(),
        ),
    ] {
        assert_eq!(ctl(&daemon, words), (Some(code), out), "{words:?}");
    }
    let (_, out) = ctl(&daemon, &["status", "*:w*"]);
    let names: Vec<&str> = out
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["api:worker1", "api:worker2", "web-1", "web-2"]);
}

/// The commands about groups, and those about one process.
#[test]
fn patterns_everywhere() {
    for daemon in daemons() {
        for (words, code, out) in [
            (
                &["stop", "web-*"][..],
                0,
                "web-1: stopped\nweb-2: stopped\n",
            ),
            (
                &["remove", "web-*", "api*"],
                0,
                "web-1: removed process group\nweb-2: removed process group\napi: removed process group\n",
            ),
            (
                &["remove", "web-*"],
                1,
                "ERROR: no such process/group: web-*\n",
            ),
            (&["status", "web-*"], 4, "web-*: ERROR (no such process)\n"),
            (
                &["add", "web*"],
                0,
                "web-1: added process group\nweb-2: added process group\n",
            ),
            (&["add", "web*"], 1, "ERROR: no such process/group: web*\n"),
            (
                &["add", "other"],
                0,
                "ERROR: process group already active\n",
            ),
            (&["wait", "web-?"], 0, "web-1: RUNNING\nweb-2: RUNNING\n"),
            (
                &["signal", "CONT", "web-*"],
                0,
                "web-1: signalled\nweb-2: signalled\n",
            ),
            (
                &["fg", "web-*"],
                1,
                "ERROR: web-* matches several: web-1, web-2\n",
            ),
            (&["fg", "none*"], 1, "ERROR: bad process name supplied\n"),
            (&["fg", "oth*"], 1, "ERROR: process not running\n"),
            (
                &["logs", "rotate", "none*"],
                1,
                "none*: ERROR (no such process)\n",
            ),
        ] {
            assert_eq!(
                ctl(&daemon, words),
                (Some(code), out.to_owned()),
                "{words:?}"
            );
        }
    }
}

#[test]
fn patterns_of_one_process_and_of_logs() {
    for daemon in daemons() {
        let config = daemon.path("s.conf").display().to_string();
        let words = ["-c", &config, "fg", "web-1*"];
        let (code, out, _) = summary(&daemon.setup().ctl_alone(&words, "hello\n"));
        assert_eq!(code, Some(0));
        assert!(out.contains("\nhello\n"), "{out}");
    }
    let daemon = daemon();
    let rotated = (Some(0), "web-1: rotated\nweb-2: rotated\n".to_owned());
    assert_eq!(ctl(&daemon, &["logs", "rotate", "web-*"]), rotated);
}

#[test]
fn one_document_tells_of_an_action() {
    let daemon = daemon();
    let pid = daemon.child_pid("web-1");
    let other = json!({
        "namespec": "other", "group": "other", "name": "other", "state": "STOPPED", "pid": 0,
        "description": "Not started",
    });
    let nope = "nope: ERROR (no such process)";
    for (words, code, result, output, errors) in [
        (
            &["status", "other", "nope"][..],
            3,
            json!([other]),
            json!([]),
            json!([nope]),
        ),
        (
            &["pid", "web-1"],
            0,
            json!([{ "namespec": "web-1", "pid": pid }]),
            json!([]),
            json!([]),
        ),
        (&["version"], 0, json!("4.3.0"), json!([]), json!([])),
        (
            &["reread"],
            0,
            json!({ "added": [], "changed": [], "removed": [] }),
            json!([]),
            json!([]),
        ),
        (
            &["start", "other", "nope"],
            1,
            json!(null),
            json!(["other: started"]),
            json!([nope]),
        ),
    ] {
        let (found, text) = ctl(&daemon, &[&["--json"], words].concat());
        assert_eq!(found, Some(code), "{words:?}");
        assert_eq!(text.lines().count(), 1, "{text}");
        let document: serde_json::Value = serde_json::from_str(&text).expect("a document");
        let expected = json!({
            "command": words[0], "exit_status": code, "result": result, "output": output,
            "errors": errors,
        });
        assert_eq!(document, expected, "{words:?}");
    }
}

#[test]
fn names_and_passwords_in_urls() {
    let setup = Setup::new();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its number").port()
    };
    let inet = format!("[inet_http_server]\nport=127.0.0.1:{port}\nusername=me\npassword=a:b@c\n");
    setup.configure("", &inet);
    let daemon = setup.start();
    for (login, code) in [("me:a%3Ab%40c@", 0), ("me:wrong@", 1), ("", 1)] {
        let url = format!("http://{login}127.0.0.1:{port}");
        let (found, out, _) = summary(&daemon.setup().ctl_alone(&["-s", &url, "version"], ""));
        let expected = if code == 0 {
            "4.3.0\n"
        } else {
            "Server requires authentication\n"
        };
        assert_eq!(found, Some(code), "{url}");
        assert!(out.starts_with(expected), "{url}: {out}");
    }
}
