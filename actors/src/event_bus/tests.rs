//! The bus among recording recipients.

use actix::Addr;
use visord_model::event::{Event, EventKind, Period};

use super::*;
use crate::testing::{Recorded, on_paused_time, recorder, settle};

fn publish(bus: &Addr<EventBus>, event: Event) {
    bus.do_send(Publish(event));
}

fn subscribe(bus: &Addr<EventBus>, name: &str, kinds: &[EventKind]) -> Recorded<Deliver> {
    let (recipient, recorded) = recorder();
    bus.do_send(Subscribe {
        name: name.into(),
        kinds: kinds.into(),
        recipient,
    });
    recorded
}

fn delivered(recorded: &Recorded<Deliver>) -> Vec<(u64, EventKind)> {
    let all = recorded.take();
    all.iter().map(|d| (d.serial, d.event.kind())).collect()
}

#[test]
fn a_serial_only_for_what_somebody_wants() {
    on_paused_time(async {
        let bus = EventBus::new(0, Interest::default()).start();
        publish(&bus, Event::SupervisorRunning);
        let groups = subscribe(&bus, "groups", &[EventKind::ProcessGroup]);
        let all = subscribe(
            &bus,
            "all",
            &[EventKind::Event, EventKind::ProcessGroupAdded],
        );
        publish(&bus, Event::GroupAdded("g".into()));
        publish(&bus, Event::SupervisorStopping);
        publish(&bus, Event::GroupRemoved("g".into()));
        settle().await;
        use EventKind as K;
        // overlapping subscriptions get an event once (decision C3)
        assert_eq!(
            delivered(&all),
            [
                (0, K::ProcessGroupAdded),
                (1, K::SupervisorStateChangeStopping),
                (2, K::ProcessGroupRemoved)
            ]
        );
        assert_eq!(
            delivered(&groups),
            [(0, K::ProcessGroupAdded), (2, K::ProcessGroupRemoved)]
        );
        bus.do_send(Unsubscribe("all".into()));
        publish(&bus, Event::SupervisorStopping);
        publish(&bus, Event::GroupAdded("g".into()));
        settle().await;
        assert_eq!(delivered(&all), []);
        assert_eq!(delivered(&groups), [(3, K::ProcessGroupAdded)]);
        assert_eq!(bus.send(GetNextSerial).await.ok(), Some(4));
    });
}

#[test]
fn the_feed_hears_of_what_nobody_subscribes_to_but_output_and_time() {
    on_paused_time(async {
        let feed = Feed::new();
        let bus = EventBus::new(5, Interest::default()).telling(feed.clone());
        let bus = bus.start();
        publish(&bus, Event::GroupAdded("a".into()));
        let all = subscribe(&bus, "all", &[EventKind::Event]);
        publish(
            &bus,
            Event::Tick {
                period: Period::Minute,
                when: 60,
            },
        );
        publish(&bus, Event::GroupAdded("b".into()));
        settle().await;
        assert_eq!(delivered(&all).len(), 2);
        let told = feed.events().0;
        let told: Vec<_> = told.iter().map(|entry| entry.news.clone()).collect();
        let added = |serial, name: &str| News::Event {
            serial,
            event: Arc::new(Event::GroupAdded(name.into())),
        };
        assert_eq!(told, [added(None, "a"), added(Some(6), "b")]);
    });
}

#[test]
fn serials_go_on_where_the_last_life_ended() {
    on_paused_time(async {
        let bus = EventBus::new(41, Interest::default()).start();
        let all = subscribe(&bus, "all", &[EventKind::Event]);
        publish(&bus, Event::SupervisorRunning);
        settle().await;
        assert_eq!(
            delivered(&all),
            [(41, EventKind::SupervisorStateChangeRunning)]
        );
    });
}

#[test]
fn a_second_subscription_replaces_the_first() {
    on_paused_time(async {
        let bus = EventBus::new(0, Interest::default()).start();
        let old = subscribe(&bus, "pool", &[EventKind::Event]);
        let new = subscribe(&bus, "pool", &[EventKind::ProcessGroup]);
        publish(&bus, Event::GroupAdded("g".into()));
        publish(&bus, Event::SupervisorRunning);
        settle().await;
        assert_eq!(delivered(&old), []);
        assert_eq!(delivered(&new), [(0, EventKind::ProcessGroupAdded)]);
    });
}

#[test]
fn interest_is_kept_up_to_date() {
    on_paused_time(async {
        let interest = Interest::default();
        let bus = EventBus::new(0, interest.clone()).start();
        let (watcher, changes) = recorder();
        bus.do_send(WatchInterest(watcher));
        let _ticks = subscribe(&bus, "ticks", &[EventKind::Tick]);
        let _logs = subscribe(&bus, "logs", &[EventKind::ProcessLogStderr]);
        settle().await;
        assert!(interest.wants(EventKind::Tick60) && interest.wants(EventKind::ProcessLogStderr));
        assert!(!interest.wants(EventKind::ProcessLogStdout));
        bus.do_send(Unsubscribe("ticks".into()));
        settle().await;
        assert!(!interest.wants(EventKind::Tick60));
        let seen: Vec<bool> = changes
            .take()
            .iter()
            .map(|InterestChanged(kinds)| kinds.contains(EventKind::Tick5))
            .collect();
        assert_eq!(seen, [false, true, true, false]);
    });
}
