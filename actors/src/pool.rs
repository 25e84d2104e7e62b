//! The ListenerPool actor: a mailbox around one [`Queue`] (spec core 7.3-7.5).
//!
//! Events come from the bus ([`Deliver`]), what listeners write and what becomes of them from their
//! processes (see [`crate::messages::pool`]). The queue decides about each message, and its effects
//! are performed in order before the next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Recipient, WeakRecipient, WrapFuture,
};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use slog::{Drain, Logger};
use visord_config::PoolConfig;
use visord_logs::emit;
use visord_model::event::Event;
use visord_model::listener::{Effect, ListenerRecover, Queue, Queued, Undelivered, envelope};
use visord_model::log_line::{Level, LogLine};

use crate::messages::event::Deliver;
use crate::messages::pool::{Arrange, Join, ListenerRequest, MemberEvent, MemberMessage};

type Effects = Vec<Effect<Arc<Event>>>;

/// Completes when everything logged so far is in the activity log; `None` if it is already.
pub type Settle = Box<dyn Fn() -> Option<BoxFuture<'static, ()>>>;

/// Longest pause before a listener in UNKNOWN is restarted (`listener_recover = restart`).
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What the pool knows of a member besides the conversation. Its address is weak: members hold the
/// pool's, and a removed group must not keep itself alive in a circle.
struct Member {
    addr: WeakRecipient<ListenerRequest>,
    /// Restarts since it last answered an event.
    restarts: u32,
}

/// Numbers about a pool that other threads may read at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolNumbers {
    /// Events in the buffer.
    pub waiting: usize,
    /// Events that listeners work on.
    pub held: usize,
    /// Events lost because the buffer was full, since the pool was made.
    pub discarded: u64,
}

/// The actor of one pool. See the module.
pub struct ListenerPool {
    name: String,
    server: String,
    config: PoolConfig,
    logger: Logger,
    settle: Settle,
    /// A warning was logged since the last wait for the log.
    warned: bool,
    queue: Queue<Arc<Event>>,
    /// Those of the queue, in the same order.
    members: Vec<Member>,
    numbers: Arc<Mutex<PoolNumbers>>,
}

impl ListenerPool {
    /// The pool of an `[eventlistener:name]` section; its members [`Join`] it. `server` is
    /// the daemon's identifier, for the envelopes. `settle` is waited for, so that a listener that
    /// gets an event again finds the reason in the activity log already.
    pub fn new(
        name: String,
        server: String,
        config: &PoolConfig,
        logger: Logger,
        settle: Settle,
    ) -> Self {
        let least = match logger.is_enabled(slog::Level::Debug) {
            true => Level::Debug,
            false => Level::Info,
        };
        Self {
            queue: Queue::new(&name, config.buffer_size, least),
            name,
            server,
            config: config.clone(),
            logger,
            settle,
            warned: false,
            members: Vec::new(),
            numbers: Arc::default(),
        }
    }

    /// Its numbers, for readers elsewhere.
    pub fn numbers(&self) -> Arc<Mutex<PoolNumbers>> {
        Arc::clone(&self.numbers)
    }

    fn perform(&mut self, effects: Effects, ctx: &mut Context<Self>) {
        let mut todo = VecDeque::from(effects);
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Log(line) => self.log(&line),
                Effect::Send {
                    member,
                    pid,
                    queued,
                } => match self.unsettled() {
                    None => todo.extend(self.send(member, pid, &queued)),
                    Some(settled) => self.send_after(settled, member, pid, queued, ctx),
                },
                Effect::Broken { member, pid } => self.broken(member, pid, ctx),
                Effect::Served { member } => self.members[member].restarts = 0,
            }
        }
        let mut numbers = self.numbers.lock();
        numbers.waiting = self.queue.waiting().len();
        numbers.held = self.queue.held().count();
        numbers.discarded = self.queue.discarded();
    }

    /// Until its warnings are in the log.
    fn unsettled(&mut self) -> Option<BoxFuture<'static, ()>> {
        let warned = std::mem::take(&mut self.warned);
        warned.then(&self.settle).flatten()
    }

    fn send_after(
        &mut self,
        settled: BoxFuture<'static, ()>,
        member: usize,
        pid: i32,
        queued: Queued<Arc<Event>>,
        ctx: &mut Context<Self>,
    ) {
        // its place may be another one then
        let name = self.queue.name(member).to_owned();
        let sent = settled.into_actor(self).map(move |(), act, ctx| {
            // it may have been taken back meanwhile
            let still = |(holder, held): (usize, &Queued<Arc<Event>>)| {
                let same = act.queue.name(holder) == name && held.serial == queued.serial;
                same.then_some(holder)
            };
            let holder = act.queue.held().find_map(still);
            if let Some(member) = holder {
                let effects = act.send(member, pid, &queued);
                act.perform(effects, ctx);
            }
        });
        ctx.spawn(sent);
    }

    fn send(&mut self, member: usize, pid: i32, queued: &Queued<Arc<Event>>) -> Effects {
        // an actor that ended by a panic answers nothing
        let addr = self.members[member].addr.upgrade();
        let Some(addr) = addr.filter(Recipient::connected) else {
            let outcome = Err(Undelivered::NotRunning);
            return self.queue.written(member, pid, outcome);
        };
        let (detail, length) = (self.config.event_detail, self.config.event_length);
        let data = envelope(&self.server, &self.name, queued, detail, length);
        addr.do_send(ListenerRequest::Write { pid, data });
        Vec::new()
    }

    fn broken(&mut self, member: usize, pid: i32, ctx: &mut Context<Self>) {
        if self.config.listener_recover == ListenerRecover::Restart {
            let pause = next_pause(&mut self.members[member].restarts);
            let name = self.queue.name(member).to_owned();
            ctx.run_later(pause, move |act, _| act.restart(&name, pid));
        }
    }

    fn restart(&mut self, name: &str, pid: i32) {
        let Some(member) = self.queue.find(name) else {
            // it is no longer configured
            return;
        };
        slog::info!(
            self.logger,
            "restarting {name}, a listener in the UNKNOWN state"
        );
        if let Some(addr) = self.members[member].addr.upgrade() {
            addr.do_send(ListenerRequest::Recover { pid });
        }
    }

    fn log(&mut self, line: &LogLine) {
        self.warned |= line.level <= Level::Warn;
        emit(&self.logger, line);
    }
}

/// The pause before the next restart, which is counted: the first comes at once, the others after
/// 1, 2, 4, ... seconds, so that a listener that never keeps to the protocol costs little.
fn next_pause(restarts: &mut u32) -> Duration {
    let seconds = match restarts.checked_sub(1) {
        None => 0,
        Some(doublings) => 1_u64.checked_shl(doublings).unwrap_or(u64::MAX),
    };
    *restarts = restarts.saturating_add(1);
    Duration::from_secs(seconds).min(LONGEST_PAUSE)
}

impl Actor for ListenerPool {
    type Context = Context<Self>;
}

impl Handler<Deliver> for ListenerPool {
    type Result = ();

    fn handle(&mut self, msg: Deliver, ctx: &mut Self::Context) {
        let effects = self.queue.accept(msg.serial, msg.event);
        self.perform(effects, ctx);
    }
}

impl Handler<MemberMessage> for ListenerPool {
    type Result = ();

    /// One that never joined, or belongs to another pool, is ignored.
    fn handle(&mut self, msg: MemberMessage, ctx: &mut Self::Context) {
        let queue = &mut self.queue;
        let Some(member) = queue.find(&msg.process) else {
            return;
        };
        let effects = match msg.event {
            MemberEvent::Changed { state, pid } => queue.changed(member, state, pid),
            MemberEvent::Output(data) => queue.output(member, &data),
            MemberEvent::Written { pid, outcome } => queue.written(member, pid, outcome),
            MemberEvent::StdinClosed { pid } => queue.stdin_closed(member, pid),
            MemberEvent::StdinDrained { pid } => queue.stdin_drained(member, pid),
        };
        self.perform(effects, ctx);
    }
}

impl Handler<Join> for ListenerPool {
    type Result = ();

    fn handle(&mut self, msg: Join, _ctx: &mut Self::Context) {
        let member = self.queue.member(&msg.process);
        let joined = Member {
            addr: msg.member.downgrade(),
            restarts: 0,
        };
        match self.members.get_mut(member) {
            Some(known) => *known = joined,
            None => self.members.push(joined),
        }
    }
}

impl Handler<Arrange> for ListenerPool {
    type Result = ();

    fn handle(&mut self, Arrange(order): Arrange, _ctx: &mut Self::Context) {
        let places = self.queue.arrange(order.iter().map(|name| &**name));
        let old = std::mem::take(&mut self.members);
        let mut old: Vec<Option<Member>> = old.into_iter().map(Some).collect();
        self.members = places.iter().filter_map(|&it| old[it].take()).collect();
    }
}

#[cfg(test)]
mod tests;
