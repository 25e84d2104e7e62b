//! Jobs: what is started and stopped, where, and in which order (spec cluster 5, 6).
//!
//! A [`Plan`] holds the jobs that the local instance drives. It reads the view and never changes
//! it; the only clocks that it knows are the TICK counters in the view. In reading order:
//! `placement` and `distribution` choose instances, `job` holds what both directions share,
//! `start` and `stop` are the directions, `failure` remembers what failures ask for, `conciliate`
//! ends conflicts, and `predict` runs a copy.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::InstanceId;
use crate::input::Closing;
use crate::state::ApplicationState;
use crate::strategy::{ConciliationStrategy, RunningFailureStrategy, StartingStrategy};
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

mod conciliate;
mod distribution;
mod failure;
mod job;
mod placement;
mod predict;
mod start;
mod stop;
#[cfg(test)]
mod tests;

pub use predict::predict;

use conciliate::End;
use failure::Failures;
use start::Starter;
use stop::Stopper;

/// What can happen to a plan. The view that comes with it already knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The machine is evaluated: check time-outs, try deferred failure jobs.
    Check,
    /// Start the applications of the automatic start that never ran or are in failure.
    StartAll,
    /// Stop every application.
    StopAll,
    /// Start this application if it is STOPPED.
    StartApplication(Arc<str>, StartingStrategy),
    /// Stop this application.
    StopApplication(Arc<str>),
    /// Stop this application, then start it.
    RestartApplication(Arc<str>, StartingStrategy),
    /// Start those of these processes that are stopped. `None`: with the extra arguments that
    /// they had last.
    StartProcesses(Vec<ProcessName>, StartingStrategy, Option<String>),
    /// Stop these processes everywhere.
    StopProcesses(Vec<ProcessName>),
    /// Stop these processes on this instance.
    StopOn(InstanceId, Vec<ProcessName>),
    /// Stop these processes everywhere, then start them.
    RestartProcesses(Vec<ProcessName>, StartingStrategy, Option<String>),
    /// An instance published a new state of a process.
    Event {
        /// Which.
        process: ProcessName,
        /// Who published it.
        on: InstanceId,
        /// The new state.
        state: ProcessState,
        /// Whether the exit was expected; meaningful for EXITED.
        expected: bool,
    },
    /// The view applied, or dismissed, an [`Effect::Force`] on this process.
    Forced(ProcessName),
    /// Only on the Master: this process became FATAL or exited unexpectedly, not by force.
    Crashed(ProcessName),
    /// Instances were lost.
    Lost {
        /// Which.
        instances: Vec<InstanceId>,
        /// What ran there and runs nowhere else.
        processes: Vec<ProcessName>,
        /// The local instance is Master.
        master: bool,
    },
    /// End the conflicts of these processes.
    Conciliate(ConciliationStrategy, Vec<ProcessName>),
    /// Forget all jobs.
    Abort,
}

/// One effect of [`Plan::step`]; they are performed in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask an instance to start a process.
    Start {
        /// Where.
        on: InstanceId,
        /// Which.
        process: ProcessName,
        /// Appended to its command.
        extra_args: String,
    },
    /// Ask an instance to stop a process.
    Stop {
        /// Where.
        on: InstanceId,
        /// Which.
        process: ProcessName,
    },
    /// Show a state that no instance reports, here and on all peers (spec cluster 4.3). Answer
    /// with [`Input::Forced`] once the view knows it.
    Force {
        /// Which.
        process: ProcessName,
        /// The instance that did not do what it was asked to; `None` if there was none to ask.
        on: Option<InstanceId>,
        /// The state shown.
        state: ProcessState,
        /// Why.
        reason: String,
    },
    /// The failure of a process ends the cluster.
    Close(Closing),
    /// A line of the activity log.
    Log(LogLine),
}

/// The jobs of the local instance.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    starter: Starter,
    stopper: Stopper,
    failures: Failures,
}

impl Plan {
    /// Take one input; what has to be done comes back, in order.
    pub fn step(&mut self, input: Input, view: &View) -> Vec<Effect> {
        let mut out = Vec::new();
        self.take(input, view, &mut out);
        out
    }

    /// Something is planned to start, or starts.
    pub fn is_starting(&self) -> bool {
        self.starter.queue.is_busy()
    }

    /// Something is planned to stop, or stops.
    pub fn is_stopping(&self) -> bool {
        self.stopper.queue.is_busy()
    }

    /// Something of this application is planned or in progress.
    pub fn has_jobs_of(&self, application: &str) -> bool {
        let mut starts = self.starter.queue.jobs();
        let mut stops = self.stopper.queue.jobs();
        starts.any(|job| &*job.application == application)
            || stops.any(|job| &*job.application == application)
    }

    /// Where this process could be started now, by its own rules (`start_any_process`).
    pub fn place(
        &self,
        process: &ProcessName,
        strategy: StartingStrategy,
        view: &View,
    ) -> Option<InstanceId> {
        let process = view.process(process)?;
        let load = process.rules.expected_loading;
        let pending = self.starter.pending(view);
        placement::place(view, strategy, &view.candidates(process), load, &pending)
    }

    fn take(&mut self, input: Input, view: &View, out: &mut Vec<Effect>) {
        match input {
            Input::Check => return self.check(view, out),
            Input::StartAll => self.start_all(view, out),
            Input::StopAll => {
                for application in view.applications() {
                    self.stopper.plan_application(application);
                }
            }
            Input::StartApplication(name, strategy) => {
                self.start_application(&name, strategy, view, out);
            }
            Input::StopApplication(name) => {
                if let Some(application) = view.application(&name) {
                    self.stopper.plan_application(application);
                }
            }
            Input::RestartApplication(name, strategy) => {
                self.restart_application(&name, strategy, view, out);
            }
            Input::StartProcesses(processes, strategy, extra_args) => {
                for process in processes {
                    self.start_process(&process, strategy, extra_args.clone(), view, out);
                    self.advance(view, out);
                }
            }
            Input::StopProcesses(processes) => {
                for process in processes {
                    self.stop_process(&process, None, view, out);
                }
            }
            Input::StopOn(on, processes) => {
                for process in processes {
                    self.stop_process(&process, Some(&[on]), view, out);
                }
            }
            Input::RestartProcesses(processes, strategy, extra_args) => {
                for process in processes {
                    self.restart_process(&process, strategy, extra_args.clone(), view, out);
                    self.advance(view, out);
                }
            }
            Input::Event {
                process,
                on,
                state,
                expected,
            } => {
                let event = (state, expected);
                self.starter.on_event(&process, on, event, view, out);
                self.stopper.on_event(&process, on, state);
            }
            Input::Forced(_) => {}
            Input::Crashed(process) => self.crash(&process, view, out),
            Input::Lost {
                instances,
                processes,
                master,
            } => self.lose(&instances, processes, master, view, out),
            Input::Conciliate(strategy, processes) => {
                self.conciliate(strategy, &processes, view, out);
            }
            Input::Abort => *self = Self::default(),
        }
        self.advance(view, out);
    }

    fn check(&mut self, view: &View, out: &mut Vec<Effect>) {
        self.starter.check(view, out);
        let given_up = self.stopper.check(view, out);
        // what waits for such a stop looks at the state shown: go on when the view has it
        if !given_up {
            self.run_failures(view, out);
            self.advance(view, out);
        }
    }

    /// Do all that can be done now: sub-groups, groups, and what waits for the end of a job.
    fn advance(&mut self, view: &View, out: &mut Vec<Effect>) {
        loop {
            self.stopper.begin(view, out);
            let stopped = self.stopper.queue.take_over();
            for job in &stopped {
                self.start_again(&job.application, view, out);
            }
            self.starter.begin(view, out);
            let started = self.starter.queue.take_over();
            let to_stop = started.iter().filter(|job| job.shape.then_stop);
            for application in to_stop.filter_map(|job| view.application(&job.application)) {
                self.stopper.plan_application(application);
            }
            let stops = self.stopper.queue.next_group();
            let starts = self.starter.next_group(view);
            if stopped.is_empty() && started.is_empty() && !stops && !starts {
                return;
            }
        }
    }

    fn start_all(&mut self, view: &View, out: &mut Vec<Effect>) {
        for application in view.applications() {
            let failed = application.major_failure() || application.minor_failure();
            if application.rules.start_sequence > 0 && (failed || never_started(application)) {
                let strategy = application.rules.starting_strategy;
                self.starter.plan_application(application, strategy, out);
            }
        }
    }

    fn start_application(
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

    fn restart_application(
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

    fn start_process(
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

    fn restart_process(
        &mut self,
        name: &ProcessName,
        strategy: StartingStrategy,
        extra_args: Option<String>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        let running = |process: &Process| process.state().is_running();
        if view.process(name).is_some_and(running) {
            self.stopper.then_start_process(stop::Restart {
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
    fn start_again(&mut self, application: &str, view: &View, out: &mut Vec<Effect>) {
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

    fn crash(&mut self, name: &ProcessName, view: &View, out: &mut Vec<Effect>) {
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

    fn lose(
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

    fn conciliate(
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
    fn run_failures(&mut self, view: &View, out: &mut Vec<Effect>) {
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

/// What a client learns that waited for the start of this application: it runs, or all that it
/// consists of has done its work (spec cluster 15, row 18).
pub fn is_started(application: &Application) -> bool {
    let done = |process: &Process| {
        process.rules.wait_exit
            && process.displayed_state() == ProcessState::Exited
            && process.expected_exit()
    };
    let mut sequence = start::sequenced(application).peekable();
    match application.state() {
        ApplicationState::Running => true,
        ApplicationState::Stopped => sequence.peek().is_some() && sequence.all(done),
        ApplicationState::Starting | ApplicationState::Stopping | ApplicationState::Deleted => {
            false
        }
    }
}

/// No instance ever started one of its processes.
fn never_started(application: &Application) -> bool {
    let mut records = application
        .processes()
        .flat_map(|process| process.records().values());
    records.all(|it| it.info.state == ProcessState::Stopped && it.info.stop == 0.0)
}

fn find<'a>(view: &'a View, name: &ProcessName) -> Option<(&'a Application, &'a Process)> {
    let application = view.application(&name.group)?;
    Some((application, application.process(&name.process)?))
}

const fn log(level: Level, text: String) -> Effect {
    Effect::Log(LogLine { level, text })
}

/// An instance did not bring a process to a state in time: show it in this one.
fn time_out(
    name: &ProcessName,
    on: InstanceId,
    state: ProcessState,
    expected: ProcessState,
    view: &View,
    out: &mut Vec<Effect>,
) {
    let identity = view.mapper.identity(on);
    out.push(log(
        Level::Error,
        format!("{name} did not become {expected} on {identity} in time"),
    ));
    out.push(Effect::Force {
        process: name.clone(),
        on: Some(on),
        state,
        reason: format!("process {expected} event not received in time"),
    });
}
