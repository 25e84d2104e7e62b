//! One application: a group of processes over all instances (spec cluster 4.5).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::state::ProcessState;

use super::process::Process;
use crate::rules::{ApplicationRules, FormulaError};
use crate::state::ApplicationState;

/// An application of the cluster.
#[derive(Clone, Debug)]
pub struct Application {
    /// The group's name.
    pub name: Arc<str>,
    /// What the administrator wants of it.
    pub rules: ApplicationRules,
    /// By the number that each got when it was first seen.
    processes: BTreeMap<u64, Process>,
    by_name: BTreeMap<Arc<str>, u64>,
    next: u64,
    state: ApplicationState,
    major_failure: bool,
    minor_failure: bool,
}

impl Application {
    pub(super) fn new(name: Arc<str>, rules: ApplicationRules) -> Self {
        Self {
            name,
            rules,
            processes: BTreeMap::new(),
            by_name: BTreeMap::new(),
            next: 0,
            state: ApplicationState::Stopped,
            major_failure: false,
            minor_failure: false,
        }
    }

    /// Its processes, in the order in which they became known.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.values()
    }

    /// The process of this name.
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.processes.get(self.by_name.get(name)?)
    }

    /// Its state, from the displayed states of its processes.
    pub const fn state(&self) -> ApplicationState {
        self.state
    }

    /// It does not do its work.
    pub const fn major_failure(&self) -> bool {
        self.major_failure
    }

    /// It does its work, but not all of it.
    pub const fn minor_failure(&self) -> bool {
        self.minor_failure
    }

    /// None of its processes has ever been started.
    pub fn is_never_started(&self) -> bool {
        self.processes().all(Process::is_never_started)
    }

    /// Its condition for people; empty unless it is RUNNING.
    pub fn operational_status(&self) -> &'static str {
        if self.state != ApplicationState::Running {
            ""
        } else if self.major_failure {
            "Not Operational"
        } else if self.minor_failure {
            "Degraded"
        } else {
            "Operational"
        }
    }

    pub(super) fn number(&self, process: &str) -> Option<u64> {
        self.by_name.get(process).copied()
    }

    pub(super) fn numbered(&self) -> impl Iterator<Item = (u64, &Process)> {
        self.processes.iter().map(|(&number, it)| (number, it))
    }

    pub(super) fn at(&self, number: u64) -> Option<&Process> {
        self.processes.get(&number)
    }

    pub(super) fn at_mut(&mut self, number: u64) -> Option<&mut Process> {
        self.processes.get_mut(&number)
    }

    pub(super) fn add(&mut self, process: Process) -> u64 {
        let number = self.next;
        self.next += 1;
        self.by_name.insert(process.name.process.clone(), number);
        self.processes.insert(number, process);
        number
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(process) = self.processes.remove(&number) {
            self.by_name.remove(&process.name.process);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// Computes its state and failures again, from its processes.
    pub(super) fn update(&mut self) -> Vec<LogLine> {
        let mut log = Vec::new();
        let state = self.processes.values().map(Process::displayed_state);
        let state = state.map(contribution).max().unwrap_or(0);
        let state = [
            ApplicationState::Stopped,
            ApplicationState::Running,
            ApplicationState::Starting,
            ApplicationState::Stopping,
        ][state];
        if state != self.state {
            self.state = state;
            let text = format!("application={} is {state}", self.name);
            log.push(LogLine::new(Level::Info, text));
        }
        let managed = self.rules.managed;
        self.major_failure = match self.formula_holds() {
            None => self.is_required_failed(),
            Some(Ok(holds)) => !holds,
            Some(Err(error)) => {
                let text = format!("application={} - {error}", self.name);
                log.push(LogLine::new(Level::Error, text));
                true
            }
        };
        self.minor_failure =
            !self.major_failure && managed && self.processes().any(Process::is_failed);
        log
    }

    fn formula_holds(&self) -> Option<Result<bool, FormulaError>> {
        let all = || self.processes().map(|it| (&*it.name.process, it.is_well()));
        self.rules.formula.as_ref().map(|it| it.holds(all))
    }

    /// A required process has failed, or is STOPPED while others run.
    fn is_required_failed(&self) -> bool {
        let runs = self.state != ApplicationState::Stopped;
        let mut required = self.processes().filter(|it| it.rules.required);
        required.any(|it| it.is_failed() || (runs && it.displayed_state() == ProcessState::Stopped))
    }
}

/// The place of what it makes of its application: nothing, RUNNING, STARTING, STOPPING.
fn contribution(state: ProcessState) -> usize {
    match state {
        ProcessState::Stopping => 3,
        ProcessState::Starting | ProcessState::Backoff => 2,
        ProcessState::Running => 1,
        ProcessState::Stopped
        | ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Unknown => 0,
    }
}
