//! The way of the bytes: ANSI filter, capture, events, syslog, the debug lines; and what
//! an idle service costs.

use std::os::unix::net::UnixDatagram;

use visord_model::event::{Event, EventKind, Output};
use visord_test_support::{is_own_process, own_process, wait_until, waits_for_events};

use super::*;

/// Remembers events and says which have a subscriber.
#[derive(Default)]
struct Recorder {
    wanted: Mutex<Vec<EventKind>>,
    events: Mutex<Vec<Event>>,
}

impl EventSink for Recorder {
    fn has_subscriber(&self, kind: EventKind) -> bool {
        self.wanted.lock().expect("not poisoned").contains(&kind)
    }

    fn publish(&self, event: Event) {
        self.events.lock().expect("not poisoned").push(event);
    }
}

fn output(data: &[u8]) -> Output {
    Output {
        name: visord_model::name::ProcessName::new("g", "x"),
        pid: 7,
        stream: Stream::Stdout,
        data: data.to_vec(),
    }
}

const CAPTURED: &[u8] = b"a<!--XSUPERVISOR:BEGIN-->\x1b[1mhi\x1b[0m<!--XSUPERVISOR:END-->z";

#[test]
fn captures_become_events_before_the_drain_answers() {
    let bench = Bench::new();
    let recorder = Arc::new(Recorder::default());
    let spec = ChannelSpec {
        config: ChannelConfig {
            capture_maxbytes: 100,
            events_enabled: true,
            ..ChannelConfig::default()
        },
        strip_ansi: true,
        events: Some(recorder.clone()),
        ..bench.spec("x.log")
    };
    let channel = bench.open(spec).expect("open");
    let told = |bytes: &[u8]| {
        child(&channel).write_all(bytes).expect("write");
        drained(&channel);
        std::mem::take(&mut *recorder.events.lock().expect("not poisoned"))
    };
    let communication = Event::ProcessCommunication(output(b"hi"));
    // the sink decides what becomes of a section without a subscriber
    assert_eq!(told(CAPTURED), std::slice::from_ref(&communication));
    let wanted = vec![EventKind::ProcessLogStdout];
    *recorder.wanted.lock().expect("not poisoned") = wanted;
    let log = |text: &[u8]| Event::ProcessLog(output(text));
    let all = [log(b"a"), log(b"hi"), communication, log(b"z")];
    assert_eq!(told(CAPTURED), all, "captured data is published too");
    assert_eq!(bench.read("x.log"), "azaz");
}

#[test]
fn the_tail_held_back_for_a_token_is_stored_at_the_end() {
    let bench = Bench::new();
    let spec = ChannelSpec {
        config: ChannelConfig {
            capture_maxbytes: 100,
            ..ChannelConfig::default()
        },
        ..bench.spec("x.log")
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"text<!--XSUPERVISOR:BEG");
    assert_eq!(bench.read("x.log"), "text<!--XSUPERVISOR:BEG");
}

#[test]
fn syslog_gets_each_line() {
    let _alone = without_children();
    let bench = Bench::new();
    let server = UnixDatagram::bind(bench.path("syslog")).expect("bind");
    let spec = ChannelSpec {
        config: ChannelConfig {
            syslog: true,
            ..ChannelConfig::default()
        },
        ..bench.spec("x.log")
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"one\n\ntwo\n");
    let received = || {
        let mut buffer = [0; 500];
        let length = server.recv(&mut buffer).expect("recv");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        text.split_once(": ").expect("a tag").1.to_owned()
    };
    assert_eq!(
        [received(), received(), received()],
        ["x one", "x ", "x two"]
    );
    assert_eq!(bench.read("x.log"), "one\n\ntwo\n");
    drop(server);
    say(&channel, b"nobody listens\n");
    bench.service.clone().shutdown();
    assert_eq!(bench.lost(), 0, "the file has it");
    let lines = bench.said.lines();
    assert!(
        lines[0].starts_with("ERRO 14 bytes of 'x' stdout for syslog lost: "),
        "{lines:?}"
    );
}

#[test]
fn syslog_alone_is_the_log() {
    let bench = Bench::new();
    let spec = ChannelSpec {
        config: ChannelConfig {
            syslog: true,
            ..ChannelConfig::default()
        },
        ..spec()
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"12345\n");
    bench.service.clone().shutdown();
    assert_eq!(bench.lost(), 5);
}

#[test]
fn debug_shows_what_is_written() {
    let bench = Bench::talkative();
    let channel = bench.open(spec()).expect("open");
    say(&channel, "tä\n".as_bytes());
    say(&channel, b"\xff");
    let lines = bench.said.lines();
    assert_eq!(lines[0], "DEBG 'x' stdout output:\ntä\n");
    assert!(lines[1].ends_with("closed, stopped monitoring <output of 'x' (stdout)>"));
    assert_eq!(lines[2], "DEBG 'x' stdout output:\nUndecodable: b'\\xff'");
}

#[test]
fn followers_are_told() {
    let bench = Bench::new();
    let channel = bench.open(bench.spec("x.log")).expect("open");
    let mut grown = bench.service.followers().follow(&bench.path("x.log"));
    let other = bench.service.followers().follow(&bench.path("y.log"));
    say(&channel, b"more");
    assert!(grown.has_changed());
    grown.mark();
    say(&channel, b"more");
    assert!(grown.has_changed());
    assert!(!other.has_changed());
}

#[test]
fn followers_of_the_activity_log_are_told() {
    let bench = Bench::new();
    let log = activity(ActivitySettings {
        target: visord_config::MainLogTarget::File(bench.path("main.log")),
        maxbytes: 0,
        backups: 0,
        level: visord_model::log_line::Level::Info,
        stdout: false,
        style: LineStyle::Supervisor,
    })
    .expect("open");
    log.announce_to(bench.service.followers());
    let grown = bench.service.followers().follow(&bench.path("main.log"));
    slog::info!(log.logger(), "more");
    assert!(grown.has_changed());
}

#[test]
fn an_idle_service_does_not_wake_up() {
    // other tests have threads too
    if !is_own_process() {
        return own_process("tests::path::an_idle_service_does_not_wake_up", |_| ());
    }
    let bench = Bench::new();
    let channel = bench.open(bench.spec("x.log")).expect("open");
    let mut child = child(&channel);
    child.write_all(b"busy").expect("write");
    wait_until("the log", || bench.read("x.log") == "busy");
    let what = "threads that wait for nothing but events";
    wait_until(what, || waits_for_events(std::process::id().cast_signed()));
}
