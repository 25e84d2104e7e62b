//! Publishes TICK_5, TICK_60, TICK_3600 while they have a subscriber.
//!
//! Without a subscriber there is no timer at all; with one it sleeps until the next slice
//! that is wanted begins.

use std::time::Duration;

use actix::Addr;
use tokio::time::timeout;
use visord_logs::since_1970;
use visord_model::event::Ticks;

use crate::clock::seconds;
use crate::event_bus::{EventBus, Interest};
use crate::messages::event::Publish;

/// Timers count in milliseconds, rounded up: this keeps a wakeup from coming just too
/// early and being followed by another one.
const AFTER: Duration = Duration::from_millis(1);

/// Publish ticks by the system's clock as long as the bus lives. Inside a System.
pub fn start(bus: Addr<EventBus>, interest: &Interest) {
    actix_rt::spawn(publish_ticks(bus, interest.clone(), since_1970));
}

/// `clock` reads the wall clock: time since 1970.
async fn publish_ticks(bus: Addr<EventBus>, interest: Interest, clock: impl Fn() -> Duration) {
    let mut interest = interest.watch();
    let mut ticks = None;
    loop {
        let now = clock();
        let wanted = *interest.borrow_and_update();
        let changed = match Ticks::sleep(wanted, now) {
            // what is missed while no tick is wanted is not made up for
            None => {
                ticks = None;
                interest.changed().await
            }
            Some(sleep) => {
                let ticks = ticks.get_or_insert_with(|| Ticks::new(seconds(now)));
                let changed = timeout(sleep + AFTER, interest.changed()).await;
                changed.unwrap_or_else(|_elapsed| {
                    for event in ticks.turn(seconds(clock())) {
                        bus.do_send(Publish(event));
                    }
                    Ok(())
                })
            }
        };
        if changed.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
