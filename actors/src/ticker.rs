//! The Ticker actor: publishes TICK_5, TICK_60, TICK_3600 while they have a subscriber.
//!
//! Without a subscriber there is no timer at all; with one it sleeps until the next slice
//! that is wanted begins.

use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, SpawnHandle};
use visord_model::event::{KindSet, Ticks};

use crate::clock::since_epoch;
use crate::event_bus::EventBus;
use crate::messages::event::{InterestChanged, Publish, WatchInterest};

/// Reads the wall clock: time since 1970.
pub type WallClock = Box<dyn Fn() -> Duration>;

/// Timers count in milliseconds, rounded up: this keeps a wakeup from coming just too
/// early and being followed by another one.
const AFTER: Duration = Duration::from_millis(1);

/// See the module.
pub struct Ticker {
    bus: Addr<EventBus>,
    clock: WallClock,
    wanted: KindSet,
    /// Present while a tick is wanted.
    running: Option<Running>,
}

struct Running {
    ticks: Ticks,
    timer: SpawnHandle,
}

impl Ticker {
    /// A ticker by the system's clock.
    #[must_use]
    pub fn new(bus: Addr<EventBus>) -> Self {
        Self::with_clock(bus, Box::new(since_epoch))
    }

    /// A ticker by another clock.
    #[must_use]
    pub fn with_clock(bus: Addr<EventBus>, clock: WallClock) -> Self {
        Self {
            bus,
            clock,
            wanted: KindSet::default(),
            running: None,
        }
    }

    /// Sleep until a wanted tick may be due, if any is wanted.
    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let now = (self.clock)();
        let running = self.running.take();
        if let Some(running) = &running {
            ctx.cancel_future(running.timer);
        }
        self.running = Ticks::sleep(self.wanted, now).map(|sleep| Running {
            // what was missed while no tick was wanted is not made up for
            ticks: running.map_or_else(|| Ticks::new(seconds(now)), |running| running.ticks),
            timer: ctx.run_later(sleep + AFTER, Self::look),
        });
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        let now = (self.clock)();
        if let Some(running) = &mut self.running {
            for event in running.ticks.turn(seconds(now)) {
                self.bus.do_send(Publish(event));
            }
        }
        self.rearm(ctx);
    }
}

fn seconds(since_epoch: Duration) -> i64 {
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

impl Actor for Ticker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.bus.do_send(WatchInterest(ctx.address().recipient()));
    }
}

impl Handler<InterestChanged> for Ticker {
    type Result = ();

    fn handle(&mut self, InterestChanged(wanted): InterestChanged, ctx: &mut Self::Context) {
        self.wanted = wanted;
        self.rearm(ctx);
    }
}

#[cfg(test)]
mod tests;
