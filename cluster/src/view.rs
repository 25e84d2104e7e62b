//! What one instance knows of all instances, applications and processes (spec cluster 3.1, 4).
//!
//! The view changes by what instances publish, the local one included; it decides nothing. Rules
//! are attached when an application or process is first seen.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::name::ProcessName;

use crate::identity::InstanceId;

pub mod application;
pub mod instance;
pub mod mapper;
pub mod process;

use application::Application;
use instance::Instance;
use mapper::Mapper;
use process::Process;

/// What the local instance knows.
#[derive(Clone, Debug)]
pub struct View {
    /// Who the instances are.
    pub mapper: Mapper,
    /// One for each identity, in the same order.
    instances: Vec<Instance>,
    /// In the order in which they were first seen.
    applications: Vec<Application>,
    by_name: BTreeMap<Arc<str>, usize>,
}

impl View {
    /// A view in which every instance of the mapper is STOPPED and nothing runs.
    pub fn new(mapper: Mapper) -> Self {
        let instances = mapper.ids().map(|_| Instance::default()).collect();
        Self {
            mapper,
            instances,
            applications: Vec::new(),
            by_name: BTreeMap::new(),
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

    /// All instances, in the order in which they became known.
    pub fn instances(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.mapper.ids().zip(&self.instances)
    }

    /// All applications, in the order in which they became known.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.iter()
    }

    /// The application of this name.
    pub fn application(&self, name: &str) -> Option<&Application> {
        self.by_name.get(name).map(|&at| &self.applications[at])
    }

    /// A process by its group and name.
    pub fn process(&self, name: &ProcessName) -> Option<&Process> {
        self.application(&name.group)?.process(&name.process)
    }
}
