//! Closing: all processes stop in order, then the daemon ends.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use visord_model::event::Event;
use visord_model::fault::FaultCode;
use visord_model::shutdown::{Progress, StopPlan};
use visord_model::state::{ProcessState, SupervisorState};

use super::{Ending, Later, Supervisor};
use crate::messages::process::{Command, ProcessChanged};
use crate::messages::supervisor::ProcessName;

/// How often the names of those still alive are logged (spec core 4.10).
const REPORT: Duration = Duration::from_secs(3);

impl Supervisor {
    /// Change the state of the daemon; the first time, begin to stop everything.
    pub(super) fn close(&mut self, state: SupervisorState, ctx: &mut Context<Self>) {
        self.deps.board.set_state(state);
        if self.plan.is_none() {
            self.publish(Event::SupervisorStopping);
            self.stop_all(ctx);
        }
    }

    /// Begin to stop everything, or go on with it after a panic.
    pub(super) fn stop_all(&mut self, ctx: &mut Context<Self>) {
        self.roster.tell_all(&Command::Closing);
        let plan = self.plan.take();
        let plan = plan.unwrap_or_else(|| StopPlan::new(self.roster.views()));
        let asked: Vec<ProcessName> = plan.asked().cloned().collect();
        self.plan = Some(plan);
        for name in asked {
            self.give_up_process(name, ctx);
        }
        self.advance(ctx);
        if self.parts.ended.is_some() {
            self.report(ctx);
        }
    }

    /// The state of a process; while one in UNKNOWN tries again to stop, that is STOPPING.
    fn state(&self, name: &ProcessName) -> ProcessState {
        let info = self.deps.board.process(name);
        let state = info.map_or(ProcessState::Stopped, |info| info.state);
        if state == ProcessState::Unknown && self.retrying.contains(name) {
            return ProcessState::Stopping;
        }
        state
    }

    /// Ask the plan what may stop now; end if nothing is left.
    pub(super) fn advance(&mut self, ctx: &mut Context<Self>) {
        let Some(mut plan) = self.plan.take() else {
            return;
        };
        let progress = plan.advance(&|name| self.state(name));
        self.plan = Some(plan);
        match progress {
            Progress::Stop(names) => {
                for name in names {
                    self.give_up_process(name, ctx);
                }
            }
            Progress::Waiting => {}
            Progress::Done => self.end(ctx),
        }
    }

    /// Ask a process to stop. One in UNKNOWN tries again to signal its child, and what comes of
    /// that is waited for.
    pub(super) fn give_up_process(&mut self, name: ProcessName, ctx: &mut Context<Self>) {
        let Ok(member) = self.roster.member(&name) else {
            return;
        };
        if self.state(&name) != ProcessState::Unknown {
            member.addr.do_send(Command::GiveUp);
            return;
        }
        let tried = member.addr.send(Command::GiveUp).into_actor(self);
        self.retrying.insert(name.clone());
        // an actor that is gone has tried, too
        ctx.spawn(tried.map(move |_, act, ctx| {
            act.retrying.remove(&name);
            act.advance(ctx);
        }));
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        self.report_left_running();
        if let Some(report) = self.stop_report.take() {
            ctx.cancel_future(report);
        }
        let restarts = self.deps.board.state() == SupervisorState::Restarting;
        let ending = match self.next.take().filter(|_| restarts) {
            Some(next) => Ending::Restart(next),
            None => Ending::Shutdown,
        };
        if let Some(ended) = self.parts.ended.take() {
            // a daemon that no longer listens is ending already
            let _ = ended.send(ending);
        }
    }

    /// Everything was tried: the administrator has to know which children live on.
    fn report_left_running(&self) {
        for member in self.roster.members() {
            let info = self.deps.board.process(member.name());
            if let Some(info) = info.filter(|it| it.state == ProcessState::Unknown) {
                slog::crit!(
                    self.deps.logger,
                    "{} (pid {}) could not be stopped and is left running",
                    info.name,
                    info.pid
                );
            }
        }
    }

    /// `waiting for a, b to die`: at once, then every three seconds.
    pub(super) fn report(&mut self, ctx: &mut Context<Self>) {
        let alive: Vec<&str> = self
            .roster
            .members()
            .filter(|member| !self.state(member.name()).is_stopped())
            .map(|member| &*member.name().process)
            .collect();
        if !alive.is_empty() {
            slog::info!(self.deps.logger, "waiting for {} to die", alive.join(", "));
        }
        self.stop_report = Some(ctx.run_later(REPORT, |act, ctx| act.report(ctx)));
    }

    /// The new configuration is read first, and everything tried that can be; what would fail
    /// stops nothing (difference C28).
    pub(super) fn restart(&mut self) -> Later<()> {
        let rehearsed = self.rehearse().into_actor(self);
        Box::pin(rehearsed.map(|loaded, act, ctx| match loaded {
            Ok(next) => {
                act.check_open()?;
                act.next = Some(Box::new(next));
                act.close(SupervisorState::Restarting, ctx);
                Ok(())
            }
            Err((what, reason)) => {
                slog::crit!(act.deps.logger, "restart refused, {what}: {reason}");
                Err(FaultCode::CantReread.about(reason))
            }
        }))
    }
}

impl Handler<ProcessChanged> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: ProcessChanged, ctx: &mut Context<Self>) {
        if msg.resumed {
            self.repeat_requests(&msg.name);
        }
        if !msg.state.is_stopped() {
            return;
        }
        if self.plan.is_some() {
            self.advance(ctx);
        } else if self.obsolete.contains_key(&msg.name) {
            self.remove_ended(&msg.name.group);
        }
    }
}
