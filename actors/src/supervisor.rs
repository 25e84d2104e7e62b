//! The Supervisor actor: the mood, the roster of groups and processes, the stop plan.
//!
//! It decides nothing about a process's life (the process's machine does) and keeps no state
//! about a call: a request that waits is answered by the process itself.

mod bulk;
mod control;
mod groups;
mod guardian;
mod logs;
mod reload;
mod resume;
mod roster;
mod shutdown;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler, SpawnHandle};
use tokio::sync::{oneshot, watch};
use visord_config::{Config, ConfigError, Listing, Loaded};
use visord_model::event::Event;
use visord_model::fault::{Fault, FaultCode};
use visord_model::shutdown::StopPlan;

use crate::log::ActivityLog;
use crate::messages::event::Publish;
use crate::messages::supervisor::{Begin, ProcessName};
use crate::process::Surroundings;
use crate::spawn::Lane;

use groups::Legacy;
pub use groups::{AutoLogs, prepare_auto_logs};
pub use resume::Abandoned;
use roster::Roster;
use update::Turns;

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
    /// stopped (decision C28).
    Restart(Box<Loaded>),
    /// The Supervisor was given up after it had panicked again and again, or could not be started.
    Failed,
}

/// What makes a Supervisor.
pub struct Parts {
    /// Shared with every process.
    pub world: Rc<Surroundings>,
    /// The configuration to run.
    pub config: Config,
    /// AUTO log files made for it so far.
    pub auto_logs: AutoLogs,
    /// For reread and restart.
    pub loader: Loader,
    /// Before a restart stops anything (decision C28).
    pub rehearsal: Rehearsal,
    /// Told what is written where whenever the configuration was read again.
    pub listing: watch::Sender<Arc<Listing>>,
    /// To reopen and to clear.
    pub activity: ActivityLog,
    /// Told whenever logs are reopened, for whoever else has files to open anew.
    pub reopened: watch::Sender<()>,
    /// Told once when everything has stopped. Dropped without a word: the Supervisor was given up,
    /// and its processes run.
    pub ended: oneshot::Sender<Ending>,
    /// Gets its groups in that case.
    pub abandoned: Abandoned,
}

/// What may hang, one job of each kind at a time.
#[derive(Default)]
struct Lanes {
    /// Reading the configuration.
    reading: Lane,
    /// Trying what a restart would do.
    rehearsing: Lane,
    /// Making AUTO logs.
    auto_logs: Lane,
    /// Looking for the activity log.
    main_log: Lane,
}

/// See the module.
pub struct Supervisor {
    world: Rc<Surroundings>,
    config: Config,
    auto_logs: AutoLogs,
    loader: Loader,
    rehearsal: Rehearsal,
    listing: watch::Sender<Arc<Listing>>,
    activity: ActivityLog,
    reopened: watch::Sender<()>,
    ended: Option<oneshot::Sender<Ending>>,
    abandoned: Abandoned,
    /// What a restart that is under way will run.
    next: Option<Box<Loaded>>,
    roster: Roster,
    /// Whose turn it is to update a group.
    turns: Turns,
    lanes: Lanes,
    /// Which processes each update under way stops, and whether they ran before.
    updating: BTreeMap<String, Vec<(ProcessName, bool)>>,
    plan: Option<StopPlan>,
    /// Asked once more to stop, in UNKNOWN, and not answered yet.
    retrying: BTreeSet<ProcessName>,
    stop_report: Option<SpawnHandle>,
    /// Clients are served, and what starts by itself was told to.
    begun: bool,
    /// The groups of the first configuration are active.
    is_started: bool,
}

impl Supervisor {
    fn new(parts: Parts) -> Self {
        Self {
            world: parts.world,
            config: parts.config,
            auto_logs: parts.auto_logs,
            loader: parts.loader,
            rehearsal: parts.rehearsal,
            listing: parts.listing,
            activity: parts.activity,
            reopened: parts.reopened,
            ended: Some(parts.ended),
            abandoned: parts.abandoned,
            next: None,
            roster: Roster::default(),
            turns: Turns::default(),
            lanes: Lanes::default(),
            updating: BTreeMap::new(),
            plan: None,
            retrying: BTreeSet::new(),
            stop_report: None,
            begun: false,
            is_started: false,
        }
    }

    /// The shutdown gate (spec interfaces 3.1).
    fn gate(&self) -> Result<(), Fault> {
        if self.world.board.mood().is_closing() {
            return Err(FaultCode::ShutdownState.bare());
        }
        Ok(())
    }

    fn publish(&self, event: Event) {
        self.world.bus.do_send(Publish(event));
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    /// Also called when it goes on after a panic.
    fn started(&mut self, ctx: &mut Context<Self>) {
        if self.is_started {
            return;
        }
        for group in self.config.groups.clone() {
            if self.roster.group(&group.name).is_none() {
                self.activate(group, Legacy::default(), ctx);
            }
        }
        self.is_started = true;
    }
}

impl Handler<Begin> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: Begin, _ctx: &mut Context<Self>) {
        self.publish(Event::SupervisorRunning);
        self.begun = true;
        self.roster.autostart_all();
    }
}
