//! How far the thread of a lane has come, for those who wait until what was said is written.

use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::watch;

/// How long anybody waits. Once nothing has been written for so long, nobody waits any more
/// until something is: a disk that hangs costs its clients this once.
const PATIENCE: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug)]
pub(super) struct Progress {
    /// Records queued.
    said: AtomicU64,
    /// Records done with.
    done: watch::Sender<u64>,
    /// One more than `done` was when somebody gave up waiting; 0: nobody has.
    given_up: AtomicU64,
}

/// Loggers ask for it. Two numbers are whole whatever panics.
impl RefUnwindSafe for Progress {}

impl Progress {
    /// Nothing was said yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            said: AtomicU64::new(0),
            done: watch::Sender::new(0),
            given_up: AtomicU64::new(0),
        })
    }

    /// A record was queued.
    pub(super) fn said(&self) {
        self.said.fetch_add(1, Ordering::Release);
    }

    /// The next record is done with.
    pub(super) fn done(&self) {
        self.done.send_modify(|done| *done += 1);
    }

    /// Completes when everything said before is done with, or has taken too long; `None` if
    /// there is nothing to wait for.
    pub(super) fn settled(self: &Arc<Self>) -> Option<BoxFuture<'static, ()>> {
        let said = self.said.load(Ordering::Acquire);
        let done = *self.done.borrow();
        if done >= said || self.given_up.load(Ordering::Relaxed) == done + 1 {
            return None;
        }
        let progress = Arc::clone(self);
        let wait = async move {
            let mut news = progress.done.subscribe();
            let waited = tokio::time::timeout(PATIENCE, news.wait_for(|done| *done >= said));
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
        let progress = Progress::new();
        assert!(progress.settled().is_none());
        progress.said();
        progress.said();
        let mut wait = progress.settled().expect("something to wait for");
        progress.said();
        assert!(!is_ready(&mut wait));
        progress.done();
        assert!(!is_ready(&mut wait));
        progress.done();
        assert!(is_ready(&mut wait));
        progress.done();
        assert!(progress.settled().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_is_waited_for_once() {
        let progress = Progress::new();
        progress.said();
        let begun = tokio::time::Instant::now();
        progress.settled().expect("something to wait for").await;
        assert_eq!(begun.elapsed().as_millis(), PATIENCE.as_millis());
        progress.said();
        assert!(progress.settled().is_none(), "it still hangs");
        progress.done();
        assert!(progress.settled().is_some(), "it has come back");
    }
}
