//! Starts processes (spec cluster 5.2, 5.5 to 5.7).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use visord_model::log_line::Level;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::distribution;
use super::job::{Command, Job, Queue, Verdict, margin, ticks};
use super::placement::{self, Pending};
use super::{Effect, log, time_out};
use crate::identity::InstanceId;
use crate::state::InstanceState;
use crate::strategy::{Distribution, StartingFailureStrategy, StartingStrategy};
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

/// Shown as the reason if no instance can take a process.
pub(super) const NO_RESOURCE: &str = "No resource available";

/// Start one process.
#[derive(Clone, Debug)]
pub(super) struct StartCommand {
    pub(super) process: ProcessName,
    strategy: StartingStrategy,
    /// It was asked for by itself: RUNNING is enough, whatever `wait_exit` says.
    alone: bool,
    extra_args: String,
    /// Where, once that is decided.
    pub(super) on: Option<InstanceId>,
    /// The instance's TICK counter when it was asked, or at the last BACKOFF.
    since: u64,
}

impl Command for StartCommand {
    fn process(&self) -> &ProcessName {
        &self.process
    }

    fn on(&self) -> Option<InstanceId> {
        self.on
    }
}

/// What the start of an application needs to know.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Chooses the instances of an application that is not spread over all.
    pub(super) strategy: StartingStrategy,
    /// The instances of such an application, once chosen; empty if there are none.
    pub(super) bound: Vec<InstanceId>,
    /// Stop the application when this job is over: a required process did not start.
    pub(super) then_stop: bool,
}

/// The start of an application.
pub(super) type StartJob = Job<u32, StartCommand, Shape>;

/// All that is started; the smallest sequence is first.
#[derive(Clone, Debug, Default)]
pub(super) struct Starter {
    pub(super) queue: Queue<u32, StartCommand, Shape>,
}

impl Starter {
    /// Plan to start an application.
    pub(super) fn plan_application(
        &mut self,
        application: &Application,
        strategy: StartingStrategy,
        out: &mut Vec<Effect>,
    ) {
        let mut job = new_job(application, strategy);
        for process in sequenced(application) {
            let command = StartCommand {
                alone: false,
                ..command(process, strategy, None)
            };
            job.plan(process.rules.start_sequence, command);
        }
        if job.planned.is_empty() {
            let text = format!("{} has no process in its start sequence", application.name);
            out.push(log(Level::Warn, text));
        } else {
            self.queue.plan(application.rules.start_sequence, job);
        }
    }

    /// Plan to start this process by itself, if it is stopped.
    pub(super) fn plan_process(
        &mut self,
        application: &Application,
        process: &Process,
        strategy: StartingStrategy,
        extra_args: Option<String>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        if !process.state().is_stopped() {
            return;
        }
        let key = process.rules.start_sequence;
        let mut command = command(process, strategy, extra_args);
        let pending = self.pending(view);
        let Some(job) = self.queue.job_mut(&application.name) else {
            let mut job = new_job(application, strategy);
            job.plan(key, command);
            self.queue.plan(application.rules.start_sequence, job);
            return;
        };
        if job.has(&command) {
            let text = format!("start of {} is already planned", process.name);
            out.push(log(Level::Warn, text));
            return;
        }
        if application.rules.distribution != Distribution::AllInstances {
            command.on = distribution::join(&job.shape, process, view, &pending);
        }
        job.plan(key, command);
    }

    /// Load that the current jobs have given to instances, and that the view does not count.
    pub(super) fn pending(&self, view: &View) -> Pending {
        let mut pending = Pending::default();
        for command in self.queue.current.iter().flat_map(Job::commands) {
            let process = view.process(&command.process);
            if let (Some(on), Some(process)) = (command.on, process)
                && process.state().is_stopped()
            {
                pending.add(on, process.rules.expected_loading);
            }
        }
        pending
    }

    /// Make the next group current, if the last one is over; whether it did.
    pub(super) fn next_group(&mut self, view: &View) -> bool {
        if !self.queue.next_group() {
            return false;
        }
        for at in 0..self.queue.current.len() {
            let pending = self.pending(view);
            distribution::bind(&mut self.queue.current[at], view, pending);
        }
        true
    }

    /// Begin all that can begin now.
    pub(super) fn begin_next(&mut self, view: &View, out: &mut Vec<Effect>) {
        self.next_group(view);
        self.begin(view, out);
    }

    /// Begin what no longer has to wait for other processes of its application.
    pub(super) fn begin(&mut self, view: &View, out: &mut Vec<Effect>) {
        for at in 0..self.queue.current.len() {
            while let Some(group) = self.queue.current[at].next_group() {
                let mut pending = self.pending(view);
                for command in group {
                    begin_one(
                        &mut self.queue.current[at],
                        command,
                        &mut pending,
                        view,
                        out,
                    );
                }
            }
        }
    }

    /// A process has a new state on an instance.
    pub(super) fn on_event(
        &mut self,
        process: &ProcessName,
        on: InstanceId,
        (state, expected): (ProcessState, bool),
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        let mut current = self.queue.current.iter_mut();
        let Some(job) = current.find(|job| job.application == process.group) else {
            return;
        };
        let Some(at) = job.position(process, on) else {
            return;
        };
        let command = &mut job.current[at];
        if state == ProcessState::Backoff {
            command.since = view.instance(on).remote_counter();
        }
        match outcome(command, state, expected, view) {
            Verdict::Pending | Verdict::TimedOut(_) => {}
            Verdict::Done => {
                job.current.remove(at);
            }
            Verdict::Failed => {
                let command = job.current.remove(at);
                fail(job, &command.process, view, out);
            }
        }
    }

    /// Give up what takes too long.
    pub(super) fn check(&mut self, view: &View, out: &mut Vec<Effect>) {
        let margin = margin(view);
        for job in &mut self.queue.current {
            for command in core::mem::take(&mut job.current) {
                match verdict(&command, view, margin) {
                    Verdict::Pending => job.current.push(command),
                    Verdict::Done => {}
                    Verdict::Failed => fail(job, &command.process, view, out),
                    Verdict::TimedOut(expected) => {
                        // the starting failure strategy does not apply (spec cluster 15, row 9)
                        if let Some(on) = command.on {
                            let fatal = ProcessState::Fatal;
                            time_out(&command.process, on, fatal, expected, view, out);
                        }
                    }
                }
            }
        }
    }

    /// Instances were lost; `failed` loses the processes that were to be started.
    pub(super) fn lose(
        &mut self,
        instances: &[InstanceId],
        failed: &mut BTreeSet<ProcessName>,
        view: &View,
        out: &mut Vec<Effect>,
    ) {
        for job in self.queue.jobs_mut() {
            for command in job.lose(instances, failed) {
                fail(job, &command.process, view, out);
            }
        }
    }
}

/// The processes of its start sequence; an application without rules has none.
pub(super) fn sequenced(application: &Application) -> impl Iterator<Item = &Process> {
    application
        .processes()
        .filter(|process| is_sequenced(application, process))
}

/// This process is in the start sequence of its application.
pub(super) const fn is_sequenced(application: &Application, process: &Process) -> bool {
    application.rules.managed && process.rules.start_sequence > 0
}

fn new_job(application: &Application, strategy: StartingStrategy) -> StartJob {
    let shape = Shape {
        strategy,
        bound: Vec::new(),
        then_stop: false,
    };
    Job::new(application.name.clone(), shape)
}

fn command(
    process: &Process,
    strategy: StartingStrategy,
    extra_args: Option<String>,
) -> StartCommand {
    StartCommand {
        process: process.name.clone(),
        strategy,
        alone: true,
        extra_args: extra_args.unwrap_or_else(|| process.extra_args().into()),
        on: None,
        since: 0,
    }
}

/// Ask an instance to start it, if it is stopped and an instance can take it.
fn begin_one(
    job: &mut StartJob,
    mut command: StartCommand,
    pending: &mut Pending,
    view: &View,
    out: &mut Vec<Effect>,
) {
    let application = view.application(&job.application);
    let process = view.process(&command.process);
    let (Some(application), Some(process)) = (application, process) else {
        return;
    };
    if !process.state().is_stopped() {
        return;
    }
    let load = process.rules.expected_loading;
    if application.rules.distribution == Distribution::AllInstances {
        let candidates = view.candidates(process);
        command.on = placement::place(view, command.strategy, &candidates, load, pending);
        if let Some(on) = command.on {
            pending.add(on, load);
        }
    }
    let runs = |on: &InstanceId| view.instance(*on).state() == InstanceState::Running;
    let Some(on) = command.on.filter(runs) else {
        out.push(log(
            Level::Warn,
            format!("no instance can take {}", process.name),
        ));
        out.push(Effect::Force {
            process: process.name.clone(),
            on: None,
            state: ProcessState::Fatal,
            reason: NO_RESOURCE.into(),
        });
        fail(job, &process.name, view, out);
        return;
    };
    out.push(Effect::Start {
        on,
        process: process.name.clone(),
        extra_args: command.extra_args.clone(),
    });
    command.since = view.instance(on).remote_counter();
    job.current.push(command);
}

/// This process did not start (spec cluster 5.6).
fn fail(job: &mut StartJob, process: &ProcessName, view: &View, out: &mut Vec<Effect>) {
    let rules = view.process(process).map(|process| &process.rules);
    let Some(rules) = rules.filter(|rules| rules.required) else {
        return;
    };
    match rules.starting_failure {
        StartingFailureStrategy::Abort => job.planned.clear(),
        StartingFailureStrategy::Stop => {
            job.planned.clear();
            job.shape.then_stop = true;
        }
        StartingFailureStrategy::Continue => return,
    }
    let strategy = rules.starting_failure.name();
    let text = format!("{process} is required and did not start: {strategy}");
    out.push(log(Level::Warn, text));
}

fn waits_for_exit(command: &StartCommand, view: &View) -> bool {
    !command.alone && has_wait_exit(command, view)
}

fn has_wait_exit(command: &StartCommand, view: &View) -> bool {
    view.process(&command.process)
        .is_some_and(|process| process.rules.wait_exit)
}

/// What this event of its instance means for a command.
fn outcome(command: &StartCommand, state: ProcessState, expected: bool, view: &View) -> Verdict {
    match state {
        ProcessState::Starting | ProcessState::Backoff => Verdict::Pending,
        ProcessState::Running if waits_for_exit(command, view) => Verdict::Pending,
        ProcessState::Running => Verdict::Done,
        ProcessState::Exited if expected && has_wait_exit(command, view) => Verdict::Done,
        ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Stopped
        | ProcessState::Stopping
        | ProcessState::Unknown => Verdict::Failed,
    }
}

/// Where a command is if no event ended it (spec cluster 5.7).
fn verdict(command: &StartCommand, view: &View, margin: u64) -> Verdict {
    let process = view.process(&command.process);
    let (Some(process), Some(on)) = (process, command.on) else {
        return Verdict::Failed;
    };
    // its instance no longer declares it
    let Some(record) = process.records().get(&on) else {
        return Verdict::Failed;
    };
    let (expected, wait) = match record.info.state {
        ProcessState::Running if waits_for_exit(command, view) => return Verdict::Pending,
        ProcessState::Running => return Verdict::Done,
        ProcessState::Starting | ProcessState::Backoff => {
            let seconds = record.info.startsecs;
            (ProcessState::Running, margin + ticks(seconds))
        }
        ProcessState::Stopped
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Unknown => (ProcessState::Starting, margin),
    };
    if view.instance(on).remote_counter() > command.since.saturating_add(wait) {
        Verdict::TimedOut(expected)
    } else {
        Verdict::Pending
    }
}
