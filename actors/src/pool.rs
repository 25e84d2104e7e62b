//! The ListenerPool actor: a mailbox around one [`Queue`] (spec core 7.3-7.5).
//!
//! Events come from the bus ([`Deliver`]), what listeners say and what becomes of them from
//! their Process actors (see [`crate::messages::pool`]). Whatever comes in, the queue decides
//! and its effects are performed in order before the next message.

mod meter;
mod recovery;

use std::collections::VecDeque;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Recipient, WeakRecipient, WrapFuture,
};
use futures_util::future::BoxFuture;
use slog::Logger;
use visord_config::PoolConfig;
use visord_model::event::{Event, EventDetail};
use visord_model::listener::{
    Effect, Envelope, EventLength, ListenerRecover, Queue, Queued, Remark, Undelivered,
};
use visord_model::log_line::Level;

use crate::messages::event::Deliver;
use crate::messages::pool::{
    Arrange, EnvelopeWritten, Join, ListenerOutput, MemberChanged, RecoverListener, StdinClosed,
    StdinDrained, WriteEnvelope,
};
use crate::vigil::Vigil;
pub use meter::PoolMeter;
use recovery::Recovery;

type Effects = Vec<Effect<Arc<Event>>>;

/// Completes when what was said so far is in the activity log; `None` if it is already.
pub type Settle = Box<dyn Fn() -> Option<BoxFuture<'static, ()>>>;

/// What the pool knows of a member besides the conversation. Its addresses are weak: members
/// hold the pool's, and a removed group must not keep itself alive in a circle.
struct Link {
    stdin: WeakRecipient<WriteEnvelope>,
    recover: WeakRecipient<RecoverListener>,
    recovery: Recovery,
}

/// See the module.
pub struct ListenerPool {
    name: String,
    server: String,
    detail: EventDetail,
    length: EventLength,
    recover: ListenerRecover,
    logger: Logger,
    settle: Settle,
    /// It complained, and nobody has waited yet until that is in the log.
    complained: bool,
    queue: Queue<Arc<Event>>,
    /// Beside the members of the queue, same order.
    links: Vec<Link>,
    meter: Arc<PoolMeter>,
    /// For the answer of a listener behind which events wait.
    vigil: Vigil,
}

impl ListenerPool {
    /// The pool of an `[eventlistener:name]` section; its members [`Join`] it. `server` is
    /// the daemon's identifier, for the envelopes.
    #[must_use]
    pub fn new(name: String, server: String, config: &PoolConfig, logger: Logger) -> Self {
        Self {
            queue: Queue::new(&name, config.buffer_size),
            name,
            server,
            detail: config.event_detail,
            length: config.event_length,
            recover: config.listener_recover,
            logger,
            settle: Box::new(|| None),
            complained: false,
            links: Vec::new(),
            meter: Arc::default(),
            vigil: Vigil::new(),
        }
    }

    /// Whoever gets an event again finds the reason in the activity log already.
    #[must_use]
    pub fn settling(self, settle: Settle) -> Self {
        Self { settle, ..self }
    }

    /// Its numbers, for readers elsewhere.
    #[must_use]
    pub fn meter(&self) -> Arc<PoolMeter> {
        Arc::clone(&self.meter)
    }

    fn perform(&mut self, effects: Effects, ctx: &mut Context<Self>) {
        let mut todo = VecDeque::from(effects);
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Log(remark) => self.say(&remark),
                Effect::Send {
                    member,
                    pid,
                    queued,
                } => match self.unsettled() {
                    None => todo.extend(self.send(member, pid, &queued)),
                    Some(settled) => self.send_after(settled, member, pid, queued, ctx),
                },
                Effect::Broken { member, pid } => self.broken(member, pid, ctx),
                Effect::Served { member } => self.links[member].recovery = Recovery::default(),
            }
        }
        self.meter
            .show(self.queue.waiting().len(), self.queue.held().count());
    }

    /// Until what it complained about is in the log.
    fn unsettled(&mut self) -> Option<BoxFuture<'static, ()>> {
        let complained = std::mem::take(&mut self.complained);
        complained.then(&self.settle).flatten()
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
        let stdin = self.links[member].stdin.upgrade();
        let Some(stdin) = stdin.filter(Recipient::connected) else {
            let outcome = Err(Undelivered::NotRunning);
            return self.queue.written(member, pid, outcome);
        };
        let envelope = Envelope {
            server: &self.server,
            serial: queued.serial,
            pool: &self.name,
            pool_serial: queued.pool_serial,
            event_name: queued.event.kind().name(),
            payload: &queued.event.payload_with(self.detail),
            length: self.length,
        };
        let data = envelope.to_bytes();
        stdin.do_send(WriteEnvelope { pid, data });
        if self.queue.waiting().len() > 0 {
            self.vigil.sent();
        }
        Vec::new()
    }

    fn broken(&mut self, member: usize, pid: i32, ctx: &mut Context<Self>) {
        match self.recover {
            ListenerRecover::Never => {}
            ListenerRecover::Restart => {
                let delay = self.links[member].recovery.next_delay();
                let name = self.queue.name(member).to_owned();
                ctx.run_later(delay, move |act, _| act.restart(&name, pid));
            }
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
        if let Some(recover) = self.links[member].recover.upgrade() {
            recover.do_send(RecoverListener { pid });
        }
    }

    fn say(&mut self, remark: &Remark) {
        self.complained |= remark.level() <= Level::Warn;
        if matches!(remark, Remark::Overflowed { .. }) {
            self.meter.count_discarded();
        }
        match remark.level() {
            Level::Critical => slog::crit!(self.logger, "{remark}"),
            Level::Error => slog::error!(self.logger, "{remark}"),
            Level::Warn => slog::warn!(self.logger, "{remark}"),
            Level::Info => slog::info!(self.logger, "{remark}"),
            Level::Debug => slog::debug!(self.logger, "{remark}"),
            Level::Trace | Level::Blather => slog::trace!(self.logger, "{remark}"),
        }
    }
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

impl Handler<ListenerOutput> for ListenerPool {
    type Result = ();

    fn handle(&mut self, msg: ListenerOutput, ctx: &mut Self::Context) {
        self.vigil.came();
        if let Some(member) = self.queue.find(&msg.process) {
            let effects = self.queue.heard(member, &msg.data);
            self.perform(effects, ctx);
        }
    }
}

impl Handler<Join> for ListenerPool {
    type Result = ();

    fn handle(&mut self, msg: Join, _ctx: &mut Self::Context) {
        let member = self.queue.member(&msg.process);
        let link = Link {
            stdin: msg.stdin.downgrade(),
            recover: msg.recover.downgrade(),
            recovery: Recovery::default(),
        };
        match self.links.get_mut(member) {
            Some(place) => *place = link,
            None => self.links.push(link),
        }
    }
}

impl Handler<Arrange> for ListenerPool {
    type Result = ();

    fn handle(&mut self, msg: Arrange, _ctx: &mut Self::Context) {
        let places = self.queue.arrange(msg.order.iter().map(String::as_str));
        let links = std::mem::take(&mut self.links);
        let mut links: Vec<Option<Link>> = links.into_iter().map(Some).collect();
        self.links = places.iter().filter_map(|&it| links[it].take()).collect();
    }
}

/// A message about a member: find it, ask the queue, perform. One that never joined (or is
/// of another pool) concerns nobody here.
macro_rules! about_member {
    ($message:ty, |$queue:ident, $member:ident, $msg:ident| $step:expr) => {
        impl Handler<$message> for ListenerPool {
            type Result = ();

            fn handle(&mut self, $msg: $message, ctx: &mut Self::Context) {
                let $queue = &mut self.queue;
                if let Some($member) = $queue.find(&$msg.process) {
                    let effects = $step;
                    self.perform(effects, ctx);
                }
            }
        }
    };
}

about_member!(MemberChanged, |queue, member, msg| {
    queue.changed(member, msg.state, msg.pid)
});
about_member!(EnvelopeWritten, |queue, member, msg| {
    queue.written(member, msg.pid, msg.outcome)
});
about_member!(StdinClosed, |queue, member, msg| {
    queue.stdin_closed(member, msg.pid)
});
about_member!(StdinDrained, |queue, member, msg| {
    queue.stdin_drained(member, msg.pid)
});

#[cfg(test)]
mod tests;
