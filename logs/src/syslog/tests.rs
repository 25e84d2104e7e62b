//! Real sockets at the other end.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLockReadGuard;
use slog::{Drain, Logger, OwnedKVList, Record};
use visord_config::SyslogFormat;
use visord_model::event::Stream;

use super::*;

fn split(chunk: &str) -> Vec<&str> {
    lines(chunk.as_bytes())
        .map(|line| std::str::from_utf8(line).expect("utf-8"))
        .collect()
}

#[test]
fn lines_of_a_chunk() {
    assert_eq!(split("a\nb\n"), ["a", "b"]);
    assert_eq!(split("ä€\n\nend\n\n"), ["ä€", "", "end"]);
    assert_eq!(split("\n\n"), [""]);
    assert_eq!(split("a\r\nb"), ["a\r", "b"]);
}

/// A logger that hands on what is said.
#[derive(Clone)]
struct Said(std::sync::mpsc::Sender<String>);

impl Drain for Said {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        // the receiver may be gone
        let _ = self.0.send(record.msg().to_string());
        Ok(())
    }
}

/// One output on its way to one syslog.
struct Bench {
    senders: SyslogSenders,
    handle: SyslogHandle,
    lost: Arc<AtomicU64>,
    said: std::sync::mpsc::Receiver<String>,
    /// A syslog that is closed must be gone.
    _alone: RwLockReadGuard<'static, ()>,
}

impl Bench {
    fn new(format: SyslogFormat, address: SyslogAddress) -> Self {
        Self::with_grace(format, address, std::time::Duration::ZERO)
    }

    fn with_grace(
        format: SyslogFormat,
        address: SyslogAddress,
        grace: std::time::Duration,
    ) -> Self {
        let (sender, said) = std::sync::mpsc::channel();
        let logger = Logger::root(
            std::sync::Mutex::new(Said(sender)).map(slog::Fuse),
            slog::o!(),
        );
        let mut senders = SyslogSenders::new(logger, "/nowhere".into());
        senders.grace = grace;
        let lost = Arc::new(AtomicU64::new(0));
        let origin = Origin {
            process: "x y".into(),
            stream: Stream::Stdout,
            shown: "'x y' stdout".into(),
            total: Arc::clone(&lost),
        };
        let config = SyslogConfig { format, address };
        let mut handle = senders.handle(&config, origin).expect("a thread");
        handle.begin(77);
        Self {
            senders,
            handle,
            lost,
            said,
            _alone: crate::tests::without_children(),
        }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn declared(&self) -> String {
        let patience = std::time::Duration::from_secs(20);
        self.said.recv_timeout(patience).expect("a declaration")
    }
}

fn unix(server: &UnixDatagram) -> String {
    let mut buffer = [0; 500];
    let length = server.recv(&mut buffer).expect("recv");
    String::from_utf8(buffer[..length].to_vec()).expect("utf-8")
}

fn udp(server: &UdpSocket) -> String {
    let mut buffer = [0; 500];
    let length = server.recv(&mut buffer).expect("recv");
    String::from_utf8(buffer[..length].to_vec()).expect("utf-8")
}

fn udp_server() -> (UdpSocket, SyslogAddress) {
    let server = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let port = server.local_addr().expect("address").port();
    (server, SyslogAddress::Udp("127.0.0.1".into(), port))
}

/// The parts of a header, split at blanks, and the message.
fn parts(message: &str, count: usize) -> Vec<&str> {
    message.splitn(count, ' ').collect()
}

fn host() -> String {
    let host = nix::unistd::gethostname().expect("a name");
    host.to_string_lossy().into_owned()
}

#[test]
fn rfc_3164_over_udp() {
    let (server, address) = udp_server();
    let mut bench = Bench::new(SyslogFormat::Rfc3164, address);
    bench.handle.send("one\nzwei ü: [x]\n".as_bytes());
    for text in ["one", "zwei ü: [x]"] {
        let message = udp(&server);
        let (header, rest) = message.split_at("<14>Nov 21 05:45:15".len());
        assert!(header.starts_with("<14>"), "{message}");
        let time = jiff::fmt::strtime::parse("%b %e %H:%M:%S", &header[4..]);
        assert!(time.is_ok(), "{message}");
        assert_eq!(rest, format!(" {} x_y[77]: {text}", host()));
    }
}

#[test]
fn rfc_5424_over_a_unix_socket() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let server = UnixDatagram::bind(&path).expect("bind");
    let mut bench = Bench::new(SyslogFormat::Rfc5424, SyslogAddress::Unix(path));
    bench.handle.send(b"a line\nwith \xff\n");
    for text in ["a line", "with \u{fffd}"] {
        let message = unix(&server);
        let parts = parts(&message, 8);
        assert_eq!(parts[0], "<14>1");
        assert!(parts[1].parse::<jiff::Timestamp>().is_ok(), "{message}");
        assert_eq!(parts[2..7], [&host(), "x_y", "77", "stdout", "-"]);
        assert_eq!(parts[7], text);
    }
}

#[test]
fn rfc_5424_over_tcp_tells_lengths() {
    let server = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = server.local_addr().expect("address").port();
    let address = SyslogAddress::Tcp("127.0.0.1".into(), port);
    let mut bench = Bench::new(SyslogFormat::Rfc5424, address);
    bench.handle.send(b"one\ntwo\n");
    let (stream, _) = server.accept().expect("accept");
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut length = Vec::new();
        reader.read_until(b' ', &mut length).expect("a length");
        let length = String::from_utf8_lossy(&length);
        let mut message = vec![0; length.trim().parse().expect("a number")];
        reader.read_exact(&mut message).expect("a message");
        String::from_utf8(message).expect("utf-8")
    };
    assert!(next().ends_with(" x_y 77 stdout - one"));
    assert!(next().ends_with(" x_y 77 stdout - two"));
}

#[test]
fn a_stream_that_was_closed_is_opened_again() {
    let server = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = server.local_addr().expect("address").port();
    let address = SyslogAddress::Tcp("127.0.0.1".into(), port);
    let mut bench = Bench::new(SyslogFormat::Rfc3164, address);
    for text in ["one", "two"] {
        bench.handle.send(text.as_bytes());
        let (stream, _) = server.accept().expect("accept");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("a line");
        assert!(line.ends_with(&format!(" x_y[77]: {text}\n")), "{line}");
    }
    assert_eq!(bench.lost(), 0);
}

#[test]
fn a_syslog_that_is_restarted_finds_what_was_said_meanwhile() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let address = SyslogAddress::Unix(path.clone());
    let grace = std::time::Duration::from_secs(30);
    let mut bench = Bench::with_grace(SyslogFormat::Local, address, grace);
    for round in 0..2 {
        // it is not there yet
        bench.handle.send(b"hello\n");
        let server = UnixDatagram::bind(&path).expect("bind");
        let text = unix(&server);
        assert!(text.starts_with("<14>"), "round {round}: {text}");
        assert!(text.ends_with(": x y hello"), "round {round}: {text}");
        drop(server);
        std::fs::remove_file(&path).expect("unlink");
    }
    assert_eq!(bench.lost(), 0);
}

#[test]
fn a_missing_syslog_costs_lines_that_are_counted_and_declared() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let mut bench = Bench::new(SyslogFormat::Local, SyslogAddress::Unix(path.clone()));
    bench.handle.send(b"12345\n\n678\n");
    let declared = bench.declared();
    assert!(declared.ends_with(" lost: No such file or directory (os error 2)"));
    bench.senders.stop();
    assert_eq!(bench.lost(), 9);
}

#[test]
fn a_stalled_syslog_holds_up_nobody_and_loses_nothing_if_it_recovers() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let server = UnixDatagram::bind(&path).expect("bind");
    let mut bench = Bench::new(SyslogFormat::Local, SyslogAddress::Unix(path));
    // far more than a socket holds
    for number in 0..5000 {
        bench.handle.send(format!("{number}\n").as_bytes());
    }
    for number in 0..5000 {
        let text = unix(&server);
        assert!(text.ends_with(&format!(": x y {number}")), "{text}");
    }
    assert_eq!(bench.lost(), 0);
}

#[test]
fn what_a_stalled_syslog_never_took_is_declared() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let server = UnixDatagram::bind(&path).expect("bind");
    let mut bench = Bench::new(SyslogFormat::Local, SyslogAddress::Unix(path));
    let line = [b'.'; 1000];
    let posted = 6000;
    for _ in 0..posted {
        bench.handle.send(&line);
    }
    // the queue is full: said although nothing moves
    assert!(bench.declared().ends_with(" lost: its queue is full"));
    bench.senders.stop();
    server.set_nonblocking(true).expect("nonblocking");
    let mut buffer = [0; 2000];
    let mut arrived = 0;
    while server.recv(&mut buffer).is_ok() {
        arrived += 1;
    }
    assert_eq!(bench.lost(), (posted - arrived) * 1000);
    let reason = " lost: its reader did not read them in time";
    while !bench.declared().ends_with(reason) {}
}

#[test]
fn a_refused_datagram_is_counted() {
    let (server, address) = udp_server();
    drop(server);
    let mut bench = Bench::new(SyslogFormat::Rfc3164, address);
    bench.handle.send(b"12345\n");
    bench.handle.send(b"678\n");
    bench.senders.stop();
    assert!((5..=8).contains(&bench.lost()), "{}", bench.lost());
}

#[test]
fn the_activity_log_in_each_form() {
    let (server, address) = udp_server();
    let line = "2026-11-21 05:45:15,123 WARN two words\n";
    let sent = |format| {
        let address = address.clone();
        let mut syslog = ActivitySyslog::new(&SyslogConfig { format, address });
        syslog.send(line, |_| Ok(())).expect("sent");
        udp(&server)
    };
    let local = sent(SyslogFormat::Local);
    assert!(local.starts_with("<14>") && local.ends_with(&format!(": {line}")));
    let pid = std::process::id();
    let bsd = sent(SyslogFormat::Rfc3164);
    assert!(bsd.starts_with("<12>"), "{bsd}");
    assert!(bsd.ends_with(&format!("[{pid}]: two words")), "{bsd}");
    let new = sent(SyslogFormat::Rfc5424);
    let parts = parts(&new, 8);
    assert_eq!(parts[0], "<12>1");
    assert_eq!(parts[4..], [&pid.to_string(), "activity", "-", "two words"]);
}
