//! Counts what is in progress, with a bound, and waits for its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Requests or streams that have not ended. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    count: AtomicUsize,
    none_left: Notify,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct InFlightGuard(InFlight);

impl InFlight {
    /// One more, if there are fewer than `most`.
    #[must_use]
    pub fn enter(&self, most: usize) -> Option<InFlightGuard> {
        let more = |count: usize| (count < most).then_some(count + 1);
        let counted = self
            .0
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        counted.ok().map(|_| InFlightGuard(self.clone()))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Completes when there are none.
    pub async fn ended(&self) {
        loop {
            let none_left = self.0.none_left.notified();
            if self.count() == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let inner = &self.0.0;
        if inner.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            inner.none_left.notify_waiters();
        }
    }
}
