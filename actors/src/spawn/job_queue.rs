//! Runs jobs of one kind, such as reading the configuration, one at a time.
//!
//! When a job hangs, its client may send more requests. Only the first job occupies a spawner thread,
//! so programs can still be started.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use super::{SpawnError, SpawnerHandle};

/// A job that takes longer hangs: the jobs behind it fail.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct JobQueue {
    turn: Arc<Mutex<()>>,
    /// When the latest job was queued, or begun.
    since: Arc<parking_lot::Mutex<Instant>>,
}

impl Default for JobQueue {
    fn default() -> Self {
        Self {
            turn: Arc::default(),
            since: Arc::new(parking_lot::Mutex::new(Instant::now())),
        }
    }
}

impl JobQueue {
    /// Run a job on a spawner thread, after those of its kind that came before. It is queued now
    /// if there are none.
    /// Errors: an earlier one hangs, no thread can be had, or the job panicked.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        spawner: &SpawnerHandle,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> LocalBoxFuture<'static, Result<T, SpawnError>> {
        if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            return self.begin(turn, spawner, job);
        }
        let (queue, spawner) = (self.clone(), spawner.clone());
        Box::pin(async move {
            let turn = queue.turn().await?;
            queue.begin(turn, &spawner, job).await
        })
    }

    /// Wait for the turn. Error: the job that has it hangs.
    async fn turn(&self) -> Result<OwnedMutexGuard<()>, SpawnError> {
        let turn = Arc::clone(&self.turn).lock_owned();
        tokio::pin!(turn);
        loop {
            let due = *self.since.lock() + PATIENCE;
            if let Ok(turn) = timeout_at(due, &mut turn).await {
                return Ok(turn);
            }
            // unless another job has had its turn meanwhile
            if *self.since.lock() + PATIENCE <= due {
                return Err(SpawnError::EarlierHangs);
            }
        }
    }

    fn begin<T: Send + 'static>(
        &self,
        turn: OwnedMutexGuard<()>,
        spawner: &SpawnerHandle,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> LocalBoxFuture<'static, Result<T, SpawnError>> {
        *self.since.lock() = Instant::now();
        let queue = self.clone();
        spawner.run(move || {
            *queue.since.lock() = Instant::now();
            let done = job();
            drop(turn);
            done
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::spawn::SpawnerOptions;

    /// A job of this queue that hangs until what is returned is dropped.
    fn hang(queue: &JobQueue, spawner: &SpawnerHandle) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        drop(queue.run(spawner, move || {
            begin.send(()).expect("a receiver");
            // an error is the release too
            let _ = held.recv();
        }));
        begun.recv().expect("it has begun");
        release
    }

    #[tokio::test]
    async fn a_job_waits_for_those_before_it() {
        let spawner = SpawnerHandle::start(SpawnerOptions::default()).expect("threads");
        let queue = JobQueue::default();
        let release = hang(&queue, &spawner);
        let second = queue.run(&spawner, || 2);
        let third = queue.run(&spawner, || 3);
        drop(release);
        assert_eq!((second.await, third.await), (Ok(2), Ok(3)));
    }

    #[tokio::test]
    async fn jobs_behind_one_that_hangs_fail_and_keep_no_thread() {
        let spawner = SpawnerHandle::start(SpawnerOptions::default()).expect("threads");
        let queue = JobQueue::default();
        let release = hang(&queue, &spawner);
        // as if it had hung for long
        *queue.since.lock() -= PATIENCE;
        for _ in 0..200 {
            let late = queue.run(&spawner, || ()).await;
            assert_eq!(late, Err(SpawnError::EarlierHangs));
        }
        assert_eq!(
            JobQueue::default().run(&spawner, || 7).await,
            Ok(7),
            "others go on"
        );
        drop(release);
        let again = queue.run(&spawner, || 8);
        *queue.since.lock() += PATIENCE;
        assert_eq!(again.await, Ok(8));
    }
}
