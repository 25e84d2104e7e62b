//! What clients ask for (spec cluster 7.3): first the state of the cluster is checked, then names.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use visord_model::fault::{Fault, FaultCode};
use visord_model::moment::Moment;
use visord_model::name::{Namespec, ProcessName};
use visord_model::pyrepr::repr;

use crate::cluster::{Cluster, Goal};
use crate::effect::{Effect, Reply};
use crate::input::{Closing, Request, Ticket, Wait};
use crate::state::ClusterState;
use crate::view::View;
use crate::view::application::Application;

mod application;
mod process;
mod whole;

/// States in which applications and processes can be started.
pub const OPERATION: &[ClusterState] = &[ClusterState::Operation];
/// States in which they can be stopped.
pub const STOPPABLE: &[ClusterState] = &[ClusterState::Operation, ClusterState::Conciliation];
/// States in which conflicts can be conciliated.
pub const CONCILIATION: &[ClusterState] = &[ClusterState::Conciliation];
/// States in which the synchronization can be ended.
pub const SYNCHRONIZATION: &[ClusterState] = &[ClusterState::Synchronization];
/// States in which applications are known, and the cluster can be ended.
pub const DISTRIBUTED: &[ClusterState] = &[
    ClusterState::Distribution,
    ClusterState::Operation,
    ClusterState::Conciliation,
    ClusterState::Restarting,
    ClusterState::ShuttingDown,
];

/// How a request goes on.
enum Outcome {
    /// It is answered.
    Now(Reply),
    /// It is answered later.
    Later(Goal),
}

impl Outcome {
    /// Done, or to be waited for.
    fn of(wait: Wait, goal: Goal) -> Self {
        match wait {
            Wait::No => Self::Now(Reply::Done(true)),
            Wait::Yes => Self::Later(goal),
        }
    }
}

impl Cluster {
    /// Takes a request. Its answer follows at once, or when the jobs are done.
    pub(crate) fn ask(&mut self, ticket: Ticket, request: Request, now: Moment) {
        let answer = match self.request(request, now) {
            Ok(Outcome::Now(reply)) => Ok(reply),
            Ok(Outcome::Later(goal)) => match self.wait(ticket, goal) {
                Ok(()) => return,
                Err(fault) => Err(fault),
            },
            Err(fault) => Err(fault),
        };
        self.effect(Effect::Answer(ticket, answer));
    }

    fn request(&mut self, request: Request, now: Moment) -> Result<Outcome, Fault> {
        self.expect_state(states(&request))?;
        match request {
            Request::StartApplication(strategy, name, wait) => {
                self.start_application(strategy, name, wait, now)
            }
            Request::TestStartApplication(strategy, name) => {
                self.test_start_application(strategy, name)
            }
            Request::StopApplication(name, wait) => self.stop_application(name, wait, now),
            Request::RestartApplication(strategy, name, wait) => {
                self.restart_application(strategy, name, wait, now)
            }
            Request::StartProcess(strategy, name, args, wait) => {
                self.start_process(strategy, &name, args, wait, now)
            }
            Request::TestStartProcess(strategy, name) => self.test_start_process(strategy, &name),
            Request::StartAnyProcess(strategy, regex, args, wait) => {
                self.start_any_process(strategy, &regex, args, wait, now)
            }
            Request::StopProcess(name, wait) => self.stop_process(&name, wait, now),
            Request::RestartProcess(strategy, name, args, wait) => {
                self.restart_process(strategy, &name, args, wait, now)
            }
            Request::StopLocal(names, wait) => Ok(self.stop_local(names, wait, now)),
            Request::Conciliate(strategy, process) => self.conciliate(strategy, process, now),
            Request::RestartSequence(wait) => self.restart_sequence(wait, now),
            Request::Close(closing) => self.ask_close(closing, now),
            Request::EndSync(master) => self.end_sync(&master, now),
        }
    }

    /// That the cluster is in one of these states.
    ///
    /// # Errors
    ///
    /// BAD_SUPVISORS_STATE.
    pub fn expect_state(&self, expected: &[ClusterState]) -> Result<(), Fault> {
        let state = self.state();
        if expected.contains(&state) {
            return Ok(());
        }
        let names: Vec<String> = expected.iter().map(|it| repr(it.name())).collect();
        Err(FaultCode::BadSupvisorsState.about(format!(
            "invalid Supvisors state={state} - state expected in [{}]",
            names.join(", ")
        )))
    }

    fn ask_close(&mut self, closing: Closing, now: Moment) -> Result<Outcome, Fault> {
        self.close(closing, now)?;
        Ok(Outcome::Now(Reply::Done(true)))
    }
}

/// The states in which a request is accepted.
pub const fn states(request: &Request) -> &'static [ClusterState] {
    match request {
        Request::StartApplication(..)
        | Request::TestStartApplication(..)
        | Request::RestartApplication(..)
        | Request::StartProcess(..)
        | Request::TestStartProcess(..)
        | Request::StartAnyProcess(..)
        | Request::RestartProcess(..)
        | Request::StopLocal(..)
        | Request::RestartSequence(_) => OPERATION,
        Request::StopApplication(..) | Request::StopProcess(..) => STOPPABLE,
        Request::Conciliate(..) => CONCILIATION,
        Request::Close(_) => DISTRIBUTED,
        Request::EndSync(_) => SYNCHRONIZATION,
    }
}

/// The application of this name.
///
/// # Errors
///
/// BAD_NAME.
pub fn find_application<'a>(view: &'a View, name: &str) -> Result<&'a Application, Fault> {
    view.application(name)
        .ok_or_else(|| FaultCode::BadName.about(format!("application={name} unknown to Supvisors")))
}

/// A managed application.
fn managed<'a>(view: &'a View, name: &str) -> Result<&'a Application, Fault> {
    let application = find_application(view, name)?;
    if application.rules.managed {
        Ok(application)
    } else {
        Err(FaultCode::NotManaged.about(name))
    }
}

/// The processes that a name means.
///
/// # Errors
///
/// BAD_NAME.
pub fn find_processes(view: &View, name: &Namespec) -> Result<Vec<ProcessName>, Fault> {
    match name {
        Namespec::Group(group) => {
            let application = find_application(view, group)?;
            Ok(application.processes().map(|it| it.name.clone()).collect())
        }
        Namespec::Process(process) => {
            let application = find_application(view, &process.group)?;
            let found = application.process(&process.process);
            let found = found.map(|it| vec![it.name.clone()]);
            found.ok_or_else(|| {
                FaultCode::BadName.about(format!(
                    "process={} unknown in application={}",
                    process.process, process.group
                ))
            })
        }
    }
}

/// As the client wrote it, up to the two forms of a group.
fn spelled(name: &Namespec) -> String {
    match name {
        Namespec::Process(process) => format!("{process}"),
        Namespec::Group(group) => format!("{group}:*"),
    }
}
