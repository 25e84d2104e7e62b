//! Live streams over real sockets.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use visord_actors::feed::News;
use visord_actors::messages::supervisor::ProcessName;
use visord_model::event::Event;
use visord_model::state::ProcessState;
use visord_test_support::PATIENCE;

use super::fake::{Plan, info};
use super::server::{Server, head, post, response};

/// One message of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    id: String,
    event: String,
    data: String,
}

/// A client that reads messages.
pub(super) struct Reader<S> {
    stream: S,
    id: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Reader<S> {
    /// Without chunks: HTTP/1.0.
    pub(super) async fn open(mut stream: S, query: &str, more: &str) -> Self {
        let request = format!("GET /live{query} HTTP/1.0\r\nHost: localhost\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut stream).await;
        assert!(head.starts_with("http/1.0 200"), "{head}");
        assert!(
            head.contains("content-type: text/event-stream\r\n"),
            "{head}"
        );
        assert!(head.contains("x-accel-buffering: no\r\n"), "{head}");
        let id = String::new();
        Self { stream, id }
    }

    /// The next message, as a browser understands it; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let mut message = Message::default();
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\n") {
                line.push(self.stream.read_u8().await.ok()?);
            }
            let line = String::from_utf8(line).unwrap();
            let line = line.trim_end_matches('\n');
            if let Some(id) = line.strip_prefix("id: ") {
                self.id = id.into();
            } else if let Some(event) = line.strip_prefix("event: ") {
                message.event = event.into();
            } else if let Some(data) = line.strip_prefix("data: ") {
                message.data = data.into();
            } else if line.is_empty() && message != Message::default() {
                message.id.clone_from(&self.id);
                return Some(message);
            }
        }
    }

    /// The next one: its event, and what of its data is to be looked at.
    pub(super) async fn expect(&mut self, event: &str, data: &str) -> Message {
        let message = self.next().await.expect("a message");
        assert_eq!(message.event, event, "{message:?}");
        assert!(message.data.contains(data), "{message:?}");
        message
    }

    pub(super) async fn snapshot(&mut self) {
        for name in ["g:a", "g:b", "x", "y"] {
            let name = format!("\"name\":\"{name}\"");
            let message = self.expect("state", &name).await;
            assert_eq!(message.id, "", "half a snapshot is no place to resume");
        }
        let ready = self.expect("ready", "{}").await;
        assert!(ready.id.ends_with("-4"), "{ready:?}");
    }
}

#[actix::test]
async fn everything_and_then_what_changes() {
    let server = Server::start(Plan::default(), |_| {});
    let mut tcp = Reader::open(server.tcp().await, "?topics=state,event", "").await;
    let mut unix = Reader::open(server.unix().await, "", "").await;
    tcp.snapshot().await;
    unix.snapshot().await;
    let feed = server.board.feed().clone();
    server
        .board
        .set_process(info("x", "x", ProcessState::Exited));
    feed.publish(News::Event {
        serial: None,
        event: Event::SupervisorRunning.into(),
    });
    server.board.remove_process(&ProcessName {
        group: "y".into(),
        process: "y".into(),
    });
    let first = tcp.expect("state", "\"state\":\"EXITED\"").await;
    assert!(first.id.ends_with("-5"));
    tcp.expect("event", "SUPERVISOR_STATE_CHANGE_RUNNING").await;
    let last = tcp.expect("gone", "{\"name\":\"y\"}").await;
    assert!(last.id.ends_with("-7"));
    // events are for those who ask for them
    unix.expect("state", "EXITED").await;
    unix.expect("gone", "y").await;

    // back again, by header and by URL; the header is the newer
    let header = format!("Last-Event-ID: {}\r\n", first.id);
    let query = format!("?topics=state,event&cursor={}", last.id);
    let mut back = Reader::open(server.tcp().await, &query, &header).await;
    back.expect("event", "SUPERVISOR").await;
    assert_eq!(back.expect("gone", "y").await.id, last.id);
    let query = format!("?topics=state&cursor={}", first.id);
    let mut back = Reader::open(server.tcp().await, &query, "").await;
    assert_eq!(back.expect("gone", "y").await.id, last.id);
    server.stop().await;
}

#[actix::test]
async fn a_cursor_that_leads_nowhere_begins_anew() {
    let server = Server::start(Plan::default(), |_| {});
    for cursor in ["0000000000000000-1", "nonsense"] {
        let query = format!("?cursor={cursor}");
        let mut reader = Reader::open(server.tcp().await, &query, "").await;
        let reset = reader.expect("reset", "{}").await;
        assert_eq!(reset.id, "");
        reader.snapshot().await;
    }
    // what is forgotten
    let mut reader = Reader::open(server.tcp().await, "", "").await;
    reader.snapshot().await;
    let cursor = reader.id.clone();
    for _ in 0..1500 {
        for state in [ProcessState::Running, ProcessState::Exited] {
            server.board.set_process(info("x", "x", state));
        }
    }
    let query = format!("?cursor={cursor}");
    let mut back = Reader::open(server.tcp().await, &query, "").await;
    back.expect("reset", "{}").await;
    back.expect("state", "g:a").await;
    server.stop().await;
}

#[actix::test]
async fn chunks_by_default_and_only_get() {
    let server = Server::start(Plan::default(), |_| {});
    let mut stream = server.tcp().await;
    let request = "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = head(&mut stream).await;
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    for (request, status) in [
        ("POST /live HTTP/1.1\r\nContent-Length: 0\r\n", 400),
        ("GET /live HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\n", 403),
    ] {
        let mut stream = server.tcp().await;
        let request = format!("{request}Host: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (head, _) = response(&mut stream).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
    }
    server.stop().await;
}

#[actix::test]
async fn the_end_says_goodbye_and_waits_for_nobody() {
    let server = Server::start(Plan::default(), |_| {});
    let mut reader = Reader::open(server.tcp().await, "", "").await;
    reader.snapshot().await;
    let mut deaf = server.tcp().await;
    deaf.write_all(b"GET /live HTTP/1.0\r\n\r\n").await.unwrap();
    server
        .board
        .set_process(info("x", "x", ProcessState::Fatal));
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2));
    reader.expect("state", "FATAL").await;
    reader.expect("bye", "{}").await;
    assert_eq!(reader.next().await, None);
}

#[actix::test]
async fn who_does_not_read_is_cut_off_and_nobody_waits_for_them() {
    let server = Server::start(Plan::default(), |state| {
        state.limits.patience = Duration::from_millis(300);
        state.limits.connections = 2;
    });
    // TCP on one machine takes megabytes before it is full
    let mut deaf = server.unix().await;
    deaf.write_all(b"GET /live?topics=event HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    head(&mut deaf).await;
    // the one place for streams is taken
    let mut second = server.tcp().await;
    second
        .write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let (head, _) = response(&mut second).await;
    assert!(head.starts_with("http/1.1 503"), "{head}");
    // more than the socket buffers take, less than the feed forgets
    let event = std::sync::Arc::new(Event::Remote {
        kind: "t".into(),
        data: "x".repeat(10_000),
    });
    for _ in 0..700 {
        let event = event.clone();
        server.board.feed().publish(News::Event {
            serial: None,
            event,
        });
    }
    // others are answered meanwhile
    second
        .write_all(post("supervisor.getPID").as_bytes())
        .await
        .unwrap();
    let (head, _) = response(&mut second).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    // and the place is free again
    let end = Instant::now() + PATIENCE;
    loop {
        let mut stream = server.tcp().await;
        stream
            .write_all(b"GET /live HTTP/1.0\r\n\r\n")
            .await
            .unwrap();
        if super::server::head(&mut stream)
            .await
            .starts_with("http/1.0 200")
        {
            break;
        }
        assert!(Instant::now() < end, "the deaf client keeps its place");
    }
    let mut rest = Vec::new();
    let cut = deaf.read_to_end(&mut rest).await;
    assert!(cut.is_err() || rest.len() < 7_000_000, "it got everything");
    server.stop().await;
}
