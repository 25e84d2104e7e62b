//! What outlives an actor that panics, and how the next one goes on with it.
//!
//! ```text
//! panic ─> Drop: the estate goes to the post ─> ActorDied ─> Supervisor (its guardian part)
//!       ─> Process::adopt: the machine, the child, its outputs, who waits
//! ```
//!
//! A turn that was cut short has lost the effects it did not come to; whatever of them matters
//! is made good here. The promise is that no program is ever started twice: a spawn that is under
//! way goes on without its actor, and what came of it lies in the post.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, WeakAddr};
use visord_model::moment::Mono;
use visord_model::process::{Input, Machine};
use visord_model::state::ProcessState;

use super::listen::Speech;
use super::retire::Leaving;
use super::spawn_request::Launched;
use super::stdin::Stdin;
use super::waiters::Waiters;
use super::{Process, Setup, Surroundings};
use crate::board::RowOwner;
use crate::clock::Clock;
use crate::fcgi::UseNumber;
use crate::log::Channel;
use crate::messages::process::{ActorDied, InjectPanic, ProcessChanged};
use crate::reaper::{ProcessExited, Watch};
use crate::spawn::{ChildHandle, ProgramJobs, SpawnAttempt, SpawnError};

/// An actor that dies again so soon after the last one ...
const SOON: Duration = Duration::from_secs(10);
/// ... so often in a row is not replaced any more: it would go on for ever.
const MOST_DEATHS: u32 = 5;

/// The place of a process that actors come to and leave; the Supervisor keeps it.
#[derive(Default)]
pub struct Post {
    /// The actor that has it now; weak, or a removed process would keep itself alive.
    addr: RefCell<Option<WeakAddr<Process>>>,
    /// What came of the spawn under way.
    tray: RefCell<Option<Result<Launched, SpawnError>>>,
    /// Its starts, one at a time.
    starts: ProgramJobs,
    /// Checks of its command, one at a time. A start does not fail because a check is slow.
    checks: ProgramJobs,
    estate: RefCell<Option<Estate>>,
    /// Deaths in quick succession, and when the last was.
    deaths: Cell<(u32, Mono)>,
    /// Set when no further actor comes.
    given_up: OnceCell<GivenUp>,
}

/// A process that no actor looks after any more.
struct GivenUp {
    /// The child that it had.
    child: Option<ChildHandle>,
}

/// What an actor leaves.
struct Estate {
    setup: Setup,
    row: RowOwner,
    machine: Machine,
    child: Option<ChildHandle>,
    exited: Option<ProcessExited>,
    attempt: Option<Arc<SpawnAttempt>>,
    stdin: Option<Stdin>,
    outputs: Vec<Channel>,
    speech: Option<Speech>,
    waiters: Waiters,
    socket_use: Option<UseNumber>,
    leaving: Option<Leaving>,
}

/// The spawn under way is answered: the answer lies in the post.
#[derive(Message)]
#[rtype(result = "()")]
struct LaunchAnswered;

impl Post {
    /// Lay the answer to a spawn here and tell the actor that has the post.
    pub(super) fn answer(&self, result: Result<Launched, SpawnError>) {
        if self.given_up.get().is_some() {
            // a child that came of it is ended: nothing would look after it
            return;
        }
        *self.tray.borrow_mut() = Some(result);
        // nobody: the next one looks by itself
        if let Some(process) = self.addr.borrow().as_ref().and_then(WeakAddr::upgrade) {
            process.do_send(LaunchAnswered);
        }
    }

    /// Whether an actor has left its state and no other has taken it yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.estate.borrow().is_some()
    }

    /// Whether it was given up, and its child, if it had one, has ended.
    pub(crate) fn is_vacant(&self) -> bool {
        let given_up = self.given_up.get();
        given_up.is_some_and(|it| it.child.as_ref().is_none_or(|child| child.exit().is_some()))
    }

    /// A new attempt to start it.
    pub(super) fn attempt(&self, clock: Clock) -> Arc<SpawnAttempt> {
        Arc::new(SpawnAttempt::new(clock, self.starts.clone()))
    }

    /// A new attempt to find its program.
    pub(super) fn check(&self, clock: Clock) -> Arc<SpawnAttempt> {
        Arc::new(SpawnAttempt::new(clock, self.checks.clone()))
    }

    /// The spawn under way was cancelled; that it failed may have been its answer.
    pub(super) fn discard_answer(&self) {
        *self.tray.borrow_mut() = None;
    }

    /// Whether the next actor may come.
    fn count_death(&self, now: Mono) -> bool {
        let (deaths, last) = self.deaths.get();
        let soon = now.0.saturating_sub(last.0) < SOON;
        let deaths = if soon { deaths + 1 } else { 1 };
        self.deaths.set((deaths, now));
        deaths <= MOST_DEATHS
    }
}

impl Process {
    /// Start the actor that goes on with what the last one left; `None`: it left nothing.
    #[must_use]
    pub(crate) fn adopt(post: &Rc<Post>, world: Rc<Surroundings>) -> Option<Addr<Self>> {
        let estate = post.estate.borrow_mut().take()?;
        Some(Self::create(move |ctx| {
            let mut process = Self::new(estate.setup, world);
            process.row = estate.row;
            process.machine = estate.machine;
            process.child = estate.child;
            process.exited = estate.exited;
            process.attempt = estate.attempt;
            process.stdin = estate.stdin;
            process.outputs = estate.outputs;
            process.speech = estate.speech;
            process.waiters = estate.waiters;
            process.socket_use = estate.socket_use;
            process.leaving = estate.leaving;
            process.take_post(ctx);
            process.resume(ctx);
            process
        }))
    }

    /// Have answers come here from now on.
    pub(super) fn take_post(&self, ctx: &mut Context<Self>) {
        let here = ctx.address().downgrade();
        *self.setup.post.addr.borrow_mut() = Some(here);
    }

    /// Go on where the last actor was interrupted.
    fn resume(&mut self, ctx: &mut Context<Self>) {
        slog::error!(
            self.world.logger,
            "the actor of '{}' panicked; a new one looks after it (pid {})",
            self.name.process,
            self.machine.pid().unwrap_or(0)
        );
        if let Some(child) = self.child.clone() {
            if self.machine.is_spawning() {
                // it was just being told
                let at = self.world.clock.now();
                self.turn_unasked(Input::Spawned { pid: child.pid, at }, ctx);
            } else if self.machine.pid().is_none() {
                // it was just being forgotten
                (self.child, self.exited) = (None, None);
                self.outputs.clear();
            }
        }
        match (&self.child, self.exited) {
            (_, Some(exited)) if self.machine.pid().is_some() => self.drain(exited, ctx),
            (Some(child), None) => self.world.reaper.do_send(Watch {
                child: child.clone(),
                owner: ctx.address().recipient(),
            }),
            (_, Some(_)) => self.exited = None,
            (None, None) => {}
        }
        self.take_answer(ctx);
        if self.machine.is_spawning() && self.attempt.is_none() {
            // the wish to spawn was lost on the way
            let reason = "its actor panicked before it was spawned";
            self.turn_unasked(Input::SpawnFailed(reason.into()), ctx);
        }
        if self.stdin.as_ref().is_some_and(Stdin::is_pending) {
            self.await_room(ctx);
        }
        self.await_speech(ctx);
        self.rearm(ctx);
        self.show();
        // who waits for a change that was not told is told now
        let restarts = self.machine.will_restart() || self.machine.is_spawning();
        if self.machine.pid().is_some() {
            self.waiters.launched();
        }
        let (state, trouble) = (self.machine.state(), self.machine.trouble());
        self.waiters.changed(state, restarts, trouble);
        self.report_stop(ctx);
    }

    /// The answer to the spawn under way, if it is there.
    fn take_answer(&mut self, ctx: &mut Context<Self>) {
        let answer = self.setup.post.tray.borrow_mut().take();
        if let Some(answer) = answer {
            self.attempt = None;
            match answer {
                Ok(launched) => self.launched(launched, ctx),
                Err(error) => self.turn_unasked(Input::SpawnFailed(error.to_string()), ctx),
            }
        }
    }
}

impl Handler<LaunchAnswered> for Process {
    type Result = ();

    fn handle(&mut self, _msg: LaunchAnswered, ctx: &mut Context<Self>) {
        self.take_answer(ctx);
    }
}

impl Handler<InjectPanic> for Process {
    type Result = ();

    fn handle(&mut self, _msg: InjectPanic, _ctx: &mut Context<Self>) {
        panic!("a test wants the actor of '{}' to panic", self.name.process);
    }
}

impl Drop for Process {
    /// An actor that panics ends alone: its child runs on, and what it knew is left to the next.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let post = Rc::clone(&self.setup.post);
        if !post.count_death(self.world.clock.now().mono) {
            self.give_up_for_good();
            return;
        }
        *post.estate.borrow_mut() = Some(Estate {
            setup: self.setup.clone(),
            row: self.row,
            machine: self.machine.clone(),
            child: self.child.take(),
            exited: self.exited.take(),
            attempt: self.attempt.take(),
            stdin: self.stdin.take(),
            outputs: std::mem::take(&mut self.outputs),
            speech: self.speech.take().map(Speech::interrupted),
            waiters: std::mem::take(&mut self.waiters),
            socket_use: self.socket_use,
            leaving: self.leaving,
        });
        self.setup.guardian.do_send(ActorDied(self.name.clone()));
    }
}

impl Process {
    /// What is shown says that nobody looks after it any more. UNKNOWN counts as stopped, so the
    /// daemon can still end.
    fn give_up_for_good(&self) {
        let post = &self.setup.post;
        if let Some(attempt) = &self.attempt {
            // where the child is being made already, the post ends it
            attempt.cancel();
        }
        let child = self.child.clone();
        // an actor comes once after the last
        let _ = post.given_up.set(GivenUp { child });
        post.discard_answer();
        slog::crit!(
            self.world.logger,
            "the actor of {} panicked again and again; pid {} runs on unsupervised",
            self.name.process,
            self.machine.pid().unwrap_or(0)
        );
        let mut info = self.info();
        info.state = ProcessState::Unknown;
        self.world.board.update_process(self.row, info);
        self.setup.observer.do_send(ProcessChanged {
            name: self.name.clone(),
            state: ProcessState::Unknown,
        });
    }
}
