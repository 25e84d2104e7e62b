//! What a plan does with each input.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::Level;
use visord_model::name::ProcessName;

use super::conciliate::{self, End};
use super::stop::{self, Restart};
use super::{Effect, Plan, log};
use crate::identity::InstanceId;
use crate::input::Closing;
use crate::state::ApplicationState;
use crate::strategy::{ConciliationStrategy, RunningFailureStrategy, StartingStrategy};
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

impl Plan {
    pub(super) fn start_all(&mut self, view: &View, out: &mut Vec<Effect>) {
        for application in view.applications() {
            let failed = application.major_failure() || application.minor_failure();
            if application.rules.start_sequence > 0 && (failed || application.is_never_started()) {
                let strategy = application.rules.starting_strategy;
                self.starter.plan_application(application, strategy, out);
            }
        }
    }

    pub(super) fn start_application(
        &mut self,
        name: &str,
        strategy: StartingStrategy,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        let Some(application) = view.application(name) else {
            return;
        };
        if application.state() == ApplicationState::Stopped {
            self.starter.plan_application(application, strategy, out);
        } else {
            let text = format!("{name} is {}, it is not started", application.state());
            out.push(log(Level::Warn, text));
        }
    }

    pub(super) fn restart_application(
        &mut self,
        name: &str,
        strategy: StartingStrategy,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        match view.application(name) {
            Some(application) if stop::has_running(application) => {
                self.stopper.then_start(&application.name, strategy);
                self.stopper.plan_application(application);
            }
            Some(_) | None => self.start_application(name, strategy, view, out),
        }
    }

    pub(super) fn start_process(
        &mut self,
        name: &ProcessName,
        strategy: StartingStrategy,
        extra_args: Option<String>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        if let Some((application, process)) = find(view, name) {
            let starter = &mut self.starter;
            starter.plan_process(application, process, strategy, extra_args, view, out);
        }
    }

    pub(super) fn stop_all(&mut self, view: &View) {
        for application in view.applications() {
            self.stopper.plan_application(application);
        }
    }

    pub(super) fn stop_processes(
        &mut self,
        names: &[ProcessName],
        only: Option<&[InstanceId]>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        for name in names {
            self.stop_process(name, only, view, out);
        }
    }

    fn stop_process(
        &mut self,
        name: &ProcessName,
        only: Option<&[InstanceId]>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        if let Some((application, process)) = find(view, name) {
            self.stopper
                .plan_process(application, process, only, view, out);
        }
    }

    pub(super) fn restart_process(
        &mut self,
        name: &ProcessName,
        strategy: StartingStrategy,
        extra_args: Option<String>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        let running = |process: &Process| process.state().is_running();
        if view.process(name).is_some_and(running) {
            self.stopper.then_start_process(Restart {
                process: name.clone(),
                strategy,
                extra_args,
            });
            self.stop_process(name, None, view, out);
        } else {
            self.start_process(name, strategy, extra_args, view, out);
        }
    }

    /// An application has left the stopper: start what waits for that.
    pub(super) fn start_again(&mut self, application: &str, view: &View, out: &mut Vec<Effect>) {
        let restarts = self.stopper.take_restarts(application);
        if let Some(strategy) = restarts.application {
            self.start_application(application, strategy, view, out);
            self.starter.begin_next(view, out);
        }
        for it in restarts.processes {
            self.start_process(&it.process, it.strategy, it.extra_args, view, out);
            self.starter.begin_next(view, out);
        }
    }

    pub(super) fn crash(&mut self, name: &ProcessName, view: &View, out: &mut Vec<Effect>) {
        let Some((application, process)) = find(view, name) else {
            return;
        };
        match process.rules.running_failure {
            RunningFailureStrategy::Restart => out.push(Effect::Close(Closing::Restart)),
            RunningFailureStrategy::Shutdown => out.push(Effect::Close(Closing::Shutdown)),
            RunningFailureStrategy::StopApplication
            | RunningFailureStrategy::RestartApplication => {
                self.failures.add(application, process, out);
                self.run_failures(view, out);
            }
            // the autorestart of its supervisord is expected to act
            RunningFailureStrategy::RestartProcess | RunningFailureStrategy::Continue => {}
        }
    }

    pub(super) fn lose(
        &mut self,
        instances: &[InstanceId],
        processes: Vec<ProcessName>,
        master: bool,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        let mut failed = processes.into_iter().collect();
        self.starter.lose(instances, &mut failed, view, out);
        self.stopper.lose(instances, &mut failed);
        self.advance(view, out);
        if master {
            for (application, process) in failed.iter().filter_map(|name| find(view, name)) {
                self.failures.add(application, process, out);
            }
            self.run_failures(view, out);
        }
    }

    pub(super) fn conciliate(
        &mut self,
        strategy: ConciliationStrategy,
        processes: &[ProcessName],
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        for (application, process) in processes.iter().filter_map(|name| find(view, name)) {
            let name = &process.name;
            match conciliate::end(strategy, process) {
                End::Wait => {}
                End::Stop(instances) => self.stop_process(name, Some(&instances), view, out),
                End::Restart => {
                    let strategy = application.rules.starting_strategy;
                    self.restart_process(name, strategy, Some(String::new()), view, out);
                }
                End::Fail => {
                    self.stop_process(name, None, view, out);
                    self.failures.add(application, process, out);
                }
            }
        }
        self.advance(view, out);
        self.run_failures(view, out);
    }

    /// Turn failure jobs into starts and stops, unless their application has such already.
    pub(super) fn run_failures(&mut self, view: &View, out: &mut Vec<Effect>) {
        let starts = self.starter.queue.jobs().map(|job| &job.application);
        let stops = self.stopper.queue.jobs().map(|job| &job.application);
        let busy: BTreeSet<Arc<str>> = starts.chain(stops).cloned().collect();
        let ready = self
            .failures
            .take_ready(|application| busy.contains(application));
        for application in ready.stop.iter().filter_map(|name| view.application(name)) {
            self.stopper.plan_application(application);
        }
        for application in ready
            .restart
            .iter()
            .filter_map(|name| view.application(name))
        {
            let strategy = application.rules.starting_strategy;
            self.restart_application(&application.name, strategy, view, out);
        }
        for (application, process) in ready.processes.iter().filter_map(|name| find(view, name)) {
            let strategy = application.rules.starting_strategy;
            self.restart_process(&process.name, strategy, Some(String::new()), view, out);
        }
    }
}

fn find<'a>(view: &'a View, name: &ProcessName) -> Option<(&'a Application, &'a Process)> {
    let application = view.application(&name.group)?;
    Some((application, application.process(&name.process)?))
}
