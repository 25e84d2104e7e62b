//! Threads for jobs that may block or take long: reading or searching a log, `/proc`, a
//! certificate or a name server, verifying a password.
//!
//! A few of them exist from the start, so a job never needs a thread that cannot be had. While all
//! of them are kept (by a file system that hangs, say) more are started, up to a limit; these end
//! when no job waits. A job that is not done is an error for its caller, never a panic, and no
//! thread is waited for at the end of the daemon.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use derive_more::Display;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, oneshot};

/// Threads that exist from the start.
const CORE_THREADS: usize = 4;

const MOST_THREADS: usize = 64;

/// Jobs that may wait for a thread.
const MOST_JOBS: usize = 1024;

/// Searches at a time: they take long, and others want the cores and the disk, too.
const SEARCHES: usize = 2;

/// Why a job was not done.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
pub enum NotDone {
    /// Too many jobs wait already.
    #[display("too many jobs wait for a thread")]
    Busy,
    /// The job panicked; the panic hook has reported it.
    #[display("the job panicked")]
    Panicked,
}

impl std::error::Error for NotDone {}

impl From<NotDone> for io::Error {
    fn from(error: NotDone) -> Self {
        Self::other(error)
    }
}

/// Runs jobs that may block. Clones are the same pool; its threads end when the last is dropped.
#[derive(Clone)]
pub struct Workers(Arc<Handle>);

impl Workers {
    /// A pool whose first threads exist.
    ///
    /// # Errors
    /// A thread cannot be had.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        // dropped by an error, it ends those that were started
        let workers = Self(Arc::new(Handle {
            shared: Arc::clone(&shared),
            searches: Arc::new(Semaphore::new(SEARCHES)),
        }));
        for _ in 0..CORE_THREADS {
            shared.state.lock().threads += 1;
            start_thread(&shared, true)?;
        }
        Ok(workers)
    }

    /// Run a job on a thread that may block. It is queued when this is called, not when the answer
    /// is first polled, and is done even if the caller drops the answer.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run<T, F>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<T, NotDone>> + Send + 'static + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.0.shared.push(Box::new(move || {
            // the caller may have lost interest
            let _ = reply.send(job());
        }));
        async move {
            queued?;
            answer.await.map_err(|_| NotDone::Panicked)
        }
    }

    /// Run a search through much of a log, as [`run`](Self::run) does. At most two of them
    /// run at a time; the others are not queued yet, and not done if the caller drops the answer.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn search<T, F>(&self, job: F) -> Result<T, NotDone>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = Arc::clone(&self.0.searches).acquire_owned().await;
        let search = self.run(move || {
            // until the search ends, even if its caller is gone; the semaphore is never closed
            let _turn = turn.ok();
            job()
        });
        search.await
    }
}

/// Ends the threads when it is dropped.
struct Handle {
    shared: Arc<Shared>,
    /// Searches that may begin.
    searches: Arc<Semaphore>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.state.lock().is_closed = true;
        self.shared.work.notify_all();
    }
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A job was queued, or the pool was closed.
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Threads that wait for a job.
    idle: usize,
    threads: usize,
    is_closed: bool,
}

impl Shared {
    fn push(self: &Arc<Self>, job: Job) -> Result<(), NotDone> {
        let mut state = self.state.lock();
        if state.jobs.len() >= MOST_JOBS {
            return Err(NotDone::Busy);
        }
        state.jobs.push_back(job);
        if state.jobs.len() <= state.idle || state.threads >= MOST_THREADS {
            drop(state);
            self.work.notify_one();
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        // without another thread the job waits until one of those there are is free
        let _ = start_thread(self, false);
        Ok(())
    }

    /// The next job. `None`: this thread is to end.
    fn next(&self, is_core: bool) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.is_closed || !is_core {
                state.threads -= 1;
                return None;
            }
            state.idle += 1;
            self.work.wait(&mut state);
            state.idle -= 1;
        }
    }
}

/// Start a thread that is counted already.
fn start_thread(shared: &Arc<Shared>, is_core: bool) -> io::Result<()> {
    let worker = Arc::clone(shared);
    let thread = thread::Builder::new().name("worker".into());
    let started = thread.spawn(move || {
        while let Some(job) = worker.next(is_core) {
            // the panic hook has reported it, the caller sees that its answer is gone
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    });
    started
        .map(drop)
        .inspect_err(|_| shared.state.lock().threads -= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn wait<T>(answer: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(answer)
    }

    #[test]
    fn a_panic_is_an_error_and_the_thread_goes_on() {
        let workers = Workers::start().expect("threads");
        for _ in 0..2 * MOST_THREADS {
            let done = wait(workers.run(|| -> () { panic!("as this test wants") }));
            assert_eq!(done, Err(NotDone::Panicked));
        }
        assert_eq!(wait(workers.run(|| 7)), Ok(7));
    }

    #[test]
    fn blocked_jobs_hold_up_others_only_at_the_limit() {
        let workers = Workers::start().expect("threads");
        let mut releases = Vec::new();
        let mut answers = Vec::new();
        let mut block = |answers: &mut Vec<_>| {
            let (release, released) = mpsc::channel::<()>();
            releases.push(release);
            let (begin, begun) = mpsc::channel();
            answers.push(workers.run(move || {
                begin.send(()).expect("a receiver");
                // an error is the release too
                let _ = released.recv();
            }));
            begun.recv().expect("a thread has taken it");
        };
        (1..MOST_THREADS).for_each(|_| block(&mut answers));
        assert_eq!(wait(workers.run(|| 7)), Ok(7), "a thread is left");
        block(&mut answers);
        let kept = workers.run(|| 8);
        let queued: Vec<_> = (1..MOST_JOBS).map(|n| workers.run(move || n)).collect();
        assert_eq!(wait(workers.run(|| 9)), Err(NotDone::Busy));
        drop(releases);
        assert_eq!(wait(kept), Ok(8));
        for (n, answer) in (1..).zip(queued) {
            assert_eq!(wait(answer), Ok(n));
        }
        for answer in answers {
            assert_eq!(wait(answer), Ok(()));
        }
    }

    #[test]
    fn a_search_keeps_its_turn_until_it_ends() {
        let workers = Workers::start().expect("threads");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime");
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let (begin, begun) = mpsc::channel();
        let search = || {
            let (workers, released, begin) =
                (workers.clone(), Arc::clone(&released), begin.clone());
            async move {
                let search = workers.search(move || {
                    begin.send(()).expect("a receiver");
                    // an error is the release too
                    let _ = released.lock().recv();
                });
                search.await
            }
        };
        let callers: Vec<_> = (0..SEARCHES).map(|_| runtime.spawn(search())).collect();
        runtime.block_on(tokio::task::yield_now());
        for caller in callers {
            begun.recv().expect("a thread has taken it");
            // the search goes on
            caller.abort();
        }
        let next = runtime.spawn(search());
        let other = runtime.block_on(workers.run(|| 7));
        assert_eq!(other, Ok(7), "a thread is left");
        assert!(begun.try_recv().is_err(), "a third search has begun");
        drop(release);
        assert_eq!(runtime.block_on(next).expect("a search"), Ok(()));
    }

    #[test]
    fn threads_end_with_the_last_handle() {
        let workers = Workers::start().expect("threads");
        let shared = Arc::clone(&workers.0.shared);
        let (done, is_done) = mpsc::channel();
        drop(workers.run(move || done.send(()).expect("a receiver")));
        drop(workers);
        is_done.recv().expect("a queued job is done");
        while shared.state.lock().threads > 0 {
            thread::yield_now();
        }
    }
}
