//! The live stream, the use of resources and the numbers for machines, from a real daemon.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use visord_xmlrpc::Value;

use crate::harness::{Daemon, PATIENCE, kill, wait_until};

/// One message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    id: String,
    event: String,
    data: Json,
}

impl Message {
    pub(crate) fn event(&self) -> &str {
        &self.event
    }

    fn text(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or_default()
    }

    /// The number in its id.
    fn seq(&self) -> u64 {
        let (_, seq) = self.id.split_once('-').expect("an id");
        seq.parse().expect("a number")
    }
}

/// A client of `/live`.
pub(crate) struct Stream {
    lines: BufReader<UnixStream>,
    id: String,
}

impl Stream {
    /// `query` begins with `?`. Without chunks: HTTP/1.0.
    pub(crate) fn open(socket: &Path, query: &str) -> Self {
        let mut stream = UnixStream::connect(socket).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        write!(
            stream,
            "GET /live{query} HTTP/1.0\r\nHost: localhost\r\n\r\n"
        )
        .expect("ask");
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).expect("a status");
        assert!(line.starts_with("HTTP/1.0 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            lines.read_line(&mut line).expect("a header");
        }
        let id = String::new();
        Self { lines, id }
    }

    fn of(daemon: &Daemon, query: &str) -> Self {
        Self::open(&daemon.path("s.sock"), query)
    }

    /// The next message; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Message> {
        let mut message = Message::default();
        loop {
            let mut line = String::new();
            let count = self.lines.read_line(&mut line).expect("a line in time");
            if count == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(id) = line.strip_prefix("id: ") {
                self.id = id.into();
            } else if let Some(event) = line.strip_prefix("event: ") {
                message.event = event.into();
            } else if let Some(data) = line.strip_prefix("data: ") {
                message.data = serde_json::from_str(data).expect("JSON");
            } else if line.is_empty() && !message.event.is_empty() {
                message.id.clone_from(&self.id);
                return Some(message);
            }
        }
    }

    /// The next message of this kind that is so, and all up to it.
    fn until(&mut self, event: &str, is_it: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut all = Vec::new();
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end, "in vain for {event}: {all:?}");
            let message = self.next().expect("the stream goes on");
            all.push(message.clone());
            if message.event == event && is_it(&message) {
                return all;
            }
        }
    }

    fn ready(&mut self) -> Vec<Message> {
        self.until("ready", |_| true)
    }

    fn state(&mut self, name: &str, state: &str) -> Vec<Message> {
        self.until("state", |message| {
            message.text("name") == name && message.text("state") == state
        })
    }
}

/// A whole answer: head and body.
fn get(socket: &Path, path: &str, more: &str) -> (String, String) {
    let mut stream = UnixStream::connect(socket).expect("connect");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: localhost\r\n{more}\r\n"
    )
    .expect("ask");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    (head.to_lowercase(), body.to_owned())
}

const PROGRAMS: &str = "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\nautorestart=true\n\
                        stdout_logfile=NONE\n\
                        [program:y]\ncommand=/bin/sleep 1000\nautostart=false\nstartsecs=0\n";

#[test]
fn a_crash_is_told_at_once_with_its_reason() {
    let daemon = Daemon::with("", PROGRAMS);
    daemon.wait_state("x", "RUNNING");
    let mut stream = Stream::of(&daemon, "?topics=state,event");
    let snapshot = stream.ready();
    let names: Vec<&str> = snapshot.iter().map(|m| m.text("name")).collect();
    assert_eq!(names, ["x", "y", ""]);
    assert_eq!(snapshot[0].data["logs"], serde_json::json!(["stderr"]));
    let began = Instant::now();
    kill(daemon.child_pid("x"), libc::SIGKILL);
    let told = stream.state("x", "RUNNING");
    let took = began.elapsed();
    let last = &told[told.len() - 1].data;
    assert_eq!(last["restarts"], 1);
    assert_eq!(last["why"], "killed by SIGKILL");
    assert!(last["pid"].as_i64().expect("a pid") > 1);
    assert!(took < Duration::from_secs(5), "{took:?}");
    let exited = |m: &Message| m.event == "event" && m.text("type") == "PROCESS_STATE_EXITED";
    let event = told.iter().find(|m| exited(m));
    let event = event
        .cloned()
        .unwrap_or_else(|| stream.until("event", exited).pop().expect("the event"));
    assert_eq!(event.data["serial"], Json::Null, "no listener subscribes");
    assert!(event.text("payload").contains("from_state:RUNNING"));
}

#[test]
fn who_comes_back_has_missed_nothing_and_hears_nothing_twice() {
    let daemon = Daemon::with("", PROGRAMS);
    daemon.wait_state("x", "RUNNING");
    let mut stream = Stream::of(&daemon, "?topics=state,event");
    let first = stream.ready().pop().expect("ready").seq();
    let mut seen = Vec::new();
    let mut cursor = stream.id.clone();
    for round in 0..12 {
        // a new connection, while things happen before, during and after
        drop(stream);
        daemon.call("supervisor.startProcess", &["y".into()]);
        let query = format!("?topics=state,event&cursor={cursor}");
        stream = Stream::of(&daemon, &query);
        daemon.call("supervisor.stopProcess", &["y".into()]);
        // leave in the middle, each time at another message
        let count = round % 5 + 1;
        for _ in 0..count {
            let message = stream.next().expect("a message");
            seen.push(message.seq());
        }
        cursor.clone_from(&stream.id);
    }
    drop(stream);
    let query = format!("?topics=state,event&cursor={cursor}");
    stream = Stream::of(&daemon, &query);
    daemon.call("supervisor.stopProcess", &["x".into()]);
    let rest = stream.until("event", |m| {
        m.text("type") == "PROCESS_STATE_STOPPED" && m.text("process") == "x"
    });
    seen.extend(rest.iter().map(Message::seq));
    let last = *seen.last().expect("some");
    let expected: Vec<u64> = (first + 1..=last).collect();
    assert_eq!(seen, expected, "neither gap nor double");
    assert!(seen.len() > 60, "{}", seen.len());
}

#[test]
fn the_end_says_goodbye_and_is_not_held_up() {
    let mut daemon = Daemon::with("", PROGRAMS);
    daemon.wait_state("x", "RUNNING");
    let mut stream = Stream::of(&daemon, "");
    stream.ready();
    // one that never reads
    let _deaf = Stream::of(&daemon, "?topics=state,usage,event");
    let began = Instant::now();
    daemon.signal(libc::SIGTERM);
    stream.until("bye", |_| true);
    assert!(stream.next().is_none());
    daemon.ended();
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_restarted_daemon_is_another_run() {
    let daemon = Daemon::with("", PROGRAMS);
    daemon.wait_state("x", "RUNNING");
    let mut stream = Stream::of(&daemon, "");
    stream.ready();
    let cursor = stream.id.clone();
    daemon.call("supervisor.restart", &[]);
    stream.until("bye", |_| true);
    wait_until("the daemon's next life", || {
        daemon.try_call("supervisor.getState", &[]).is_ok()
    });
    let mut stream = Stream::of(&daemon, &format!("?cursor={cursor}"));
    let told = stream.ready();
    assert_eq!(told[0].event, "reset");
    assert!(told.iter().any(|message| message.text("name") == "x"));
}

/// One member of getProcessDetails as a number.
fn number(daemon: &Daemon, name: &str, key: &str) -> f64 {
    let details = daemon.call("supervisor.getProcessDetails", &[Value::from(name)]);
    match details.get(key) {
        Some(Value::Double(number)) => *number,
        Some(Value::Int(number)) => *number as f64,
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn the_whole_tree_counts() {
    // a grandchild that burns, one in a session of its own that holds 50 MB, and an orphan that
    // stayed in the group
    let programs = "[program:burn]\nstopasgroup=true\nkillasgroup=true\nstartsecs=0\n\
        command=/bin/sh -c \"/bin/sh -c 'while :; do :; done' & wait\"\n\
        [program:hold]\nstopasgroup=true\nkillasgroup=true\nstartsecs=0\n\
        command=/bin/sh -c \"(head -c 52428800 /dev/zero; exec sleep 1000) \
        | tail -c 52428800 > /dev/null; true\"\n\
        [program:left]\nstopasgroup=true\nkillasgroup=true\nstartsecs=0\n\
        command=/bin/sh -c \"(sleep 1000 &); exec sleep 1000\"\n";
    let daemon = Daemon::with("", programs);
    for name in ["burn", "hold", "left"] {
        daemon.wait_state(name, "RUNNING");
    }
    wait_until("the burner to burn", || {
        number(&daemon, "burn", "cpu") > 5.0 && number(&daemon, "burn", "processes") >= 2.0
    });
    wait_until("50 MB in a grandchild", || {
        number(&daemon, "hold", "rss") > 50.0 * 1024.0 * 1024.0
    });
    wait_until("the orphan of the group", || {
        (number(&daemon, "left", "processes") - 2.0).abs() < 0.1
    });
    assert!(number(&daemon, "left", "cpu") < 50.0);
    let mut stream = Stream::of(&daemon, "?topics=usage");
    let usage = stream.until("usage", |message| {
        message.data["burn"]["cpu"]
            .as_f64()
            .is_some_and(|cpu| cpu > 5.0)
    });
    let usage = &usage[usage.len() - 1].data;
    assert!(usage["hold"]["rss"].as_f64().expect("rss") > 50.0 * 1024.0 * 1024.0);
    assert_eq!(usage["left"]["processes"], 2);
    // what does not run uses nothing
    daemon.call("supervisor.stopProcess", &["burn".into()]);
    wait_until("nothing to be used", || {
        number(&daemon, "burn", "rss") == 0.0
    });
    assert_eq!(
        daemon
            .call("supervisor.getProcessDetails", &["burn".into()])
            .get("why")
            .and_then(Value::as_str),
        Some("stopped on request, killed by SIGTERM")
    );
}

#[test]
fn numbers_for_machines() {
    let programs = format!(
        "{PROGRAMS}[program:loud]\ncommand=/bin/cat\nstartsecs=0\n\
         stdout_logfile=@DIR@/loud.log\n\
         [eventlistener:ears]\ncommand=/bin/sleep 1000\nevents=PROCESS_STATE\n\
         buffer_size=2\nstartsecs=0\n"
    );
    let daemon = Daemon::with("", &programs);
    daemon.wait_state("ears", "RUNNING");
    daemon.wait_state("loud", "RUNNING");
    let line = Value::from("0123456789");
    daemon.call("supervisor.sendProcessStdin", &["loud".into(), line]);
    wait_until("the log", || daemon.text("loud.log").len() == 10);
    for _ in 0..3 {
        daemon.call("supervisor.startProcess", &["y".into()]);
        daemon.call("supervisor.stopProcess", &["y".into()]);
    }
    let socket = daemon.path("s.sock");
    let (head, body) = get(
        &socket,
        "/metrics",
        "Accept: application/openmetrics-text\r\n",
    );
    assert!(head.starts_with("http/1.0 200"), "{head}");
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    for line in [
        "visord_process_state{group=\"x\",process=\"x\",state=\"RUNNING\"} 1",
        "visord_process_restarts_total{group=\"y\",process=\"y\"} 2",
        "visord_log_stored_bytes_total{group=\"loud\",process=\"loud\",channel=\"stdout\"} 10",
        "visord_event_queue_length{pool=\"ears\"} 2",
        "visord_rpc_duration_seconds_count{method=\"supervisor.stopProcess\"} 3",
        "# EOF",
    ] {
        assert!(body.contains(&format!("\n{line}\n")), "{line} in {body}");
    }
    let value = |start: &str| -> f64 {
        let line = body.lines().find_map(|line| line.strip_prefix(start));
        let number = line.and_then(|rest| rest.trim().parse().ok());
        number.unwrap_or_else(|| panic!("{start} in {body}"))
    };
    assert!(value("visord_event_discarded_total{pool=\"ears\"}") > 0.0);
    assert!(value("visord_process_resident_memory_bytes{group=\"x\",process=\"x\"}") > 0.0);
    let started = value("process_start_time_seconds");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    assert!((now.expect("a clock").as_secs_f64() - started).abs() < 120.0);
    let (head, body) = get(&socket, "/healthz", "");
    assert!(head.starts_with("http/1.0 200"), "{head}");
    assert_eq!(body, "OK\n");
}
