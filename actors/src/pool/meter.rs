//! Numbers about a pool that other threads may read at any time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// See the module.
#[derive(Debug, Default)]
pub struct PoolMeter {
    waiting: AtomicUsize,
    held: AtomicUsize,
    discarded: AtomicU64,
}

impl PoolMeter {
    pub(super) fn show(&self, waiting: usize, held: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.held.store(held, Ordering::Relaxed);
    }

    pub(super) fn count_discarded(&self) {
        self.discarded.fetch_add(1, Ordering::Relaxed);
    }

    /// Events in the buffer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Events that listeners work on.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Events lost because the buffer was full, since the pool was made.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded.load(Ordering::Relaxed)
    }
}
