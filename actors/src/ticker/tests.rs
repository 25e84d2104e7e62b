//! The ticker on a clock that the tests move.

use std::cell::Cell;
use std::rc::Rc;

use actix::{Actor, Recipient};
use tokio::time::{Instant, sleep};
use visord_model::event::{Event, EventKind, KindSet};

use super::*;
use crate::feed::Feed;
use crate::messages::event::{Deliver, Subscribe, Unsubscribe};
use crate::tests::{Recorded, on_paused_time, recorder};

struct Fixture {
    bus: Addr<EventBus>,
    /// How often the clock was read: no more often than the ticker woke up.
    looks: Rc<Cell<usize>>,
    /// Seconds that the clock was set forward by.
    step: Rc<Cell<u64>>,
}

/// A ticker that starts at 1,000,001.25 s, a quarter past the second.
fn start() -> Fixture {
    let interest = Interest::default();
    let bus = EventBus::new(0, interest.clone(), Feed::default()).start();
    let (looks, step) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (seen, ahead) = (looks.clone(), step.clone());
    let start = Instant::now();
    let clock = move || {
        seen.set(seen.get() + 1);
        let base = Duration::from_millis(1_000_001_250);
        base + start.elapsed() + Duration::from_secs(ahead.get())
    };
    actix_rt::spawn(publish_ticks(bus.clone(), interest, clock));
    Fixture { bus, looks, step }
}

fn subscribe(bus: &Addr<EventBus>, kinds: &[EventKind]) -> Recorded<Deliver> {
    let (recipient, recorded): (Recipient<Deliver>, _) = recorder();
    bus.do_send(Subscribe {
        name: "pool".into(),
        kinds: KindSet::subscribed(kinds),
        recipient,
    });
    recorded
}

fn ticks(recorded: &Recorded<Deliver>) -> Vec<(EventKind, i64)> {
    let tick = |deliver: &Deliver| {
        let Event::Tick { kind, when } = *deliver.event else {
            panic!("{:?}", deliver.event);
        };
        (kind, when)
    };
    recorded.take().iter().map(tick).collect()
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn nobody_wants_ticks_nobody_wakes_up() {
    on_paused_time(async {
        let fixture = start();
        let _other = subscribe(&fixture.bus, &[EventKind::ProcessState]);
        sleep(24 * HOUR).await;
        // once, to learn that nobody does
        assert_eq!(fixture.looks.get(), 1);
    });
}

#[test]
fn a_tick_when_its_slice_begins() {
    on_paused_time(async {
        let fixture = start();
        let pool = subscribe(&fixture.bus, &[EventKind::Tick5]);
        sleep(Duration::from_millis(3700)).await;
        assert_eq!(ticks(&pool), []);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(ticks(&pool), [(EventKind::Tick5, 1_000_005)]);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(
            ticks(&pool),
            [(EventKind::Tick5, 1_000_010), (EventKind::Tick5, 1_000_015)]
        );
        let before = fixture.looks.get();
        sleep(HOUR).await;
        assert_eq!(ticks(&pool).len(), 720);
        // to send and to sleep
        assert_eq!(fixture.looks.get() - before, 2 * 720);
        fixture.bus.do_send(Unsubscribe("pool".into()));
        sleep(HOUR).await;
        assert_eq!(ticks(&pool), []);
        assert_eq!(fixture.looks.get() - before, 2 * 720 + 1);
    });
}

#[test]
fn several_periods_at_once_in_order() {
    on_paused_time(async {
        let fixture = start();
        let pool = subscribe(&fixture.bus, &[EventKind::Tick]);
        sleep(HOUR).await;
        let all = ticks(&pool);
        let hour = all
            .iter()
            .position(|(kind, _)| *kind == EventKind::Tick3600);
        let hour = hour.expect("an hour has passed");
        let when = 1_000_800;
        assert_eq!(
            all[hour - 2..=hour],
            [
                (EventKind::Tick5, when),
                (EventKind::Tick60, when),
                (EventKind::Tick3600, when)
            ]
        );
        let minutes = all.iter().filter(|(kind, _)| *kind == EventKind::Tick60);
        assert_eq!(minutes.count(), 60);
    });
}

#[test]
fn a_clock_set_forward_is_noticed_within_a_minute() {
    on_paused_time(async {
        let fixture = start();
        let pool = subscribe(&fixture.bus, &[EventKind::Tick3600]);
        sleep(Duration::from_secs(90)).await;
        assert_eq!(ticks(&pool), []);
        fixture.step.set(10 * 3600);
        sleep(Duration::from_secs(60)).await;
        // missed hours are not made up for
        assert_eq!(ticks(&pool), [(EventKind::Tick3600, 1_036_800 - 3600)]);
    });
}
