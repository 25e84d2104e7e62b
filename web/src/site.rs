//! One listener's view of the daemon: what is shared, its own door, and what protects it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use visord_config::{HttpAddress, HttpConfig};

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
        })
    }

    /// Count a request until the guard is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Wait until no request is being answered, but not for ever.
    pub async fn rest(&self, patience: Duration) {
        let quiet = async {
            loop {
                let changed = self.idle.notified();
                if self.busy.load(Ordering::Relaxed) == 0 {
                    return;
                }
                changed.await;
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
