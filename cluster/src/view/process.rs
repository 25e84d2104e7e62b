//! One process as all instances see it (spec cluster 4.1 to 4.4).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::InstanceId;
use crate::rules::ProcessRules;

pub mod record;
mod synthesis;

pub use record::Record;

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
    /// How many changes of its records it has seen.
    changes: u64,
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
    /// One that no instance declares yet: UNKNOWN.
    pub(super) fn new(name: ProcessName, rules: ProcessRules, program: (Arc<str>, u32)) -> Self {
        Self {
            name,
            rules,
            program,
            records: BTreeMap::new(),
            running: Vec::new(),
            state: ProcessState::Unknown,
            expected_exit: true,
            forced: None,
            extra_args: String::new(),
            last_event: 0.0,
            changes: 0,
        }
    }

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

    /// It runs on this instance; while it is STOPPING everywhere, it runs nowhere.
    pub fn is_running_on(&self, id: InstanceId) -> bool {
        self.state.is_running() && self.running.contains(&id)
    }

    /// The instances whose load it is part of.
    pub(super) fn loaded(&self) -> &[InstanceId] {
        if self.state.is_running() {
            &self.running
        } else {
            &[]
        }
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

    /// It is FATAL, or has exited unexpectedly, whatever is shown.
    pub fn is_crashed(&self) -> bool {
        is_crash(self.state, self.expected_exit)
    }

    /// What is shown is a failure: FATAL, UNKNOWN, or EXITED unexpectedly.
    pub fn is_failed(&self) -> bool {
        let state = self.displayed_state();
        state == ProcessState::Unknown || is_crash(state, self.expected_exit)
    }

    /// True in a formula (spec cluster 4.5): what is shown is RUNNING-like, or EXITED as expected.
    pub fn is_well(&self) -> bool {
        let state = self.displayed_state();
        state.is_running() || (state == ProcessState::Exited && self.expected_exit)
    }

    /// It has crashed on an instance since that declared it.
    pub fn has_crashed(&self) -> bool {
        self.records.values().any(|it| it.has_crashed)
    }

    /// It is disabled wherever it is declared.
    pub fn is_disabled(&self) -> bool {
        !self.records.is_empty() && self.records.values().all(|it| it.info.disabled)
    }

    /// This instance declares it and may start it.
    pub fn is_startable_on(&self, id: InstanceId) -> bool {
        self.records.get(&id).is_some_and(|it| !it.info.disabled)
    }

    /// It has never been started anywhere.
    pub fn is_never_started(&self) -> bool {
        let mut records = self.records.values();
        records.all(|it| it.info.state == ProcessState::Stopped && it.info.stop == 0.0)
    }

    /// Its pid on an instance if it is RUNNING there, else 0.
    pub fn pid_on(&self, id: InstanceId) -> i32 {
        if self.state != ProcessState::Running || !self.running.contains(&id) {
            return 0;
        }
        self.records.get(&id).map_or(0, |it| it.info.pid)
    }
}

/// Such a state is a crash.
pub(super) fn is_crash(state: ProcessState, expected: bool) -> bool {
    state == ProcessState::Fatal || (state == ProcessState::Exited && !expected)
}
