//! Jobs: what is started and stopped, where, and in which order (spec cluster 5, 6).
//!
//! A [`Plan`] holds the jobs that the local instance drives. It reads the view and never changes
//! it; the only clock that it knows are the TICK counters in the view. [`place`] chooses
//! instances, [`job`] holds what both directions share, [`start`] and [`stop`] are the two
//! directions, [`failure`] remembers what failures ask for, [`conciliate`] ends conflicts, and
//! [`predict`] runs a copy.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::LogLine;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::effect::Prediction;
use crate::identity::InstanceId;
use crate::input::Closing;
use crate::strategy::{ConciliationStrategy, StartingStrategy};
use crate::view::View;

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
        /// When that instance said something of it last, on its monotonic clock, seconds; `None`:
        /// now.
        event_time: Option<f64>,
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
pub struct Plan {}

impl Plan {
    /// Take one input; what has to be done comes back, in order.
    pub fn step(&mut self, input: Input, view: &View) -> Vec<Effect> {
        let _ = (input, view);
        Vec::new()
    }

    /// Something is planned to start, or starts.
    pub fn is_starting(&self) -> bool {
        false
    }

    /// Something is planned to stop, or stops.
    pub fn is_stopping(&self) -> bool {
        false
    }

    /// Something of this application is planned or in progress.
    pub fn has_jobs_of(&self, _application: &str) -> bool {
        false
    }

    /// Where this process could be started now (`start_any_process`).
    pub fn place(
        &self,
        _process: &ProcessName,
        _strategy: StartingStrategy,
        _view: &View,
    ) -> Option<InstanceId> {
        None
    }
}

/// What would become of the processes that this input starts (spec cluster 5.10), sorted by name.
/// The `#` and `@` of their application must be assigned in this view.
pub fn predict(_view: &View, _plan: &Plan, _input: Input) -> Vec<Prediction> {
    Vec::new()
}
