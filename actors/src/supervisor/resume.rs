//! A Supervisor that panics goes on: same address, same mailbox, same state.
//!
//! [`Resuming`] runs the actor's context and catches its panics. The actor's fields and its mailbox
//! survive; the futures it was waiting for are dropped, so the clients behind them get a fault, and
//! [`restarting`](Supervised::restarting) makes good what an interrupted turn may have left
//! undone. One that panics again and again is given up: its groups go to [`Abandoned`], which stops
//! them in order before the daemon ends.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Poll};
use std::time::Duration;

use actix::dev::ContextFut;
use actix::{Addr, AsyncContext, Context, Handler, Supervised};
use slog::Logger;
use tokio::time::timeout;
use visord_model::moment::Mono;
use visord_model::name::namespec;
use visord_model::shutdown::{Progress, Rest, StopPlan};
use visord_model::state::SupervisorState;

use super::roster::Roster;
use super::{Parts, Supervisor};
use crate::board::Board;
use crate::clock::Clock;
use crate::messages::process::{ActorDied, Closing, GiveUp, Reinstate, Start};
use crate::messages::supervisor::{InjectSupervisorPanic, ProcessName};

/// A panic so soon after the last one ...
const SOON: Duration = Duration::from_secs(10);
/// ... so often in a row is not survived any more: it would go on for ever.
const MOST_PANICS: u32 = 5;

/// How much longer than its own `stopwaitsecs` a process may take to stop once the Supervisor was
/// given up.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a Supervisor to its end; its panics do not end it.
struct Resuming {
    context: ContextFut<Supervisor, Context<Supervisor>>,
    clock: Clock,
    logger: Logger,
    /// Panics in quick succession, and when the last was.
    panics: (u32, Mono),
}

impl Supervisor {
    /// Start a Supervisor that activates its configuration's groups and survives its panics.
    /// Inside a System.
    #[must_use]
    pub fn run(parts: Parts) -> Addr<Self> {
        let world = Rc::clone(&parts.world);
        let context = Context::new();
        let addr = context.address();
        actix_rt::spawn(Resuming {
            context: context.into_future(Self::new(parts)),
            clock: world.clock,
            logger: world.logger.clone(),
            panics: (0, Mono::default()),
        });
        addr
    }
}

impl Future for Resuming {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        loop {
            let context = &mut self.context;
            let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(context).poll(cx)));
            match polled {
                Ok(polled) => return polled,
                Err(_reported) if self.resume() => {}
                Err(_reported) => return Poll::Ready(()),
            }
        }
    }
}

impl Resuming {
    /// Prepare the actor to go on after a panic, which the panic hook has reported. Whether it may.
    fn resume(&mut self) -> bool {
        while self.may_go_on() {
            let context = &mut self.context;
            // what it was waiting for is dropped here; that, and what follows, may panic too
            if let Ok(is_connected) = catch_unwind(AssertUnwindSafe(|| context.restart())) {
                return is_connected;
            }
        }
        false
    }

    /// Count a panic. Whether it is survived.
    fn may_go_on(&mut self) -> bool {
        let now = self.clock.now().mono;
        let (count, last) = self.panics;
        let is_soon = count > 0 && now.0.saturating_sub(last.0) < SOON;
        let count = if is_soon { count + 1 } else { 1 };
        self.panics = (count, now);
        if count > MOST_PANICS {
            slog::crit!(
                self.logger,
                "the Supervisor panicked {count} times in quick succession; it is given up"
            );
            return false;
        }
        slog::error!(
            self.logger,
            "the Supervisor panicked; it goes on with its state"
        );
        true
    }
}

impl Supervised for Supervisor {
    /// The last turn was cut short: repeat what it may not have come to. Every message sent here
    /// has no effect on a process that got it already.
    fn restarting(&mut self, ctx: &mut Context<Self>) {
        for (name, ran) in self.updating.clone() {
            self.call_off_interrupted(&ran);
            self.updating.remove(&name);
        }
        // whose answers were waited for; the stop goes on below
        self.retrying.clear();
        for member in self.roster.everybody() {
            if member.post.is_waiting() {
                // its own actor panicked, and the message about it was the one being handled
                ctx.notify(ActorDied(member.name.clone()));
            }
        }
        self.stop_report = None;
        if self.world.board.mood().is_closing() {
            self.resume_stop(ctx);
        } else if self.begun {
            self.roster.autostart_all();
        }
    }
}

impl Supervisor {
    /// An update died while its processes stopped: the group stays as it was.
    fn call_off_interrupted(&self, stopped: &[(ProcessName, bool)]) {
        for (name, ran) in stopped {
            let Ok(member) = self.roster.member(name) else {
                continue;
            };
            member.addr.do_send(Reinstate);
            if *ran {
                let label = namespec(&name.group, &name.process);
                member.addr.do_send(Start { wait: false, label });
            }
        }
    }

    fn resume_stop(&mut self, ctx: &mut Context<Self>) {
        let plan = self.plan.take();
        let plan = plan.unwrap_or_else(|| StopPlan::new(self.roster.views()));
        for member in self.roster.everybody() {
            member.addr.do_send(Closing);
        }
        let names = self.roster.everybody().map(|member| &member.name);
        let asked = names.filter(|name| plan.was_asked(&name.group, &name.process));
        let asked: Vec<ProcessName> = asked.cloned().collect();
        self.plan = Some(plan);
        for name in asked {
            self.give_up(name, ctx);
        }
        self.advance(ctx);
        if self.ended.is_some() {
            self.report(ctx);
        }
    }
}

impl Handler<InjectSupervisorPanic> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: InjectSupervisorPanic, _ctx: &mut Context<Self>) {
        panic!("a test wants the Supervisor to panic");
    }
}

impl Drop for Supervisor {
    /// Groups that are not at rest yet are left to be stopped without it.
    fn drop(&mut self) {
        if self.ended.is_some() {
            self.abandoned.0.replace(std::mem::take(&mut self.roster));
        }
    }
}

/// The groups of a Supervisor that was given up before everything had stopped. Clones are the same.
#[derive(Clone, Default)]
pub struct Abandoned(Rc<RefCell<Roster>>);

impl Abandoned {
    /// Stop every process, in the order of an ordinary shutdown; returns when all have stopped, or
    /// when one takes longer than its `stopwaitsecs` and [`GRACE`], which is logged.
    pub async fn stop(&self, board: &Board, logger: &Logger) {
        let roster = self.0.take();
        board.set_mood(SupervisorState::Shutdown);
        for member in roster.everybody() {
            member.addr.do_send(Closing);
        }
        let processes = roster
            .groups
            .iter()
            .flat_map(|group| &group.config.processes);
        let waits = processes.map(|process| process.policy.stopwaitsecs);
        let wait = waits.max().and_then(|wait| u64::try_from(wait).ok());
        let patience = GRACE.saturating_add(Duration::from_secs(wait.unwrap_or(0)));
        let rest = |name: &ProcessName| {
            let info = board.process(name);
            info.map_or(Rest::Stopped, |info| info.state.into())
        };
        let named = |group: &str, process: &str| ProcessName {
            group: group.to_owned(),
            process: process.to_owned(),
        };
        let mut changed = board.feed().changed();
        let mut plan = StopPlan::new(roster.views());
        loop {
            changed.mark_unchanged();
            match plan.advance(&|group, process| rest(&named(group, process))) {
                Progress::Done => return,
                Progress::Stop(names) => {
                    for (group, process) in names {
                        if let Ok(member) = roster.member(&named(&group, &process)) {
                            member.addr.do_send(GiveUp);
                        }
                    }
                }
                Progress::Waiting => {}
            }
            if !matches!(timeout(patience, changed.changed()).await, Ok(Ok(()))) {
                let left = roster
                    .everybody()
                    .filter(|it| rest(&it.name) != Rest::Stopped);
                let left: Vec<&str> = left.map(|it| it.name.process.as_str()).collect();
                slog::crit!(logger, "could not stop {}", left.join(", "));
                return;
            }
        }
    }
}
