//! The Supervisor actor: the state of the daemon, its groups and processes, the stop plan.
//!
//! It decides nothing about the lifecycle of a process (the machine of the process does) and keeps
//! no state about a request: one that waits is answered by the process itself. Begin with
//! `requests.rs`, which lists what it can be asked.

mod add_remove;
mod bulk;
mod disabilities;
mod numprocs;
mod obsolete;
mod programs;
mod reload;
mod requests;
mod resume;
mod roster;
mod shutdown;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, ResponseActFuture, SpawnHandle, fut};
use tokio::sync::{oneshot, watch};
use visord_config::{Config, ConfigError, Listing, Loaded, Templates};
use visord_model::event::Event;
use visord_model::fault::FaultCode;
use visord_model::shutdown::StopPlan;

use crate::messages::Answer;
use crate::messages::event::Publish;
use crate::messages::supervisor::ProcessName;
use crate::process::Deps;
use crate::resume::{self as resumed, Panics};
use crate::spawn::JobQueue;
use visord_logs::ActivityLog;

use add_remove::Retained;
pub use add_remove::{AutoLogs, prepare_auto_logs};
pub use disabilities::Disabilities;
pub use resume::Abandoned;
use roster::Roster;
use update::GroupLocks;

/// Reads the configuration again with the options the daemon was started with.
pub type Loader = Arc<dyn Fn() -> Result<Loaded, ConfigError> + Send + Sync>;

/// Tries everything of a restart with this configuration that can be tried while the present one
/// runs; says what would fail. May block.
pub type Rehearsal = Arc<dyn Fn(&Config) -> Result<(), String> + Send + Sync>;

/// How the daemon's run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Exit.
    Shutdown,
    /// Run again with this configuration, the very one that was found valid before anything
    /// stopped (difference C28).
    Restart(Box<Loaded>),
    /// The Supervisor was given up after it had panicked again and again, or could not be started.
    Failed,
}

/// What makes a Supervisor.
pub struct Parts {
    /// The configuration to run.
    pub config: Config,
    /// To change how many processes its programs have.
    pub templates: Arc<Templates>,
    /// Which programs are disabled, and where that is written.
    pub disabilities: Disabilities,
    /// AUTO log files made for it so far.
    pub auto_logs: AutoLogs,
    /// For reread and restart.
    pub loader: Loader,
    /// Before a restart stops anything (difference C28).
    pub rehearsal: Rehearsal,
    /// Updated whenever the configuration was read again.
    pub listing: watch::Sender<Arc<Listing>>,
    /// To reopen and to clear.
    pub activity: ActivityLog,
    /// Notified whenever logs are reopened, for others that have files to reopen.
    pub reopened: watch::Sender<()>,
    /// Taken to be sent once when everything has stopped. Dropped without that: the Supervisor was given up,
    /// and its processes run.
    pub ended: Option<oneshot::Sender<Ending>>,
    /// Gets its groups in that case.
    pub abandoned: Abandoned,
}

/// What may hang, one job of each kind at a time.
#[derive(Default)]
struct JobQueues {
    /// Reading the configuration.
    reading: JobQueue,
    /// Trying what a restart would do.
    rehearsing: JobQueue,
    /// Making AUTO logs.
    auto_logs: JobQueue,
    /// Looking for the activity log.
    main_log: JobQueue,
    /// Writing which programs are disabled.
    disabilities: JobQueue,
}

/// The state of the daemon. See the module.
pub struct Supervisor {
    deps: Rc<Deps>,
    parts: Parts,
    /// What a restart that is under way will run.
    next: Option<Box<Loaded>>,
    roster: Roster,
    /// Held while a group is updated or added.
    locks: GroupLocks,
    queues: JobQueues,
    /// Which processes each update under way stops, and whether they ran before.
    updating: BTreeMap<String, Vec<(ProcessName, bool)>>,
    /// To be removed as soon as they have ended; true: without a stop.
    obsolete: BTreeMap<ProcessName, bool>,
    plan: Option<StopPlan>,
    /// In UNKNOWN: asked once more to stop, without an answer yet.
    retrying: BTreeSet<ProcessName>,
    stop_report: Option<SpawnHandle>,
    /// Clients are served, and what starts by itself was asked to.
    begun: bool,
    /// The groups of the first configuration are active.
    is_started: bool,
    panics: Panics,
}

impl Supervisor {
    fn new(deps: Rc<Deps>, parts: Parts) -> Self {
        Self {
            deps,
            parts,
            next: None,
            roster: Roster::default(),
            locks: GroupLocks::default(),
            queues: JobQueues::default(),
            updating: BTreeMap::new(),
            obsolete: BTreeMap::new(),
            plan: None,
            retrying: BTreeSet::new(),
            stop_report: None,
            begun: false,
            is_started: false,
            panics: Panics::default(),
        }
    }

    /// Start a Supervisor that activates its configuration's groups and survives its panics. It
    /// shares `deps` with every process.
    /// Inside a System.
    #[must_use]
    pub fn run(deps: Rc<Deps>, parts: Parts) -> Addr<Self> {
        let context = Context::new();
        let addr = context.address();
        resumed::run(context, Self::new(deps, parts));
        addr
    }

    /// SHUTDOWN_STATE while the daemon closes (spec interfaces 3.1). Every request is checked when
    /// it comes, and again when it goes on after something was awaited.
    fn check_open(&self) -> Answer {
        match self.deps.board.state().is_closing() {
            true => Err(FaultCode::ShutdownState.bare()),
            false => Ok(()),
        }
    }

    fn publish(&self, event: Event) {
        self.deps.bus.do_send(Publish(event));
    }
}

/// An answer that ends if the Supervisor panics.
type Later<T> = ResponseActFuture<Supervisor, Answer<T>>;

/// An answer that is known now.
fn answered<T: 'static>(answer: Answer<T>) -> Later<T> {
    Box::pin(fut::ready(answer))
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    /// Also called when it goes on after a panic.
    fn started(&mut self, ctx: &mut Context<Self>) {
        if self.is_started {
            return;
        }
        for group in self.parts.config.groups.clone() {
            if self.roster.group(&group.name).is_none() {
                self.activate(group, Retained::default(), ctx);
            }
        }
        self.is_started = true;
        actix_rt::spawn(self.save_disabilities());
    }
}
