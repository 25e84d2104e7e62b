//! Everything an instance of a cluster can ask for.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::fault::Fault;
use visord_model::log_line::LogLine;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::InstanceId;
use crate::input::{Closing, Ticket};
use crate::message::{ProcessEvent, Publication};
use crate::strategy::RunningFailureStrategy;

/// One effect of [`crate::Cluster::step`]; they are performed in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a publication to these peers, behind all that is queued for them.
    Publish(Vec<InstanceId>, Publication),
    /// Begin a handshake with a peer (spec cluster 8.4).
    Handshake(InstanceId),
    /// Start a process on an instance (`start_args`), behind all that is queued for it; the local
    /// one included. The outcome comes as events.
    Start {
        /// Where.
        on: InstanceId,
        /// Which.
        process: ProcessName,
        /// Appended to its command.
        extra_args: String,
    },
    /// Stop a process on an instance (`stopProcess`), the local one included.
    Stop {
        /// Where.
        on: InstanceId,
        /// Which.
        process: ProcessName,
    },
    /// Ask the Master to end the cluster.
    AskMaster(InstanceId, Closing),
    /// The local supervisord restarts or shuts down.
    Close(Closing),
    /// Append these arguments to the command of a local process from its next start on.
    ExtraArgs(ProcessName, String),
    /// The local supervisord must not restart this process by itself, because of this strategy.
    ForbidAutorestart(ProcessName, RunningFailureStrategy),
    /// Show it to those who follow the cluster (spec cluster 9.2).
    Show(Shown),
    /// Answer a client.
    Answer(Ticket, Result<Reply, Fault>),
    /// A line of the activity log.
    Log(LogLine),
}

/// What changed, for subscribers (spec cluster 9.2); they read the rest from the view.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// Topic `supvisors`: the state of this instance.
    Cluster(InstanceId),
    /// Topic `instance`.
    Instance(InstanceId),
    /// Topic `application`.
    Application(Arc<str>),
    /// Topic `event`: a process event of this instance, or forced by it.
    Event(InstanceId, Arc<ProcessEvent>),
    /// Topic `event`: the program of this process was enabled or disabled on this instance.
    Disability(InstanceId, ProcessName),
    /// Topic `process`.
    Process(ProcessName),
    /// Topics `event` and `process`: an instance declares the process no longer; the last one if
    /// the flag is set.
    ProcessRemoved(InstanceId, ProcessName, bool),
    /// Topic `application`: its last process was removed.
    ApplicationRemoved(Arc<str>),
}

/// What a client gets that asked for something.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Most requests.
    Done(bool),
    /// `start_any_process`: the process that was chosen.
    Started(ProcessName),
    /// `test_start_*`, sorted by application and process.
    Predictions(Vec<Prediction>),
}

/// Where a process would be started (spec cluster 5.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// Which.
    pub process: ProcessName,
    /// RUNNING, EXITED, FATAL, or its present state if it would not be started.
    pub state: ProcessState,
    /// Why it would be FATAL, else empty.
    pub forced_reason: String,
    /// Where it would run.
    pub running: Vec<InstanceId>,
}
