//! Clients that wait for the end of what they asked for (spec cluster 7.1).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;
use visord_model::pyrepr::repr;
use visord_model::state::ProcessState;

use crate::effect::Reply;
use crate::identity::InstanceId;
use crate::input::Ticket;
use crate::state::ApplicationState;
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

/// More clients than this do not wait at the same time.
const LIMIT: usize = 1024;

/// What a client waits for, and what it is told then.
#[derive(Clone, Debug)]
pub(crate) enum Goal {
    /// The application runs.
    Running(Arc<str>),
    /// Nothing of the application runs.
    Stopped(Arc<str>),
    /// The application runs again.
    Restarted(Arc<str>),
    /// These processes run.
    Started(Vec<ProcessName>),
    /// This one, which was chosen, runs.
    Chosen(ProcessName),
    /// These processes run nowhere.
    Ended(Vec<ProcessName>),
    /// These processes run again.
    Again(Vec<ProcessName>),
    /// These processes do not run on this instance.
    EndedOn(InstanceId, Vec<ProcessName>),
    /// The start sequence is complete.
    Sequence,
}

impl Goal {
    /// Whether it is decided, given what the local instance still does.
    const fn is_due(&self, starting: bool, stopping: bool) -> bool {
        match self {
            Self::Started(_) | Self::Chosen(_) | Self::Sequence => !starting,
            Self::Stopped(_) | Self::Ended(_) | Self::EndedOn(..) => !stopping,
            // a failure may stop the application that was to be started
            Self::Running(_) | Self::Restarted(_) | Self::Again(_) => !starting && !stopping,
        }
    }

    /// What the client gets in the end.
    pub(super) fn outcome(&self, view: &View) -> Result<Reply, Fault> {
        let state = |name: &ProcessName| view.process(name).map(Process::state);
        let stopped = |name: &ProcessName| state(name).is_none_or(ProcessState::is_stopped);
        let running = |name: &ProcessName| state(name).is_some_and(ProcessState::is_running);
        match self {
            Self::Running(name) => {
                let application = view.application(name);
                let done = application
                    .is_some_and(|it| it.state() == ApplicationState::Running || has_finished(it));
                verdict(done, FaultCode::NotRunning, name)
            }
            Self::Stopped(name) => {
                let application = view.application(name);
                let done = application.is_none_or(|it| it.state() == ApplicationState::Stopped);
                verdict(done, FaultCode::StillRunning, name)
            }
            Self::Restarted(name) => {
                let application = view.application(name);
                let done = application
                    .is_some_and(|it| it.state() != ApplicationState::Stopped || has_finished(it));
                verdict(done, FaultCode::NotRunning, name)
            }
            Self::Started(names) | Self::Again(names) => {
                none_of(names, stopped, FaultCode::NotRunning)
            }
            Self::Chosen(name) => {
                none_of(core::slice::from_ref(name), stopped, FaultCode::NotRunning)?;
                Ok(Reply::Started(name.clone()))
            }
            Self::Ended(names) => none_of(names, running, FaultCode::StillRunning),
            Self::EndedOn(on, names) => {
                let here = |name: &ProcessName| {
                    let process = view.process(name);
                    process.is_some_and(|it| it.running().contains(on))
                };
                none_of(names, here, FaultCode::StillRunning)
            }
            Self::Sequence => Ok(Reply::Done(true)),
        }
    }
}

/// All processes of its start sequence have done their work and exited, as they should.
fn has_finished(application: &Application) -> bool {
    let mut sequenced = application
        .processes()
        .filter(|it| it.rules.start_sequence > 0)
        .peekable();
    sequenced.peek().is_some()
        && sequenced.all(|it| {
            let exited = it.state() == ProcessState::Exited && it.expected_exit();
            it.rules.wait_exit && exited || it.state().is_running()
        })
}

fn verdict(done: bool, code: FaultCode, name: &Arc<str>) -> Result<Reply, Fault> {
    if done {
        Ok(Reply::Done(true))
    } else {
        Err(code.about(&**name))
    }
}

fn none_of(
    names: &[ProcessName],
    bad: impl Fn(&ProcessName) -> bool,
    code: FaultCode,
) -> Result<Reply, Fault> {
    let bad: Vec<String> = names
        .iter()
        .filter(|name| bad(name))
        .map(|name| repr(&format!("{name}")))
        .collect();
    if bad.is_empty() {
        Ok(Reply::Done(true))
    } else {
        Err(code.about(format!("processes=[{}]", bad.join(", "))))
    }
}

/// Those who wait, by ticket.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(BTreeMap<Ticket, Goal>);

impl Waiting {
    /// One more waits, unless too many do.
    pub(super) fn add(&mut self, ticket: Ticket, goal: Goal) -> Result<(), Fault> {
        if self.0.len() >= LIMIT {
            return Err(FaultCode::Failed.about("too many clients wait"));
        }
        self.0.insert(ticket, goal);
        Ok(())
    }

    /// The client left.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.0.remove(&ticket);
    }

    /// Takes those that are due.
    pub(super) fn done(&mut self, starting: bool, stopping: bool) -> Vec<(Ticket, Goal)> {
        let due = |goal: &Goal| goal.is_due(starting, stopping);
        if !self.0.values().any(due) {
            return Vec::new();
        }
        let (done, waiting) = core::mem::take(&mut self.0)
            .into_iter()
            .partition(|(_, goal)| due(goal));
        self.0 = waiting;
        let done: BTreeMap<Ticket, Goal> = done;
        done.into_iter().collect()
    }
}
