//! One handler a message: check, turn, promise.

use std::sync::Arc;

use actix::{ActorFutureExt, Context, Handler, ResponseActFuture, ResponseFuture, WrapFuture};
use futures_util::future::ready;
use tokio::sync::oneshot;
use visord_model::fault::{Fault, FaultCode};
use visord_model::process::{Input, Refusal, SPAWN_TIMEOUT};
use visord_model::state::ProcessState;

use super::waiters::Wish;
use super::{Process, StdinError};
use crate::messages::process::{
    Autostart, ClearLogs, Closing, GiveUp, ReopenLogs, SignalChild, Start, Stop, TendLogs, Write,
};
use crate::messages::supervisor::{Answer, LogCare};
use crate::reaper::ProcessExited;
use crate::spawn::SpawnError;

fn refused(refusal: Refusal, label: &str) -> Fault {
    match refusal {
        Refusal::AlreadyStarted => FaultCode::AlreadyStarted.about(label),
        Refusal::NotRunning => FaultCode::NotRunning.about(label),
        Refusal::UnknownState => {
            FaultCode::Failed.about(format!("{label} is in an unknown process state"))
        }
        Refusal::Closing => FaultCode::ShutdownState.bare(),
    }
}

/// The fault of a command that cannot be run.
fn check_fault(error: &SpawnError, label: &str) -> Fault {
    match error.fault_code() {
        Some(code) => code.about(error.to_string()),
        None => FaultCode::SpawnError.about(label),
    }
}

/// The promised answer; a process that ends before it can give one was removed.
async fn promised(answer: oneshot::Receiver<Answer>, label: String) -> Answer {
    let gone = |_| Err(FaultCode::BadName.about(label));
    answer.await.unwrap_or_else(gone)
}

impl Handler<Autostart> for Process {
    type Result = ();

    fn handle(&mut self, _msg: Autostart, ctx: &mut Context<Self>) {
        if self.leaving.is_none() {
            self.turn_unasked(Input::Autostart, ctx);
        }
    }
}

impl Handler<GiveUp> for Process {
    type Result = ();

    fn handle(&mut self, _msg: GiveUp, ctx: &mut Context<Self>) {
        self.turn_unasked(Input::GiveUp, ctx);
    }
}

impl Handler<Closing> for Process {
    type Result = ();

    fn handle(&mut self, _msg: Closing, ctx: &mut Context<Self>) {
        self.turn_unasked(Input::Closing, ctx);
    }
}

impl Handler<ProcessExited> for Process {
    type Result = ();

    fn handle(&mut self, msg: ProcessExited, ctx: &mut Context<Self>) {
        self.drain(msg, ctx);
    }
}

impl Handler<Start> for Process {
    type Result = ResponseActFuture<Self, Answer>;

    /// The program is checked before the state, as in the original: NO_FILE and
    /// NOT_EXECUTABLE come before ALREADY_STARTED.
    fn handle(&mut self, msg: Start, _ctx: &mut Context<Self>) -> Self::Result {
        let checked = self.check();
        let Start { wait, label } = msg;
        let started = checked.into_actor(self).map(move |checked, act, ctx| {
            if let Err(error) = checked {
                return Err(check_fault(&error, &label));
            }
            act.start(wait, label, ctx)
        });
        let answered = started.then(|promise, act, _ctx| {
            async move {
                match promise {
                    Err(fault) => Err(fault),
                    Ok(None) => Ok(()),
                    Ok(Some((answer, label))) => promised(answer, label).await,
                }
            }
            .into_actor(act)
        });
        Box::pin(answered)
    }
}

impl Process {
    /// Whether its command can be run; bounded like a start.
    fn check(&self) -> impl Future<Output = Result<(), SpawnError>> + 'static + use<> {
        let clock = self.world.clock;
        let attempt = self.setup.post.check(clock);
        let mut answer = self
            .world
            .spawner
            .resolve(self.query(), Arc::clone(&attempt));
        async move {
            loop {
                let Some(due) = attempt.expire(SPAWN_TIMEOUT) else {
                    return Err(SpawnError::Cancelled);
                };
                let left = due.0.saturating_sub(clock.now().mono.0);
                if let Ok(resolved) = tokio::time::timeout(left, &mut answer).await {
                    return resolved.map(drop);
                }
            }
        }
    }
}

/// What a start promises: nothing more, or an answer to come and the name it is about.
type Promise = Option<(oneshot::Receiver<Answer>, String)>;

impl Process {
    fn start(
        &mut self,
        wait: bool,
        label: String,
        ctx: &mut Context<Self>,
    ) -> Result<Promise, Fault> {
        self.may_start(&label)?;
        let stopping = self.machine.state() == ProcessState::Stopping;
        self.turn(Input::Start, ctx)
            .map_err(|refusal| refused(refusal, &label))?;
        let wish = match wait {
            true => Wish::Running,
            // the start follows the stop that is under way (decision Q15)
            false if stopping => return Ok(None),
            false => Wish::Launched,
        };
        Ok(Some((self.waiters.file(wish, label.clone()), label)))
    }
}

impl Handler<Stop> for Process {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: Stop, ctx: &mut Context<Self>) -> Self::Result {
        match self.stop(msg.wait, &msg.label, ctx) {
            Ok(Some(answer)) => Box::pin(promised(answer, msg.label)),
            Ok(None) => Box::pin(ready(Ok(()))),
            Err(fault) => Box::pin(ready(Err(fault))),
        }
    }
}

impl Process {
    fn stop(
        &mut self,
        wait: bool,
        label: &str,
        ctx: &mut Context<Self>,
    ) -> Result<Option<oneshot::Receiver<Answer>>, Fault> {
        self.turn(Input::Stop, ctx)
            .map_err(|refusal| refused(refusal, label))?;
        let state = self.machine.state();
        if state == ProcessState::Unknown {
            return Err(self.trouble());
        }
        if !wait || state.is_stopped() {
            return Ok(None);
        }
        let answer = self.waiters.file(Wish::Stopped, label.to_owned());
        if self.stop_report.is_none() {
            self.report_stop(ctx);
        }
        Ok(Some(answer))
    }
}

impl Process {
    /// A signal that could not be delivered.
    pub(super) fn trouble(&self) -> Fault {
        FaultCode::Failed.about(self.machine.trouble().unwrap_or_default())
    }
}

impl Handler<SignalChild> for Process {
    type Result = Answer;

    fn handle(&mut self, msg: SignalChild, ctx: &mut Context<Self>) -> Self::Result {
        self.turn(Input::Signal(msg.signal), ctx)
            .map_err(|refusal| refused(refusal, &msg.label))?;
        if self.machine.state() == ProcessState::Unknown {
            return Err(self.trouble());
        }
        Ok(())
    }
}

impl Handler<Write> for Process {
    type Result = Answer;

    fn handle(&mut self, msg: Write, ctx: &mut Context<Self>) -> Self::Result {
        let stopping = self.machine.state() == ProcessState::Stopping;
        if self.child.is_none() || self.exited.is_some() || stopping {
            return Err(FaultCode::NotRunning.about(msg.label));
        }
        self.write_stdin(&msg.data, ctx)
            .map_err(|error| match error {
                StdinError::Closed => FaultCode::NoFile.about(msg.label),
                StdinError::Full => FaultCode::Failed.about(format!(
                    "{} does not read its stdin, {} bytes wait already",
                    msg.label,
                    super::stdin::STDIN_BUFFER
                )),
            })
    }
}

impl Handler<ReopenLogs> for Process {
    type Result = ();

    fn handle(&mut self, _msg: ReopenLogs, _ctx: &mut Context<Self>) {
        for output in self.channels() {
            output.reopen();
        }
    }
}

impl Handler<TendLogs> for Process {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: TendLogs, _ctx: &mut Context<Self>) -> Self::Result {
        match msg.care {
            LogCare::Rotate => Box::pin(self.rotate_logs(msg.label)),
            LogCare::Reopen => {
                for output in self.channels() {
                    output.reopen();
                }
                Box::pin(ready(Ok(())))
            }
        }
    }
}

impl Handler<ClearLogs> for Process {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: ClearLogs, _ctx: &mut Context<Self>) -> Self::Result {
        Box::pin(self.clear_logs(msg.label))
    }
}
