//! What the daemon gives to its web server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use nix::sys::resource::{Resource, getrlimit};
use slog::Logger;
use tokio::sync::watch;
use tokio::time::timeout;
use visord_actors::board::Board;
use visord_actors::cluster::handle::ClusterHandle;
use visord_actors::messages::supervisor::ProcessName;
use visord_actors::messages::supervisor::SupervisorHandle;
use visord_actors::usage::Usage;
use visord_config::Listing;
use visord_logs::workers::Workers;
use visord_logs::{ByteCounts, Followers};

use crate::budget::{Budget, Reservation};
use crate::meters::Meters;
use crate::remote::Remotes;

/// The version of Supervisor that this program replaces.
pub const STANDS_IN_FOR: &str = "4.3.0";

/// Version of the RPC interface itself.
pub const API_VERSION: &str = "3.0";

/// Completes when what the daemon has logged so far is in its log file, or soon if its disk hangs;
/// `None` if it is there already.
pub type Settle = Arc<dyn Fn() -> Option<BoxFuture<'static, ()>> + Send + Sync>;

/// Counts bytes of the outputs of a process.
pub type CountBytes = Arc<dyn Fn(&ProcessName) -> ByteCounts + Send + Sync>;

/// The state of the daemon, shared by all listeners.
#[derive(Clone)]
pub struct AppState {
    /// Answers reads.
    pub board: Arc<Board>,
    /// What processes use.
    pub usage: Usage,
    /// Takes commands.
    pub link: SupervisorHandle,
    /// The activity log.
    pub log: Logger,
    /// Notifies when a log grows or is changed otherwise.
    pub follow: Followers,
    /// Awaited before a response is sent and before the activity log is read: a client finds in
    /// the log what it has caused, as with a daemon that writes it synchronously.
    pub settle: Settle,
    /// Of those that could not be stored.
    pub lost: CountBytes,
    /// Of those in its log files.
    pub stored: CountBytes,
    /// Runs jobs that may block.
    pub workers: Workers,
    /// Counts calls and requests.
    pub meters: Arc<Meters>,
    /// Namespaces under which the main methods are reachable: the names of the
    /// `[rpcinterface:x]` sections, in file order (spec interfaces E1).
    pub namespaces: Vec<String>,
    /// The cluster that this supervisord is an instance of.
    pub cluster: Option<ClusterHandle>,
    /// Namespaces that other programs serve.
    pub remotes: Arc<Remotes>,
    /// The build of visord, for the footer and `getBuildInfo`.
    pub build: String,
    /// How the daemon was started.
    pub setup: Setup,
    /// Bounds on the resources of clients.
    pub limits: ClientLimits,
    /// Memory for large responses.
    pub budget: Budget,
    /// Memory for large requests.
    pub uploads: Budget,
}

/// When and from what the daemon was started.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration file, as given or found.
    pub config_file: PathBuf,
    /// When this process began; a restart does not change it.
    pub started: SystemTime,
    /// The configuration of this run.
    pub at_start: Arc<Listing>,
    /// As it was read last: at the start, or by `reread`.
    pub latest: watch::Receiver<Arc<Listing>>,
}

impl AppState {
    /// Memory for a large response; `None` if it takes too long to get.
    pub(crate) async fn share(&self, bytes: usize) -> Option<Reservation> {
        let share = self.budget.reserve(bytes);
        timeout(self.limits.patience, share).await.ok()
    }

    /// Samples the use of resources, unless no worker can: then the numbers stay as they were.
    pub(crate) async fn sample(&self) {
        let usage = self.usage.clone();
        // `/proc` is not read on the HTTP thread
        let _ = self.workers.run(move || usage.sample_once()).await;
    }

    /// Waits as [`AppState::settle`] describes.
    pub(crate) async fn settled(&self) {
        if let Some(settled) = (self.settle)() {
            settled.await;
        }
    }
}

/// Bounds on the resources of clients; the original has none (spec interfaces 1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Time to send a request's head, and again its body.
    pub patience: Duration,
    /// How long a connection may be idle between requests. Long, because event listeners keep
    /// theirs from one event to the next and fail when it is closed.
    pub idle: Duration,
    /// Open connections per listener.
    pub connections: usize,
    /// Delay of the response to a wrong password.
    pub failure_delay: Duration,
}

impl ClientLimits {
    /// How many connections a listener may have with the descriptors of this process: at most a
    /// quarter of them, as the children need some too.
    pub fn connections(&self) -> usize {
        let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
        let most = usize::try_from(descriptors / 4).unwrap_or(usize::MAX);
        self.connections.min(most)
    }

    /// Live streams that may be open at a time, on all listeners together: there is always room
    /// for other requests.
    pub fn streams(&self) -> usize {
        (self.connections() / 8 * 7).max(1)
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(20),
            idle: Duration::from_secs(24 * 60 * 60),
            connections: 2048,
            failure_delay: Duration::from_millis(250),
        }
    }
}
