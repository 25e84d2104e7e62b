//! The whole server over real sockets.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use visord_config::{HttpConfig, ListenAddress, Ownership};
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;
use visord_test_support::wait_until_async;

use super::fake::{Asked, Plan, board, info, state};
use crate::listen::{Bound, bind_all};
use crate::server::{WebHandle, WebServer};
use crate::state::AppState;

/// A server on a unix socket and a TCP port of its own.
pub(super) struct Server {
    pub(super) handle: Option<WebHandle>,
    bound: Vec<Bound>,
    pub(super) dir: tempfile::TempDir,
    asked: Asked,
    pub(super) board: Arc<visord_actors::board::Board>,
}

impl Server {
    pub(super) fn start(plan: Plan, adjust: impl FnOnce(&mut AppState)) -> Self {
        Self::configured(plan, |_| {}, adjust)
    }

    /// With changes to the configurations of the TCP listener and the unix socket.
    pub(super) fn configured(
        plan: Plan,
        configure: impl FnOnce(&mut [HttpConfig; 2]),
        adjust: impl FnOnce(&mut AppState),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = |section: &str, address| HttpConfig {
            section: section.into(),
            address,
            users: Vec::new(),
            allowed_hosts: Vec::new(),
            max_body: 1024 * 1024,
            tls: None,
        };
        // port 0 does not pass for a configured port, but the system then chooses a free one
        let mut configs = [
            server(
                "inet_http_server",
                ListenAddress::Inet {
                    host: "127.0.0.1".into(),
                    port: 0,
                },
            ),
            server(
                "unix_http_server",
                ListenAddress::Unix {
                    path: dir.path().join("s.sock"),
                    mode: 0o700,
                    owner: Ownership::default(),
                },
            ),
        ];
        configure(&mut configs);
        let bound = bind_all(&configs).unwrap();
        let (mut state, asked) = state(board(), plan);
        adjust(&mut state);
        let board = Arc::clone(&state.board);
        let handle = WebServer::start(&bound, state).unwrap();
        Self {
            handle: Some(handle),
            bound,
            dir,
            asked,
            board,
        }
    }

    pub(super) async fn unix(&self) -> UnixStream {
        UnixStream::connect(self.dir.path().join("s.sock"))
            .await
            .unwrap()
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        let socket = self.bound[0].socket.try_clone().unwrap();
        let listener = std::net::TcpListener::from(socket);
        TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap()
    }

    pub(super) async fn stop(mut self) {
        self.handle.take().unwrap().stop().await;
        self.bound.iter().for_each(Bound::unlink);
        assert!(!self.dir.path().join("s.sock").exists());
    }
}

/// Head and body of one response with a length.
pub(super) async fn response(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let head = head(stream).await;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

pub(super) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

pub(super) fn post(method: &str) -> String {
    let body = format!("<methodCall><methodName>{method}</methodName></methodCall>");
    let length = body.len();
    format!("POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
}

async fn three_calls(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    for _ in 0..2 {
        stream
            .write_all(post("supervisor.getPID").as_bytes())
            .await
            .unwrap();
        let (head, body) = response(&mut stream).await;
        assert!(head.starts_with("http/1.1 200 ok"), "{head}");
        assert!(head.contains("content-type: text/xml\r\n"), "{head}");
        assert!(body.contains("<int>4711</int>"), "{body}");
    }
    let pipelined = [
        post("supervisor.startAllProcesses"),
        post("supervisor.getPID"),
    ]
    .concat();
    stream.write_all(pipelined.as_bytes()).await.unwrap();
    assert!(
        response(&mut stream)
            .await
            .1
            .contains("<name>status</name>")
    );
    assert!(response(&mut stream).await.1.contains("<int>4711</int>"));
}

#[actix::test]
async fn calls_on_both_kinds_of_socket() {
    let server = Server::start(Plan::default(), |_| {});
    three_calls(server.unix().await).await;
    three_calls(server.tcp().await).await;
    server.stop().await;
}

#[actix::test]
async fn what_was_asked_for_is_done_though_the_client_leaves() {
    let server = Server::start(
        Plan {
            delay: Duration::from_millis(30),
            ..Plan::default()
        },
        |_| {},
    );
    let calls = ["stopAllProcesses", "startAllProcesses"].map(|name| {
        format!(
            "<value><struct><member><name>methodName</name><value>supervisor.{name}</value>\
             </member></struct></value>"
        )
    });
    let body = format!(
        "<methodCall><methodName>system.multicall</methodName><params><param><value><array>\
         <data>{}</data></array></value></param></params></methodCall>",
        calls.concat()
    );
    let request = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = server.unix().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    wait_until_async("the request", || !server.asked.lock().unwrap().is_empty()).await;
    drop(stream);
    wait_until_async("the request", || server.asked.lock().unwrap().len() == 2).await;
    server.stop().await;
}

#[actix::test]
async fn answers_on_their_way_arrive_before_the_server_ends() {
    let server = Server::start(
        Plan {
            delay: Duration::from_millis(50),
            ..Plan::default()
        },
        |_| {},
    );
    let mut stream = server.unix().await;
    stream
        .write_all(post("supervisor.stopAllProcesses").as_bytes())
        .await
        .unwrap();
    wait_until_async("the request", || !server.asked.lock().unwrap().is_empty()).await;
    server.stop().await;
    assert!(
        response(&mut stream)
            .await
            .1
            .contains("<name>status</name>")
    );
}

#[actix::test]
async fn slow_and_idle_connections_hold_nobody_up() {
    let server = Server::start(Plan::default(), |state| {
        state.limits.patience = Duration::from_millis(100);
    });
    let mut waiting = Vec::new();
    for begin in [
        "",
        "G",
        "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
    ] {
        let mut stream = server.unix().await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    three_calls(server.unix().await).await;
    for mut stream in waiting.drain(1..) {
        let head = head(&mut stream).await;
        assert!(head.starts_with("http/1.1 408"), "{head}");
    }
    server.stop().await;
}

#[actix::test]
async fn a_full_listener_sends_away_who_asks_for_nothing() {
    let server = Server::start(Plan::default(), |state| state.limits.connections = 2);
    let mut regular = server.unix().await;
    let call = post("supervisor.getPID");
    regular.write_all(call.as_bytes()).await.unwrap();
    assert!(response(&mut regular).await.1.contains("4711"));
    for _ in 0..3 {
        let mut idler = server.unix().await;
        idler.write_all(b"POST /R").await.unwrap();
        three_calls(server.unix().await).await;
        // closed, by a reset if the server never read what it had sent
        let end = idler.read(&mut [0]).await;
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    regular.write_all(call.as_bytes()).await.unwrap();
    assert!(response(&mut regular).await.1.contains("4711"));
    server.stop().await;
}

#[actix::test]
async fn a_thousand_slow_connections_hold_nobody_up() {
    // each takes a descriptor on both sides
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < 4096 {
        eprintln!("skipped: only {hard} descriptors");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(16_384), hard).unwrap();
    let server = Server::start(Plan::default(), |_| {});
    let mut slow = Vec::new();
    for _ in 0..1000 {
        let mut stream = server.unix().await;
        stream.write_all(b"POST /RPC2 HTTP/1.1\r\n").await.unwrap();
        slow.push(stream);
    }
    three_calls(server.unix().await).await;
    three_calls(server.tcp().await).await;
    server.stop().await;
}

#[actix::test]
async fn refused_before_any_handler() {
    let limit = |configs: &mut [HttpConfig; 2]| configs[1].max_body = 100;
    let server = Server::configured(Plan::default(), limit, |_| {});
    // the limit of one listener is not that of the other
    three_calls(server.tcp().await).await;
    let long = "x".repeat(200_000);
    for (request, status) in [
        ("GET\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1 more\r\n\r\n".to_owned(), "400"),
        (
            "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n".to_owned(),
            "400",
        ),
        ("POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "411"),
        (
            "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n".to_owned(),
            "413",
        ),
        (
            "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"
                .to_owned(),
            "400",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"),
            "431",
        ),
    ] {
        let mut stream = server.unix().await;
        // the server may answer and close before it has read everything
        let _ = stream.write_all(request.as_bytes()).await;
        let head = head(&mut stream).await;
        assert!(
            head.starts_with(&format!("http/1.1 {status}")),
            "{request:.60}: {head}"
        );
    }
    server.stop().await;
}

#[actix::test]
async fn a_body_that_does_not_tell_its_length_is_bounded_too() {
    let limit = |configs: &mut [HttpConfig; 2]| configs[1].max_body = 100;
    let server = Server::configured(Plan::default(), limit, |_| {});
    let body = "x".repeat(101);
    let request = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n{body}\r\n"
    );
    let mut stream = server.unix().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = head(&mut stream).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
    server.stop().await;
}

fn with_login(method: &str, password: &str) -> String {
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("user:{password}"));
    let login = format!("Host: localhost\r\nAuthorization: Basic {both}");
    post(method).replace("Host: localhost", &login)
}

#[actix::test]
async fn a_wrong_password_waits_and_keeps_nobody_waiting() {
    const DELAY: Duration = Duration::from_millis(400);
    let protect = |configs: &mut [HttpConfig; 2]| {
        configs[1].users.push(visord_config::WebUser {
            name: "user".into(),
            password: "secret".into(),
            role: visord_config::Role::Admin,
        });
    };
    let server = Server::configured(Plan::default(), protect, |state| {
        state.limits.failure_delay = DELAY;
    });
    let mut guesser = server.unix().await;
    let began = std::time::Instant::now();
    let guess = with_login("supervisor.getPID", "wrong");
    guesser.write_all(guess.as_bytes()).await.unwrap();
    let mut friend = server.unix().await;
    let call = with_login("supervisor.getPID", "secret");
    for _ in 0..3 {
        friend.write_all(call.as_bytes()).await.unwrap();
        assert!(response(&mut friend).await.1.contains("4711"));
    }
    // nothing has come for the guesser while the friend was answered three times
    let early = guesser.try_read(&mut [0; 1]);
    assert!(early.is_err() || began.elapsed() >= DELAY, "{early:?}");
    let (head, _) = response(&mut guesser).await;
    assert!(head.starts_with("http/1.1 401"), "{head}");
    assert!(began.elapsed() >= DELAY);
    server.stop().await;
}

#[actix::test]
async fn ipv6() {
    let on_v6 = |configs: &mut [HttpConfig; 2]| {
        configs[0].address = ListenAddress::Inet {
            host: "::1".into(),
            port: 0,
        };
    };
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no IPv6");
        return;
    }
    let server = Server::configured(Plan::default(), on_v6, |_| {});
    three_calls(server.tcp().await).await;
    server.stop().await;
}

fn logged(path: &Path) -> ProcessInfo {
    ProcessInfo {
        stdout_logfile: path.display().to_string(),
        ..info("x", "x", ProcessState::Running)
    }
}

#[actix::test]
async fn a_log_is_followed_as_it_grows() {
    let server = Server::start(Plan::default(), |_| {});
    let path = server.dir.path().join("x.log");
    std::fs::write(&path, "before\n").unwrap();
    server.board.set_process(logged(&path));
    for version in ["1.0", "1.1"] {
        let mut stream = server.tcp().await;
        let request = format!("GET /logtail/x HTTP/{version}\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut stream).await;
        assert!(
            head.contains("content-type: text/plain;charset=utf-8"),
            "{head}"
        );
        assert!(head.contains("x-accel-buffering: no"), "{head}");
        assert!(head.contains("last-modified: "), "{head}");
        read_until(&mut stream, "before\n").await;
        let text = format!("after {version}\n");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, before + &text).unwrap();
        read_until(&mut stream, &text).await;
    }
    server.stop().await;
}

async fn read_until(stream: &mut TcpStream, text: &str) {
    let mut seen = String::new();
    while !seen.contains(text) {
        let mut buffer = [0; 1024];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "ended after {seen:?}");
        seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
}

#[actix::test]
async fn a_follower_that_leaves_frees_its_place() {
    let server = Server::start(Plan::default(), |state| state.limits.connections = 1);
    let path = server.dir.path().join("x.log");
    std::fs::write(&path, "quiet").unwrap();
    server.board.set_process(logged(&path));
    let mut follower = server.tcp().await;
    follower
        .write_all(b"GET /logtail/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut follower, "quiet").await;
    drop(follower);
    three_calls(server.tcp().await).await;
    server.stop().await;
}
