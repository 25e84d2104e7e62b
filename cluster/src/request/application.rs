//! Requests about one application.

use alloc::format;
use alloc::sync::Arc;

use visord_model::fault::{Fault, FaultCode};
use visord_model::moment::Moment;

use super::{Outcome, managed};
use crate::cluster::{Cluster, Goal};
use crate::effect::Reply;
use crate::input::Wait;
use crate::plan;
use crate::state::ApplicationState;
use crate::strategy::StartingStrategy;
use crate::view::application::Application;

/// The application must be managed and STOPPED.
fn startable(application: &Application) -> Result<(), Fault> {
    match application.state() {
        ApplicationState::Stopped => Ok(()),
        ApplicationState::Starting
        | ApplicationState::Running
        | ApplicationState::Stopping
        | ApplicationState::Deleted => Err(FaultCode::AlreadyStarted.about(&*application.name)),
    }
}

impl Cluster {
    pub(super) fn start_application(
        &mut self,
        strategy: StartingStrategy,
        name: Arc<str>,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        startable(managed(&self.view, &name)?)?;
        self.plan(plan::Input::StartApplication(name.clone(), strategy), now);
        if !self.plan.is_starting() {
            return Err(FaultCode::AbnormalTermination.about(format!("failed to start {name}")));
        }
        Ok(Outcome::of(wait, Goal::Running(name)))
    }

    pub(super) fn test_start_application(
        &self,
        strategy: StartingStrategy,
        name: Arc<str>,
    ) -> Result<Outcome, Fault> {
        startable(managed(&self.view, &name)?)?;
        let input = plan::Input::StartApplication(name, strategy);
        Ok(Outcome::Now(Reply::Predictions(self.predict(input))))
    }

    pub(super) fn stop_application(
        &mut self,
        name: Arc<str>,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        let application = managed(&self.view, &name)?;
        let running = application.processes().any(|it| it.state().is_running());
        if !running {
            return Err(FaultCode::NotRunning.about(format!("failed to stop {name}")));
        }
        self.plan(plan::Input::StopApplication(name.clone()), now);
        let busy = self.plan.is_stopping();
        Ok(match wait {
            Wait::Yes if busy => Outcome::Later(Goal::Stopped(name)),
            Wait::Yes | Wait::No => Outcome::Now(Reply::Done(busy)),
        })
    }

    pub(super) fn restart_application(
        &mut self,
        strategy: StartingStrategy,
        name: Arc<str>,
        wait: Wait,
        now: Moment,
    ) -> Result<Outcome, Fault> {
        managed(&self.view, &name)?;
        self.plan(plan::Input::RestartApplication(name.clone(), strategy), now);
        if !self.plan.is_starting() && !self.plan.is_stopping() {
            return Err(FaultCode::AbnormalTermination.about(format!("failed to restart {name}")));
        }
        Ok(Outcome::of(wait, Goal::Restarted(name)))
    }
}
