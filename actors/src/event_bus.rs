//! The EventBus actor: draws serials and delivers events to listener pools.
//!
//! Only a subscription draws serials (spec core 7.2), and only listener pools subscribe, so serials
//! are as in the original. Every event but output and ticks is also published to the [`Feed`], which
//! other parts of the daemon read. Output and ticks without a subscriber cost no more than a look at
//! a bit set.

use actix::{Actor, Addr, Context, Handler, MessageResult};
use std::sync::Arc;
use tokio::sync::watch;
use visord_logs::EventSink;
use visord_model::event::{Event, EventKind, KindSet, Serials};

use crate::feed::{Feed, News};
use crate::messages::event::{Deliver, GetNextSerial, Publish, Subscribe, Unsubscribe};

/// The event types with a subscriber, readable from any thread without a message: log threads look
/// before they build an event that no pool would receive. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Interest(watch::Sender<KindSet>);

impl Interest {
    pub(crate) fn set(&self, kinds: KindSet) {
        let replace = |old: &mut KindSet| std::mem::replace(old, kinds) != kinds;
        self.0.send_if_modified(replace);
    }

    /// Whether an event of this type has a subscriber.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.0.borrow().contains(kind)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<KindSet> {
        self.0.subscribe()
    }
}

/// See the module.
pub struct EventBus {
    serials: Serials,
    /// In the order of subscribing, which is the order of delivery.
    subscriptions: Vec<Subscribe>,
    interest: Interest,
    feed: Feed,
}

impl EventBus {
    /// A bus without subscribers. `next_serial` is 0 for a daemon that starts, and after a restart
    /// the answer of the bus before to [`GetNextSerial`]. `interest` is shown to the publishers on
    /// other threads.
    pub fn new(next_serial: u64, interest: Interest, feed: Feed) -> Self {
        Self {
            serials: Serials::starting_at(next_serial),
            subscriptions: Vec::new(),
            interest,
            feed,
        }
    }

    fn announce_interest(&self) {
        let kinds = self.subscriptions.iter().map(|s| s.kinds);
        self.interest
            .set(kinds.fold(KindSet::default(), KindSet::union));
    }
}

impl Actor for EventBus {
    type Context = Context<Self>;

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.interest.set(KindSet::default());
    }
}

impl Handler<Publish> for EventBus {
    type Result = ();

    fn handle(&mut self, Publish(event): Publish, _ctx: &mut Self::Context) {
        let kind = event.kind();
        let is_wanted = |subscription: &&Subscribe| subscription.kinds.contains(kind);
        let mut subscribers = self.subscriptions.iter().filter(is_wanted).peekable();
        let serial = subscribers.peek().map(|_| self.serials.draw());
        let is_news = Feed::has(kind);
        if serial.is_none() && !is_news {
            return;
        }
        let event = Arc::new(event);
        if is_news {
            let event = event.clone();
            self.feed.publish(News::Event { serial, event });
        }
        let Some(serial) = serial else {
            return;
        };
        for subscriber in subscribers {
            let event = event.clone();
            subscriber.recipient.do_send(Deliver { serial, event });
        }
    }
}

impl Handler<Subscribe> for EventBus {
    type Result = ();

    fn handle(&mut self, msg: Subscribe, _ctx: &mut Self::Context) {
        let same = |other: &&mut Subscribe| other.name == msg.name;
        match self.subscriptions.iter_mut().find(same) {
            Some(known) => *known = msg,
            None => self.subscriptions.push(msg),
        }
        self.announce_interest();
    }
}

impl Handler<Unsubscribe> for EventBus {
    type Result = ();

    fn handle(&mut self, Unsubscribe(name): Unsubscribe, _ctx: &mut Self::Context) {
        self.subscriptions
            .retain(|subscription| subscription.name != name);
        self.announce_interest();
    }
}

impl Handler<GetNextSerial> for EventBus {
    type Result = MessageResult<GetNextSerial>;

    fn handle(&mut self, _msg: GetNextSerial, _ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.serials.next())
    }
}

/// Publishes events that have a subscriber on the bus, others in the feed alone.
pub struct OutputEvents {
    /// Who subscribes to what.
    pub interest: Interest,
    /// The event bus.
    pub bus: Addr<EventBus>,
    /// Where events without a subscriber can be seen.
    pub feed: Feed,
}

impl EventSink for OutputEvents {
    fn has_subscriber(&self, kind: EventKind) -> bool {
        self.interest.wants(kind)
    }

    fn publish(&self, event: Event) {
        if self.interest.wants(event.kind()) {
            self.bus.do_send(Publish(event));
        } else {
            self.feed.publish(News::Event {
                serial: None,
                event: Arc::new(event),
            });
        }
    }
}

#[cfg(test)]
mod tests;
