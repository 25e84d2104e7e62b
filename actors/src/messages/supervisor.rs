//! What may be asked of the Supervisor actor. Reads are not here: see [`crate::board::Board`].

use std::collections::BTreeSet;

use actix::Message;
use visord_config::GroupConfig;
use visord_model::fault::{Fault, FaultCode};
use visord_model::signal::Signal;

/// The answer to a request: done, or the fault for the client.
pub type Answer<T = ()> = Result<T, Fault>;

/// One process of an active group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessName {
    /// Group name.
    pub group: String,
    /// Process name within it.
    pub process: String,
}

/// Which processes a bulk request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every process of every active group.
    All,
    /// Every process of this group.
    Group(String),
    /// Those of these that are active.
    These(BTreeSet<ProcessName>),
}

/// What a bulk request did to one process (spec interfaces 3.1 "Bulk result struct").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Process name.
    pub name: String,
    /// Group name.
    pub group: String,
    /// SUCCESS, or the fault of the single operation.
    pub status: FaultCode,
    /// `OK` or the fault string.
    pub description: String,
}

/// What log files may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogCare {
    /// The present file becomes the first of the old ones. An empty or missing one stays as
    /// it is, and so does anything but a regular file.
    Rotate,
    /// The path is opened anew: somebody else moved the file. Nothing for a process that
    /// has no log open. A failure is told in the activity log.
    Reopen,
}

/// A request and the type of its answer.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? } -> $result:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }

        impl Message for $name {
            type Result = Answer<$result>;
        }
    };
}

request! {
    /// Start one process. Faults: BAD_NAME, NO_FILE, NOT_EXECUTABLE, ALREADY_STARTED, FAILED;
    /// when waiting also SPAWN_ERROR and ABNORMAL_TERMINATION (spec interfaces 3.5).
    StartProcess {
        /// Which one.
        name: ProcessName,
        /// Answer only when it is RUNNING or has failed.
        wait: bool,
    } -> ()
}
request! {
    /// Stop one process. Faults: BAD_NAME, NOT_RUNNING, FAILED.
    StopProcess {
        /// Which one.
        name: ProcessName,
        /// Answer only when it has stopped.
        wait: bool,
    } -> ()
}
request! {
    /// Signal one process. Faults: BAD_NAME, NOT_RUNNING, FAILED.
    SignalProcess {
        /// Which one.
        name: ProcessName,
        /// What to send.
        signal: Signal,
    } -> ()
}
request! {
    /// Start every process in scope that is not running. Fault: BAD_NAME (unknown group).
    StartMany {
        /// Which ones.
        scope: Scope,
        /// Wait for each.
        wait: bool,
    } -> Vec<Outcome>
}
request! {
    /// Stop every running process in scope. Fault: BAD_NAME (unknown group).
    StopMany {
        /// Which ones.
        scope: Scope,
        /// Wait for each.
        wait: bool,
    } -> Vec<Outcome>
}
request! {
    /// Signal every signallable process in scope. Fault: BAD_NAME (unknown group).
    SignalMany {
        /// Which ones.
        scope: Scope,
        /// What to send, or each one's fault.
        signal: Result<Signal, Fault>,
    } -> Vec<Outcome>
}
request! {
    /// Write to a process's stdin. Faults: BAD_NAME, NOT_RUNNING, NO_FILE (closed), FAILED
    /// (its bounded buffer is full).
    WriteStdin {
        /// Which one.
        name: ProcessName,
        /// What to write.
        data: Vec<u8>,
    } -> ()
}
request! {
    /// Empty the logs of one process. Faults: BAD_NAME, FAILED.
    ClearProcessLogs {
        /// Which one.
        name: ProcessName,
    } -> ()
}
request! {
    /// Rotate the logs of one process or open them anew. Faults: BAD_NAME, FAILED.
    TendProcessLogs {
        /// Which one.
        name: ProcessName,
        /// Which of the two.
        care: LogCare,
    } -> ()
}
request! {
    /// Empty the logs of every process in scope, in walk order. Fault: BAD_NAME (unknown group).
    ClearManyLogs {
        /// Which ones.
        scope: Scope,
    } -> Vec<Outcome>
}
request! {
    /// Empty the activity log. Faults: NO_FILE, FAILED.
    ClearMainLog {} -> ()
}
request! {
    /// Activate a group of the last loaded configuration. Faults: ALREADY_ADDED, BAD_NAME.
    AddGroup {
        /// Its name.
        name: String,
    } -> ()
}
request! {
    /// Deactivate a group whose processes are all stopped. Faults: BAD_NAME, STILL_RUNNING.
    RemoveGroup {
        /// Its name.
        name: String,
    } -> ()
}
request! {
    /// Make one group what the last loaded configuration says, and touch no process whose
    /// settings are equal (docs/compatibility.md, "update"). Updates of one group are carried
    /// out one after the other. Faults: BAD_NAME (neither active nor configured),
    /// ALREADY_ADDED (added by somebody else meanwhile), FAILED (a log could not be made, a
    /// process could not be stopped: the group stays as it was), SHUTDOWN_STATE.
    UpdateGroup {
        /// Its name.
        name: String,
        /// Only tell what would happen.
        dry_run: bool,
    } -> Vec<Updated>
}
request! {
    /// Read the configuration file again and say what differs; changes nothing that runs.
    /// Fault: CANT_REREAD.
    ReloadConfig {} -> Reread
}
request! {
    /// The last loaded configuration, for `getAllConfigInfo`.
    GetConfig {} -> Vec<ConfiguredGroup>
}
request! {
    /// Publish a REMOTE_COMMUNICATION event.
    SendRemoteEvent {
        /// Its type, as text.
        kind: String,
        /// Its data, as text.
        data: String,
    } -> ()
}
request! {
    /// Stop everything in order, then exit. Fault: SHUTDOWN_STATE.
    Shutdown {} -> ()
}
request! {
    /// Validate the configuration, then stop everything in order and start anew.
    /// Faults: SHUTDOWN_STATE, CANT_REREAD (decision C28).
    Restart {} -> ()
}

/// Everything is in place, clients are served: start what is meant to start by itself.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Begin;

/// The system asks the daemon to exit; unlike [`Shutdown`] it also turns a restart that is
/// under way into a shutdown (spec core 4.10).
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Terminate;

/// Open the activity log and the logs of every running process anew (SIGUSR2).
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ReopenEverything;

/// What an update of its group does to one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// Process name.
    pub name: String,
    /// Group name.
    pub group: String,
    /// What becomes of it.
    pub fate: Fate,
    /// It was not at rest, and is stopped.
    pub stops: bool,
    /// It starts by itself with its new settings.
    pub starts: bool,
}

/// What becomes of a process in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its settings are equal: it is not touched, whatever its state.
    Kept,
    /// Its settings differ: it is stopped and made anew.
    Restarted,
    /// It is new.
    Added,
    /// It is no longer configured.
    Removed,
}

impl Fate {
    /// The word that RPC clients see.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Restarted => "restarted",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// Names of groups that differ between the active ones and the file (spec interfaces 3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// In the file only.
    pub added: Vec<String>,
    /// Different in the file.
    pub changed: Vec<String>,
    /// Active only.
    pub removed: Vec<String>,
}

/// A group of the last loaded configuration and whether a group of its name is active.
#[derive(Clone, Debug)]
pub struct ConfiguredGroup {
    /// What the file says; AUTO log files that exist are in `resolved`.
    pub config: GroupConfig,
    /// Whether a group of this name is active.
    pub in_use: bool,
    /// For each process, the paths of its AUTO logs (stdout, stderr) once they are named.
    pub resolved: Vec<(Option<String>, Option<String>)>,
}

/// Make the Supervisor panic. For tests: no client can send it.
#[doc(hidden)]
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct InjectSupervisorPanic;
