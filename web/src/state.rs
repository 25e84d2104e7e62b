//! What every request handler may use, and what it must know of the listener it came through.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use nix::sys::resource::{Resource, getrlimit};
use slog::Logger;
use tokio::sync::watch;
use tokio::time::timeout;
use visord_actors::board::Board;
use visord_actors::feed::Feed;
use visord_actors::link::Link;
use visord_actors::log::{Followers, LostBytes, StoredBytes};
use visord_actors::messages::supervisor::ProcessName;
use visord_actors::usage::Usage;
use visord_actors::workers::Workers;
use visord_config::{HttpAddress, Listing};

use crate::auth::Users;
use crate::budget::{Budget, Reservation};
use crate::listen::Bound;
use crate::metrics::meters::Meters;
use crate::rpc::remote::Remotes;
use crate::session;
use crate::tls::Tls;

/// The version of Supervisor this program stands in for (decision "version").
pub const STANDS_IN_FOR: &str = "4.3.0";

/// Version of the RPC interface itself.
pub const API_VERSION: &str = "3.0";

/// Completes when what the daemon has said so far is in its log, or soon if its disk hangs; `None`
/// if it is already.
pub type Settle = Arc<dyn Fn() -> Option<BoxFuture<'static, ()>> + Send + Sync>;

/// How many bytes of the outputs of a process could not be stored.
pub type Lost = Arc<dyn Fn(&ProcessName) -> LostBytes + Send + Sync>;

/// How many bytes of the outputs of a process are in its logs.
pub type Stored = Arc<dyn Fn(&ProcessName) -> StoredBytes + Send + Sync>;

/// What the daemon hands to its web server.
#[derive(Clone)]
pub struct AppState {
    /// Answers reads.
    pub board: Arc<Board>,
    /// What changes, as it changes: that of the board.
    pub feed: Feed,
    /// What processes use.
    pub usage: Usage,
    /// Takes commands.
    pub link: Link,
    /// The activity log.
    pub log: Logger,
    /// Tells that a log has grown, or was changed otherwise.
    pub follow: Followers,
    /// Awaited before an answer is given and before the daemon's own log is read: a client finds
    /// in the log what it has caused, as with a daemon that writes it in place.
    pub settle: Settle,
    /// Counts what logs have lost.
    pub lost: Lost,
    /// Counts what log files have taken.
    pub stored: Stored,
    /// Does what may block: no thread is started while clients are served.
    pub workers: Workers,
    /// Counts calls and requests.
    pub meters: Arc<Meters>,
    /// Namespaces under which the main methods are reachable: the names of the
    /// `[rpcinterface:x]` sections, in file order (spec interfaces E1).
    pub namespaces: Vec<String>,
    /// Namespaces that other programs serve.
    pub remotes: Arc<Remotes>,
    /// Which visord this is, for the footer and `getBuildInfo`.
    pub build: String,
    /// Where the daemon comes from, for those who may see that.
    pub setup: Setup,
    /// Bounds on what clients may use up.
    pub limits: Limits,
    /// Memory for large answers.
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
    /// A share of the budget for a large answer; nothing if it takes too long.
    pub(crate) async fn share(&self, bytes: usize) -> Option<Reservation> {
        let share = self.budget.reserve(bytes);
        timeout(self.limits.patience, share).await.ok()
    }

    /// See [`AppState::settle`].
    pub(crate) async fn settled(&self) {
        if let Some(settled) = (self.settle)() {
            settled.await;
        }
    }
}

/// Bounds on what clients may use up; the original has none (spec interfaces H12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time to send a request's head, and again its body.
    pub patience: Duration,
    /// How long a connection may rest between requests. Long, because event listeners keep
    /// theirs from one event to the next and fail when it is closed under them.
    pub idle: Duration,
    /// Open connections per listener.
    pub connections: usize,
    /// Wait before the answer to a wrong password.
    pub failure_delay: Duration,
}

impl Limits {
    /// How many connections a listener may really have: never more than a quarter of the
    /// descriptors, for the children need theirs.
    #[must_use]
    pub fn connections(&self) -> usize {
        let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
        let most = usize::try_from(descriptors / 4).unwrap_or(usize::MAX);
        self.connections.min(most)
    }

    /// Live streams that may be open at a time, on all listeners together: there is always room
    /// for those who ask for something else.
    #[must_use]
    pub fn streams(&self) -> usize {
        (self.connections() / 8 * 7).max(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(20),
            idle: Duration::from_secs(24 * 60 * 60),
            connections: 2048,
            failure_delay: Duration::from_millis(250),
        }
    }
}

/// What is particular to one listener.
#[derive(Clone, Debug)]
pub struct Door {
    /// Name of its section, for messages.
    pub section: String,
    /// Who may use it; `None`: anybody.
    pub users: Option<Users>,
    /// The name of its cookie.
    pub cookie: String,
    /// Its unix socket; `None` for TCP.
    pub socket: Option<PathBuf>,
    /// Host names it may be called by when it asks for no password (decision Q25).
    pub allowed_hosts: Vec<String>,
    /// Bytes that the body of a request may have.
    pub max_body: usize,
    /// Its certificate, if it speaks TLS.
    pub tls: Option<Arc<Tls>>,
}

impl Door {
    /// The door of a configured listener.
    #[must_use]
    pub fn new(bound: &Bound) -> Self {
        let http = &bound.config;
        Self {
            section: http.section.clone(),
            users: Users::of(http),
            cookie: session::cookie_name(http),
            socket: match &http.address {
                HttpAddress::Unix { path, .. } => Some(path.clone()),
                HttpAddress::Inet { .. } => None,
            },
            allowed_hosts: http.allowed_hosts.clone(),
            max_body: http.max_body,
            tls: bound.tls.clone(),
        }
    }
}
