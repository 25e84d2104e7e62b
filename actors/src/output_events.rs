//! What listeners want to know of outputs, on its way from a log thread to the bus.

use actix::{Context, Handler};

use crate::event_bus::EventBus;
use crate::log::OutputEvent;
use crate::messages::event::Publish;

impl Handler<OutputEvent> for EventBus {
    type Result = ();

    fn handle(&mut self, msg: OutputEvent, ctx: &mut Context<Self>) {
        self.handle(Publish(msg.into()), ctx);
    }
}
