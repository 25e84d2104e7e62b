//! Messages of the event bus and the listener pools.

use std::sync::Arc;

use actix::{Message, Recipient};
use visord_model::event::{Event, EventKind, KindSet};

/// Something happened: tell whoever subscribed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Publish(pub Event);

/// Deliver events of these kinds (and their descendants) to a recipient from now on.
/// A second subscription of the same name replaces the first.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// Who subscribes: the pool's group name.
    pub name: String,
    /// What it wants.
    pub kinds: Vec<EventKind>,
    /// Where to send it.
    pub recipient: Recipient<Deliver>,
}

/// End the subscription of this name.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Unsubscribe(pub String);

/// One event for one subscriber, with the global serial it carries in every pool.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub struct Deliver {
    /// Drawn once per event, only if somebody subscribes (spec core 7.2).
    pub serial: u64,
    /// The event, shared by all who get it.
    pub event: Arc<Event>,
}

/// Tell this recipient what is subscribed to, now and whenever it changes.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WatchInterest(pub Recipient<InterestChanged>);

/// These types have a subscriber, others have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct InterestChanged(pub KindSet);

/// The serial that the next event gets, for the bus of the daemon's next life.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "u64")]
pub struct GetNextSerial;
