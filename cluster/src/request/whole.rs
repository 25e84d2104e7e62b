//! Requests about the whole cluster.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::fault::{Fault, FaultCode};
use visord_model::moment::Moment;
use visord_model::name::ProcessName;
use visord_model::pyrepr::repr;

use super::Outcome;
use crate::cluster::{Cluster, Goal};
use crate::effect::{Prediction, Reply};
use crate::identity::InstanceId;
use crate::input::Wait;
use crate::state::InstanceState;
use crate::strategy::{ConciliationStrategy, SyncOption};
use crate::{machine, plan};

impl Cluster {
    pub(super) fn conciliate(
        &mut self,
        strategy: ConciliationStrategy,
        process: Option<ProcessName>,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        if strategy == ConciliationStrategy::User {
            return Ok(Outcome::Now(Reply::Done(false)));
        }
        let conflicts = self.conflicts(process);
        self.plan(plan::Input::Conciliate(strategy, conflicts), now);
        Ok(Outcome::Now(Reply::Done(true)))
    }

    pub(super) fn restart_sequence(&mut self, wait: Wait, now: Moment) -> Result<Outcome, Fault> {
        let elsewhere = {
            let mut modes = self.view.instances().filter_map(|(_, it)| it.modes());
            modes.any(|it| it.starting_jobs || it.stopping_jobs)
        };
        if elsewhere || self.plan.is_starting() || self.plan.is_stopping() {
            return Err(FaultCode::BadSupvisorsState.about("jobs in progress"));
        }
        self.plan(plan::Input::StartAll, now);
        if !self.plan.is_starting() {
            let text = "failed to trigger start sequence";
            return Err(FaultCode::AbnormalTermination.about(text));
        }
        Ok(Outcome::of(wait, Goal::Sequence))
    }

    pub(super) fn end_sync(&mut self, master: &str, now: Moment) -> Result<Outcome, Fault> {
        if self.machine.master().is_some() {
            return Err(FaultCode::BadSupvisorsState.about("Supvisors synchronization ending"));
        }
        if !self.options.synchro_options.contains(&SyncOption::User) {
            return Err(FaultCode::NotApplicable.about("USER expected in synchro_options"));
        }
        let master = self.chosen_master(master)?;
        self.run(machine::Input::EndSync(master), now);
        Ok(Outcome::Now(Reply::Done(true)))
    }

    /// The RUNNING instance of this name; `None` for the empty name.
    fn chosen_master(&self, name: &str) -> Result<Option<InstanceId>, Fault> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = self.view.resolve(&[Arc::from(name)]);
        let mapper = &self.view.mapper;
        let id = match found.as_slice() {
            [] => {
                let text = format!("unknown Supvisors identifier={name}");
                return Err(FaultCode::BadName.about(text));
            }
            [id] => *id,
            all => {
                let all = all.iter().map(|id| repr(mapper.identifier(*id)));
                let all: Vec<String> = all.collect();
                let text = format!(
                    "multiple identifiers=[{}] found for Supvisors master={name}",
                    all.join(", ")
                );
                return Err(FaultCode::IncorrectParameters.about(text));
            }
        };
        let state = self.view.instance(id).state();
        if state == InstanceState::Running {
            return Ok(Some(id));
        }
        let identifier = mapper.identifier(id);
        let text = format!("Supvisors instance={identifier} is not RUNNING ({state})");
        Err(FaultCode::NotRunning.about(text))
    }

    /// Where processes would be started, on a copy.
    pub(super) fn predict(&self, input: plan::Input) -> Vec<Prediction> {
        let mut view = self.view.clone();
        for application in crate::cluster::started(&input, &self.view) {
            view.assign(&application);
        }
        plan::predict(&view, &self.plan, input)
    }
}
