//! The way of the bytes: ANSI filter, capture, events, syslog, the debug lines; and what
//! an idle service costs.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use visord_config::SyslogConfig;
use visord_model::event::EventKind;

use super::*;

/// An actor that remembers events.
#[derive(Default)]
struct Ear(Vec<OutputEvent>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<OutputEvent> for Ear {
    type Result = ();

    fn handle(&mut self, event: OutputEvent, _: &mut Context<Self>) {
        self.0.push(event);
    }
}

/// Asks for everything heard so far.
#[derive(actix::Message)]
#[rtype(result = "Vec<(i32, OutputEventKind)>")]
struct Heard;

impl Handler<Heard> for Ear {
    type Result = Vec<(i32, OutputEventKind)>;

    fn handle(&mut self, _: Heard, _: &mut Context<Self>) -> Self::Result {
        self.0
            .drain(..)
            .map(|event| (event.pid, event.kind))
            .collect()
    }
}

const CAPTURED: &[u8] = b"a<!--XSUPERVISOR:BEGIN-->\x1b[1mhi\x1b[0m<!--XSUPERVISOR:END-->z";

#[test]
fn captures_become_events_before_the_drain_answers() {
    let bench = Bench::new();
    actix::System::new().block_on(async {
        let ear = Ear::default().start();
        let interest = Interest::default();
        let spec = ChannelSpec {
            capture_maxbytes: 100,
            strip_ansi: true,
            events_enabled: true,
            interest: interest.clone(),
            events: Some(ear.clone().recipient()),
            ..bench.spec("x.log")
        };
        let channel = bench.open(spec).expect("open");
        let told = async |bytes: &[u8]| {
            child(&channel).write_all(bytes).expect("write");
            channel.drain().await;
            ear.send(Heard).await.expect("alive")
        };
        assert_eq!(told(CAPTURED).await, [], "nobody subscribes");
        interest.set([EventKind::ProcessCommunication].into_iter());
        let communication = (7, OutputEventKind::Communication(b"hi".to_vec()));
        assert_eq!(told(CAPTURED).await, std::slice::from_ref(&communication));
        interest.set([EventKind::Event].into_iter());
        let log = |text: &[u8]| (7, OutputEventKind::Log(text.to_vec()));
        let all = [log(b"a"), log(b"hi"), communication, log(b"z")];
        assert_eq!(told(CAPTURED).await, all, "captured data is published too");
    });
    assert_eq!(bench.read("x.log"), "azazaz");
}

#[test]
fn the_tail_held_back_for_a_token_is_stored_at_the_end() {
    let bench = Bench::new();
    let spec = ChannelSpec {
        capture_maxbytes: 100,
        ..bench.spec("x.log")
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"text<!--XSUPERVISOR:BEG");
    assert_eq!(bench.read("x.log"), "text<!--XSUPERVISOR:BEG");
}

#[test]
fn syslog_gets_each_line() {
    let bench = Bench::new();
    let server = UnixDatagram::bind(bench.path("syslog")).expect("bind");
    let spec = ChannelSpec {
        syslog: Some(SyslogConfig::default()),
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
    assert_eq!(channel.lost(), 0, "the file has it");
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
        syslog: Some(SyslogConfig::default()),
        ..spec()
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"12345\n");
    bench.service.clone().shutdown();
    assert_eq!(channel.lost(), 5);
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
    })
    .expect("open");
    log.announce_to(&bench.service);
    let grown = bench.service.followers().follow(&bench.path("main.log"));
    slog::info!(log.logger(), "more");
    assert!(grown.has_changed());
}

#[test]
fn an_idle_service_does_not_wake_up() {
    let bench = Bench::new();
    let channel = bench.open(bench.spec("x.log")).expect("open");
    let mut child = child(&channel);
    child.write_all(b"busy").expect("write");
    // it comes to rest by itself ...
    let mut last = bench.service.rounds();
    let resting = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let now = bench.service.rounds();
        std::mem::replace(&mut last, now) == now && now > 1
    });
    assert!(resting, "a wake-up at least every 10 ms");
    // ... and stays so
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(bench.service.rounds(), last);
    assert_eq!(bench.read("x.log"), "busy");
}
