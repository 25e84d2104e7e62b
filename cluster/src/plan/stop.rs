//! Stops processes, and remembers what starts again afterwards (spec cluster 5.8).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use visord_model::log_line::Level;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::job::{Command, Job, Queue, Verdict, margin, ticks};
use super::{Effect, log, time_out};
use crate::identity::InstanceId;
use crate::strategy::StartingStrategy;
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

/// Stop one process on one instance.
#[derive(Clone, Debug)]
pub(super) struct StopCommand {
    process: ProcessName,
    on: InstanceId,
    /// The instance's TICK counter when it was asked.
    since: u64,
}

impl Command for StopCommand {
    fn process(&self) -> &ProcessName {
        &self.process
    }

    fn on(&self) -> Option<InstanceId> {
        Some(self.on)
    }
}

/// The largest sequence is first.
type Queued = Queue<Reverse<u32>, StopCommand, ()>;

/// A process that starts when its application has left the stopper.
#[derive(Clone, Debug)]
pub(super) struct Restart {
    pub(super) process: ProcessName,
    pub(super) strategy: StartingStrategy,
    pub(super) extra_args: Option<String>,
}

/// What starts when an application has left the stopper.
#[derive(Clone, Debug, Default)]
pub(super) struct Restarts {
    /// The application itself.
    pub(super) application: Option<StartingStrategy>,
    /// Some of its processes, each once.
    pub(super) processes: Vec<Restart>,
}

/// All that is stopped.
#[derive(Clone, Debug, Default)]
pub(super) struct Stopper {
    pub(super) queue: Queued,
    restarts: BTreeMap<Arc<str>, Restarts>,
}

impl Stopper {
    /// Plan to stop all that runs of this application.
    pub(super) fn plan_application(&mut self, application: &Application) {
        if !has_running(application) {
            return;
        }
        let mut job = Job::new(application.name.clone(), ());
        for process in application.processes() {
            for &on in process.running() {
                job.plan(key(process), command(process, on));
            }
        }
        let key = Reverse(application.rules.stop_sequence);
        self.queue.plan(key, job);
    }

    /// Plan to stop this process, everywhere or on these instances.
    pub(super) fn plan_process(
        &mut self,
        application: &Application,
        process: &Process,
        only: Option<&[InstanceId]>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        let wanted = |on: &InstanceId| only.is_none_or(|only| only.contains(on));
        let mut commands: Vec<StopCommand> = Vec::new();
        for &on in process.running().iter().filter(|on| wanted(on)) {
            commands.push(command(process, on));
        }
        if commands.is_empty() {
            return;
        }
        if let Some(job) = self.queue.job_mut(&application.name) {
            for command in commands {
                if job.has(&command) {
                    let on = view.mapper.identity(command.on);
                    let text = format!("stop of {} on {on} is already planned", process.name);
                    out.push(log(Level::Warn, text));
                } else {
                    job.plan(key(process), command);
                }
            }
            return;
        }
        let mut job = Job::new(application.name.clone(), ());
        job.planned.insert(key(process), commands);
        let key = Reverse(application.rules.stop_sequence);
        self.queue.plan(key, job);
    }

    /// Start this application when it has left the stopper.
    pub(super) fn then_start(&mut self, application: &Arc<str>, strategy: StartingStrategy) {
        let restarts = self.restarts.entry(application.clone()).or_default();
        restarts.application = Some(strategy);
    }

    /// Start this process when its application has left the stopper.
    pub(super) fn then_start_process(&mut self, restart: Restart) {
        let application = restart.process.group.clone();
        let restarts = self.restarts.entry(application).or_default();
        let mut known = restarts.processes.iter_mut();
        match known.find(|it| it.process == restart.process) {
            Some(old) => *old = restart,
            None => restarts.processes.push(restart),
        }
    }

    /// What starts now that this application has left the stopper.
    pub(super) fn take_restarts(&mut self, application: &str) -> Restarts {
        self.restarts.remove(application).unwrap_or_default()
    }

    /// Begin what no longer has to wait for other processes of its application.
    pub(super) fn begin(&mut self, view: &View, out: &mut Vec<Effect>) {
        for job in &mut self.queue.current {
            while let Some(group) = job.next_group() {
                for mut command in group {
                    if !runs_on(view, &command) {
                        continue;
                    }
                    command.since = view.instance(command.on).remote_counter();
                    out.push(Effect::Stop {
                        on: command.on,
                        process: command.process.clone(),
                    });
                    job.current.push(command);
                }
            }
        }
    }

    /// A process has a new state on an instance.
    pub(super) fn on_event(&mut self, process: &ProcessName, on: InstanceId, state: ProcessState) {
        if !state.is_stopped() {
            return;
        }
        let mut current = self.queue.current.iter_mut();
        let Some(job) = current.find(|job| job.application == process.group) else {
            return;
        };
        if let Some(at) = job.position(process, on) {
            job.current.remove(at);
        }
    }

    /// Give up what takes too long; whether something was given up.
    pub(super) fn check(&mut self, view: &View, out: &mut Vec<Effect>) -> bool {
        let margin = margin(view);
        let mut given_up = false;
        for job in &mut self.queue.current {
            job.current
                .retain(|command| match verdict(command, view, margin) {
                    Verdict::Pending => true,
                    Verdict::Done | Verdict::Failed => {
                        let on = view.mapper.identity(command.on);
                        let text = format!("{} had already stopped on {on}", command.process);
                        out.push(log(Level::Critical, text));
                        false
                    }
                    Verdict::TimedOut(expected) => {
                        let stopped = ProcessState::Stopped;
                        time_out(&command.process, command.on, stopped, expected, view, out);
                        given_up = true;
                        false
                    }
                });
        }
        given_up
    }

    /// Instances were lost; `failed` loses the processes that were to be stopped.
    pub(super) fn lose(&mut self, instances: &[InstanceId], failed: &mut BTreeSet<ProcessName>) {
        for job in self.queue.jobs_mut() {
            job.lose(instances, failed);
        }
    }
}

/// A process of it runs.
pub(super) fn has_running(application: &Application) -> bool {
    application
        .processes()
        .any(|process| process.state().is_running())
}

const fn key(process: &Process) -> Reverse<u32> {
    Reverse(process.rules.stop_sequence)
}

fn command(process: &Process, on: InstanceId) -> StopCommand {
    StopCommand {
        process: process.name.clone(),
        on,
        since: 0,
    }
}

fn runs_on(view: &View, command: &StopCommand) -> bool {
    view.process(&command.process).is_some_and(|process| {
        process.state().is_running() && process.running().contains(&command.on)
    })
}

fn verdict(command: &StopCommand, view: &View, margin: u64) -> Verdict {
    let record = view
        .process(&command.process)
        .and_then(|process| process.records().get(&command.on));
    let Some(record) = record else {
        return Verdict::Done;
    };
    let (expected, wait) = match record.info.state {
        ProcessState::Stopping => (
            ProcessState::Stopped,
            margin + ticks(record.info.stopwaitsecs),
        ),
        ProcessState::Starting | ProcessState::Running | ProcessState::Backoff => {
            (ProcessState::Stopping, margin)
        }
        ProcessState::Stopped
        | ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Unknown => return Verdict::Done,
    };
    let counter = view.instance(command.on).remote_counter();
    if counter > command.since.saturating_add(wait) {
        Verdict::TimedOut(expected)
    } else {
        Verdict::Pending
    }
}
