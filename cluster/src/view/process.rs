//! One process as all instances see it (spec cluster 4.1 to 4.4).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::InstanceId;
use crate::message::LocalProcess;
use crate::rules::ProcessRules;

/// A process of the cluster.
#[derive(Clone, Debug)]
pub struct Process {
    /// Group and name.
    pub name: ProcessName,
    /// What the administrator wants of it.
    pub rules: ProcessRules,
    /// The section that it was made of, and its rank there from 0, as the last one to declare it
    /// says.
    pub program: (Arc<str>, u32),
    /// What each instance that declares it says of it.
    records: BTreeMap<InstanceId, Record>,
    /// Where it runs, in the order in which it was seen to start.
    running: Vec<InstanceId>,
    /// Its own state, whatever is shown (spec cluster 4.2).
    state: ProcessState,
    /// Whether its last exit was expected.
    expected_exit: bool,
    /// A state that no instance reports (spec cluster 4.3).
    forced: Option<Forced>,
    /// What is appended to its command, everywhere.
    extra_args: String,
    /// Monotonic time of its last change by the local clock, seconds.
    last_event: f64,
}

/// What one instance says of a process.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it said last, with what its events changed since.
    pub info: LocalProcess,
    /// When its record came, monotonic seconds of the local clock.
    pub local_mtime: f64,
    /// When the sender made it, monotonic seconds of the sender's clock.
    pub event_time: f64,
    /// Seconds it runs by the sender's clock; 0 unless RUNNING or STOPPING.
    pub uptime: f64,
    /// It has been FATAL, or has exited unexpectedly, since the record was loaded.
    pub has_crashed: bool,
    /// An event came since the record was loaded.
    pub by_event: bool,
}

/// A state that is shown though no instance reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forced {
    /// The state shown.
    pub state: ProcessState,
    /// Why.
    pub reason: String,
}

impl Process {
    /// The state that decides whether it can be started or stopped.
    pub const fn state(&self) -> ProcessState {
        self.state
    }

    /// The state that clients see: the forced one, if there is one.
    pub fn displayed_state(&self) -> ProcessState {
        self.forced.as_ref().map_or(self.state, |it| it.state)
    }

    /// The forced state, if there is one.
    pub const fn forced(&self) -> Option<&Forced> {
        self.forced.as_ref()
    }

    /// Where it runs; STOPPING counts.
    pub fn running(&self) -> &[InstanceId] {
        &self.running
    }

    /// What each instance says of it.
    pub const fn records(&self) -> &BTreeMap<InstanceId, Record> {
        &self.records
    }

    /// It runs on more than one instance.
    pub fn is_conflicting(&self) -> bool {
        self.running.len() > 1
    }

    /// What is appended to its command.
    pub fn extra_args(&self) -> &str {
        &self.extra_args
    }

    /// Whether its last exit was expected.
    pub const fn expected_exit(&self) -> bool {
        self.expected_exit
    }

    /// Monotonic seconds of the local clock when it last changed.
    pub const fn last_event(&self) -> f64 {
        self.last_event
    }
}
