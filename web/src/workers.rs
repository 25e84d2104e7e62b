//! Threads for what may wait for a disk or takes long: reading and searching logs, making pages
//! of them. The HTTP thread never does any of this.
//!
//! The threads are created when the server starts ([`Workers::start`]), so a request never fails
//! because the system has no thread to give. Their number bounds how much of such work, and how
//! much memory for it, there is at a time. If work waits because all threads hang on a dead
//! disk, up to [`RELIEF`] more threads help out until the queue is empty.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Threads that exist as long as the server, for what reads and searches logs.
const THREADS: usize = 4;

/// Threads at most that are added while work waits for too long.
const RELIEF: usize = 12;

/// How long work waits before another thread is added.
const TOO_LONG: Duration = Duration::from_millis(500);

/// Searches at a time: the other threads read for those who wait for one part of a log.
const SEARCHES: usize = 2;

type Job = Box<dyn FnOnce() + Send>;

/// See the module. Clones share the threads, which end with the last clone.
#[derive(Clone)]
pub struct Workers {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
}

struct Shared {
    name: &'static str,
    /// Threads of [`Workers::start`].
    most: usize,
    queue: Arc<Queue>,
    searches: Semaphore,
}

struct Queue {
    jobs: Mutex<Receiver<Job>>,
    /// Jobs that no thread has begun.
    waiting: AtomicUsize,
    /// Threads that exist.
    threads: AtomicUsize,
    /// Threads beyond those.
    relief: AtomicUsize,
}

/// The work was not done to its end: it panicked, or the daemon ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the work was not done to its end")
    }
}

impl std::error::Error for Lost {}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Workers")
    }
}

impl Default for Workers {
    /// Without threads: work waits until [`start`](Self::start).
    fn default() -> Self {
        Self::named("http-worker", THREADS)
    }
}

impl Workers {
    /// So many threads of this name, which [`start`](Self::start) creates.
    #[must_use]
    pub fn named(name: &'static str, most: usize) -> Self {
        let (jobs, receiver) = mpsc::channel();
        Self {
            jobs,
            shared: Arc::new(Shared {
                name,
                most,
                queue: Arc::new(Queue {
                    jobs: Mutex::new(receiver),
                    waiting: AtomicUsize::new(0),
                    threads: AtomicUsize::new(0),
                    relief: AtomicUsize::new(0),
                }),
                searches: Semaphore::new(SEARCHES),
            }),
        }
    }

    /// Create the threads that are missing.
    ///
    /// # Errors
    /// No thread to be had. Those that were created remain.
    pub fn start(&self) -> io::Result<()> {
        let queue = &self.shared.queue;
        while queue.threads.load(Ordering::Relaxed) < self.shared.most {
            let own = Arc::clone(queue);
            thread::Builder::new()
                .name(self.shared.name.into())
                .spawn(move || own.work())?;
            queue.threads.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Do this on one of the threads. Work whose caller has gone before it began is not done.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let (done, mut result) = oneshot::channel();
        let queue = &self.shared.queue;
        queue.waiting.fetch_add(1, Ordering::Relaxed);
        let counted = Arc::clone(queue);
        let job: Job = Box::new(move || {
            counted.waiting.fetch_sub(1, Ordering::Relaxed);
            if !done.is_closed() {
                // the caller may have gone meanwhile
                let _ = done.send(work());
            }
        });
        self.jobs.send(job).map_err(|_| Lost)?;
        loop {
            match timeout(TOO_LONG, &mut result).await {
                Ok(result) => return result.map_err(|_| Lost),
                Err(_) if queue.waiting.load(Ordering::Relaxed) == 0 => {
                    return result.await.map_err(|_| Lost);
                }
                Err(_) => self.relieve(),
            }
        }
    }

    /// The same for a search through much of a log; no more than [`SEARCHES`] at a time.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn search<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        // it is never closed
        let _turn = self.shared.searches.acquire().await.map_err(|_| Lost)?;
        self.run(work).await
    }

    /// Add a thread for as long as there is work for it. Without one, the work waits on.
    fn relieve(&self) {
        let queue = Arc::clone(&self.shared.queue);
        if queue.relief.fetch_add(1, Ordering::Relaxed) < RELIEF {
            let own = Arc::clone(&queue);
            let helper = thread::Builder::new().name("http-relief".into());
            if helper.spawn(move || own.help()).is_ok() {
                return;
            }
        }
        queue.relief.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    /// Take jobs until no handle is left.
    fn work(&self) {
        loop {
            let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            let next = jobs.recv();
            drop(jobs);
            match next {
                Ok(job) => do_it(job),
                Err(_) => return,
            }
        }
    }

    /// Take jobs until none is left.
    fn help(&self) {
        loop {
            let next = match self.jobs.try_lock() {
                Ok(jobs) => jobs.try_recv(),
                Err(TryLockError::Poisoned(jobs)) => jobs.into_inner().try_recv(),
                // another thread waits for jobs: there are none
                Err(TryLockError::WouldBlock) => break,
            };
            let Ok(job) = next else { break };
            do_it(job);
        }
        self.relief.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A job that panics is lost, and the panic is in the activity log; the thread goes on.
fn do_it(job: Job) {
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[actix::test]
    async fn work_is_done_on_other_threads_and_panics_are_lost() {
        let workers = Workers::default();
        workers.start().unwrap();
        let here = thread::current().id();
        let there = workers.run(|| thread::current().id()).await.unwrap();
        assert_ne!(here, there);
        for _ in 0..2 * THREADS {
            let lost = workers.run(|| panic!("for the test")).await;
            assert_eq!(lost, Err::<(), _>(Lost));
        }
        assert_eq!(workers.run(|| 1).await, Ok(1));
    }

    /// Threads that hang on a dead disk do not take others' logs away.
    #[actix::test]
    async fn threads_that_hang_are_relieved() {
        let workers = Workers::default();
        workers.start().unwrap();
        let (release, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let hung: Vec<_> = (0..THREADS)
            .map(|_| {
                let (workers, held) = (workers.clone(), Arc::clone(&held));
                actix_web::rt::spawn(async move {
                    workers
                        .run(move || {
                            // the other side is dropped in the end
                            let _ = held.lock().unwrap().recv();
                        })
                        .await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let answer = timeout(Duration::from_secs(30), workers.run(|| 7)).await;
        assert_eq!(answer, Ok(Ok(7)));
        drop(release);
        for one in hung {
            one.await.unwrap().unwrap();
        }
    }
}
