//! Requests to the Supervisor actor, and the handle that sends them. Reads are not here: see
//! [`crate::board::Board`].

use std::collections::BTreeSet;

use actix::{Actor, Addr, Handler, Message, Recipient};
use tokio::sync::oneshot;
use visord_config::{Diff, Fate, GroupConfig};
use visord_model::fault::{Fault, FaultCode};
pub use visord_model::name::ProcessName;
use visord_model::signal::Signal;

pub use super::Answer;
use super::{Reply, interrupted};

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
pub struct BulkResult {
    /// The process.
    pub name: ProcessName,
    /// Done, or the fault of the single operation.
    pub answer: Answer,
}

impl BulkResult {
    /// SUCCESS, or the code of the fault.
    pub fn status(&self) -> FaultCode {
        let fault = self.answer.as_ref().err();
        fault.map_or(FaultCode::Success, |fault| fault.code)
    }
}

/// What to do with log files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogAction {
    /// They become empty.
    Clear,
    /// The present file becomes the first of the old ones. An empty or missing one stays as
    /// it is, and so does anything but a regular file.
    Rotate,
    /// The path is opened again, after another program moved the file. Nothing for a process
    /// that has no log open. A failure is written to the activity log.
    Reopen,
}

/// Declares each request with its reply type: a struct, a variant of [`Request`] and a method of
/// [`SupervisorHandle`].
macro_rules! requests {
    ($($(#[$doc:meta])* $method:ident: $name:ident { $($field:ident : $ty:ty),* } -> $reply:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            #[allow(missing_docs, reason = "the request has its documentation")]
            pub struct $name { $(pub $field: $ty),* }
        )*

        /// A request to the Supervisor, and where its reply goes.
        #[derive(Debug, Message)]
        #[rtype(result = "()")]
        #[allow(missing_docs, reason = "each struct has its documentation")]
        pub enum Request {
            $($name($name, Reply<$reply>),)*
        }

        impl Request {
            pub(crate) fn refuse(self, fault: Fault) {
                match self {
                    $(Self::$name(_, reply) => drop(reply.send(Err(fault))),)*
                }
            }
        }

        impl SupervisorHandle {
            $(
                $(#[$doc])*
                pub async fn $method(&self, $($field: $ty),*) -> Answer<$reply> {
                    let (reply, answer) = oneshot::channel();
                    let request = Request::$name($name { $($field),* }, reply);
                    // a request that cannot be sent is dropped with its reply
                    let _ = self.0.send(request).await;
                    answer.await.unwrap_or_else(|_| Err(self.no_reply()))
                }
            )*
        }
    };
}

/// Sends requests to the Supervisor; cheap to clone. It names no actor type, so its users can be
/// tested with another one.
#[derive(Clone)]
pub struct SupervisorHandle(Recipient<Request>);

impl SupervisorHandle {
    /// A handle to the actor that answers every request.
    pub fn new<A>(addr: &Addr<A>) -> Self
    where
        A: Actor + Handler<Request>,
        A::Context: actix::dev::ToEnvelope<A, Request>,
    {
        Self(addr.clone().recipient())
    }

    fn no_reply(&self) -> Fault {
        match self.0.connected() {
            true => interrupted(),
            false => FaultCode::ShutdownState.bare(),
        }
    }
}

requests! {
    /// Start one process; `wait`: answer only when it is RUNNING or has failed. Faults: BAD_NAME,
    /// NO_FILE, NOT_EXECUTABLE, ALREADY_STARTED, FAILED; when waiting also SPAWN_ERROR and
    /// ABNORMAL_TERMINATION (spec interfaces 3.5).
    start_process: StartProcess { name: ProcessName, wait: bool } -> ();
    /// Start one process with these arguments appended to its command; they are kept for its later
    /// starts, also if this one is refused because it runs (spec cluster 4.8), but not if its program is
    /// disabled. Faults as for a start; after NO_FILE
    /// and NOT_EXECUTABLE it is FATAL.
    start_with_args: StartWithArgs { name: ProcessName, extra_args: String, wait: bool } -> ();
    /// Append these arguments to the command of one process from its next start on; empty: the
    /// command as configured. Fault: BAD_NAME.
    set_extra_args: SetExtraArgs { name: ProcessName, extra_args: String } -> ();
    /// Never restart this process automatically, until it is replaced by an update of its group.
    /// Fault: BAD_NAME.
    never_restart: NeverRestart { name: ProcessName } -> ();
    /// Let the processes of a program be started again, and start those that start by themselves.
    /// Answered when it is on the disk, too (spec cluster 4.7). Fault: BAD_NAME.
    enable_program: EnableProgram { program: String } -> ();
    /// Let nothing start the processes of a program, and stop those that run; `wait`: answer only
    /// when they have stopped. Faults: BAD_NAME, STILL_RUNNING.
    disable_program: DisableProgram { program: String, wait: bool } -> ();
    /// Change how many processes a program has, in every active group that has some of them, until
    /// its group is updated or supervisord restarts (spec cluster 4.9). Of fewer the highest are
    /// removed: those at rest at once, those that run when they have ended. They are stopped, unless
    /// `lazy`; `wait`: answer only then. Faults: BAD_NAME, INCORRECT_PARAMETERS, NOT_APPLICABLE (its
    /// `process_name` has no number), FAILED (a log could not be made), STILL_RUNNING.
    update_numprocs:
        UpdateNumprocs { program: String, numprocs: u32, lazy: bool, wait: bool } -> NumprocsUpdated;
    /// Stop one process; `wait`: answer only when it has stopped. Faults: BAD_NAME, NOT_RUNNING,
    /// FAILED.
    stop_process: StopProcess { name: ProcessName, wait: bool } -> ();
    /// Signal one process. Faults: BAD_NAME, NOT_RUNNING, FAILED.
    signal_process: SignalProcess { name: ProcessName, signal: Signal } -> ();
    /// Start every process in scope that is not running; `wait` for each. Fault: BAD_NAME (unknown
    /// group).
    start_many: StartMany { scope: Scope, wait: bool } -> Vec<BulkResult>;
    /// Stop every running process in scope; `wait` for each. Fault: BAD_NAME (unknown group).
    stop_many: StopMany { scope: Scope, wait: bool } -> Vec<BulkResult>;
    /// Signal every signallable process in scope, or give each this fault. Fault: BAD_NAME (unknown
    /// group).
    signal_many: SignalMany { scope: Scope, signal: Result<Signal, Fault> } -> Vec<BulkResult>;
    /// Write to a process's stdin. Faults: BAD_NAME, NOT_RUNNING, NO_FILE (closed), FAILED
    /// (its bounded buffer is full).
    write_stdin: WriteStdin { name: ProcessName, data: Vec<u8> } -> ();
    /// Do this to the logs of one process. Faults: BAD_NAME, FAILED.
    maintain_process_logs: MaintainProcessLogs { name: ProcessName, action: LogAction } -> ();
    /// Empty the logs of every process in scope, in walk order. Fault: BAD_NAME (unknown group).
    clear_many_logs: ClearManyLogs { scope: Scope } -> Vec<BulkResult>;
    /// Empty the activity log. Faults: NO_FILE, FAILED.
    clear_main_log: ClearMainLog {} -> ();
    /// Activate a group of the last loaded configuration. Faults: ALREADY_ADDED, BAD_NAME.
    add_group: AddGroup { name: String } -> ();
    /// Deactivate a group whose processes are all stopped. Faults: BAD_NAME, STILL_RUNNING.
    remove_group: RemoveGroup { name: String } -> ();
    /// Make one group what the last loaded configuration says, and touch no process whose
    /// settings are equal (docs/compatibility.md, "update"); `dry_run`: only report what would
    /// happen. Updates of one group are carried out one after the other. Faults: BAD_NAME (neither
    /// active nor configured), ALREADY_ADDED (added by another client meanwhile), FAILED (a log
    /// could not be made, a process could not be stopped: the group stays as it was),
    /// SHUTDOWN_STATE.
    update_group: UpdateGroup { name: String, dry_run: bool } -> Vec<Updated>;
    /// Read the configuration file again and say what differs; changes nothing that runs.
    /// Fault: CANT_REREAD.
    reload_config: ReloadConfig {} -> Diff;
    /// The last loaded configuration, for `getAllConfigInfo`.
    get_config: GetConfig {} -> Vec<ConfiguredGroup>;
    /// Publish a REMOTE_COMMUNICATION event of this type with this data.
    send_remote_event: SendRemoteEvent { kind: String, data: String } -> ();
    /// Stop everything in order, then exit. Fault: SHUTDOWN_STATE.
    shutdown: Shutdown {} -> ();
    /// Validate the configuration, then stop everything in order and start again.
    /// Faults: SHUTDOWN_STATE, CANT_REREAD (difference C28).
    restart: Restart {} -> ();
}

/// To the Supervisor from the daemon itself: no client waits for a reply.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub enum Order {
    /// Everything is in place, clients are served: start what is meant to start by itself.
    Begin,
    /// The system asks the daemon to exit; unlike [`Shutdown`] it also turns a restart that is
    /// under way into a shutdown (spec core 4.10).
    Terminate,
    /// Reopen the activity log and the logs of every running process (SIGUSR2).
    ReopenLogs,
}

/// What became of the processes of a program whose number was changed; all empty if it had that
/// number already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumprocsUpdated {
    /// New ones.
    pub added: Vec<ProcessName>,
    /// Those that were about to be removed, and stay.
    pub revived: Vec<ProcessName>,
    /// Those that are removed, or will be as soon as they have ended.
    pub obsolete: Vec<ProcessName>,
}

/// What an update of its group does to one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The process.
    pub name: ProcessName,
    /// What becomes of it.
    pub fate: Fate,
    /// It was not at rest, and is stopped.
    pub stops: bool,
    /// It starts by itself with its new settings.
    pub starts: bool,
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
