//! One process that is started, and how that goes (spec cluster 5.2, 5.7).

use alloc::string::String;

use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::InstanceId;
use crate::plan::job::{Command, Verdict, ticks};
use crate::strategy::StartingStrategy;
use crate::view::View;
use crate::view::process::Process;

/// Start one process.
#[derive(Clone, Debug)]
pub(in crate::plan) struct StartCommand {
    /// Which.
    pub(in crate::plan) process: ProcessName,
    /// Chooses the instance, unless the application is bound to some.
    pub(super) strategy: StartingStrategy,
    /// It was asked for by itself: RUNNING is enough, whatever `wait_exit` says.
    pub(super) alone: bool,
    /// Appended to its command.
    pub(super) extra_args: String,
    /// Where, once that is decided.
    pub(in crate::plan) on: Option<InstanceId>,
    /// The instance's TICK counter when it was asked, or at the last BACKOFF.
    pub(super) since: u64,
}

impl Command for StartCommand {
    fn process(&self) -> &ProcessName {
        &self.process
    }

    fn on(&self) -> Option<InstanceId> {
        self.on
    }
}

impl StartCommand {
    /// Start it by itself; without arguments with those of its last start.
    pub(super) fn alone(
        process: &Process,
        strategy: StartingStrategy,
        extra_args: Option<String>,
    ) -> Self {
        Self {
            process: process.name.clone(),
            strategy,
            alone: true,
            extra_args: extra_args.unwrap_or_else(|| process.extra_args().into()),
            on: None,
            since: 0,
        }
    }

    /// Start it with its application.
    pub(super) fn in_sequence(process: &Process, strategy: StartingStrategy) -> Self {
        Self {
            alone: false,
            ..Self::alone(process, strategy, None)
        }
    }

    /// What this event of its instance means.
    pub(super) fn outcome(&self, state: ProcessState, expected: bool, view: &View) -> Verdict {
        match state {
            ProcessState::Starting | ProcessState::Backoff => Verdict::Pending,
            ProcessState::Running if self.waits_for_exit(view) => Verdict::Pending,
            ProcessState::Running => Verdict::Done,
            ProcessState::Exited if expected && self.has_wait_exit(view) => Verdict::Done,
            ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Stopped
            | ProcessState::Stopping
            | ProcessState::Unknown => Verdict::Failed,
        }
    }

    /// How it goes if no event ended it; `margin` is the time for what should come at once, TICKs.
    pub(super) fn verdict(&self, view: &View, margin: u64) -> Verdict {
        let process = view.process(&self.process);
        let (Some(process), Some(on)) = (process, self.on) else {
            return Verdict::Failed;
        };
        // its instance no longer declares it
        let Some(record) = process.records().get(&on) else {
            return Verdict::Failed;
        };
        let (expected, wait) = match record.info.state {
            ProcessState::Running if self.waits_for_exit(view) => return Verdict::Pending,
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
        if view.instance(on).remote_counter() > self.since.saturating_add(wait) {
            Verdict::TimedOut(expected)
        } else {
            Verdict::Pending
        }
    }

    fn waits_for_exit(&self, view: &View) -> bool {
        !self.alone && self.has_wait_exit(view)
    }

    fn has_wait_exit(&self, view: &View) -> bool {
        view.process(&self.process)
            .is_some_and(|process| process.rules.wait_exit)
    }
}
