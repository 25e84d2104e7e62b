//! Everything that can happen to an instance of a cluster.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::moment::Mono;
use visord_model::name::{Namespec, ProcessName};

use crate::identity::{Candidate, InstanceId, Network};
use crate::message::{LocalProcess, Origin, ProcessEvent, Publication, StateModes};
use crate::options::Strategies;
use crate::strategy::{ConciliationStrategy, StartingStrategy};

/// One input of [`crate::Cluster::step`].
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The local supervisord is RUNNING; these are its processes.
    Begin(Vec<LocalProcess>),
    /// 5 s of wall-clock time have passed.
    Tick,
    /// A process of the local supervisord changed its state.
    LocalEvent(ProcessEvent),
    /// A process was added to the local supervisord.
    LocalAdded(LocalProcess),
    /// A process, or a whole group, was removed from the local supervisord.
    LocalRemoved {
        /// Its group.
        group: Arc<str>,
        /// Its name in the group; `None` means all of them.
        process: Option<Arc<str>>,
    },
    /// The program of a local process was enabled or disabled.
    LocalDisability(LocalProcess),
    /// A peer published something.
    Heard {
        /// Who says to have published it; checked here.
        origin: Origin,
        /// What.
        publication: Publication,
    },
    /// A handshake ended (spec cluster 8.4).
    Answered {
        /// With whom.
        peer: InstanceId,
        /// When it began; an older one than the current is ignored.
        began: Mono,
        /// What the peer said.
        answer: Handshake,
    },
    /// A peer asked how the local instance sees it: its handshake with us began, and it reads our
    /// processes next.
    Questioned(InstanceId),
    /// The transport to a peer failed: refused, reset, an HTTP status other than 200, no answer.
    Unreachable(InstanceId),
    /// An instance announced itself by multicast.
    Discovered(Candidate),
    /// A client asks for something; [`crate::effect::Effect::Answer`] carries the same ticket.
    Ask(Ticket, Request),
    /// The client of this ticket left; nothing that it asked for is canceled.
    Forget(Ticket),
}

/// What a peer said in a handshake.
#[expect(clippy::large_enum_variant, reason = "rare, moved once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Handshake {
    /// It raised a fault, or did not answer: try again at its next TICK.
    Unknown,
    /// It answered.
    Answered {
        /// Its stereotypes.
        stereotypes: Vec<Arc<str>>,
        /// What it says of its machine.
        network: Option<Network>,
        /// It sees the local instance ISOLATED, or in a state that does not exist.
        refused: bool,
        /// The options that all must share.
        strategies: Strategies,
        /// How it sees the cluster; `None` if it was not asked because it refused.
        modes: Option<StateModes>,
        /// Its processes, and the local monotonic time when they were asked for.
        processes: Option<(Mono, Vec<LocalProcess>)>,
    },
}

/// Names a waiting client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a client can ask for (spec cluster 7.3). `wait`: answer when the jobs are done.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// `start_application`.
    StartApplication(StartingStrategy, Arc<str>, Wait),
    /// `test_start_application`.
    TestStartApplication(StartingStrategy, Arc<str>),
    /// `stop_application`.
    StopApplication(Arc<str>, Wait),
    /// `restart_application`.
    RestartApplication(StartingStrategy, Arc<str>, Wait),
    /// `start_process`, with extra arguments.
    StartProcess(StartingStrategy, Namespec, String, Wait),
    /// `test_start_process`.
    TestStartProcess(StartingStrategy, Namespec),
    /// `start_any_process`: regular expression, extra arguments.
    StartAnyProcess(StartingStrategy, String, String, Wait),
    /// `stop_process`.
    StopProcess(Namespec, Wait),
    /// `restart_process`, with extra arguments.
    RestartProcess(StartingStrategy, Namespec, String, Wait),
    /// Stop these processes of the local instance (`disable`, `update_numprocs`).
    StopLocal(Vec<ProcessName>, Wait),
    /// `conciliate`: all conflicts, or one process (the conciliation page).
    Conciliate(ConciliationStrategy, Option<ProcessName>),
    /// `restart_sequence`.
    RestartSequence(Wait),
    /// `restart` and `shutdown`.
    Close(Closing),
    /// `end_sync`: the name of the Master, or empty.
    EndSync(String),
}

impl Request {
    /// Whether its client waits until it is done.
    pub const fn waits(&self) -> bool {
        let wait = match self {
            Self::StartApplication(_, _, wait)
            | Self::StopApplication(_, wait)
            | Self::RestartApplication(_, _, wait)
            | Self::StartProcess(_, _, _, wait)
            | Self::StartAnyProcess(_, _, _, wait)
            | Self::StopProcess(_, wait)
            | Self::RestartProcess(_, _, _, wait)
            | Self::StopLocal(_, wait)
            | Self::RestartSequence(wait) => *wait,
            Self::TestStartApplication(..)
            | Self::TestStartProcess(..)
            | Self::Conciliate(..)
            | Self::Close(_)
            | Self::EndSync(_) => Wait::No,
        };
        matches!(wait, Wait::Yes)
    }
}

/// Whether a client waits for the end of what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Answer at once.
    No,
    /// Answer when the local jobs are done.
    Yes,
}

/// How a cluster ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Every supervisord restarts.
    Restart,
    /// Every supervisord exits.
    Shutdown,
}
