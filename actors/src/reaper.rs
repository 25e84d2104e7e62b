//! The only actor that waits for children.
//!
//! SIGCHLD says that a child has ended: one of ours, or one we never made, such as what an init
//! process inherits, what a subreaper is given, what was there before this program was executed.
//! Nothing polls; while no child ends, nothing wakes.
//!
//! One SIGCHLD may stand for many ends. So each starts a sweep, which looks at one ended child
//! after the other without reaping it, until there are no more. A child of ours is reaped and its
//! owner told at once or when it asks; an unknown one is reaped and logged; one that may have been
//! made a moment ago is left until that is known.
//!
//! A sweep sees *every* child of this operating system process: a test that runs a Reaper must
//! not share its process with tests that wait for children of their own.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, WrapFuture,
};
use futures_util::stream;
use slog::{Logger, crit, debug, info};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::clock::Clock;
use crate::spawn::wait::{Ended, peek, reap};
use crate::spawn::{ChildHandle, ChildRegistry, Exit, Owner, errno_or_number};

/// When to look again after the kernel refused to say who has ended.
const RETRY: Duration = Duration::from_secs(1);

/// Most children that are reaped in one turn: an init process may inherit any number.
const BATCH: usize = 100;

/// Report the end of this child to this owner, also if it has ended already. Watching a child again
/// replaces its owner; if the child has ended, the new owner is told as well.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Watch {
    /// The child.
    pub child: ChildHandle,
    /// Where its exit is reported.
    pub owner: Recipient<ProcessExited>,
}

/// Look now for children that have ended: SIGCHLD arrived, a child was killed that may have ended
/// before and whose SIGCHLD was lost, or what a sweep could not decide can be decided.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Look;

/// A watched child has ended and is reaped: its pid now means nothing, or another process.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct ProcessExited {
    /// Its pid.
    pub pid: i32,
    /// How it ended, and when it was reaped.
    pub exit: Exit,
}

/// The log line about the end of a child.
pub(crate) const CHILD_QUIT: &str = "received SIGCHLD indicating a child quit";

/// See the module.
pub struct Reaper {
    children: Arc<ChildRegistry>,
    log: Logger,
    clock: Clock,
    /// Registered before the actor starts, so that no SIGCHLD is missed; taken when it starts.
    signals: Option<Signal>,
    /// Children that are not reaped, and their owners.
    watched: BTreeMap<i32, Watch>,
    /// The kernel refused a look; another is due.
    is_retrying: bool,
}

impl Reaper {
    /// To be called on the thread it will run on, inside the runtime. `children` comes from the
    /// spawner. Errors: SIGCHLD cannot be listened to.
    pub fn new(children: Arc<ChildRegistry>, log: Logger, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            children,
            log,
            clock,
            signals: Some(signal(SignalKind::child())?),
            watched: BTreeMap::new(),
            is_retrying: false,
        })
    }

    /// Look at every child that has ended and is not reaped yet.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        match self.reap_some() {
            Ok(false) => {}
            // other actors have their turn first
            Ok(true) => {
                let turn = tokio::task::yield_now().into_actor(self);
                ctx.spawn(turn.map(|(), act, ctx| act.sweep(ctx)));
            }
            // a retry is due: the SIGCHLD of what was missed will not come again
            Err(_) if self.is_retrying => {}
            Err(error) => {
                let name = errno_or_number(error.raw_os_error().unwrap_or(0));
                crit!(
                    self.log,
                    "waitid error {name}; a process may not be cleaned up properly"
                );
                self.is_retrying = true;
                ctx.run_later(RETRY, |act, ctx| {
                    act.is_retrying = false;
                    act.sweep(ctx);
                });
            }
        }
    }

    /// Until no ended child is left, or one that has to wait; not too many in one turn. Whether
    /// there may be more.
    fn reap_some(&mut self) -> io::Result<bool> {
        for _ in 0..BATCH {
            // asked first: a child that is made and registered during the look is not missing
            let is_childless = self.children.is_empty();
            let ended = match peek(None) {
                Ok(Some(ended)) => ended,
                Ok(None) => return Ok(false),
                Err(error) if is_childless && error.raw_os_error() == Some(libc::ECHILD) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            if !self.settle(ended)? {
                return self.reap_registered();
            }
        }
        Ok(true)
    }

    /// The kernel shows one that has to wait before all others: look at each registered child
    /// instead, for a clone that hangs must not delay their exits.
    fn reap_registered(&mut self) -> io::Result<bool> {
        let pids = self.children.pids().into_iter();
        let ended = pids.filter_map(|pid| peek(Some(pid)).transpose());
        let mut reaped = 0;
        for ended in ended.take(BATCH) {
            self.settle(ended?)?;
            reaped += 1;
        }
        Ok(reaped == BATCH)
    }

    /// Reap one that has ended, and tell. False: it may have been made a moment ago and has to
    /// wait until that is known.
    fn settle(&mut self, (pid, status): Ended) -> io::Result<bool> {
        let mut reaped = Ok(None);
        let at = self.clock.now();
        let exit = Exit { status, at };
        match self.children.reap(pid, exit, || reaped = reap(pid)) {
            Owner::Ours(child) => {
                if let Some(watch) = self.watched.remove(&child.pid) {
                    watch.owner.do_send(ProcessExited { pid, exit });
                }
                reaped?;
            }
            Owner::UnknownChild => {
                reap(pid)?;
                debug!(self.log, "{CHILD_QUIT}");
                info!(self.log, "reaped unknown pid {pid} ({})", status.describe());
            }
            Owner::Unsettled => return Ok(false),
        }
        Ok(true)
    }
}

impl Actor for Reaper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(signals) = self.signals.take() {
            ctx.add_message_stream(stream::unfold(signals, async |mut signals| {
                signals.recv().await?;
                Some((Look, signals))
            }));
        }
        ctx.add_message_stream(stream::unfold(
            Arc::clone(&self.children),
            async |children| {
                children.settled().await;
                Some((Look, children))
            },
        ));
        // those that ended before
        self.sweep(ctx);
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        // the next Reaper does not know their owners
        for watch in self.watched.values() {
            self.children.release(&watch.child);
        }
    }
}

impl Handler<Look> for Reaper {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        self.sweep(ctx);
    }
}

impl Handler<Watch> for Reaper {
    type Result = ();

    fn handle(&mut self, watch: Watch, _: &mut Self::Context) {
        let pid = watch.child.pid;
        match watch.child.exit() {
            Some(exit) => watch.owner.do_send(ProcessExited { pid, exit }),
            None => drop(self.watched.insert(pid, watch)),
        }
    }
}
