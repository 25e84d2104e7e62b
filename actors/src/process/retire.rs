//! The end of a process that an update replaces or removes, while its daemon goes on.

use actix::{ActorFutureExt, Context, Handler, ResponseActFuture, WrapFuture};
use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_model::process::Input;
use visord_model::state::ProcessState;

use super::Process;
use super::waiters::Wish;
use crate::messages::process::{Reinstate, Retire};
use crate::messages::supervisor::Answer;

/// What has to be made good if it stays after all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leaving {
    /// A restart was due, or a start was to follow the stop.
    took_back_start: bool,
}

impl Process {
    /// FAILED while it is to be replaced or removed.
    pub(super) fn may_start(&self, label: &str) -> Answer {
        match self.leaving {
            None => Ok(()),
            Some(_) => Err(FaultCode::Failed.about(format!("{label} is being updated"))),
        }
    }

    /// At rest without a child, or the fault.
    fn at_rest(&self) -> Answer {
        match self.machine.state() {
            ProcessState::Unknown => Err(self.trouble()),
            ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Backoff
            | ProcessState::Stopping
            | ProcessState::Exited
            | ProcessState::Fatal => Ok(()),
        }
    }
}

impl Handler<Retire> for Process {
    type Result = ResponseActFuture<Self, Answer>;

    /// A stop that only [`Reinstate`] takes back. What stops already is only waited for.
    fn handle(&mut self, _msg: Retire, ctx: &mut Context<Self>) -> Self::Result {
        let took_back_start = self.machine.start_is_due();
        let leaving = self.leaving.get_or_insert_default();
        leaving.took_back_start |= took_back_start;
        self.turn_unasked(Input::Stop, ctx);
        if self.machine.state().is_stopped() {
            return Box::pin(actix::fut::ready(self.at_rest()));
        }
        let label = namespec(&self.name.group, &self.name.process);
        let stopped = self.waiters.file(Wish::Stopped, label);
        if self.stop_report.is_none() {
            self.report_stop(ctx);
        }
        // the waiter only says when to look
        Box::pin(stopped.into_actor(self).map(|_, act, _| act.at_rest()))
    }
}

impl Handler<Reinstate> for Process {
    type Result = ();

    /// A start that [`Retire`] took back happens now.
    fn handle(&mut self, _msg: Reinstate, ctx: &mut Context<Self>) {
        let leaving = self.leaving.take();
        // a stop that failed is not tried again
        self.turn_unasked(Input::KeepRunning, ctx);
        if leaving.is_some_and(|leaving| leaving.took_back_start) {
            self.turn_unasked(Input::Start, ctx);
        }
    }
}
