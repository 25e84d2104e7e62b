//! The actor of a process: it hands messages to the component, and waits for what that needs next.

use std::rc::Rc;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, ResponseFuture, SpawnHandle,
    Supervised,
};
use visord_model::moment::Mono;
use visord_model::process::Input;

use super::launch::Attempted;
use super::{Deps, Process, Setup};
use crate::messages::Answer;
use crate::messages::pool::ListenerRequest;
use crate::messages::process::Command;
use crate::reaper::ProcessExited;
use crate::resume::{self, Panics, Resume};

/// How often a stop that a client waits for is logged (spec core 4.8 rule 5).
const STOP_REPORT: Duration = Duration::from_secs(2);

/// See the module.
pub struct ProcessActor {
    process: Process,
    panics: Panics,
    waits: Waits,
}

/// What the actor waits for.
#[derive(Default)]
struct Waits {
    /// A deadline, and what waits for it.
    timer: Option<(Mono, SpawnHandle)>,
    stop_report: Option<SpawnHandle>,
    stdin: Option<SpawnHandle>,
    stdout: Option<SpawnHandle>,
    drain: Option<SpawnHandle>,
}

impl ProcessActor {
    /// Start the actor of a process that was never started. It is on the board when this
    /// returns.
    #[must_use]
    pub fn start(setup: Rc<Setup>, deps: Rc<Deps>) -> Addr<Self> {
        let context = Context::new();
        let addr = context.address();
        let actor = Self {
            process: Process::new(setup, deps, &context),
            panics: Panics::default(),
            waits: Waits::default(),
        };
        resume::run(context, actor);
        addr
    }

    /// Wait for all that the process needs now, and for nothing else.
    fn wait(&mut self, ctx: &mut Context<Self>) {
        self.arm_timer(ctx);
        if self.waits.stop_report.is_none() && self.process.report_stop() {
            let report = ctx.run_later(STOP_REPORT, |act, ctx| {
                act.waits.stop_report = None;
                act.wait(ctx);
            });
            self.waits.stop_report = Some(report);
        }
        let (process, waits) = (&self.process, &mut self.waits);
        let (is_full, room) = (process.stdin_is_full(), || process.stdin_room());
        follow(&mut waits.stdin, is_full, room, ctx, |act, ready| {
            act.waits.stdin = None;
            act.process.stdin_has_room(ready);
        });
        let (is_open, readable) = (process.stdout_is_open(), || process.stdout_readable());
        follow(&mut waits.stdout, is_open, readable, ctx, |act, ready| {
            act.waits.stdout = None;
            act.process.read_stdout(ready);
        });
        let (is_draining, drained) = (process.is_draining(), || process.outputs_drained());
        follow(&mut waits.drain, is_draining, drained, ctx, |act, done| {
            act.waits.drain = None;
            act.process.drained(done);
        });
    }

    /// One timer, for the one deadline of the process.
    fn arm_timer(&mut self, ctx: &mut Context<Self>) {
        let due = self.process.deadline();
        if due == self.waits.timer.map(|(due, _)| due) {
            return;
        }
        if let Some((_, timer)) = self.waits.timer.take() {
            ctx.cancel_future(timer);
        }
        self.waits.timer = due.map(|due| {
            let wait = due.0.saturating_sub(self.process.now().mono.0);
            let timer = ctx.run_later(wait, |act, ctx| {
                act.waits.timer = None;
                act.process.turn_unasked(Input::Deadline);
                act.wait(ctx);
            });
            (due, timer)
        });
    }
}

/// Wait for a future while it is wanted; it is made when the wait begins.
fn follow<F: Future + 'static>(
    waiting: &mut Option<SpawnHandle>,
    is_wanted: bool,
    future: impl FnOnce() -> F,
    ctx: &mut Context<ProcessActor>,
    then: impl FnOnce(&mut ProcessActor, F::Output) + 'static,
) {
    match (*waiting, is_wanted) {
        (None, true) => {
            let done = wrap_future(future()).map(|output, act: &mut ProcessActor, ctx: &mut _| {
                then(act, output);
                act.wait(ctx);
            });
            *waiting = Some(ctx.spawn(done));
        }
        (Some(handle), false) => {
            ctx.cancel_future(handle);
            *waiting = None;
        }
        (Some(_), true) | (None, false) => {}
    }
}

impl Actor for ProcessActor {
    type Context = Context<Self>;
}

impl Handler<Command> for ProcessActor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: Command, ctx: &mut Context<Self>) -> Self::Result {
        let answer = self.process.request(msg);
        self.wait(ctx);
        answer
    }
}

impl Handler<Attempted> for ProcessActor {
    type Result = ();

    fn handle(&mut self, msg: Attempted, ctx: &mut Context<Self>) {
        self.process.attempted(msg);
        self.wait(ctx);
    }
}

impl Handler<ProcessExited> for ProcessActor {
    type Result = ();

    fn handle(&mut self, msg: ProcessExited, ctx: &mut Context<Self>) {
        self.process.exited(msg);
        self.wait(ctx);
    }
}

impl Handler<ListenerRequest> for ProcessActor {
    type Result = ();

    fn handle(&mut self, msg: ListenerRequest, ctx: &mut Context<Self>) {
        match &msg {
            ListenerRequest::Write { pid, data } => self.process.write_envelope(*pid, data),
            ListenerRequest::Recover { pid } => {
                if let Some(wait) = self.process.recover_listener(*pid) {
                    ctx.notify_later(msg, wait);
                }
            }
        }
        self.wait(ctx);
    }
}

impl Resume for ProcessActor {
    fn panics(&mut self) -> (&mut Panics, Mono) {
        (&mut self.panics, self.process.now().mono)
    }

    fn resume(&mut self, ctx: &mut Context<Self>) {
        // the futures were dropped
        self.waits = Waits::default();
        self.process.resume();
        self.wait(ctx);
    }

    fn give_up(&mut self) {
        self.process.give_up();
    }
}

impl Supervised for ProcessActor {
    fn restarting(&mut self, ctx: &mut Context<Self>) {
        resume::restarting(self, ctx);
    }
}

#[cfg(feature = "testing")]
impl Handler<crate::messages::process::InjectPanic> for ProcessActor {
    type Result = ();

    fn handle(&mut self, _: crate::messages::process::InjectPanic, _ctx: &mut Context<Self>) {
        panic!("a test makes this actor panic");
    }
}
