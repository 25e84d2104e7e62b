//! `update` restarts what changed and nothing else.

mod random;

use std::thread;

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, is_alive, summary, wait_until};

const UPDATE: &str = "supervisor.updateProcessGroup";

/// A program that says on its stop signal that it will end, and ends when the file `go` exists.
const STUBBORN: &str = "trap 'while [ ! -e go ]; do sleep 0.02; done; exit' TERM\n\
     touch ready\nwhile :; do sleep 0.02; done\n";

fn stubborn(environment: &str) -> String {
    format!(
        "[program:x]\ncommand=/bin/sh @DIR@/stubborn.sh\ndirectory=@DIR@\nstartsecs=0\n\
         stopwaitsecs=600\nenvironment={environment}\n"
    )
}

/// A daemon with the stubborn program, which heeds its signal already, and a new configuration
/// read that changes it.
fn stubborn_daemon() -> Daemon {
    let setup = Setup::new();
    std::fs::write(setup.path("stubborn.sh"), STUBBORN).expect("write the script");
    setup.configure("", &stubborn("A=1"));
    let daemon = setup.start();
    wait_until("the trap", || daemon.path("ready").exists());
    daemon.wait_state("x", "RUNNING");
    configure(&daemon, &stubborn("A=2"));
    daemon
}

/// Write a new configuration and have it read.
fn configure(daemon: &Daemon, programs: &str) {
    daemon.setup().configure("", programs);
    daemon.call("supervisor.reloadConfig", &[]);
}

fn updated(daemon: &Daemon, group: &str) -> Vec<(String, String)> {
    told(&daemon.call(UPDATE, &[group.into()]))
}

/// Name and action of each process.
fn told(answer: &Value) -> Vec<(String, String)> {
    let text = |it: &Value, key| it.get(key).and_then(Value::as_str).map(str::to_owned);
    let processes = answer.as_array().expect("a list").iter();
    processes
        .map(|it| Option::zip(text(it, "name"), text(it, "action")).expect("both"))
        .collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(name, action)| (name.into(), action.into()))
        .into()
}

fn sleeper(name: &str, more: &str) -> String {
    format!("[program:{name}]\ncommand=/bin/sleep 1000\nstartsecs=0\n{more}\n")
}

fn web(priority: u8, b: &str, programs: &str) -> String {
    format!(
        "[group:web]\nprograms={programs}\npriority={priority}\n{}{}{}",
        sleeper("a", ""),
        sleeper("b", b),
        sleeper("c", "autostart=false")
    )
}

#[test]
fn only_the_process_that_changed_restarts() {
    let daemon = Daemon::with("", &web(5, "", "a,b"));
    daemon.wait_state("web:b", "RUNNING");
    let (a, b) = (daemon.child_pid("web:a"), daemon.child_pid("web:b"));
    daemon
        .setup()
        .configure("", &web(6, "environment=A=1", "c,b,a"));
    let dry = summary(&daemon.ctl(&["update", "--dry-run"]));
    assert_eq!(
        (dry.0, dry.1.as_str()),
        (Some(0), "web:b: would be restarted\n")
    );
    assert_eq!(daemon.child_pid("web:b"), b);
    let (code, out, _) = summary(&daemon.ctl(&["update", "web"]));
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "web: stopped\nweb: updated process group\n")
    );
    daemon.wait_state("web:b", "RUNNING");
    assert_eq!(daemon.child_pid("web:a"), a);
    assert_ne!(daemon.child_pid("web:b"), b);
    assert!(!is_alive(b));
    assert_eq!(daemon.state("web:c"), "STOPPED");
}

#[test]
fn a_group_priority_or_order_alone_restarts_nothing() {
    let daemon = Daemon::with("", &web(5, "", "a,b"));
    daemon.wait_state("web:b", "RUNNING");
    let (a, b) = (daemon.child_pid("web:a"), daemon.child_pid("web:b"));
    configure(&daemon, &web(9, "", "b,a"));
    assert_eq!(
        updated(&daemon, "web"),
        pairs([("b", "kept"), ("a", "kept")])
    );
    assert_eq!(
        (daemon.child_pid("web:a"), daemon.child_pid("web:b")),
        (a, b)
    );
    let info = daemon.call("supervisor.getAllConfigInfo", &[]);
    let shown = info
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it.get("group") == Some(&Value::from("web")));
    assert_eq!(
        shown.and_then(|it| it.get("group_prio")),
        Some(&Value::Int(9))
    );
    let (_, out, _) = summary(&daemon.ctl(&["reread"]));
    assert_eq!(out, "No config updates to processes\n");
}

#[test]
fn groups_come_and_go_and_a_dry_run_changes_nothing() {
    let daemon = Daemon::with("", &sleeper("old", ""));
    daemon.wait_state("old", "RUNNING");
    let pid = daemon.child_pid("old");
    configure(&daemon, &sleeper("new", ""));
    let dry = |group: &str| told(&daemon.call(UPDATE, &[group.into(), true.into()]));
    assert_eq!(dry("old"), pairs([("old", "removed")]));
    assert_eq!(dry("new"), pairs([("new", "added")]));
    assert_eq!(daemon.child_pid("old"), pid);
    assert!(
        daemon
            .try_call("supervisor.getProcessInfo", &["new".into()])
            .is_err()
    );
    let (_, out, _) = summary(&daemon.ctl(&["update", "--dry-run"]));
    assert_eq!(out, "old: would be stopped\nnew: would be started\n");

    assert_eq!(updated(&daemon, "old"), pairs([("old", "removed")]));
    assert!(!is_alive(pid));
    let fault = daemon
        .try_call("supervisor.getProcessInfo", &["old".into()])
        .unwrap_err();
    assert!(fault.contains("BAD_NAME: old"), "{fault}");
    assert_eq!(updated(&daemon, "new"), pairs([("new", "added")]));
    daemon.wait_state("new", "RUNNING");
    assert_eq!(updated(&daemon, "new"), pairs([("new", "kept")]));
    for group in ["old", "nope"] {
        let fault = daemon.try_call(UPDATE, &[group.into()]).unwrap_err();
        assert!(fault.contains(&format!("BAD_NAME: {group}")), "{fault}");
    }
    let names = daemon.call("system.listMethods", &[]);
    assert!(!names.as_array().expect("a list").contains(&UPDATE.into()));
}

#[test]
fn updates_of_one_group_wait_for_each_other() {
    let daemon = stubborn_daemon();
    let answers = thread::scope(|scope| {
        let updates: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| updated(&daemon, "x")))
            .collect();
        daemon.wait_state("x", "STOPPING");
        std::fs::write(daemon.path("go"), "").expect("let it end");
        let answers = updates
            .into_iter()
            .map(|update| update.join().expect("an answer"));
        answers
            .map(|answer| answer[0].1.clone())
            .collect::<Vec<_>>()
    });
    let count = |action: &str| answers.iter().filter(|answer| *answer == action).count();
    assert_eq!((count("restarted"), count("kept")), (1, 2), "{answers:?}");
    daemon.wait_state("x", "RUNNING");
    let log = daemon.text("main.log");
    assert_eq!(log.matches("spawned: 'x'").count(), 2, "{log}");
}

#[test]
fn nobody_interferes_with_an_update() {
    let daemon = stubborn_daemon();
    let x = || [Value::from("x")];
    thread::scope(|scope| {
        let update = scope.spawn(|| updated(&daemon, "x"));
        daemon.wait_state("x", "STOPPING");
        for (method, expected) in [
            ("startProcess", "FAILED: x is being updated"),
            ("stopProcess", "NOT_RUNNING: x"),
            ("removeProcessGroup", "STILL_RUNNING: x"),
            ("addProcessGroup", "ALREADY_ADDED: x"),
        ] {
            let fault = daemon
                .try_call(&format!("supervisor.{method}"), &x())
                .unwrap_err();
            assert!(fault.contains(expected), "{method}: {fault}");
        }
        // other groups need not wait
        configure(&daemon, &format!("{}{}", stubborn("A=3"), sleeper("y", "")));
        assert_eq!(updated(&daemon, "y"), pairs([("y", "added")]));
        std::fs::write(daemon.path("go"), "").expect("let it end");
        assert_eq!(
            update.join().expect("an answer"),
            pairs([("x", "restarted")])
        );
    });
    daemon.wait_state("x", "RUNNING");
    // what was read meanwhile is still to come
    assert_eq!(updated(&daemon, "x"), pairs([("x", "restarted")]));
}

#[test]
fn a_daemon_that_closes_ends_the_update() {
    let mut daemon = stubborn_daemon();
    thread::scope(|scope| {
        let update = scope.spawn(|| daemon.try_call(UPDATE, &["x".into()]));
        daemon.wait_state("x", "STOPPING");
        daemon.call("supervisor.shutdown", &[]);
        std::fs::write(daemon.path("go"), "").expect("let it end");
        assert!(update.join().expect("an answer").is_err());
    });
    assert_eq!(daemon.ended().code(), Some(0));
    let log = daemon.text("main.log");
    assert_eq!(log.matches("spawned: 'x'").count(), 1, "{log}");
}

#[test]
fn automatic_logs_go_on() {
    let talker = |environment: &str, logs: &str| {
        format!(
            "[program:x]\ncommand=/bin/sh -c 'echo hello; exec sleep 1000'\nstartsecs=0\n\
             environment={environment}\n{logs}\n"
        )
    };
    let daemon = Daemon::with("", &talker("A=1", ""));
    let log = |key: &str| {
        let path = daemon.info("x", key);
        path.as_str().expect("a path").to_owned()
    };
    let (out, err) = (log("stdout_logfile"), log("stderr_logfile"));
    let hellos = |count: usize| {
        wait_until("the greeting", || {
            std::fs::read_to_string(&out).is_ok_and(|text| text == "hello\n".repeat(count))
        });
    };
    hellos(1);
    configure(&daemon, &talker("A=2", "stderr_logfile=@DIR@/x.err"));
    assert_eq!(updated(&daemon, "x"), pairs([("x", "restarted")]));
    hellos(2);
    assert_eq!(log("stdout_logfile"), out);
    assert_eq!(
        log("stderr_logfile"),
        daemon.path("x.err").display().to_string()
    );
    let shown = daemon.call("supervisor.getAllConfigInfo", &[]);
    let shown = shown.as_array().expect("a list")[0]
        .get("stdout_logfile")
        .cloned();
    assert_eq!(shown, Some(Value::from(out.as_str())));
    configure(&daemon, &talker("A=3", ""));
    updated(&daemon, "x");
    assert_eq!(log("stdout_logfile"), out);
    assert_ne!(log("stderr_logfile"), err, "it was given up");
    assert!(std::path::Path::new(&log("stderr_logfile")).exists());
}

#[test]
fn a_log_that_becomes_automatic_waits_for_a_restart() {
    let daemon = Daemon::with("", &web(5, "stdout_logfile=@DIR@/b.log", "a,b"));
    daemon.wait_state("web:b", "RUNNING");
    let (pid, log) = (
        daemon.child_pid("web:b"),
        daemon.info("web:b", "stdout_logfile"),
    );
    for (priority, log) in [(6, "AUTO"), (7, "@DIR@/b.log")] {
        configure(
            &daemon,
            &web(priority, &format!("stdout_logfile={log}"), "a,b"),
        );
        assert_eq!(
            updated(&daemon, "web"),
            pairs([("a", "kept"), ("b", "kept")])
        );
    }
    assert_eq!(daemon.child_pid("web:b"), pid);
    assert_eq!(daemon.info("web:b", "stdout_logfile"), log);
}

#[test]
fn a_log_that_cannot_be_made_stops_nothing() {
    let setup = Setup::new();
    std::fs::create_dir(setup.path("logs")).expect("a folder");
    setup.configure(
        "childlogdir=@DIR@/logs",
        &sleeper("x", "stdout_logfile=NONE\nstderr_logfile=NONE"),
    );
    let daemon = setup.start();
    daemon.wait_state("x", "RUNNING");
    let pid = daemon.child_pid("x");
    std::fs::remove_dir(daemon.path("logs")).expect("remove it");
    configure(&daemon, &sleeper("x", "environment=A=1"));
    let fault = daemon.try_call(UPDATE, &["x".into()]).unwrap_err();
    assert!(fault.contains("FAILED: x: "), "{fault}");
    assert_eq!(daemon.child_pid("x"), pid);
    let (code, out, _) = summary(&daemon.ctl(&["update"]));
    assert_eq!(code, Some(1));
    assert!(out.starts_with("x: ERROR (FAILED: x: "), "{out}");
}

fn listener(name: &str, events: &str, more: &str) -> String {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/config-examples/listeners/listener.sh"
    );
    format!(
        "[eventlistener:{name}]\ncommand=/bin/sh {script} @DIR@/{name}.events\nstartsecs=0\n\
         process_name=%(program_name)s_%(process_num)d\nevents={events}\n{more}\n"
    )
}

#[test]
fn a_pool_goes_on_with_more_listeners_and_is_replaced_with_other_events() {
    let daemon = Daemon::with("", &listener("l", "REMOTE_COMMUNICATION", ""));
    daemon.wait_state("l:l_0", "RUNNING");
    let pid = daemon.child_pid("l:l_0");
    let tell = |kind: &str| {
        daemon.call("supervisor.sendRemoteCommEvent", &[kind.into(), "".into()]);
        wait_until(&format!("the event {kind}"), || {
            daemon.text("l.events").contains(&format!("type:{kind}"))
        });
    };
    tell("first");
    configure(
        &daemon,
        &listener("l", "REMOTE_COMMUNICATION", "numprocs=2"),
    );
    assert_eq!(
        updated(&daemon, "l"),
        pairs([("l_0", "kept"), ("l_1", "added")])
    );
    tell("second");
    assert_eq!(daemon.child_pid("l:l_0"), pid);
    // only the new one is left to hear the third
    configure(
        &daemon,
        &listener("l", "REMOTE_COMMUNICATION", "numprocs=1\nnumprocs_start=1"),
    );
    assert_eq!(
        updated(&daemon, "l"),
        pairs([("l_1", "kept"), ("l_0", "removed")])
    );
    assert!(!is_alive(pid));
    tell("third");
    let events = "REMOTE_COMMUNICATION,TICK_3600";
    configure(
        &daemon,
        &listener("l", events, "numprocs=1\nnumprocs_start=1"),
    );
    assert_eq!(updated(&daemon, "l"), pairs([("l_1", "restarted")]));
    tell("fourth");
    let text = daemon.text("l.events");
    assert_eq!(text.matches("type:").count(), 4, "{text}");
}

#[test]
fn listeners_hear_of_a_group_that_changed() {
    let programs = |b: &str, group: &str| {
        let priority = if group.is_empty() { 5 } else { 6 };
        format!(
            "{}{}",
            listener("l", "PROCESS_GROUP", ""),
            web(priority, b, "a,b")
        )
    };
    let daemon = Daemon::with("", &programs("", ""));
    daemon.wait_state("web:b", "RUNNING");
    daemon.wait_state("l:l_0", "RUNNING");
    let heard = |events: &[&str]| {
        wait_until(&format!("{events:?}"), || {
            let text = daemon.text("l.events");
            let mut lines = text.lines().filter(|line| !line.is_empty());
            let mut pairs = Vec::new();
            while let (Some(event), Some(group)) = (lines.next(), lines.next()) {
                if group == "groupname:web" {
                    pairs.push(event.to_owned());
                }
            }
            pairs == events
        });
    };
    heard(&["PROCESS_GROUP_ADDED"]);
    configure(&daemon, &programs("environment=A=1", ""));
    updated(&daemon, "web");
    // nothing differs any more
    updated(&daemon, "web");
    configure(&daemon, &programs("environment=A=1", "6"));
    updated(&daemon, "web");
    let again = ["PROCESS_GROUP_REMOVED", "PROCESS_GROUP_ADDED"];
    heard(&[&["PROCESS_GROUP_ADDED"], &again[..], &again[..]].concat());
}

/// What a process has as its stdin.
fn stdin(pid: i32) -> String {
    let link = std::fs::read_link(format!("/proc/{pid}/fd/0")).expect("a descriptor");
    link.display().to_string()
}

#[test]
fn fastcgi_processes_of_a_group_share_their_socket_over_updates() {
    let fastcgi = |socket: &str, more: &str| {
        format!(
            "[fcgi-program:f]\ncommand=/bin/sleep 1000\nsocket=unix://@DIR@/{socket}\n\
             process_name=%(program_name)s_%(process_num)d\nstartsecs=0\n{more}\n"
        )
    };
    let daemon = Daemon::with("", &fastcgi("f.sock", ""));
    daemon.wait_state("f:f_0", "RUNNING");
    let pid = daemon.child_pid("f:f_0");
    configure(&daemon, &fastcgi("f.sock", "numprocs=2"));
    assert_eq!(
        updated(&daemon, "f"),
        pairs([("f_0", "kept"), ("f_1", "added")])
    );
    daemon.wait_state("f:f_1", "RUNNING");
    assert_eq!(daemon.child_pid("f:f_0"), pid);
    assert_eq!(stdin(pid), stdin(daemon.child_pid("f:f_1")));
    assert!(std::os::unix::net::UnixStream::connect(daemon.path("f.sock")).is_ok());
    configure(&daemon, &fastcgi("g.sock", "numprocs=2"));
    assert_eq!(
        updated(&daemon, "f"),
        pairs([("f_0", "restarted"), ("f_1", "restarted")])
    );
    for name in ["f:f_0", "f:f_1"] {
        daemon.wait_state(name, "RUNNING");
    }
    assert!(std::os::unix::net::UnixStream::connect(daemon.path("g.sock")).is_ok());
    assert!(std::os::unix::net::UnixStream::connect(daemon.path("f.sock")).is_err());
    assert_eq!(
        stdin(daemon.child_pid("f:f_0")),
        stdin(daemon.child_pid("f:f_1"))
    );
}

#[test]
fn our_client_updates_whole_groups_of_the_originals_daemon() {
    let Some(setup) = Setup::original_daemon() else {
        return;
    };
    setup.configure("", &format!("{}{}", web(5, "", "a,b"), sleeper("old", "")));
    let daemon = setup.start();
    for name in ["web:a", "web:b", "old"] {
        daemon.wait_state(name, "RUNNING");
    }
    let pids = ["web:a", "web:b", "old"].map(|name| daemon.child_pid(name));
    let new = format!("{}{}", web(5, "environment=A=1", "a,b"), sleeper("new", ""));
    daemon.setup().configure("", &new);
    let (code, out, _) = summary(&daemon.ctl(&["update", "--dry-run"]));
    assert_eq!(
        (code, out.as_str()),
        (
            Some(0),
            "old: would be stopped\nweb:a: would be restarted\nweb:b: would be restarted\n\
             new: would be started\n"
        )
    );
    assert_eq!(
        ["web:a", "web:b", "old"].map(|name| daemon.child_pid(name)),
        pids
    );
    let (code, out, _) = summary(&daemon.ctl(&["update", "--dry-run", "new", "nope"]));
    assert_eq!(
        (code, out.as_str()),
        (
            Some(1),
            "ERROR: no such group: nope\nnew: would be started\n"
        )
    );
    let (code, out, _) = summary(&daemon.ctl(&["update"]));
    assert_eq!(
        (code, out.as_str()),
        (
            Some(0),
            "old: stopped\nold: removed process group\nweb: stopped\n\
             web: updated process group\nnew: added process group\n"
        )
    );
    daemon.wait_state("web:a", "RUNNING");
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn of_many_additions_at_once_one_adds_and_only_its_logs_are_made() {
    let program = "[program:x]\ncommand=/bin/sleep 1000\nautostart=false\n";
    let daemon = Daemon::with("", "");
    configure(&daemon, program);
    let add = || daemon.try_call("supervisor.addProcessGroup", &[Value::from("x")]);
    let auto_logs = || {
        let files = std::fs::read_dir(daemon.folder()).expect("the folder");
        let names = files.map(|file| file.expect("a file").file_name());
        names
            .filter(|name| name.to_string_lossy().contains("---"))
            .count()
    };
    for round in 1..=5 {
        let answers: Vec<_> = thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(add)).collect();
            let joined = callers.into_iter().map(|caller| caller.join());
            joined.map(|answer| answer.expect("no panic")).collect()
        });
        let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
        let refused: Vec<&String> = refused.collect();
        assert_eq!(refused.len(), 7, "{answers:?}");
        assert!(
            refused
                .iter()
                .all(|fault| fault.contains("ALREADY_ADDED: x"))
        );
        // one for each output
        assert_eq!(auto_logs(), 2 * round);
        daemon.call("supervisor.removeProcessGroup", &[Value::from("x")]);
    }
}
