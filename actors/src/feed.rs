//! The feed: what changed, in order, for readers outside of the listener protocol.
//!
//! States come from the [`Board`](crate::board::Board), which publishes a row when it changes it,
//! and events from the [`EventBus`](crate::event_bus::EventBus), whether or not a listener
//! subscribes to them. Every entry has a number; a reader that knows the last one it saw gets all
//! that came after it, or learns that some of it is forgotten. Readers pull: nothing is kept for
//! a reader, so a slow one costs nothing.

mod cursor;
mod ring;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use visord_model::event::{Event, EventKind};
use visord_model::name::ProcessName;
use visord_model::process::ProcessInfo;

pub use cursor::Cursor;

use crate::clock;
use ring::Ring;

/// Events that are kept.
pub const EVENTS_KEPT: usize = 1000;

/// Bytes of them: one may be as large as a request.
const EVENT_BYTES_KEPT: usize = 8 * 1024 * 1024;

/// Changes of rows that are kept.
const CHANGES_KEPT: usize = 1000;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Rises by one from entry to entry; the first is 1.
    pub seq: u64,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// What.
    pub news: News,
}

/// What an entry tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// This is now true of a process.
    State(Arc<ProcessInfo>),
    /// A process is no longer supervised.
    Gone(ProcessName),
    /// An event.
    Event {
        /// Its global serial; `None` if no listener subscribes to it (spec core 7.2).
        serial: Option<u64>,
        /// The event.
        event: Arc<Event>,
    },
}

/// The feed. Clones are the same feed.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    run: u64,
    kept: Mutex<Kept>,
    changed: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    last: u64,
    changes: Ring,
    events: Ring,
}

impl Default for Feed {
    /// An empty feed with a random name for its run.
    fn default() -> Self {
        Self(Arc::new(Inner {
            // any run but the one before is good enough
            run: fastrand::u64(..),
            kept: Mutex::new(Kept {
                last: 0,
                changes: Ring::new(CHANGES_KEPT, usize::MAX),
                events: Ring::new(EVENTS_KEPT, EVENT_BYTES_KEPT),
            }),
            changed: watch::Sender::new(0),
        }))
    }
}

impl Feed {
    /// Whether events of this kind are published here: all but output and ticks.
    pub fn has(kind: EventKind) -> bool {
        !kind.is_a(EventKind::ProcessLog) && !kind.is_a(EventKind::Tick)
    }

    /// Add an entry. Cheap: a lock that readers hold for the copy of some `Arc`s.
    pub fn publish(&self, news: News) {
        let at = clock::unix_millis();
        let seq = {
            let mut kept = self.0.kept.lock();
            kept.last += 1;
            let seq = kept.last;
            let ring = match &news {
                News::State(_) | News::Gone(_) => &mut kept.changes,
                News::Event { .. } => &mut kept.events,
            };
            ring.push(Arc::new(Entry { seq, at, news }));
            seq
        };
        // the entry of another thread may have been announced first
        self.0.changed.send_if_modified(|last| {
            let later = seq > *last;
            *last = seq.max(*last);
            later
        });
    }

    /// Everything that came after a cursor, oldest first. `None`: some of it is forgotten, or it is
    /// the cursor of another run; begin again.
    pub fn since(&self, cursor: Cursor) -> Option<Vec<Arc<Entry>>> {
        let kept = self.0.kept.lock();
        if cursor.run != self.0.run || cursor.seq > kept.last {
            return None;
        }
        let changes = kept.changes.after(cursor.seq)?;
        let events = kept.events.after(cursor.seq)?;
        let mut all: Vec<Arc<Entry>> = changes.chain(events).cloned().collect();
        // two sorted runs: the sort finds them and only merges
        all.sort_by_key(|entry| entry.seq);
        Some(all)
    }

    /// Where the feed is now: what comes later follows on it.
    pub fn cursor(&self) -> Cursor {
        self.at(self.0.kept.lock().last)
    }

    fn at(&self, seq: u64) -> Cursor {
        let run = self.0.run;
        Cursor { run, seq }
    }

    /// The kept events, oldest first, and the cursor that follows on them.
    pub fn events(&self) -> (Vec<Arc<Entry>>, Cursor) {
        let kept = self.0.kept.lock();
        (
            kept.events.kept.iter().cloned().collect(),
            self.at(kept.last),
        )
    }

    /// The number of the newest entry, and a wake-up when it changes.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }
}

#[cfg(test)]
mod tests;
