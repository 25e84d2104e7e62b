//! What is resumed never gaps or doubles.

use proptest::prelude::*;
use visord_model::event::Output;
use visord_model::event::Stream;

use super::*;

fn gone(name: &str) -> News {
    News::Gone(ProcessName::new(name, name))
}

fn event(serial: Option<u64>, bytes: usize) -> News {
    News::Event {
        serial,
        event: Arc::new(Event::Remote {
            kind: String::new(),
            data: "x".repeat(bytes),
        }),
    }
}

fn entry(seq: u64, news: News) -> Arc<Entry> {
    Arc::new(Entry { seq, at: 0, news })
}

fn seqs(entries: Option<Vec<Arc<Entry>>>) -> Option<Vec<u64>> {
    entries.map(|entries| entries.iter().map(|entry| entry.seq).collect())
}

#[test]
fn everything_after_a_cursor_in_order() {
    let feed = Feed::default();
    let start = feed.cursor();
    assert_eq!(feed.since(start), Some(Vec::new()));
    feed.publish(gone("a"));
    feed.publish(event(Some(7), 1));
    let middle = feed.cursor();
    feed.publish(gone("b"));
    assert_eq!(seqs(feed.since(start)), Some(vec![1, 2, 3]));
    assert_eq!(seqs(feed.since(middle)), Some(vec![3]));
    assert_eq!(feed.since(Feed::default().cursor()), None);
    assert_eq!(feed.since(middle.at(4)), None);
    let (events, cursor) = feed.events();
    assert_eq!((events.len(), cursor.seq()), (1, 3));
}

#[test]
fn large_events_are_forgotten_sooner() {
    let feed = Feed::default();
    let start = feed.cursor();
    for _ in 0..20 {
        feed.publish(event(None, 1024 * 1024));
    }
    assert_eq!(feed.events().0.len(), 8);
    assert_eq!(feed.since(start), None);
    assert_eq!(
        seqs(feed.since(start.at(12))),
        Some((13..=20).collect::<Vec<u64>>())
    );
    // one alone is kept whatever its size
    feed.publish(event(None, 9 * 1024 * 1024));
    assert_eq!(feed.events().0.len(), 1);
}

#[test]
fn the_last_thousand_events_survive_any_number_of_changes() {
    let feed = Feed::default();
    for number in 0..5000 {
        feed.publish(gone("x"));
        if number < 1200 {
            feed.publish(event(None, 1));
        }
    }
    assert_eq!(feed.events().0.len(), EVENTS_KEPT);
}

#[test]
fn cursors_are_read_as_they_are_written_and_nothing_else_is() {
    let cursor = Feed::default().cursor().at(77);
    assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    for text in [
        "",
        "-",
        "0123456789abcdef",
        "0123456789abcdef-",
        "0123456789abcdef-+1",
        "+123456789abcdef-1",
        "0123456789ABCDEF-1",
        "0123456789abcdef-99999999999999999999",
        "0123456789abcdef-1-1",
    ] {
        assert_eq!(Cursor::parse(text), None, "{text}");
    }
}

#[test]
fn output_and_time_are_no_news() {
    for kind in EventKind::all() {
        let quiet = kind.is_a(EventKind::ProcessLog) || kind.is_a(EventKind::Tick);
        assert_eq!(Feed::has(kind), !quiet, "{}", kind.name());
    }
    let output = Output {
        name: ProcessName::new("g", "p"),
        pid: 1,
        stream: Stream::Stdout,
        data: vec![0; 9],
    };
    let news = News::Event {
        serial: None,
        event: Arc::new(Event::ProcessCommunication(output)),
    };
    assert_eq!(ring::size(&news), 9);
}

#[tokio::test]
async fn readers_are_woken() {
    let feed = Feed::default();
    let mut changed = feed.changed();
    feed.publish(gone("a"));
    changed.changed().await.unwrap();
    assert_eq!(*changed.borrow_and_update(), 1);
}

/// What a history does.
#[derive(Clone, Debug)]
enum Deed {
    Change,
    Event(usize),
    /// Reader number so-and-so looks.
    Read(usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => Just(Deed::Change),
        4 => (0usize..40).prop_map(Deed::Event),
        1 => (0usize..3).prop_map(Deed::Read),
    ];
    prop::collection::vec(deed, 0..400)
}

proptest! {
    /// Readers that come back at any time get each number once and in order, or are told to
    /// begin anew; and who was never far behind is never told so.
    #[test]
    fn resuming_never_gaps_or_doubles(deeds in deeds()) {
        const MOST: usize = 20;
        let mut changes = Ring::new(MOST, usize::MAX);
        let mut events = Ring::new(MOST, 100);
        let mut last = 0;
        let mut readers = [0_u64; 3];
        for deed in deeds {
            match deed {
                Deed::Change => {
                    last += 1;
                    changes.push(entry(last, gone("a")));
                }
                Deed::Event(bytes) => {
                    last += 1;
                    events.push(entry(last, event(None, bytes)));
                }
                Deed::Read(number) => {
                    let reader = &mut readers[number];
                    let both = changes.after(*reader).zip(events.after(*reader));
                    match both {
                        Some((left, right)) => {
                            let mut seen: Vec<u64> = left.chain(right).map(|entry| entry.seq).collect();
                            seen.sort_unstable();
                            let expected: Vec<u64> = (*reader + 1..=last).collect();
                            prop_assert_eq!(seen, expected);
                        }
                        None => prop_assert!(last - *reader > 2),
                    }
                    *reader = last;
                }
            }
            let kept = (changes.kept.len(), events.kept.len());
            prop_assert!(kept.0 <= MOST && kept.1 <= MOST);
        }
    }
}
