//! One listener's view of the daemon: what is shared, its own door, and what protects it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

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
    /// Prove that a form was made by one of our pages (decision Q25).
    pub sessions: Sessions,
    /// The machine's name, empty if it has none.
    pub host_name: String,
    busy: AtomicUsize,
    idle: Notify,
}

impl Shared {
    /// What a new server keeps.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new() -> io::Result<Self> {
        let host_name = nix::unistd::gethostname()?;
        Ok(Self {
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
