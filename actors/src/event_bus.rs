//! The EventBus actor: draws serials and delivers events to listener pools.
//!
//! Only a subscription draws serials (spec core 7.2), and only listener pools subscribe, so serials
//! are as in the original. Every event but output and ticks is also published to the [`Feed`], which
//! other parts of the daemon read. Output and ticks without a subscriber cost no more than a look at
//! a bit set.

use actix::{Actor, Context, Handler, MessageResult, Recipient};
use std::sync::Arc;
use visord_model::event::{KindSet, Serials};

use crate::feed::{Feed, News};
use crate::interest::Interest;
use crate::messages::event::{Deliver, GetNextSerial, Publish, Subscribe, Unsubscribe};

struct Subscription {
    name: Arc<str>,
    kinds: KindSet,
    recipient: Recipient<Deliver>,
}

/// See the module.
pub struct EventBus {
    serials: Serials,
    /// In the order of subscribing, which is the order of delivery.
    subscriptions: Vec<Subscription>,
    interest: Interest,
    feed: Feed,
}

impl EventBus {
    /// A bus without subscribers. `next_serial` is 0 for a daemon that starts, and after a restart
    /// the answer of the bus before to [`GetNextSerial`]. `interest` is shown to the publishers on
    /// other threads.
    #[must_use]
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
        let is_wanted = |subscription: &&Subscription| subscription.kinds.contains(kind);
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
        let kinds = KindSet::subscribed(&msg.kinds);
        let subscription = Subscription {
            name: msg.name,
            kinds,
            recipient: msg.recipient,
        };
        let same = |other: &&mut Subscription| other.name == subscription.name;
        match self.subscriptions.iter_mut().find(same) {
            Some(known) => *known = subscription,
            None => self.subscriptions.push(subscription),
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

#[cfg(test)]
mod tests;
