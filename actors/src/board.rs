//! The board: what the control thread shows to readers on other threads.
//!
//! A process's row is written by its Process actor, the rest by the Supervisor, on every
//! change; RPC reads, pages and metrics are answered from it without a message to any actor.
//! Readers hold the lock for the copy of some `Arc`s.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use visord_model::process::ProcessInfo;
use visord_model::state::SupervisorState;

use crate::messages::supervisor::ProcessName;

/// Facts about the daemon that hold from start to restart.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// `identifier` of the configuration.
    pub identifier: String,
    /// The daemon's pid.
    pub pid: i32,
    /// The activity log, `None` for syslog.
    pub logfile: Option<PathBuf>,
}

/// See the module.
#[derive(Debug)]
pub struct Board {
    identity: Identity,
    mood: AtomicI32,
    processes: RwLock<BTreeMap<ProcessName, Arc<ProcessInfo>>>,
    groups: RwLock<Vec<String>>,
}

impl Board {
    /// An empty board of a daemon that runs.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            mood: AtomicI32::new(SupervisorState::Running.code()),
            processes: RwLock::default(),
            groups: RwLock::default(),
        }
    }

    /// Who this daemon is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The daemon's mood.
    #[must_use]
    pub fn mood(&self) -> SupervisorState {
        SupervisorState::from_code(self.mood.load(Ordering::Acquire))
            .unwrap_or(SupervisorState::Fatal)
    }

    /// One process of an active group.
    #[must_use]
    pub fn process(&self, name: &ProcessName) -> Option<Arc<ProcessInfo>> {
        self.read(|all| all.get(name).cloned())
    }

    /// Every process, by group name, then process name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<ProcessInfo>> {
        self.read(|all| all.values().cloned().collect())
    }

    /// Whether a group of this name is active.
    #[must_use]
    pub fn has_group(&self, name: &str) -> bool {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.iter().any(|group| group == name)
    }

    fn read<T>(&self, f: impl FnOnce(&BTreeMap<ProcessName, Arc<ProcessInfo>>) -> T) -> T {
        f(&self
            .processes
            .read()
            .unwrap_or_else(PoisonError::into_inner))
    }

    /// Show a new mood.
    pub fn set_mood(&self, mood: SupervisorState) {
        self.mood.store(mood.code(), Ordering::Release);
    }

    /// Show what is now true of a process.
    pub fn set_process(&self, info: ProcessInfo) {
        let name = ProcessName {
            group: info.group.clone(),
            process: info.name.clone(),
        };
        let mut all = self
            .processes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.insert(name, Arc::new(info));
    }

    /// Take one process down, its group stays.
    pub fn remove_process(&self, name: &ProcessName) {
        let mut all = self
            .processes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.remove(name);
    }

    /// Show that a group is active; that it still is, if it was.
    pub fn add_group(&self, name: &str) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if !groups.iter().any(|known| known == name) {
            groups.push(name.to_owned());
        }
    }

    /// Take a group and its processes down.
    pub fn remove_group(&self, name: &str) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|group| group != name);
        let mut all = self
            .processes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, _| key.group != name);
    }
}
