//! What every request handler can use: the daemon's state, the server's, and the listener's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use visord_config::{HttpConfig, ListenAddress};

use crate::answer::Refusal;
use crate::auth::Users;
use crate::auth::throttle::Throttle;
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
#[derive(Clone)]
pub struct HttpListener {
    /// Its configuration.
    pub config: HttpConfig,
    /// Its users; `None` if it requires no password.
    pub users: Option<Users>,
    /// The name of its session cookie.
    pub cookie: String,
    /// Its certificate, if it uses TLS.
    pub tls: Option<Arc<Tls>>,
}

/// What the server keeps from start to end.
pub struct ServerState {
    /// All listeners.
    pub listeners: Vec<HttpConfig>,
    /// Proves that a form is from one of our pages (difference Q25).
    pub sessions: Sessions,
    /// The machine's name, empty if it has none.
    pub host_name: String,
    /// Limits how fast passwords can be guessed.
    pub throttle: Throttle,
    /// Admitted requests whose response is being made.
    pub requests: TaskTracker,
    /// Live streams and followed logs.
    pub streams: TaskTracker,
    /// What live streams share.
    pub live: LiveStreams,
    /// Cancelled when the server is about to end.
    pub closing: CancellationToken,
}

impl Site {
    /// Refuses a request that a browser sends on behalf of another site (difference Q25).
    ///
    /// # Errors
    /// 403.
    pub fn check_origin(&self, request: &HttpRequest) -> Result<(), Refusal> {
        if origin::is_foreign(request.headers(), &self.listener.config.allowed_hosts) {
            let why = "Another web site asked for this.";
            return Err(Refusal::because(StatusCode::FORBIDDEN, why));
        }
        Ok(())
    }

    /// Counts one more live stream or followed log.
    ///
    /// # Errors
    /// 503 if there are too many.
    pub fn enter_stream(&self) -> Result<TaskTrackerToken, Refusal> {
        let streams = &self.server.streams;
        // only the HTTP thread adds to them
        if streams.len() < self.state.limits.streams() {
            return Ok(streams.token());
        }
        let why = "Too many live streams are open.";
        Err(Refusal::because(StatusCode::SERVICE_UNAVAILABLE, why))
    }
}

impl HttpListener {
    /// That of an open socket.
    pub fn new(bound: &Bound) -> Self {
        let config = &bound.config;
        Self {
            config: config.clone(),
            users: Users::of(config),
            cookie: session::cookie_name(config),
            tls: bound.tls.clone(),
        }
    }

    /// Whether it is a unix socket.
    pub const fn is_unix(&self) -> bool {
        matches!(self.config.address, ListenAddress::Unix { .. })
    }
}

impl ServerState {
    /// That of a new server.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(listeners: Vec<HttpConfig>) -> io::Result<Self> {
        let host_name = nix::unistd::gethostname()?;
        Ok(Self {
            listeners,
            sessions: Sessions::new()?,
            host_name: host_name.to_string_lossy().into_owned(),
            throttle: Throttle::default(),
            requests: TaskTracker::new(),
            streams: TaskTracker::new(),
            live: LiveStreams::default(),
            closing: CancellationToken::new(),
        })
    }

    /// Ends all streams; waits until requests have their responses and streams have ended, but no
    /// longer than this. Clients that are not done then see their connection close.
    pub async fn close(&self, patience: Duration) {
        self.closing.cancel();
        self.requests.close();
        self.streams.close();
        let requests = timeout(patience, self.requests.wait());
        let streams = timeout(STREAMS_END, self.streams.wait());
        let _ = tokio::join!(requests, streams);
    }
}
