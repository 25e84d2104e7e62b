//! One application: a group of processes over all instances (spec cluster 4.5).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::process::Process;
use crate::rules::ApplicationRules;
use crate::state::ApplicationState;

/// An application of the cluster.
#[derive(Clone, Debug)]
pub struct Application {
    /// The group's name.
    pub name: Arc<str>,
    /// What the administrator wants of it.
    pub rules: ApplicationRules,
    /// In the order in which they were first seen.
    processes: Vec<Process>,
    by_name: BTreeMap<Arc<str>, usize>,
    state: ApplicationState,
    major_failure: bool,
    minor_failure: bool,
}

impl Application {
    /// Its processes, in the order in which they became known.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter()
    }

    /// The process of this name.
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.by_name.get(name).map(|&at| &self.processes[at])
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
}
