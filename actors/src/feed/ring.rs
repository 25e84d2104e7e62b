//! The newest entries of a kind, within a bound; it knows up to where it has forgotten.

use std::collections::VecDeque;
use std::sync::Arc;

use visord_model::event::Event;

use super::{Entry, News};

#[derive(Debug)]
pub(super) struct Ring {
    /// Oldest first.
    pub(super) kept: VecDeque<Arc<Entry>>,
    most: usize,
    most_bytes: usize,
    bytes: usize,
    /// The highest number that was forgotten.
    forgotten: u64,
}

impl Ring {
    /// An empty ring for this many entries of so many bytes together; one is kept whatever its
    /// size.
    pub(super) const fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            most,
            most_bytes,
            bytes: 0,
            forgotten: 0,
        }
    }

    /// Add an entry; its number is higher than any before.
    pub(super) fn push(&mut self, entry: Arc<Entry>) {
        self.bytes += size(&entry.news);
        self.kept.push_back(entry);
        while self.kept.len() > 1 && (self.kept.len() > self.most || self.bytes > self.most_bytes) {
            if let Some(old) = self.kept.pop_front() {
                self.forgotten = old.seq;
                self.bytes -= size(&old.news);
            }
        }
    }

    /// Everything with a higher number, oldest first; `None` if some of it is forgotten.
    pub(super) fn after(&self, seq: u64) -> Option<impl Iterator<Item = &Arc<Entry>>> {
        let from = self.kept.partition_point(|entry| entry.seq <= seq);
        (seq >= self.forgotten).then(|| self.kept.range(from..))
    }
}

/// About how many bytes an entry keeps alive, where that may be many.
pub(super) fn size(news: &News) -> usize {
    let News::Event { event, .. } = news else {
        return 0;
    };
    match &**event {
        Event::ProcessCommunication(output) | Event::ProcessLog(output) => output.data.len(),
        Event::Remote { kind, data } => kind.len() + data.len(),
        Event::ProcessState { .. }
        | Event::SupervisorRunning
        | Event::SupervisorStopping
        | Event::Tick { .. }
        | Event::GroupAdded(_)
        | Event::GroupRemoved(_)
        | Event::ProcessAdded(_)
        | Event::ProcessRemoved(_)
        | Event::ProcessEnabled(_)
        | Event::ProcessDisabled(_) => 0,
    }
}
