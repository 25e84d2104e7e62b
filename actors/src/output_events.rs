//! Events made of output, on their way from a log thread to the bus.

use std::sync::Arc;

use actix::Addr;
use visord_logs::EventSink;
use visord_model::event::{Event, EventKind};

use crate::event_bus::EventBus;
use crate::feed::{Feed, News};
use crate::interest::Interest;
use crate::messages::event::Publish;

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
