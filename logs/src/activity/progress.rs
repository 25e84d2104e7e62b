//! How far the thread of a writer has come, for callers that wait until what was said is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::watch;

/// How long a caller waits. Once nothing has been written for so long, no caller waits any more
/// until something is: a disk that hangs costs its clients this once.
const PATIENCE: Duration = Duration::from_millis(200);

/// Counts what is queued and what is done.
#[derive(Debug, Default)]
pub(super) struct Progress {
    queued: AtomicU64,
    done: watch::Sender<u64>,
    /// One more than `done` was when a caller gave up waiting; 0: none has.
    given_up: AtomicU64,
}

impl Progress {
    /// So many more are queued.
    pub(super) fn queued(&self, count: usize) {
        self.queued.fetch_add(count as u64, Ordering::Release);
    }

    /// The next ones are done.
    pub(super) fn done(&self, count: usize) {
        self.done.send_modify(|done| *done += count as u64);
    }

    /// Completes when everything queued before is done, or has taken too long; `None` if there
    /// is nothing to wait for.
    pub(super) fn settled(self: &Arc<Self>) -> Option<BoxFuture<'static, ()>> {
        let queued = self.queued.load(Ordering::Acquire);
        let done = *self.done.borrow();
        if done >= queued || self.given_up.load(Ordering::Relaxed) == done + 1 {
            return None;
        }
        let progress = Arc::clone(self);
        let wait = async move {
            let mut changes = progress.done.subscribe();
            let waited = tokio::time::timeout(PATIENCE, changes.wait_for(|done| *done >= queued));
            if waited.await.is_err() {
                let done = *progress.done.borrow();
                progress.given_up.store(done + 1, Ordering::Relaxed);
            }
        };
        Some(wait.boxed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    fn is_ready(wait: &mut BoxFuture<'static, ()>) -> bool {
        wait.poll_unpin(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_what_was_said_before() {
        let progress = Arc::new(Progress::default());
        assert!(progress.settled().is_none());
        progress.queued(1);
        progress.queued(1);
        let mut wait = progress.settled().expect("something to wait for");
        progress.queued(1);
        assert!(!is_ready(&mut wait));
        progress.done(1);
        assert!(!is_ready(&mut wait));
        progress.done(1);
        assert!(is_ready(&mut wait));
        progress.done(1);
        assert!(progress.settled().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_is_waited_for_once() {
        let progress = Arc::new(Progress::default());
        progress.queued(1);
        let begun = tokio::time::Instant::now();
        progress.settled().expect("something to wait for").await;
        assert_eq!(begun.elapsed().as_millis(), PATIENCE.as_millis());
        progress.queued(1);
        assert!(progress.settled().is_none(), "it still hangs");
        progress.done(1);
        assert!(progress.settled().is_some(), "it has come back");
    }
}
