//! What the failure of running processes asks for, until it can be done (spec cluster 5.9).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use visord_model::log_line::Level;
use visord_model::name::ProcessName;

use super::start::is_sequenced;
use super::{Effect, log};
use crate::state::ApplicationState;
use crate::strategy::RunningFailureStrategy;
use crate::view::application::Application;
use crate::view::process::Process;

/// Failure jobs that wait until their application has no other job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    /// Applications to stop.
    pub(super) stop: BTreeSet<Arc<str>>,
    /// Applications to stop and start; none that is to be stopped.
    pub(super) restart: BTreeSet<Arc<str>>,
    /// Processes to start, unless a job of their application covers them.
    pub(super) processes: BTreeSet<ProcessName>,
}

impl Failures {
    /// Remember what the rules of this process ask for.
    pub(super) fn add(
        &mut self,
        application: &Application,
        process: &Process,
        out: &mut Vec<Effect>,
    ) {
        let name = &application.name;
        let sequenced = is_sequenced(application, process);
        match process.rules.running_failure {
            RunningFailureStrategy::StopApplication => {
                self.restart.remove(name);
                self.processes.retain(|it| it.group != *name);
                self.stop.insert(name.clone());
            }
            RunningFailureStrategy::RestartApplication => self.restart_application(application),
            RunningFailureStrategy::RestartProcess => {
                if sequenced && application.state() == ApplicationState::Stopped {
                    let text = format!("{name} stopped with {}: it is restarted", process.name);
                    out.push(log(Level::Warn, text));
                    self.restart_application(application);
                } else if !self.covers(name, sequenced) {
                    self.processes.insert(process.name.clone());
                }
            }
            RunningFailureStrategy::Continue => {
                let text = format!("{} failed, {name} continues", process.name);
                out.push(log(Level::Info, text));
            }
            // only for crashes (spec cluster 15, row 16)
            RunningFailureStrategy::Shutdown | RunningFailureStrategy::Restart => {}
        }
    }

    /// The jobs of applications that are not busy.
    pub(super) fn take_ready(&mut self, busy: impl Fn(&str) -> bool) -> Self {
        let Self {
            stop,
            restart,
            processes,
        } = mem::take(self);
        let (stop_later, stop) = stop.into_iter().partition(|it| busy(it));
        let (restart_later, restart) = restart.into_iter().partition(|it| busy(it));
        let (processes_later, processes) = processes.into_iter().partition(|it| busy(&it.group));
        *self = Self {
            stop: stop_later,
            restart: restart_later,
            processes: processes_later,
        };
        Self {
            stop,
            restart,
            processes,
        }
    }

    fn restart_application(&mut self, application: &Application) {
        if self.stop.contains(&application.name) {
            return;
        }
        self.processes.retain(|it| {
            it.group != application.name
                || application
                    .process(&it.process)
                    .is_none_or(|process| !is_sequenced(application, process))
        });
        self.restart.insert(application.name.clone());
    }

    /// A job of the application takes care of such a process.
    fn covers(&self, application: &str, sequenced: bool) -> bool {
        self.stop.contains(application) || (sequenced && self.restart.contains(application))
    }
}
