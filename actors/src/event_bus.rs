//! The EventBus actor: stamp a serial, fan out.
//!
//! An event nobody subscribes to draws no serial (spec core 7.2); output and ticks that nobody
//! subscribes to cost no more than a look at a bit set. The rest is told to the feed in any case.

use actix::{Actor, Context, Handler, MessageResult, Recipient};
use std::sync::Arc;
use visord_model::event::{KindSet, Serials};

use crate::feed::{Feed, News};
use crate::interest::Interest;
use crate::messages::event::{
    Deliver, GetNextSerial, InterestChanged, Publish, Subscribe, Unsubscribe, WatchInterest,
};

struct Subscription {
    name: String,
    kinds: KindSet,
    recipient: Recipient<Deliver>,
}

/// See the module.
pub struct EventBus {
    serials: Serials,
    /// In the order of subscribing, which is the order of delivery.
    subscriptions: Vec<Subscription>,
    interest: Interest,
    watchers: Vec<Recipient<InterestChanged>>,
    feed: Feed,
}

impl EventBus {
    /// A bus without subscribers. `next_serial` is 0 for a daemon that starts, and the
    /// answer to [`GetNextSerial`] of the bus before after a reload. `interest` is shown to
    /// the publishers on other threads.
    #[must_use]
    pub fn new(next_serial: u64, interest: Interest) -> Self {
        Self {
            serials: Serials::starting_at(next_serial),
            subscriptions: Vec::new(),
            interest,
            watchers: Vec::new(),
            feed: Feed::new(),
        }
    }

    /// The same bus; what comes by is told to this feed.
    #[must_use]
    pub fn telling(self, feed: Feed) -> Self {
        Self { feed, ..self }
    }

    fn wanted(&self) -> KindSet {
        let kinds = self.subscriptions.iter().map(|s| s.kinds);
        kinds.fold(KindSet::default(), KindSet::union)
    }

    fn tell_interest(&mut self) {
        let wanted = self.wanted();
        self.interest.set(wanted.iter());
        self.watchers.retain(Recipient::connected);
        for watcher in &self.watchers {
            watcher.do_send(InterestChanged(wanted));
        }
    }
}

impl Actor for EventBus {
    type Context = Context<Self>;

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.interest.set(std::iter::empty());
    }
}

impl Handler<Publish> for EventBus {
    type Result = ();

    fn handle(&mut self, Publish(event): Publish, _ctx: &mut Self::Context) {
        let kind = event.kind();
        let mut subscribers = self
            .subscriptions
            .iter()
            .filter(|subscription| subscription.kinds.contains(kind))
            .peekable();
        let wanted = subscribers.peek().is_some();
        let told = Feed::tells(kind);
        if !wanted && !told {
            return;
        }
        let serial = wanted.then(|| self.serials.draw());
        let event = Arc::new(event);
        if told {
            let event = event.clone();
            self.feed.publish(News::Event { serial, event });
        }
        let Some(serial) = serial else {
            return;
        };
        for subscriber in subscribers {
            subscriber.recipient.do_send(Deliver {
                serial,
                event: event.clone(),
            });
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
        let known = |other: &&mut Subscription| other.name == subscription.name;
        match self.subscriptions.iter_mut().find(known) {
            Some(place) => *place = subscription,
            None => self.subscriptions.push(subscription),
        }
        self.tell_interest();
    }
}

impl Handler<Unsubscribe> for EventBus {
    type Result = ();

    fn handle(&mut self, Unsubscribe(name): Unsubscribe, _ctx: &mut Self::Context) {
        self.subscriptions
            .retain(|subscription| subscription.name != name);
        self.tell_interest();
    }
}

impl Handler<WatchInterest> for EventBus {
    type Result = ();

    fn handle(&mut self, WatchInterest(watcher): WatchInterest, _ctx: &mut Self::Context) {
        watcher.do_send(InterestChanged(self.wanted()));
        self.watchers.push(watcher);
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
