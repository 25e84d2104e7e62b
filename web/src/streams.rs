//! What all live streams of the server share: turns to write, and messages that are formatted once
//! for all clients.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Streams that write at a time.
const TURNS: usize = 4;

/// Messages about feed entries that are kept: as many as clients that keep up can be apart.
const KEPT: usize = 256;

/// Name and data of a message.
pub(crate) type LiveMessage = (&'static str, Arc<str>);

/// See the module.
#[derive(Debug)]
pub struct LiveStreams {
    turns: Semaphore,
    entries: Mutex<BTreeMap<u64, LiveMessage>>,
    usage: Mutex<BTreeMap<Instant, Arc<str>>>,
}

impl Default for LiveStreams {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(TURNS),
            entries: Mutex::default(),
            usage: Mutex::default(),
        }
    }
}

impl LiveStreams {
    /// Waits for a turn to write. A change wakes all streams at once; with turns other tasks of
    /// the thread need not wait for all of them.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // it is never closed
        let turn = self.turns.acquire().await.ok();
        // other tasks first
        tokio::task::yield_now().await;
        turn
    }

    /// The message about a feed entry, which `format` makes the first time.
    pub(crate) fn entry(&self, seq: u64, format: impl FnOnce() -> LiveMessage) -> LiveMessage {
        once(&self.entries, KEPT, seq, format)
    }

    /// The data of the usage sample of this time, which `format` makes the first time.
    pub(crate) fn usage(&self, taken: Instant, format: impl FnOnce() -> String) -> Arc<str> {
        once(&self.usage, 1, taken, || format().into())
    }
}

/// The value of a key, made if it is not known; the last values are kept.
fn once<K: Ord, V: Clone>(
    known: &Mutex<BTreeMap<K, V>>,
    most: usize,
    key: K,
    make: impl FnOnce() -> V,
) -> V {
    let mut known = known.lock();
    if let Some(value) = known.get(&key) {
        return value.clone();
    }
    let value = make();
    known.insert(key, value.clone());
    while known.len() > most {
        known.pop_first();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_formatted_once_and_forgotten_after_others() {
        let streams = LiveStreams::default();
        let format = || ("gone", Arc::from("{}"));
        let first = streams.entry(1, format);
        let again = streams.entry(1, || unreachable!("formatted twice"));
        assert!(Arc::ptr_eq(&first.1, &again.1));
        for seq in 2..1000 {
            streams.entry(seq, format);
        }
        assert_eq!(streams.entries.lock().len(), KEPT);
    }
}
