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
use crate::messages::event::{
    Deliver, GetNextSerial, InterestChanged, Publish, Subscribe, Unsubscribe, WatchInterest,
};

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
    watchers: Vec<Recipient<InterestChanged>>,
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
            watchers: Vec::new(),
            feed,
        }
    }

    fn wanted(&self) -> KindSet {
        let kinds = self.subscriptions.iter().map(|s| s.kinds);
        kinds.fold(KindSet::default(), KindSet::union)
    }

    fn announce_interest(&mut self) {
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
        let is_news = Feed::has(kind);
        if !wanted && !is_news {
            return;
        }
        let serial = wanted.then(|| self.serials.draw());
        let event = Arc::new(event);
        if is_news {
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
