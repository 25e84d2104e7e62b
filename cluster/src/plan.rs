//! Jobs: what is started and stopped, where, and in which order (spec cluster 5, 6).
//!
//! A [`Plan`] holds the jobs that the local instance drives. It reads the view and never changes
//! it; the only clocks that it knows are the TICK counters in the view. In reading order:
//! `placement` and `distribution` choose instances, `job` holds what both directions share,
//! `start` and `stop` are the directions, `failure` remembers what failures ask for, `conciliate`
//! ends conflicts, and `predict` runs a copy.

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
use crate::strategy::{ConciliationStrategy, StartingStrategy};
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

mod acts;
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
            Input::StopAll => self.stop_all(view),
            Input::StartApplication(name, strategy) => {
                self.start_application(&name, strategy, view, out);
            }
            Input::StopApplication(name) => {
                let application = view.application(&name).into_iter();
                application.for_each(|it| self.stopper.plan_application(it));
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
            Input::StopProcesses(processes) => self.stop_processes(&processes, None, view, out),
            Input::StopOn(on, processes) => {
                self.stop_processes(&processes, Some(&[on]), view, out);
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
