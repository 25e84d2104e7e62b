//! What instances publish to each other (spec cluster 8.3), without its encoding.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::state::{ClusterState, InstanceState};

/// Who published something, as it says (spec cluster 8.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `host:port`.
    pub identifier: Arc<str>,
    /// Its nick.
    pub nick: Arc<str>,
    /// Its IPv4 address.
    pub address: String,
    /// TCP port of its HTTP server.
    pub port: u16,
}

/// One publication.
#[derive(Clone, Debug, PartialEq)]
pub enum Publication {
    /// Type 0: it lives.
    Tick(Tick),
    /// Type 1: a process changed its state.
    Process(ProcessEvent),
    /// Type 2: a process was added.
    Added(Arc<LocalProcess>),
    /// Type 3: a process, or all of a group if there is no name, was removed.
    Removed {
        /// Its group.
        group: Arc<str>,
        /// Its name in the group; `None` means all of them (`*` on the wire).
        process: Option<Arc<str>>,
    },
    /// Type 4: its program was enabled or disabled.
    Disability(Arc<LocalProcess>),
    /// Type 5: counters of the machine.
    HostStatistics(Arc<HostSample>),
    /// Type 6: counters of a process.
    ProcessStatistics(ProcessSample),
    /// Type 7: the state of the cluster as it sees it.
    State(Arc<StateModes>),
}

/// Sent every 5 s, at multiples of 5 s of wall-clock time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// Wall clock of the sender, seconds since 1970.
    pub when: f64,
    /// Monotonic clock of the sender, seconds.
    pub when_monotonic: f64,
    /// 0 at its start, one more each time.
    pub sequence_counter: u64,
}

/// A process changed its state, or is shown in a state by force (spec cluster 4.3).
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessEvent {
    /// Which.
    pub name: ProcessName,
    /// The new state.
    pub state: ProcessState,
    /// Wall clock of the sender, seconds since 1970.
    pub now: f64,
    /// Monotonic clock of the sender, seconds.
    pub now_monotonic: f64,
    /// 0 if nothing runs; an ended process keeps its last pid.
    pub pid: i32,
    /// Whether its exit code was an expected one; meaningful for EXITED.
    pub expected: bool,
    /// Why it could not be started, for BACKOFF and FATAL; the reason of a forced state.
    pub spawnerr: String,
    /// What is appended to its command.
    pub extra_args: String,
    /// Whether its program is disabled there.
    pub disabled: bool,
    /// `Some` if this is a forced state; holds the instance that the event is about, if any
    /// (the identifier of the body, which may differ from the sender or be empty).
    pub forced: Option<Option<Arc<str>>>,
}

/// A process as its own supervisord knows it: "local info" of spec cluster 7.4.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalProcess {
    /// Group and name.
    pub name: ProcessName,
    /// Its state there.
    pub state: ProcessState,
    /// Last start, seconds since 1970, 0 if never.
    pub start: f64,
    /// Last stop, seconds since 1970, 0 if never.
    pub stop: f64,
    /// Wall clock when this was read.
    pub now: f64,
    /// Last start on the monotonic clock of that machine, seconds, 0 if never.
    pub start_monotonic: f64,
    /// Last stop on the same clock.
    pub stop_monotonic: f64,
    /// Same clock when this was read.
    pub now_monotonic: f64,
    /// 0 if nothing runs.
    pub pid: i32,
    /// For people (spec core 4.7).
    pub description: String,
    /// Why it could not be started, or empty.
    pub spawnerr: String,
    /// Whether the last exit was expected.
    pub expected: bool,
    /// What is appended to its command.
    pub extra_args: String,
    /// Seconds until a start is a success.
    pub startsecs: i64,
    /// Seconds until a stop is forced.
    pub stopwaitsecs: i64,
    /// Its rank in the `numprocs` of its program, from 0.
    pub process_index: u32,
    /// The section that it was made of.
    pub program: Arc<str>,
    /// Whether that program is disabled there.
    pub disabled: bool,
    /// It has a log of standard output.
    pub has_stdout: bool,
    /// It has a log of standard error.
    pub has_stderr: bool,
}

/// The state of the cluster as one instance sees it (spec cluster 7.4, "state").
#[derive(Clone, Debug, PartialEq)]
pub struct StateModes {
    /// Who.
    pub identifier: Arc<str>,
    /// Its nick.
    pub nick: Arc<str>,
    /// Its monotonic clock, seconds.
    pub now_monotonic: f64,
    /// Its state.
    pub state: ClusterState,
    /// A selected synchronization condition is not met.
    pub degraded: bool,
    /// It may discover instances.
    pub discovery: bool,
    /// Identifier of its Master; empty if it has none.
    pub master: Arc<str>,
    /// It starts processes.
    pub starting_jobs: bool,
    /// It stops processes.
    pub stopping_jobs: bool,
    /// How it sees the others, by identifier.
    pub instances: BTreeMap<Arc<str>, InstanceState>,
}

/// Counters of a machine since its start (spec cluster 12.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostSample {
    /// Monotonic clock, seconds.
    pub now: f64,
    /// Work and idle seconds: first the mean of all processors, then each of them.
    pub cpu: Vec<(f64, f64)>,
    /// Used memory, percent.
    pub memory: f64,
    /// Bytes received and sent by each network interface.
    pub net_io: BTreeMap<String, (u64, u64)>,
    /// Percent used of each mounted partition.
    pub disk_usage: BTreeMap<String, f64>,
    /// Bytes read from and written to each block device.
    pub disk_io: BTreeMap<String, (u64, u64)>,
}

/// Counters of a process and its children (spec cluster 12.1).
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessSample {
    /// `group:process`, or `supervisord` for the daemon.
    pub namespec: Arc<str>,
    /// 0: it ended, and the other figures have no meaning.
    pub pid: i32,
    /// Monotonic clock, seconds.
    pub now: f64,
    /// CPU seconds used.
    pub work: f64,
    /// Resident memory, percent.
    pub memory: f64,
    /// Number of processors; only for the daemon.
    pub cores: Option<u32>,
}
