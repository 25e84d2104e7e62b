//! One listener's view of the daemon: what is shared, its own door, and what protects it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use visord_config::{HttpAddress, HttpConfig};

use crate::auth::throttle::Throttle;
use crate::live::Live;
use crate::session::Sessions;
use crate::state::{AppState, Door};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    /// Shared by all listeners.
    pub state: Arc<AppState>,
    /// Of this listener.
    pub door: Arc<Door>,
    /// Shared by all listeners.
    pub shared: Arc<Shared>,
}

/// What the server itself keeps from start to end.
#[derive(Debug)]
pub struct Shared {
    /// Of all doors, for people.
    pub listeners: Vec<Doorplate>,
    /// Prove that a form was made by one of our pages (decision Q25).
    pub sessions: Sessions,
    /// The machine's name, empty if it has none.
    pub host_name: String,
    busy: AtomicUsize,
    idle: Notify,
    /// Those who listen to live streams.
    pub audience: Audience,
    /// What they share.
    pub live: Live,
    /// How fast passwords can be guessed.
    pub throttle: Throttle,
    closing: watch::Sender<bool>,
}

/// Counts open streams.
#[derive(Clone, Debug, Default)]
pub struct Audience(Arc<Seats>);

#[derive(Debug, Default)]
struct Seats {
    taken: AtomicUsize,
    all_free: Notify,
}

/// One open stream, until it is dropped.
#[derive(Debug)]
pub struct Place(Audience);

impl Audience {
    /// A place, if fewer than `most` are taken.
    #[must_use]
    pub fn enter(&self, most: usize) -> Option<Place> {
        let more = |taken: usize| (taken < most).then_some(taken + 1);
        let taken = self
            .0
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Place(self.clone()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Whether nobody listens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let seats = &self.0.0;
        if seats.taken.fetch_sub(1, Ordering::Relaxed) == 1 {
            seats.all_free.notify_waiters();
        }
    }
}

/// What people may know of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doorplate {
    /// Name of its section.
    pub section: String,
    /// Its unix socket; `None` for TCP.
    pub socket: Option<PathBuf>,
    /// `host:port`, with `*` for every interface; empty for a unix socket.
    pub address: String,
    /// It speaks TLS.
    pub tls: bool,
    /// Clients need a certificate.
    pub client_certificate: bool,
    /// Nobody may use it without name and password.
    pub asks_for_password: bool,
    /// Bytes that the body of a request may have.
    pub max_body: usize,
}

impl From<&HttpConfig> for Doorplate {
    fn from(config: &HttpConfig) -> Self {
        let (socket, address) = match &config.address {
            HttpAddress::Unix { path, .. } => (Some(path.clone()), String::new()),
            HttpAddress::Inet { host, port } => {
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
            asks_for_password: config.asks_for_password(),
            max_body: config.max_body,
        }
    }
}

impl Shared {
    /// What a new server keeps.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(listeners: Vec<Doorplate>) -> io::Result<Self> {
        let host_name = nix::unistd::gethostname()?;
        Ok(Self {
            listeners,
            sessions: Sessions::new()?,
            host_name: host_name.to_string_lossy().into_owned(),
            busy: AtomicUsize::new(0),
            idle: Notify::new(),
            audience: Audience::default(),
            live: Live::default(),
            throttle: Throttle::default(),
            closing: watch::Sender::new(false),
        })
    }

    /// Tell open streams that the server is about to end.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes true when the server is about to end.
    #[must_use]
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Count a request until the guard is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Wait until no request is being answered and no stream is open, but not for ever.
    pub async fn rest(&self, patience: Duration) {
        let quiet = async {
            loop {
                let (changed, left) = (self.idle.notified(), self.audience.0.all_free.notified());
                if self.busy.load(Ordering::Relaxed) == 0 && self.audience.is_empty() {
                    return;
                }
                tokio::select! {
                    () = changed => {}
                    () = left => {}
                }
            }
        };
        // whoever is still not answered by then will see the connection close
        let _ = tokio::time::timeout(patience, quiet).await;
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
