//! The bus among recording recipients.

use actix::Addr;
use visord_model::event::{Event, EventKind};

use super::*;
use crate::tests::{Recorded, on_paused_time, recorder, settle};

fn publish(bus: &Addr<EventBus>, event: Event) {
    bus.do_send(Publish(event));
}

fn subscribe(bus: &Addr<EventBus>, name: &str, kinds: &[EventKind]) -> Recorded<Deliver> {
    let (recipient, recorded) = recorder();
    bus.do_send(Subscribe {
        name: name.into(),
        kinds: KindSet::subscribed(kinds),
        recipient,
    });
    recorded
}

fn delivered(recorded: &Recorded<Deliver>) -> Vec<(u64, EventKind)> {
    let all = recorded.take();
    all.iter().map(|d| (d.serial, d.event.kind())).collect()
}

#[test]
fn a_serial_only_for_what_is_subscribed_to() {
    on_paused_time(async {
        let bus = EventBus::new(0, Interest::default(), Feed::default()).start();
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
        // overlapping subscriptions get an event once (difference C3)
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
fn the_feed_has_everything_but_output_and_ticks() {
    on_paused_time(async {
        let feed = Feed::default();
        let bus = EventBus::new(5, Interest::default(), feed.clone()).start();
        publish(&bus, Event::GroupAdded("a".into()));
        let all = subscribe(&bus, "all", &[EventKind::Event]);
        publish(
            &bus,
            Event::Tick {
                kind: EventKind::Tick60,
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
fn serials_go_on_after_a_restart() {
    on_paused_time(async {
        let bus = EventBus::new(41, Interest::default(), Feed::default()).start();
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
        let bus = EventBus::new(0, Interest::default(), Feed::default()).start();
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
        let bus = EventBus::new(0, interest.clone(), Feed::default()).start();
        let mut changes = interest.watch();
        let _ticks = subscribe(&bus, "ticks", &[EventKind::Tick]);
        let _logs = subscribe(&bus, "logs", &[EventKind::ProcessLogStderr]);
        settle().await;
        assert!(interest.wants(EventKind::Tick60) && interest.wants(EventKind::ProcessLogStderr));
        assert!(!interest.wants(EventKind::ProcessLogStdout));
        assert!(changes.borrow_and_update().contains(EventKind::Tick5));
        bus.do_send(Unsubscribe("ticks".into()));
        settle().await;
        assert!(!interest.wants(EventKind::Tick60));
        changes.changed().await.expect("a change");
        assert!(!changes.borrow_and_update().contains(EventKind::Tick5));
        // the same set again wakes no reader
        bus.do_send(Unsubscribe("ticks".into()));
        settle().await;
        assert!(!changes.has_changed().expect("a bus"));
    });
}

/// What a coordinator or another part of the daemon may do changes nothing for listeners.
#[test]
fn readers_of_the_feed_draw_no_serials() {
    on_paused_time(async {
        let serials = async |is_read: bool| {
            let feed = Feed::default();
            let bus = EventBus::new(0, Interest::default(), feed.clone()).start();
            let mut changed = feed.changed();
            let start = feed.cursor();
            publish(&bus, Event::SupervisorRunning);
            let groups = subscribe(&bus, "groups", &[EventKind::ProcessGroup]);
            for event in [
                Event::GroupAdded("g".into()),
                Event::SupervisorStopping,
                Event::GroupRemoved("g".into()),
            ] {
                publish(&bus, event);
                if is_read {
                    changed.changed().await.expect("a publisher");
                    assert!(feed.since(start).is_some());
                }
            }
            settle().await;
            delivered(&groups)
        };
        use EventKind as K;
        let expected = [(0, K::ProcessGroupAdded), (1, K::ProcessGroupRemoved)];
        assert_eq!(serials(false).await, expected);
        assert_eq!(serials(true).await, expected);
    });
}

#[test]
fn nothing_is_wanted_at_first() {
    assert!(!Interest::default().wants(EventKind::Event));
}

#[test]
fn a_parent_covers_its_descendants_only() {
    let interest = Interest::default();
    let reader = interest.clone();
    interest.set(KindSet::subscribed(&[EventKind::ProcessLog]));
    assert!(reader.wants(EventKind::ProcessLogStderr));
    assert!(reader.wants(EventKind::ProcessLog));
    assert!(!reader.wants(EventKind::ProcessCommunicationStdout));
    assert!(!reader.wants(EventKind::Event));
    interest.set(KindSet::subscribed(&[EventKind::Event]));
    assert!(reader.wants(EventKind::Tick3600));
    interest.set(KindSet::default());
    assert!(!reader.wants(EventKind::Tick3600));
}
