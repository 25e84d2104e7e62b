//! A peer against a server in the same test that says what the test wrote, on virtual time.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::Instant;
use visord_cluster::strategy::{ClusterFailureStrategy, ConciliationStrategy, StartingStrategy};
use visord_model::name::ProcessName;
use visord_xmlrpc::http::Address;
use visord_xmlrpc::{Limits, Login, decode_call, encode_fault, encode_reply};

use super::*;
use crate::tests::{on_paused_time, settle};

mod failures;
mod handshakes;
mod sending;

const PATIENCE: Duration = Duration::from_secs(15);

/// Hands the other end of each connection to the test.
#[derive(Clone)]
struct Dialer {
    servers: mpsc::UnboundedSender<Server>,
    refuses: Arc<AtomicBool>,
}

impl Dial for Dialer {
    type Stream = DuplexStream;

    async fn dial(&self) -> Result<DuplexStream, CallError> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(CallError::Refused);
        }
        let (client, server) = duplex(64 * 1024);
        let received = Vec::new();
        let server = Server {
            stream: server,
            received,
        };
        // the test ends
        let _ = self.servers.send(server);
        Ok(client)
    }
}

/// The peer's end of one connection.
struct Server {
    stream: DuplexStream,
    received: Vec<u8>,
}

/// A call as the peer gets it: method, parameters.
type Got = (String, Vec<Value>);

impl Server {
    /// The next request: its head and its body; `None` at the end of the connection.
    async fn request(&mut self) -> Option<(String, Vec<u8>)> {
        loop {
            if let Some(end) = self.received.windows(4).position(|it| it == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
                let length = head.split("Content-Length: ").nth(1).expect("a length");
                let length: usize = length.lines().next().expect("a line").parse().expect("it");
                if self.received.len() >= end + 4 + length {
                    let rest = self.received.split_off(end + 4 + length);
                    let body = self.received.split_off(end + 4);
                    self.received = rest;
                    return Some((head, body));
                }
            }
            if self
                .stream
                .read_buf(&mut self.received)
                .await
                .expect("read")
                == 0
            {
                return None;
            }
        }
    }

    async fn call(&mut self) -> Option<Got> {
        let (_, body) = self.request().await?;
        let call = decode_call(&body, &Limits::DEFAULT).expect("a call");
        Some((call.method, call.params))
    }

    /// The next call, answered.
    async fn serve(&mut self, document: &str) -> Got {
        let got = self.call().await.expect("a call");
        let length = document.len();
        self.say(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{document}"
        ))
        .await;
        got
    }

    /// The next call, answered with true.
    async fn agree(&mut self) -> Got {
        self.serve(&encode_reply(&true)).await
    }

    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("sent");
    }

    /// Whether nothing more arrives now.
    async fn is_quiet(&mut self) -> bool {
        settle().await;
        let more = self.stream.read_buf(&mut self.received);
        let is_late = tokio::time::timeout(Duration::ZERO, more).await.is_err();
        is_late && self.received.is_empty()
    }
}

/// A peer, what it reports, and the server that it reaches.
struct Scene {
    peer: Peer,
    dialer: Dialer,
    servers: mpsc::UnboundedReceiver<Server>,
    reports: Arc<Mutex<Vec<Report>>>,
}

fn strategies() -> Strategies {
    Strategies {
        auto_fence: false,
        starting: StartingStrategy::Config,
        conciliation: ConciliationStrategy::User,
        failure: ClusterFailureStrategy::Continue,
    }
}

impl Scene {
    fn new() -> Self {
        let (sender, servers) = mpsc::unbounded_channel();
        let dialer = Dialer {
            servers: sender,
            refuses: Arc::default(),
        };
        let reports: Arc<Mutex<Vec<Report>>> = Arc::default();
        let target = Target {
            id: InstanceId(1),
            identifier: "capa:9152".into(),
            name: "<sv2>capa:9152".to_owned(),
            local: "here:9001".into(),
            strategies: strategies(),
            clock: Clock::start(),
        };
        let address = Address::Tcp {
            host: "capa".to_owned(),
            port: 9152,
            tls: false,
        };
        let login = Login {
            username: "usér".to_owned(),
            password: "päss".to_owned(),
        };
        let recorder = Arc::clone(&reports);
        let peer = Peer::start(
            &Handle::current(),
            target,
            dialer.clone(),
            Endpoint::new(address, Some(login)),
            PATIENCE,
            Arc::new(move |report| recorder.lock().push(report)),
        );
        Self {
            peer,
            dialer,
            servers,
            reports,
        }
    }

    fn publish(&self, text: &str) {
        self.peer.say(Call::Publish(text.into()));
    }

    /// The connection that the peer opens next.
    async fn server(&mut self) -> Server {
        self.servers.recv().await.expect("a connection")
    }

    /// What was reported since the last time.
    async fn reports(&self) -> (Vec<Input>, Vec<LogLine>) {
        settle().await;
        let (mut inputs, mut lines) = (Vec::new(), Vec::new());
        for report in self.reports.lock().drain(..) {
            match report {
                Report::Input(input) => inputs.push(input),
                Report::Log(line) => lines.push(line),
            }
        }
        (inputs, lines)
    }

    async fn inputs(&self) -> Vec<Input> {
        self.reports().await.0
    }
}

const UNREACHABLE: Input = Input::Unreachable(InstanceId(1));
