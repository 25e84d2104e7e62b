//! Messages of the event bus and the listener pools.

use std::sync::Arc;

use actix::{Message, Recipient};
use visord_model::event::{Event, KindSet};

/// Something happened: tell the listeners that subscribed, and the feed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Publish(pub Event);

/// Deliver events of these kinds to a listener pool from now on.
/// A second subscription of the same name replaces the first.
///
/// Only listener pools subscribe: an event with a subscriber draws a serial, which listeners see.
/// Other parts of the daemon read the [`Feed`](crate::feed::Feed), which draws none.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// The pool's group name.
    pub name: Arc<str>,
    /// What it receives.
    pub kinds: KindSet,
    /// Where to send it.
    pub recipient: Recipient<Deliver>,
}

/// End the subscription of this name.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Unsubscribe(pub Arc<str>);

/// One event for one subscriber, with the global serial it carries in every pool.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub struct Deliver {
    /// Drawn once per event, only if a pool subscribes (spec core 7.2).
    pub serial: u64,
    /// The event, shared by all that receive it.
    pub event: Arc<Event>,
}

/// The serial that the next event gets, for the bus after a restart of the daemon.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "u64")]
pub struct GetNextSerial;
