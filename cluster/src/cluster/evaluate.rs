//! Evaluations of the machine (spec cluster 3.2).

use alloc::vec::Vec;

use visord_model::fault::{Fault, FaultCode};
use visord_model::log_line::{Level, LogLine};
use visord_model::moment::Moment;
use visord_model::name::ProcessName;

use super::Cluster;
use crate::effect::Effect;
use crate::identity::InstanceId;
use crate::input::Closing;
use crate::machine;
use crate::machine::facts::{Facts, Member};
use crate::plan;
use crate::state::{ClusterState, InstanceState};
use crate::view::Changes;

/// More turns in a row than any chain of transitions needs. Options that contradict each other
/// can make two states alternate; the next TICK continues.
const CHAIN: usize = 16;

/// What an evaluation found lost.
#[derive(Debug, Default)]
struct Lost {
    instances: Vec<InstanceId>,
    processes: Vec<ProcessName>,
}

impl Cluster {
    /// Jobs first, then the state, and the states that follow from it.
    pub(super) fn evaluate(&mut self, now: Moment) {
        self.plan(plan::Input::Check, now);
        self.run(machine::Input::Evaluate, now);
    }

    pub(crate) fn run(&mut self, first: machine::Input, now: Moment) {
        let mut input = first;
        let mut lost = Lost::default();
        for _ in 0..CHAIN {
            let mut joined = false;
            if input == machine::Input::Evaluate {
                self.invalidate(&mut lost, now);
                joined = self.machine.activates() && self.activate(now);
            }
            let facts = self.facts(!lost.instances.is_empty(), joined);
            let mut machine = self.machine.clone();
            let before = machine.state();
            let turn = machine.step(input, &facts, &self.options, now.mono);
            self.machine = machine;
            if before == ClusterState::Synchronization {
                self.check_core();
            }
            self.publish_changes(now);
            for effect in turn.effects {
                self.perform(effect, &lost, now);
            }
            if !turn.again {
                return;
            }
            lost = Lost::default();
            input = machine::Input::Evaluate;
        }
        let text = alloc::format!("no stable state, now {}", self.machine.state());
        self.log(LogLine::new(Level::Critical, text));
    }

    /// Names of core instances that mean nothing, once the others could have been met.
    fn check_core(&mut self) {
        if self.machine.state() == ClusterState::Election {
            let (_, lines) = self.view.resolve_logged(&self.options.core_identifiers);
            lines.into_iter().for_each(|line| self.log(line));
        }
    }

    fn perform(&mut self, effect: machine::Effect, lost: &Lost, now: Moment) {
        let input = match effect {
            machine::Effect::Abort => plan::Input::Abort,
            machine::Effect::StartAll => plan::Input::StartAll,
            machine::Effect::StopAll => plan::Input::StopAll,
            machine::Effect::Conciliate => {
                plan::Input::Conciliate(self.options.conciliation_strategy, self.view.conflicts())
            }
            machine::Effect::Lost(master) => plan::Input::Lost {
                instances: lost.instances.clone(),
                processes: lost.processes.clone(),
                master,
            },
            machine::Effect::Close(closing) => return self.out.push(Effect::Close(closing)),
            machine::Effect::Log(line) => return self.log(line),
        };
        self.plan(input, now);
    }

    /// FAILED instances become STOPPED or ISOLATED; their processes are lost.
    fn invalidate(&mut self, lost: &mut Lost, now: Moment) {
        let local = self.view.local();
        let failed: Vec<InstanceId> = self.view.in_state(InstanceState::Failed).collect();
        for id in failed {
            let fence = self.options.auto_fence && id != local && self.master_works();
            let state = if fence {
                InstanceState::Isolated
            } else {
                InstanceState::Stopped
            };
            self.set_state(id, state, now);
            self.audience.lost(id, now.mono);
            let mut changes = self.view.lose(id);
            lost.processes.append(&mut changes.lost);
            lost.instances.push(id);
            self.apply(changes);
        }
    }

    fn master_works(&self) -> bool {
        let Some(master) = self.machine.master() else {
            return false;
        };
        let state = if master == self.view.local() {
            self.machine.state()
        } else {
            let modes = self.view.instance(master).modes();
            modes.map_or(ClusterState::Off, |modes| modes.state)
        };
        state.is_working()
    }

    /// CHECKED instances become RUNNING. Returns whether there was one.
    fn activate(&mut self, now: Moment) -> bool {
        let checked: Vec<InstanceId> = self.view.in_state(InstanceState::Checked).collect();
        for id in &checked {
            self.set_state(*id, InstanceState::Running, now);
        }
        !checked.is_empty()
    }

    /// Changes the state of an instance, with all that follows from it.
    pub(super) fn set_state(&mut self, id: InstanceId, state: InstanceState, now: Moment) {
        let changes = self.view.set_state(id, state, now);
        self.instances_changed(changes, now);
    }

    /// The states of instances have changed.
    pub(super) fn instances_changed(&mut self, changes: Changes, now: Moment) {
        self.published.instances |= changes.applied;
        self.apply(changes);
        let Some(master) = self.machine.master() else {
            return;
        };
        let running = self.view.instance(master).state() == InstanceState::Running;
        if !running && self.machine.not_running(master) {
            self.publish_changes(now);
        }
    }

    fn facts(&self, lost: bool, joined: bool) -> Facts<'_> {
        let mapper = &self.view.mapper;
        let initial = mapper.initial().count();
        let members = self.view.instances().map(|(id, it)| {
            let identity = mapper.identity(id);
            Member {
                identifier: &identity.identifier,
                nick: &identity.nick,
                state: it.state(),
                initial: (id.0 as usize) < initial,
                modes: it.modes().map(|modes| &**modes),
            }
        });
        Facts {
            local: self.view.local(),
            members: members.collect(),
            core: self.view.core(&self.options),
            lost,
            joined,
            starting: self.plan.is_starting(),
            stopping: self.plan.is_stopping(),
            conflicts: self.view.is_conflicting(),
        }
    }

    /// Ends the cluster, or asks the Master to.
    pub(crate) fn close(&mut self, closing: Closing, now: Moment) -> Result<(), Fault> {
        match self.machine.master() {
            Some(master) if master == self.view.local() => {
                self.run(machine::Input::Close(closing), now);
            }
            Some(master) => self.out.push(Effect::AskMaster(master, closing)),
            None => {
                let what = match closing {
                    Closing::Restart => "restart",
                    Closing::Shutdown => "shutdown",
                };
                let text =
                    alloc::format!("no Master instance to perform the Supvisors {what} request");
                return Err(FaultCode::BadSupvisorsState.about(text));
            }
        }
        Ok(())
    }
}
