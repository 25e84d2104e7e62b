//! What every request handler can use: the daemon's state, the server's, and the listener's.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use tokio::sync::watch;
use tokio::time::timeout;
use visord_config::{HttpConfig, ListenAddress};

use crate::answer::Refusal;
use crate::auth::Users;
use crate::auth::throttle::Throttle;
use crate::in_flight::{InFlight, InFlightGuard};
use crate::listen::Bound;
use crate::origin;
use crate::session::{self, Sessions};
use crate::state::AppState;
use crate::streams::LiveStreams;
use crate::tls::Tls;

/// How long the end of the server waits for live streams; they end at once, except those of clients
/// that do not read.
const STREAMS_END: Duration = Duration::from_millis(500);

/// Cheap to clone.
#[derive(Clone)]
pub struct Site {
    /// The daemon, for all listeners.
    pub state: Arc<AppState>,
    /// The server, for all listeners.
    pub server: Arc<ServerState>,
    /// The listener of the request.
    pub listener: Arc<HttpListener>,
}

/// A listener as its requests see it.
#[derive(Clone, Debug)]
pub struct HttpListener {
    /// What pages may show of it.
    pub info: ListenerInfo,
    /// Its users; `None` if it requires no password.
    pub users: Option<Users>,
    /// The name of its session cookie.
    pub cookie: String,
    /// Host names that it answers to when it requires no password (difference Q25).
    pub allowed_hosts: Vec<String>,
    /// Its certificate, if it uses TLS.
    pub tls: Option<Arc<Tls>>,
}

/// What pages may show of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerInfo {
    /// Name of its section.
    pub section: String,
    /// Its unix socket; `None` for TCP.
    pub socket: Option<PathBuf>,
    /// `host:port`, with `*` for every interface; empty for a unix socket.
    pub address: String,
    /// It uses TLS.
    pub tls: bool,
    /// Clients need a certificate.
    pub client_certificate: bool,
    /// Clients need a name and a password.
    pub asks_for_password: bool,
    /// Bytes of the longest request body.
    pub max_body: usize,
}

/// What the server keeps from start to end.
#[derive(Debug)]
pub struct ServerState {
    /// All listeners.
    pub listeners: Vec<ListenerInfo>,
    /// Proves that a form is from one of our pages (difference Q25).
    pub sessions: Sessions,
    /// The machine's name, empty if it has none.
    pub host_name: String,
    /// Limits how fast passwords can be guessed.
    pub throttle: Throttle,
    /// Admitted requests whose response is being made.
    pub requests: InFlight,
    /// Live streams and followed logs.
    pub streams: InFlight,
    /// What live streams share.
    pub live: LiveStreams,
    closing: watch::Sender<bool>,
}

impl Site {
    /// Refuses a request that a browser sends on behalf of another site (difference Q25).
    ///
    /// # Errors
    /// 403.
    pub fn check_origin(&self, request: &HttpRequest) -> Result<(), Refusal> {
        if origin::is_foreign(request.headers(), &self.listener.allowed_hosts) {
            let why = "Another web site asked for this.";
            return Err(Refusal::because(StatusCode::FORBIDDEN, why));
        }
        Ok(())
    }

    /// Counts one more live stream or followed log.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub fn enter_stream(&self) -> Result<InFlightGuard, Refusal> {
        let stream = self.server.streams.enter(self.state.limits.streams());
        let why = "Too many live streams are open.";
        stream.ok_or_else(|| Refusal::because(StatusCode::SERVICE_UNAVAILABLE, why))
    }
}

impl HttpListener {
    /// That of an open socket.
    #[must_use]
    pub fn new(bound: &Bound) -> Self {
        let config = &bound.config;
        Self {
            info: config.into(),
            users: Users::of(config),
            cookie: session::cookie_name(config),
            allowed_hosts: config.allowed_hosts.clone(),
            tls: bound.tls.clone(),
        }
    }
}

impl From<&HttpConfig> for ListenerInfo {
    fn from(config: &HttpConfig) -> Self {
        let (socket, address) = match &config.address {
            ListenAddress::Unix { path, .. } => (Some(path.clone()), String::new()),
            ListenAddress::Inet { host, port } => {
                let host = if host.is_empty() { "*" } else { host };
                (None, format!("{host}:{port}"))
            }
        };
        let client_ca = config.tls.as_ref().and_then(|tls| tls.client_ca.as_ref());
        Self {
            section: config.section.clone(),
            socket,
            address,
            tls: config.tls.is_some(),
            client_certificate: client_ca.is_some(),
            asks_for_password: !config.users.is_empty(),
            max_body: config.max_body,
        }
    }
}

impl ServerState {
    /// That of a new server.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(listeners: Vec<ListenerInfo>) -> io::Result<Self> {
        let host_name = nix::unistd::gethostname()?;
        Ok(Self {
            listeners,
            sessions: Sessions::new()?,
            host_name: host_name.to_string_lossy().into_owned(),
            throttle: Throttle::default(),
            requests: InFlight::default(),
            streams: InFlight::default(),
            live: LiveStreams::default(),
            closing: watch::Sender::new(false),
        })
    }

    /// Becomes true when the server is about to end.
    #[must_use]
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends all streams; waits until requests have their responses and streams have ended, but no
    /// longer than this. Clients that are not done then see their connection close.
    pub async fn close(&self, patience: Duration) {
        self.closing.send_replace(true);
        let requests = timeout(patience, self.requests.ended());
        let streams = timeout(STREAMS_END, self.streams.ended());
        let _ = tokio::join!(requests, streams);
    }
}
