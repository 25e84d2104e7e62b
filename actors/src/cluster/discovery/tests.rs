//! Announcements over the multicast of this machine, and floods.

use std::sync::Mutex;

use super::*;

fn candidate(nick: &str) -> Candidate {
    Candidate {
        identifier: "h1:9001".into(),
        nick: nick.into(),
        host: "h1".into(),
        port: 9001,
        stereotypes: vec!["web".into()],
    }
}

type Reports = Arc<Mutex<Vec<Report>>>;

fn recorder() -> (Reports, Sink) {
    let reports = Reports::default();
    let recorder = Arc::clone(&reports);
    let sink = move |report| recorder.lock().expect("reports").push(report);
    (reports, Arc::new(sink))
}

#[test]
fn a_flood_is_bounded_and_logged_once() {
    let (reports, sink) = recorder();
    let mut receiver = Receiver::new(sink);
    let text = datagram(&candidate("sv1"));
    let second = |number| Mono(Duration::from_secs(number));
    for now in [second(1), second(2)] {
        for _ in 0..2 * MOST {
            receiver.take(text.as_bytes(), "192.0.2.1", now);
        }
    }
    receiver.take(b"[]", "192.0.2.1", second(3));
    let reports = std::mem::take(&mut *reports.lock().expect("reports"));
    let is_input = |report: &&Report| matches!(report, Report::Input(_));
    assert_eq!(reports.iter().filter(is_input).count(), 2 * MOST as usize);
    assert_eq!(
        reports[0],
        Report::Input(Input::Discovered(candidate("sv1")))
    );
    let lines = reports.iter().filter(|it| !is_input(it));
    let text = LogLine::new(Level::Warn, "discovery: too many datagrams");
    assert!(lines.eq([&Report::Log(text)]));
}

#[test]
fn wrong_datagrams_are_logged_once() {
    let (reports, sink) = recorder();
    let mut receiver = Receiver::new(sink);
    for _ in 0..3 {
        receiver.take(b"[4, {}]", "192.0.2.1", Mono::default());
    }
    let text = "discovery: datagram of 192.0.2.1: announcement has no identifier";
    let line = Report::Log(LogLine::new(Level::Warn, text));
    assert_eq!(*reports.lock().expect("reports"), [line]);
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

#[test]
fn announcements_arrive() {
    block_on(async {
        // a port that is free: nothing else may hear of this test
        let free = StdSocket::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let group = Group {
            address: SocketAddrV4::new(Ipv4Addr::new(239, 255, 77, 1), port),
            interface: Some(Ipv4Addr::LOCALHOST),
            ttl: 0,
        };
        let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let sink: Sink = Arc::new(move |report| sender.send(report).expect("a reader"));
        let runtime = Handle::current();
        let discovery = Discovery::start(&runtime, group, Clock::start(), Arc::clone(&sink));
        // the address is shared
        let other = Discovery::start(&runtime, group, Clock::start(), sink);
        // by the interface that both listen on, whatever routes this machine has
        let socket = udp().expect("a socket");
        socket
            .set_multicast_if_v4(&Ipv4Addr::LOCALHOST)
            .expect("the interface");
        let text = datagram(&candidate("sv1"));
        socket
            .send_to(text.as_bytes(), &group.address.into())
            .expect("sent");
        for _ in 0..2 {
            let report = heard.recv().await.expect("a report");
            assert_eq!(report, Report::Input(Input::Discovered(candidate("sv1"))));
        }
        drop((discovery, other));
    });
}

#[test]
fn what_cannot_be_opened_or_sent_is_logged_once() {
    block_on(async {
        let (reports, sink) = recorder();
        let group = Group {
            // no multicast address
            address: SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9),
            interface: None,
            ttl: 1,
        };
        let discovery = Discovery::start(&Handle::current(), group, Clock::start(), sink);
        let lines = reports.lock().expect("reports").len();
        assert_eq!(lines, 1, "it cannot be bound");
        let mut long = candidate("sv1");
        long.stereotypes = vec!["x".repeat(DATAGRAM).into()];
        for _ in 0..3 {
            discovery.announce(&long);
        }
        let reports = reports.lock().expect("reports");
        let text = "discovery cannot send to 192.0.2.1:9: the stereotypes are too long";
        let line = Report::Log(LogLine::new(Level::Error, text));
        assert_eq!(reports[1..], [line]);
    });
}
