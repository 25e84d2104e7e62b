//! Stands for what the `view` branch has; deleted when it is merged.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::moment::Moment;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::View;
use super::application::Application;
use super::process::{Forced, Process};
use crate::identity::InstanceId;
use crate::message::ProcessEvent;
use crate::state::ApplicationState;

/// A machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node(u32);

impl View {
    fn listed(&self, names: &[Arc<str>]) -> Vec<InstanceId> {
        let all: Vec<InstanceId> = self.mapper.ids().collect();
        if names.iter().any(|name| &**name == "*") {
            return all;
        }
        let by_name = |name: &Arc<str>| {
            let is = |id: &&InstanceId| self.mapper.identifier(**id) == name;
            all.iter().find(is).copied()
        };
        names.iter().filter_map(by_name).collect()
    }

    /// Where a process may run.
    pub fn candidates(&self, p: &Process) -> Vec<InstanceId> {
        let mut listed = match &p.rules.assigned {
            Some(assigned) => assigned.clone(),
            None => self.listed(&p.rules.placement.identifiers),
        };
        listed.retain(|id| p.records().get(id).is_some_and(|it| !it.info.disabled));
        listed
    }

    /// Where an application may run, by its distribution.
    pub fn application_candidates(&self, a: &Application) -> Vec<InstanceId> {
        use crate::strategy::Distribution;
        let mut listed = self.listed(&a.rules.placement.identifiers);
        let has = |p: &Process, id: &InstanceId| {
            p.records().get(id).is_some_and(|it| !it.info.disabled)
        };
        match a.rules.distribution {
            Distribution::AllInstances | Distribution::SingleInstance => {
                listed.retain(|id| a.processes().all(|p| has(p, id)));
            }
            Distribution::SingleNode => {
                let nodes: BTreeSet<Node> = listed.iter().map(|&id| self.node(id)).collect();
                let eligible: BTreeSet<Node> = nodes
                    .into_iter()
                    .filter(|&node| {
                        a.processes().all(|p| {
                            listed
                                .iter()
                                .any(|id| self.node(*id) == node && has(p, id))
                        })
                    })
                    .collect();
                listed.retain(|id| {
                    eligible.contains(&self.node(*id)) && a.processes().any(|p| has(p, id))
                });
            }
        }
        listed
    }

    /// Sum of what runs there.
    pub fn load(&self, id: InstanceId) -> u32 {
        self.applications()
            .flat_map(Application::processes)
            .filter(|p| p.state().is_running() && p.running().contains(&id))
            .map(|p| p.rules.expected_loading)
            .sum()
    }

    /// Its machine.
    pub fn node(&self, id: InstanceId) -> Node {
        let machine = |id: InstanceId| {
            let network = self.mapper.identity(id).network.as_ref();
            network.map(|it| it.machine_id.clone())
        };
        let wanted = machine(id);
        if wanted.is_none() {
            return Node(id.0);
        }
        let first = self.mapper.ids().find(|&other| machine(other) == wanted);
        Node(first.unwrap_or(id).0)
    }

    fn process_mut(&mut self, name: &ProcessName) -> Option<(&mut Application, usize)> {
        let at = *self.by_name.get(&name.group)?;
        let application = &mut self.applications[at];
        let at = application.position(&name.process)?;
        Some((application, at))
    }

    /// Show a state.
    pub fn force(&mut self, name: &ProcessName, state: ProcessState, reason: String, _: Moment) {
        if let Some((application, at)) = self.process_mut(name) {
            application.at(at).set_forced(Some(Forced { state, reason }));
            application.update();
        }
    }

    /// A process has a new state.
    pub fn on_process(&mut self, from: InstanceId, event: &ProcessEvent, _: Moment) {
        if let Some((application, at)) = self.process_mut(&event.name) {
            application.at(at).on_event(from, event.state, event.expected);
            application.update();
        }
    }
}

impl Application {
    fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    fn at(&mut self, at: usize) -> &mut Process {
        &mut self.processes[at]
    }

    fn update(&mut self) {
        let states: BTreeSet<ProcessState> =
            self.processes.iter().map(Process::displayed_state).collect();
        let any = |state| states.contains(&state);
        self.state = if any(ProcessState::Stopping) {
            ApplicationState::Stopping
        } else if any(ProcessState::Starting) || any(ProcessState::Backoff) {
            ApplicationState::Starting
        } else if any(ProcessState::Running) {
            ApplicationState::Running
        } else {
            ApplicationState::Stopped
        };
        let failed = |p: &Process| match p.displayed_state() {
            ProcessState::Fatal | ProcessState::Unknown => true,
            ProcessState::Exited => !p.expected_exit(),
            ProcessState::Stopped => {
                p.rules.required && self.state != ApplicationState::Stopped
            }
            ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Backoff
            | ProcessState::Stopping => false,
        };
        self.major_failure = self.processes.iter().any(|p| p.rules.required && failed(p));
        self.minor_failure = !self.major_failure
            && self.rules.managed
            && self.processes.iter().any(|p| !p.rules.required && failed(p));
    }
}

impl Process {
    fn set_forced(&mut self, forced: Option<Forced>) {
        self.forced = forced;
    }

    fn on_event(&mut self, from: InstanceId, state: ProcessState, expected: bool) {
        let Some(record) = self.records.get_mut(&from) else {
            return;
        };
        record.info.state = state;
        record.info.expected = expected;
        if state.is_stopped() {
            record.info.stop = 1.0;
            self.running.retain(|&id| id != from);
        } else if state.is_running() {
            if self.state.is_stopped() {
                self.running.clear();
            }
            if !self.running.contains(&from) {
                self.running.push(from);
            }
        }
        self.forced = None;
        let of = |id: &InstanceId| self.records.get(id).map(|it| it.info.state);
        let states: Vec<ProcessState> = self.running.iter().filter_map(of).collect();
        self.expected_exit = expected || !matches!(state, ProcessState::Exited);
        self.state = match states[..] {
            [] => state,
            [one] => one,
            _ => [
                ProcessState::Running,
                ProcessState::Backoff,
                ProcessState::Starting,
                ProcessState::Stopping,
            ]
            .into_iter()
            .find(|it| states.contains(it))
            .unwrap_or(ProcessState::Unknown),
        };
    }
}

#[cfg(test)]
mod build {
    use super::*;
    use crate::message::Tick;
    use crate::rules::{ApplicationRules, ProcessRules};
    use crate::state::InstanceState;
    use crate::view::process::Record;

    impl View {
        pub(crate) fn set_instance(&mut self, id: InstanceId, state: InstanceState) {
            self.instances[id.0 as usize].put_state(state);
        }

        pub(crate) fn tick(&mut self, id: InstanceId, sequence_counter: u64) {
            self.instances[id.0 as usize].put_tick(Tick {
                when: 0.0,
                when_monotonic: 0.0,
                sequence_counter,
            });
        }

        pub(crate) fn put_application(&mut self, name: &str, rules: ApplicationRules) {
            let name: Arc<str> = name.into();
            self.by_name.insert(name.clone(), self.applications.len());
            self.applications.push(Application {
                name,
                rules,
                processes: Vec::new(),
                by_name: BTreeMap::new(),
                state: ApplicationState::Stopped,
                major_failure: false,
                minor_failure: false,
            });
        }

        pub(crate) fn put_process(
            &mut self,
            name: &ProcessName,
            rules: ProcessRules,
            records: BTreeMap<InstanceId, Record>,
        ) {
            let at = self.by_name[&name.group];
            let application = &mut self.applications[at];
            let position = application.processes.len();
            application.by_name.insert(name.process.clone(), position);
            application.processes.push(Process {
                name: name.clone(),
                rules,
                program: (name.process.clone(), 0),
                records,
                running: Vec::new(),
                state: ProcessState::Stopped,
                expected_exit: true,
                forced: None,
                extra_args: String::new(),
                last_event: 0.0,
            });
        }
    }
}
