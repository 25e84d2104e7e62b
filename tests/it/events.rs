//! Event listeners: our examples, the original's, and hostile ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, kill, original, wait_until};

/// `sendRemoteCommEvent`.
fn send(daemon: &Daemon, data: &str) {
    let arguments = [Value::from("test"), Value::from(data)];
    daemon.call("supervisor.sendRemoteCommEvent", &arguments);
}

pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples/listeners")
}

/// The Rust example, compiled: it needs nothing but the standard library.
pub(crate) fn compile_rust_listener(target: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/listener.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(rustc)
        .args(["--edition", "2024", "-o"])
        .args([target, &source])
        .status()
        .expect("run rustc");
    assert!(compiled.success());
}

/// A pool that writes every event it gets to `journal`.
fn journal(events: &str, options: &str) -> String {
    let listener = examples().join("listener.sh");
    format!(
        "[eventlistener:journal]\ncommand={} @DIR@/journal\nevents={events}\nstartsecs=0\n\
         event_length=bytes\nbuffer_size=1000\n{options}\n",
        listener.display()
    )
}

/// The data of the REMOTE_COMMUNICATION events in the journal.
fn remote(daemon: &Daemon) -> Vec<String> {
    let text = daemon.text("journal");
    let bodies = text.split("REMOTE_COMMUNICATION\ntype:test\n").skip(1);
    bodies
        .map(|body| body.lines().next().unwrap_or("").to_owned())
        .collect()
}

#[test]
fn the_shipped_listeners_work_as_shipped() {
    let setup = Setup::new();
    for (from, to) in [
        (examples().join("supervisord.conf"), "s.conf"),
        (examples().join("listener.sh"), "listener.sh"),
    ] {
        fs::copy(&from, setup.path(to)).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    }
    compile_rust_listener(&setup.path("listener"));
    // the harness talks to this socket
    let text = fs::read_to_string(setup.path("s.conf")).expect("the example");
    let text = text.replace("supervisor.sock", "s.sock");
    fs::write(setup.path("s.conf"), text).expect("the example");
    let daemon = setup.start();
    wait_until("the report of the Rust listener", || {
        daemon.text("failures.txt") == "flaky ended unexpectedly\n"
    });
    wait_until("the journal of the shell listeners", || {
        daemon
            .text("journal.txt")
            .contains("PROCESS_STATE_EXITED\nprocessname:flaky groupname:flaky")
    });
}

#[test]
fn events_go_on_in_order_while_others_misbehave() {
    let hostile = |name: &str, script: &str| {
        format!(
            "[eventlistener:{name}]\ncommand=/bin/sh -c '{script}'\n\
             events=REMOTE_COMMUNICATION\nstartsecs=0\nautorestart=false\n\
             stdout_logfile=NONE\nstopsignal=KILL\n"
        )
    };
    let programs = [
        journal("REMOTE_COMMUNICATION", ""),
        hostile("chatter", "echo READY; echo and more; exec sleep 600"),
        hostile("flood", "echo READY; read l; exec yes"),
        hostile(
            "endless",
            "echo READY; read l; head -c 100000000 /dev/zero | tr \"\\\\0\" x; exec sleep 600",
        ),
        hostile(
            "absurd",
            "echo READY; read l; echo RESULT 99999999999; exec sleep 600",
        ),
        hostile(
            "negative",
            "echo READY; read l; echo RESULT -5; exec sleep 600",
        ),
        hostile("closed", "exec 0<&-; echo READY; exec sleep 600"),
        hostile("dies", "echo READY; read l"),
        hostile("deaf", "echo READY; exec sleep 600"),
    ]
    .concat();
    // what these say is too much for a log of what listeners say
    let daemon = Daemon::with("loglevel=warn", &programs);
    let names: Vec<String> = (0..100).map(|number| format!("event {number}")).collect();
    for name in &names {
        send(&daemon, name);
    }
    wait_until("every event at the good listener", || {
        remote(&daemon) == names
    });
    for line in [
        "chatter: has entered the UNKNOWN state and will no longer receive events",
        "flood: bad result line: 'y'",
        "endless: bad result line: 'xxxx",
        "endless: has entered the UNKNOWN state and will no longer receive events",
        "absurd: bad result line: 'RESULT 99999999999'",
        "negative: bad result line: 'RESULT -5'",
        "pool closed event buffer overflowed, discarding event",
        "pool dies event buffer overflowed, discarding event",
        "pool deaf event buffer overflowed, discarding event",
    ] {
        daemon.wait_log(line);
    }
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident: u64 = resident
        .and_then(|text| text.trim().strip_suffix(" kB"))
        .and_then(|text| text.parse().ok())
        .expect("kilobytes");
    assert!(resident < 200_000, "{resident} kB");
}

#[test]
fn a_broken_listener_is_restarted_if_that_is_wished() {
    let script = "date +%%s.%%N >> @DIR@/starts; if [ ! -e @DIR@/again ]; then touch @DIR@/again; echo nonsense; \
                  exec sleep 600; fi; exec @LISTENER@ @DIR@/journal";
    let script = script.replace(
        "@LISTENER@",
        &examples().join("listener.sh").display().to_string(),
    );
    let pool = format!(
        "[eventlistener:pool]\ncommand=/bin/sh -c '{script}'\nevents=REMOTE_COMMUNICATION\n\
         startsecs=0\nlistener_recover=restart\n"
    );
    let daemon = Daemon::with("", &pool);
    daemon.wait_log("restarting pool, a listener in the UNKNOWN state");
    send(&daemon, "hello");
    wait_until("the event", || remote(&daemon) == ["hello"]);
    assert_eq!(
        daemon.text("main.log").matches("spawned: 'pool'").count(),
        2
    );
    // like any automatic restart, a second after the first start at the earliest
    let starts = daemon.text("starts");
    let starts: Vec<f64> = starts
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    assert_eq!(starts.len(), 2);
    assert!(starts[1] - starts[0] > 0.5, "{starts:?}");
}

#[test]
fn a_death_gives_the_event_to_another_member() {
    // the first listener keeps its event and waits to be killed
    let script = "if mkdir @DIR@/first 2>/dev/null; then echo READY; read l; \
                  echo $$ > @DIR@/victim; exec sleep 600; fi; sleep 0; \
                  exec @LISTENER@ @DIR@/journal";
    let script = script.replace(
        "@LISTENER@",
        &examples().join("listener.sh").display().to_string(),
    );
    let pool = format!(
        "[eventlistener:pool]\ncommand=/bin/sh -c '{script}'\nevents=REMOTE_COMMUNICATION\n\
         startsecs=0\nautorestart=false\nnumprocs=2\n\
         process_name=%(program_name)s_%(process_num)d\nbuffer_size=100\n"
    );
    let daemon = Daemon::with("", &pool);
    // until the victim has one, the other may take some
    let mut sent = 0;
    wait_until("the victim to have an event", || {
        send(&daemon, &format!("event {sent}"));
        sent += 1;
        daemon.text("victim").ends_with('\n')
    });
    let victim = daemon.text("victim").trim().parse().expect("a pid");
    kill(victim, libc::SIGKILL);
    wait_until("every event at the other member", || {
        let mut seen = remote(&daemon);
        seen.sort();
        let mut all: Vec<String> = (0..sent).map(|number| format!("event {number}")).collect();
        all.sort();
        seen == all
    });
}

#[test]
fn extended_detail_says_how_a_process_ended() {
    let programs = journal("PROCESS_STATE_EXITED", "event_detail=extended")
        + "[program:x]\ncommand=/bin/sh -c 'exit 3'\nstartsecs=0\nautorestart=false\n";
    let daemon = Daemon::with("", &programs);
    wait_until("the exit", || {
        daemon.text("journal").contains("processname:x")
    });
    let text = daemon.text("journal");
    let line = text.lines().find(|line| line.starts_with("processname:x"));
    let (_, detail) = line
        .and_then(|line| line.split_once(" cause:"))
        .expect("details");
    assert_eq!(
        detail,
        "exit exitcode:3 uptime:0 spawnerr:Bad%20exit%20code%203"
    );
}

#[test]
fn the_serial_survives_a_reload_and_the_pool_serial_does_not() {
    let script = "while echo READY && read -r header; do echo \"$header\" >> @DIR@/headers; \
                  head -c \"${header##*len:}\" > /dev/null; printf \"RESULT 2\\\\nOK\"; done";
    let pool = format!(
        "[eventlistener:pool]\ncommand=/bin/sh -c '{script}'\nevents=REMOTE_COMMUNICATION\n\
         startsecs=0\n"
    );
    let daemon = Daemon::with("", &pool);
    let headers = |count: usize| {
        wait_until("a header", || {
            daemon.text("headers").lines().count() == count
        });
        let text = daemon.text("headers");
        text.lines().last().expect("a header").to_owned()
    };
    send(&daemon, "one");
    send(&daemon, "two");
    assert!(headers(2).contains(" serial:1 pool:pool poolserial:1 "));
    daemon.signal(libc::SIGHUP);
    wait_until("the restart", || {
        let starts = daemon
            .text("main.log")
            .matches("supervisord started with pid")
            .count();
        starts == 2 && daemon.try_call("supervisor.getState", &[]).is_ok()
    });
    send(&daemon, "three");
    assert!(headers(3).contains(" serial:2 pool:pool poolserial:0 "));
}

/// A listener on Supervisor's own library, which reads `len` characters of a text stream; it
/// writes a line of JSON for each payload.
const CHILDUTILS: &str = "
import json, sys
from supervisor import childutils
while True:
    headers, payload = childutils.listener.wait()
    with open(sys.argv[1], 'a') as journal:
        journal.write(json.dumps(payload.split('\\n', 1)[1]) + '\\n')
    childutils.listener.ok()
";

/// Run the listener against a daemon; what it got of what the program wrote.
fn heard_by_childutils(setup: Setup, python: &Path) -> Vec<String> {
    fs::write(setup.path("listener.py"), CHILDUTILS).expect("the listener");
    let script = "for line in 'Gr\\303\\274\\303\\237e' '\\346\\227\\245\\346\\234\\254' \
                  'bad \\377\\303' '\\360\\235\\204\\236' end; \
                  do printf \"$line\\n\"; read go; done";
    fs::write(setup.path("writer.sh"), script).expect("the program");
    setup.configure(
        "",
        &format!(
            "[eventlistener:l]\ncommand={} @DIR@/listener.py @DIR@/heard\nevents=PROCESS_LOG\n\
             environment=PYTHONIOENCODING=utf-8\nbuffer_size=100\nstartsecs=0\n\
             [program:w]\ncommand=/bin/sh @DIR@/writer.sh\nstdout_events_enabled=true\n\
             startsecs=0\nautorestart=false\n",
            python.display()
        ),
    );
    let daemon = setup.start();
    for count in 1..=5 {
        wait_until(&format!("payload {count}"), || {
            daemon.text("heard").lines().count() == count
        });
        if count < 5 {
            let arguments = [Value::from("w"), Value::from("go\n")];
            daemon.call("supervisor.sendProcessStdin", &arguments);
        }
    }
    daemon.text("heard").lines().map(str::to_owned).collect()
}

#[test]
fn a_listener_on_the_originals_library_stays_in_step() {
    let Some(python) = original("python") else {
        return;
    };
    let heard = heard_by_childutils(Setup::new(), &python);
    assert_eq!(
        heard,
        [
            r#""Gr\u00fc\u00dfe\n""#,
            r#""\u65e5\u672c\n""#,
            r#""Undecodable: b'bad \\xff\\xc3\\n'""#,
            r#""\ud834\udd1e\n""#,
            r#""end\n""#,
        ]
    );
    if let Some(theirs) = Setup::original_daemon() {
        assert_eq!(heard_by_childutils(theirs, &python), heard);
    }
}
