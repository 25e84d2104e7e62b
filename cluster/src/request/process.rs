//! Requests about processes.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use visord_model::fault::{Fault, FaultCode};
use visord_model::moment::Moment;
use visord_model::name::{Namespec, ProcessName};

use super::{Outcome, find_processes, spelled};
use crate::cluster::{Cluster, Goal};
use crate::effect::Reply;
use crate::input::Wait;
use crate::plan;
use crate::rules::pattern::Pattern;
use crate::strategy::StartingStrategy;

impl Cluster {
    /// The processes of this name, none of which may run.
    fn startable(&self, name: &Namespec) -> Result<Vec<ProcessName>, Fault> {
        let names = find_processes(&self.view, name)?;
        let running = |it: &&ProcessName| {
            let process = self.view.process(it);
            process.is_some_and(|process| process.state().is_running())
        };
        match names.iter().find(running) {
            Some(running) => Err(FaultCode::AlreadyStarted.about(format!("{running}"))),
            None => Ok(names),
        }
    }

    pub(super) fn start_process(
        &mut self,
        strategy: StartingStrategy,
        name: &Namespec,
        extra_args: String,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        let names = self.startable(name)?;
        let input = plan::Input::StartProcesses(names.clone(), strategy, Some(extra_args));
        self.plan(input, now);
        if !self.plan.is_starting() {
            let text = format!("failed to start {}", spelled(name));
            return Err(FaultCode::AbnormalTermination.about(text));
        }
        Ok(Outcome::of(wait, Goal::Started(names)))
    }

    pub(super) fn test_start_process(
        &self,
        strategy: StartingStrategy,
        name: &Namespec,
    ) -> Result<Outcome, Fault> {
        let names = self.startable(name)?;
        let input = plan::Input::StartProcesses(names, strategy, Some(String::new()));
        Ok(Outcome::Now(Reply::Predictions(self.predict(input))))
    }

    /// The first process that matches, does not run, and could be started now.
    pub(super) fn start_any_process(
        &mut self,
        strategy: StartingStrategy,
        regex: &str,
        extra_args: String,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        let pattern = Pattern::to_search(regex)
            .map_err(|error| FaultCode::IncorrectParameters.about(format!("{error}")))?;
        let matches = |name: &ProcessName| {
            let found = pattern.longest(&format!("{name}"));
            found.is_ok_and(|length| length.is_some())
        };
        let all = self.view.applications().flat_map(|it| it.processes());
        let stopped = all.filter(|it| !it.state().is_running() && matches(&it.name));
        let chosen = stopped
            .map(|it| &it.name)
            .find(|name| self.plan.place(name, strategy, &self.view).is_some())
            .cloned();
        let Some(chosen) = chosen else {
            let text = format!("no candidate process matching \"{regex}\"");
            return Err(FaultCode::Failed.about(text));
        };
        let name = Namespec::Process(chosen.clone());
        self.start_process(strategy, &name, extra_args, Wait::No, now)?;
        Ok(match wait {
            Wait::No => Outcome::Now(Reply::Started(chosen)),
            Wait::Yes => Outcome::Later(Goal::Chosen(chosen)),
        })
    }

    pub(super) fn stop_process(
        &mut self,
        name: &Namespec,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        let names = find_processes(&self.view, name)?;
        self.plan(plan::Input::StopProcesses(names.clone()), now);
        if !self.plan.is_stopping() {
            let text = format!("{} already stopped", spelled(name));
            return Err(FaultCode::NotRunning.about(text));
        }
        Ok(Outcome::of(wait, Goal::Ended(names)))
    }

    pub(super) fn restart_process(
        &mut self,
        strategy: StartingStrategy,
        name: &Namespec,
        extra_args: String,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        let names = find_processes(&self.view, name)?;
        let input = plan::Input::RestartProcesses(names.clone(), strategy, Some(extra_args));
        self.plan(input, now);
        if !self.plan.is_starting() && !self.plan.is_stopping() {
            let text = format!("failed to restart {}", spelled(name));
            return Err(FaultCode::AbnormalTermination.about(text));
        }
        Ok(Outcome::of(wait, Goal::Again(names)))
    }

    /// Stops processes here only; nothing to stop is a success.
    pub(super) fn stop_local(
        &mut self,
        names: Vec<ProcessName>,
        wait: Wait,
        now: Moment,
    ) -> Outcome {
        let local = self.view.local();
        let runs = |it: &ProcessName| {
            let process = self.view.process(it);
            process.is_some_and(|process| process.running().contains(&local))
        };
        let names: Vec<ProcessName> = names.into_iter().filter(runs).collect();
        if !names.is_empty() {
            self.plan(plan::Input::StopOn(local, names.clone()), now);
        }
        Outcome::of(wait, Goal::EndedOn(local, names))
    }

    /// The conflict of one process, or all.
    pub(super) fn conflicts(&self, process: Option<ProcessName>) -> Vec<ProcessName> {
        let all = self.view.conflicts();
        match process {
            Some(process) if all.contains(&process) => vec![process],
            Some(_) => Vec::new(),
            None => all,
        }
    }
}
