//! What one instance knows of all instances, applications and processes (spec cluster 3.1, 4).
//!
//! The view changes by what instances publish, the local one included; it decides nothing. Rules
//! are attached when an application or process is first seen.
//!
//! A [`process::Record`] is what one instance says of a process, a [`process::Process`] what all of
//! them say together, an [`application::Application`] the sum of its processes. What follows from
//! them for an [`instance::Instance`] is kept with it at each change: its load, what runs there.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::{Moment, Mono};
use visord_model::name::ProcessName;

use crate::identity::{Candidate, InstanceId, Network};
use crate::message::Origin;
use crate::options::Options;
use crate::state::InstanceState;

mod account;
pub mod application;
mod candidates;
mod change;
#[cfg(test)]
mod edit;
pub mod instance;
mod load;
pub mod mapper;
pub mod process;
#[cfg(test)]
mod tests;
mod update;

use application::Application;
pub use change::Changes;
use instance::Instance;
use mapper::Mapper;
pub use mapper::Node;
use process::Process;

/// The place of a process: its application and itself, each by the order in which it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    application: u64,
    process: u64,
}

/// What the local instance knows.
#[derive(Clone, Debug)]
pub struct View {
    /// Who the instances are.
    pub mapper: Mapper,
    /// One for each identity, in the same order.
    instances: Vec<Instance>,
    /// By the number that each got when it was first seen.
    applications: BTreeMap<u64, Application>,
    by_name: BTreeMap<Arc<str>, u64>,
    next: u64,
    /// The processes of managed applications that run on several instances.
    conflicts: BTreeSet<Key>,
    /// The time of the last change, monotonic.
    now: Mono,
}

impl View {
    /// A view in which every instance of the mapper is STOPPED and nothing runs.
    pub fn new(mapper: Mapper) -> Self {
        let instances = mapper.ids().map(|_| Instance::default()).collect();
        Self {
            mapper,
            instances,
            applications: BTreeMap::new(),
            by_name: BTreeMap::new(),
            next: 0,
            conflicts: BTreeSet::new(),
            now: Mono::default(),
        }
    }

    /// The local instance.
    pub fn local(&self) -> InstanceId {
        self.mapper.local()
    }

    /// What is known of an instance.
    pub fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id.0 as usize]
    }

    fn instance_mut(&mut self, id: InstanceId) -> &mut Instance {
        &mut self.instances[id.0 as usize]
    }

    /// All instances, in the order in which they became known.
    pub fn instances(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.mapper.ids().zip(&self.instances)
    }

    /// The instances in this state, in their order.
    pub fn in_state(&self, state: InstanceState) -> impl Iterator<Item = InstanceId> {
        let all = self.instances();
        all.filter(move |(_, it)| it.state() == state)
            .map(|(id, _)| id)
    }

    /// All applications, in the order in which they became known.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    /// The application of this name.
    pub fn application(&self, name: &str) -> Option<&Application> {
        self.applications.get(self.by_name.get(name)?)
    }

    /// A process by its group and name.
    pub fn process(&self, name: &ProcessName) -> Option<&Process> {
        self.application(&name.group)?.process(&name.process)
    }

    /// All processes, by application.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.applications().flat_map(Application::processes)
    }

    /// The processes that an instance declares, or declared before it was lost.
    pub fn declared(&self, id: InstanceId) -> impl Iterator<Item = &Process> {
        let keys = self.instance(id).processes.iter();
        keys.filter_map(|key| self.at(*key))
    }

    /// The processes that run on an instance; STOPPING counts.
    pub fn running_on(&self, id: InstanceId) -> impl Iterator<Item = &Process> {
        let keys = self.instance(id).running.iter();
        keys.filter_map(|key| self.at(*key))
    }

    /// Percent of a node that the processes of an instance are expected to use.
    pub fn load(&self, id: InstanceId) -> u32 {
        self.instance(id).load()
    }

    /// The machine of an instance. One whose machine is not known has a machine of its own.
    pub fn node(&self, id: InstanceId) -> Node {
        self.mapper.node(id)
    }

    /// The load of all instances of a machine together.
    pub fn node_load(&self, node: Node) -> u32 {
        self.mapper
            .on_node(node)
            .iter()
            .map(|&id| self.load(id))
            .sum()
    }

    /// The processes of managed applications that run on several instances.
    pub fn conflicts(&self) -> Vec<ProcessName> {
        let processes = self.conflicts.iter().filter_map(|key| self.at(*key));
        processes.map(|it| it.name.clone()).collect()
    }

    /// Whether there is such a process.
    pub fn is_conflicting(&self) -> bool {
        !self.conflicts.is_empty()
    }

    /// See [`Mapper::resolve`].
    pub fn resolve(&self, names: &[Arc<str>]) -> Vec<InstanceId> {
        self.mapper.resolve(names)
    }

    /// See [`Mapper::resolve_logged`].
    pub fn resolve_logged(&self, names: &[Arc<str>]) -> (Vec<InstanceId>, Vec<LogLine>) {
        self.mapper.resolve_logged(names)
    }

    /// The core instances that are known.
    pub fn core(&self, options: &Options) -> Vec<InstanceId> {
        self.resolve(&options.core_identifiers)
    }

    /// Who published this (spec cluster 8.2); an ISOLATED instance is not heard.
    ///
    /// # Errors
    ///
    /// A line for the log.
    pub fn accept(&self, origin: &Origin) -> Result<InstanceId, LogLine> {
        let sender = self.mapper.sender(origin);
        let heard = |id: &InstanceId| self.instance(*id).state() != InstanceState::Isolated;
        sender.filter(heard).ok_or_else(|| {
            let text = format!(
                "event from unknown Supvisors=[{}, {}, [{}, {}]]",
                origin.identifier, origin.nick, origin.address, origin.port
            );
            LogLine::new(Level::Error, text)
        })
    }

    /// Registers an instance that announces itself (spec cluster 1.6): STOPPED, the last one.
    pub fn discover(&mut self, candidate: &Candidate) -> Changes {
        let (id, log) = self.mapper.register(candidate);
        if id.is_some() {
            self.instances.push(Instance::default());
        }
        Changes {
            applied: id.is_some(),
            log,
            ..Changes::default()
        }
    }

    /// What an instance says of itself in its handshake.
    pub fn identify(&mut self, id: InstanceId, stereotypes: &[Arc<str>], network: Option<Network>) {
        self.mapper.identify(id, stereotypes, network);
    }

    fn at(&self, key: Key) -> Option<&Process> {
        self.applications.get(&key.application)?.at(key.process)
    }

    fn key(&self, name: &ProcessName) -> Option<Key> {
        let application = *self.by_name.get(&name.group)?;
        let process = self.applications.get(&application)?.number(&name.process)?;
        Some(Key {
            application,
            process,
        })
    }

    /// Stores the time; returns it as monotonic seconds.
    fn at_moment(&mut self, now: Moment) -> f64 {
        self.now = now.mono;
        now.mono.0.as_secs_f64()
    }
}
