//! The newest of numbered things, within a bound; it knows up to where it has forgotten.

use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Ring<T> {
    kept: VecDeque<(u64, T, usize)>,
    most: usize,
    most_bytes: usize,
    bytes: usize,
    /// The highest number that was forgotten.
    forgotten: u64,
}

impl<T> Ring<T> {
    /// An empty ring for this many things of so many bytes together; one is kept whatever its
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

    /// Add a thing; its number is higher than any before.
    pub(super) fn push(&mut self, seq: u64, thing: T, bytes: usize) {
        self.kept.push_back((seq, thing, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.kept.len() > 1 && (self.kept.len() > self.most || self.bytes > self.most_bytes) {
            if let Some((seq, _, bytes)) = self.kept.pop_front() {
                self.forgotten = seq;
                self.bytes -= bytes;
            }
        }
    }

    /// Everything with a higher number, oldest first; `None` if some of it is forgotten.
    pub(super) fn after(&self, seq: u64) -> Option<impl Iterator<Item = &T>> {
        if seq < self.forgotten {
            return None;
        }
        let from = self.kept.partition_point(|(other, ..)| *other <= seq);
        Some(self.kept.range(from..).map(|(_, thing, _)| thing))
    }

    /// Everything kept, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().map(|(_, thing, _)| thing)
    }
}
