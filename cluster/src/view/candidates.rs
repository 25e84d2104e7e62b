//! Where processes and applications can be started (spec cluster 4.6).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::View;
use super::application::Application;
use super::process::Process;
use crate::identity::InstanceId;
use crate::strategy::Distribution;

impl View {
    /// Where the rules allow a process, in their order, and its instance declares it and has not
    /// disabled it. Whether the instance runs does not matter here.
    pub fn candidates(&self, process: &Process) -> Vec<InstanceId> {
        let rules = &process.rules;
        let mut ids = match &rules.assigned {
            Some(ids) => ids.clone(),
            None => self.resolve(&rules.placement.identifiers),
        };
        ids.retain(|&id| process.is_startable_on(id));
        ids
    }

    /// Where the rules allow an application as a whole, in their order. SINGLE_INSTANCE: every
    /// process can be started there. SINGLE_NODE: the instances where any can, of each machine
    /// where every one can. ALL_INSTANCES: where any process can be started.
    pub fn application_candidates(&self, application: &Application) -> Vec<InstanceId> {
        let any = |id: InstanceId| application.processes().any(|it| it.is_startable_on(id));
        let all = |id: InstanceId| application.processes().all(|it| it.is_startable_on(id));
        let named = || self.resolve(&application.rules.placement.identifiers);
        let mut ids = match application.rules.distribution {
            Distribution::AllInstances => {
                let processes = application.processes();
                let ids: BTreeSet<_> = processes.flat_map(|it| self.candidates(it)).collect();
                return ids.into_iter().collect();
            }
            Distribution::SingleInstance | Distribution::SingleNode => named(),
        };
        if application.rules.distribution == Distribution::SingleInstance {
            ids.retain(|&id| all(id));
            return ids;
        }
        let good: BTreeSet<_> = ids
            .iter()
            .map(|&id| self.node(id))
            .filter(|&node| {
                let here = || ids.iter().copied().filter(|&id| self.node(id) == node);
                let mut processes = application.processes();
                processes.all(|it| here().any(|id| it.is_startable_on(id)))
            })
            .collect();
        ids.retain(|&id| good.contains(&self.node(id)) && any(id));
        ids
    }
}
