//! The end: everything stops in order, the daemon only when nothing is left.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, ResponseActFuture, WrapFuture};
use visord_model::event::Event;
use visord_model::fault::{Fault, FaultCode};
use visord_model::shutdown::{Progress, Rest, StopPlan};
use visord_model::state::{ProcessState, SupervisorState};

use super::{Ending, Supervisor};
use crate::messages::process::{Closing, GiveUp, ProcessChanged};
use crate::messages::supervisor::{Answer, ProcessName, Restart, Shutdown, Terminate};

/// How often the names of those still alive are logged (spec core 4.10).
const REPORT: Duration = Duration::from_secs(3);

impl Supervisor {
    /// Change the mood; the first time, begin to stop everything.
    pub(super) fn close(&mut self, mood: SupervisorState, ctx: &mut Context<Self>) {
        self.world.board.set_mood(mood);
        if self.plan.is_some() {
            return;
        }
        self.publish(Event::SupervisorStopping);
        for member in self.roster.everybody() {
            member.addr.do_send(Closing);
        }
        self.plan = Some(StopPlan::new(self.roster.views()));
        self.advance(ctx);
        if self.ended.is_some() {
            self.report(ctx);
        }
    }

    fn rest(&self, name: &ProcessName) -> Rest {
        let info = self.world.board.process(name);
        match info.map_or(Rest::Stopped, |info| info.state.into()) {
            Rest::Unknown if self.retrying.contains(name) => Rest::Running,
            rest @ (Rest::Running | Rest::Unknown | Rest::Stopped) => rest,
        }
    }

    /// Ask the plan what may stop now; end if nothing is left.
    pub(super) fn advance(&mut self, ctx: &mut Context<Self>) {
        let Some(mut plan) = self.plan.take() else {
            return;
        };
        let progress = plan.advance(&|group: &str, process: &str| {
            self.rest(&ProcessName {
                group: group.to_owned(),
                process: process.to_owned(),
            })
        });
        self.plan = Some(plan);
        match progress {
            Progress::Stop(names) => {
                for (group, process) in names {
                    self.give_up(ProcessName { group, process }, ctx);
                }
            }
            Progress::Waiting => {}
            Progress::Done => self.end(ctx),
        }
    }

    /// Ask a process to stop. One in UNKNOWN tries again to signal its child, and what comes of
    /// that is waited for.
    fn give_up(&mut self, name: ProcessName, ctx: &mut Context<Self>) {
        let Ok(member) = self.roster.member(&name) else {
            return;
        };
        if self.rest(&name) != Rest::Unknown {
            member.addr.do_send(GiveUp);
            return;
        }
        let tried = member.addr.send(GiveUp).into_actor(self);
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
        let restarts = self.world.board.mood() == SupervisorState::Restarting;
        let ending = match self.next.take().filter(|_| restarts) {
            Some(next) => Ending::Restart(next),
            None => Ending::Shutdown,
        };
        if let Some(ended) = self.ended.take() {
            // a daemon that no longer listens is ending already
            let _ = ended.send(ending);
        }
    }

    /// Everything was tried: the administrator has to know which children live on.
    fn report_left_running(&self) {
        for member in self.roster.everybody() {
            let info = self.world.board.process(&member.name);
            if let Some(info) = info.filter(|it| it.state == ProcessState::Unknown) {
                slog::crit!(
                    self.world.logger,
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
            .everybody()
            .filter(|member| self.rest(&member.name) == Rest::Running)
            .map(|member| member.name.process.as_str())
            .collect();
        if !alive.is_empty() {
            slog::info!(self.world.logger, "waiting for {} to die", alive.join(", "));
        }
        self.stop_report = Some(ctx.run_later(REPORT, |act, ctx| act.report(ctx)));
    }
}

impl Handler<ProcessChanged> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: ProcessChanged, ctx: &mut Self::Context) {
        if self.plan.is_some() && msg.state.is_stopped() {
            self.advance(ctx);
        }
    }
}

impl Handler<Shutdown> for Supervisor {
    type Result = Answer;

    fn handle(&mut self, _msg: Shutdown, ctx: &mut Self::Context) -> Self::Result {
        self.gate()?;
        self.close(SupervisorState::Shutdown, ctx);
        Ok(())
    }
}

impl Handler<Terminate> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: Terminate, ctx: &mut Self::Context) {
        self.close(SupervisorState::Shutdown, ctx);
    }
}

impl Handler<Restart> for Supervisor {
    type Result = ResponseActFuture<Self, Answer>;

    /// The new configuration is read first, and everything tried that can be; what would fail
    /// stops nothing (decision C28).
    fn handle(&mut self, _msg: Restart, _ctx: &mut Self::Context) -> Self::Result {
        if let Err(fault) = self.gate() {
            return Box::pin(actix::fut::ready(Err(fault)));
        }
        let rehearsed = self.rehearse();
        Box::pin(
            rehearsed
                .into_actor(self)
                .map(|loaded, act, ctx| match loaded {
                    Ok(next) => {
                        act.gate()?;
                        act.next = Some(Box::new(next));
                        act.close(SupervisorState::Restarting, ctx);
                        Ok(())
                    }
                    Err((what, reason)) => {
                        slog::crit!(act.world.logger, "restart refused, {what}: {reason}");
                        Err::<(), Fault>(FaultCode::CantReread.about(reason))
                    }
                }),
        )
    }
}
