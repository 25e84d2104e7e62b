//! The queue of jobs of the spawn workers: one leader carries them out in order, and a standby
//! takes over when a job hangs.
//!
//! A job does everything a start needs that may block, so it hangs with a file system that hangs.
//! Its last part may be to wait for a child: the job then returns what is [`Pending`], and the leader
//! begins the next jobs meanwhile. Pending parts are finished in the order of their jobs.
//!
//! The standby looks at the clock only while something waits for the leader. When the same job has
//! kept the leader longer than [`PATIENCE`], the standby leads, and a new standby is started. A
//! leader that was stuck becomes a standby again when its job is done, or ends if there is one. No
//! job is begun without a standby: if none can be had, the callers get an error. Nothing wakes up
//! while nothing is to be done.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long a job may keep those behind it waiting. On a busy machine a start may take tenths of
/// a second, and those behind it must not overtake it then.
const PATIENCE: Duration = Duration::from_millis(500);

/// The same while other jobs hang: this one probably waits for the same file system, and many of
/// its kind must not add up to minutes for all others.
const SHORT_PATIENCE: Duration = Duration::from_millis(100);

/// Threads at most: one leads, one stands by, the others hang with a program each.
pub(super) const MOST_THREADS: usize = 64;

/// Jobs that may wait at most. A daemon that starts all its programs at once queues one for each.
const MOST_JOBS: usize = 16_384;

/// Parts that may be pending before no further job is begun.
pub(super) const MOST_PENDING: usize = 3;

/// A queue of jobs whose last parts are of the kind `P`.
pub(super) struct SpawnPool<P> {
    state: Mutex<State<P>>,
    /// For the leader: there is work.
    work: Condvar,
    /// For the standby: the leader is busy, and more waits.
    standby: Condvar,
}

/// A job; it may get the reason why it cannot be carried out.
pub(super) type Job<P> = Box<dyn FnOnce(io::Result<()>) -> Option<P> + Send>;

/// What the leader does next.
enum Work<P> {
    Begin(Job<P>),
    Finish(P),
    /// The queue is closed and empty.
    End,
}

struct State<P> {
    /// See [`PATIENCE`].
    patience: Duration,
    jobs: VecDeque<Job<P>>,
    /// The last parts of jobs that were begun, in their order.
    pending: VecDeque<P>,
    /// When the leader began its job; `None`: it waits for work.
    busy_since: Option<Instant>,
    /// Goes up with every change of the leader.
    generation: u64,
    /// A standby looks at the clock.
    is_watched: bool,
    is_closed: bool,
    /// Threads there are, or are about to be.
    threads: usize,
    /// Those of them that lost the lead and still carry out their job.
    stuck: usize,
    /// Those of them that wait to take over.
    standbys: usize,
}

/// The last part of a job, which mostly waits.
pub(super) trait Pending: Send {
    /// Whether there is nothing to wait for.
    fn is_ready(&self) -> bool;

    /// Wait, and complete the job.
    fn finish(self);
}

impl<P: Pending> SpawnPool<P> {
    /// A queue without threads.
    pub(super) fn new() -> Arc<Self> {
        Self::with_patience(PATIENCE)
    }

    fn with_patience(patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                patience,
                jobs: VecDeque::new(),
                pending: VecDeque::new(),
                busy_since: None,
                generation: 0,
                is_watched: false,
                is_closed: false,
                threads: 0,
                stuck: 0,
                standbys: 0,
            }),
            work: Condvar::new(),
            standby: Condvar::new(),
        })
    }

    /// Queue a job. Never blocks. If too many wait already, the job gets an error at once.
    pub(super) fn push(&self, job: Job<P>) {
        let mut state = self.state.lock();
        let waiting = state.jobs.len();
        if waiting >= MOST_JOBS {
            drop(state);
            let refusal = io::Error::other(format!("{waiting} jobs wait already"));
            // what was not begun has no last part
            let _ = job(Err(refusal));
            return;
        }
        state.jobs.push_back(job);
        if state.busy_since.is_none() {
            self.work.notify_one();
        } else if !state.is_watched {
            self.standby.notify_one();
        }
    }

    /// Drain the queue, then end all threads.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.work.notify_all();
        self.standby.notify_all();
    }

    /// Start one more thread with `start`, which makes it call [`Self::serve`]. Errors: there
    /// are [`MOST_THREADS`], or that of `start`.
    pub(super) fn add_thread(&self, start: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        {
            let mut state = self.state.lock();
            if state.threads == MOST_THREADS {
                let stuck = state.stuck;
                return Err(io::Error::other(format!("{stuck} starts hang already")));
            }
            state.threads += 1;
        }
        start().inspect_err(|_| self.state.lock().threads -= 1)
    }

    /// Carry out jobs until the queue is closed and empty, or this thread is not needed any more.
    /// `start` is what [`Self::add_thread`] needs.
    pub(super) fn serve(&self, start: impl Fn() -> io::Result<()>) {
        while let Some(generation) = self.await_lead() {
            loop {
                let pending = match self.next() {
                    Work::Begin(job) => job(self.ensure_standby(&start)),
                    Work::Finish(pending) => {
                        pending.finish();
                        None
                    }
                    Work::End => {
                        self.state.lock().threads -= 1;
                        return;
                    }
                };
                if !self.still_leads(generation, pending) {
                    break;
                }
            }
        }
    }

    /// Whether the thread of this generation still leads, now that it has done its work and only
    /// this is pending.
    fn still_leads(&self, generation: u64, pending: Option<P>) -> bool {
        let mut state = self.state.lock();
        if state.generation == generation {
            state.busy_since = None;
            state.pending.extend(pending);
            return true;
        }
        drop(state);
        // jobs behind it have overtaken it already
        pending.into_iter().for_each(P::finish);
        self.state.lock().stuck -= 1;
        false
    }

    fn ensure_standby(&self, start: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let state = self.state.lock();
        // itself, and one more
        if state.threads - state.stuck >= 2 {
            return Ok(());
        }
        drop(state);
        self.add_thread(start)
    }

    /// What the leader does next.
    fn next(&self) -> Work<P> {
        let mut state = self.state.lock();
        loop {
            if let Some(work) = state.take_work() {
                state.busy_since = Some(Instant::now());
                if state.is_awaited() && !state.is_watched {
                    self.standby.notify_one();
                }
                return work;
            }
            if state.is_closed {
                // a standby that waited for the end of the queue
                self.standby.notify_all();
                return Work::End;
            }
            state.busy_since = None;
            self.work.wait(&mut state);
        }
    }

    /// Wait to lead; returns the generation. `None`: everything is done, or there is a standby
    /// already.
    fn await_lead(&self) -> Option<u64> {
        let mut state = self.state.lock();
        if state.has_leader() && state.standbys > 0 {
            state.threads -= 1;
            return None;
        }
        state.standbys += 1;
        loop {
            let left = state.patience_left();
            if !state.has_leader() || left == Some(Duration::ZERO) {
                state.standbys -= 1;
                return Some(state.lead());
            }
            if state.is_closed && !state.is_awaited() {
                state.standbys -= 1;
                state.threads -= 1;
                return None;
            }
            let Some(left) = left else {
                self.standby.wait(&mut state);
                continue;
            };
            state.is_watched = true;
            self.standby.wait_for(&mut state, left);
            state.is_watched = false;
        }
    }
}

impl<P: Pending> State<P> {
    /// Finish what is ready, or what must be finished before another job is begun; otherwise begin
    /// a job.
    fn take_work(&mut self) -> Option<Work<P>> {
        let is_ready = self.pending.front().is_some_and(P::is_ready);
        if is_ready || self.jobs.is_empty() || self.pending.len() >= MOST_PENDING {
            self.pending.pop_front().map(Work::Finish)
        } else {
            self.jobs.pop_front().map(Work::Begin)
        }
    }

    const fn has_leader(&self) -> bool {
        self.generation > 0
    }

    /// Whether anything waits for the leader.
    fn is_awaited(&self) -> bool {
        !self.jobs.is_empty() || !self.pending.is_empty()
    }

    /// How much longer the leader may carry out its job. `None`: for ever, since nothing waits.
    fn patience_left(&self) -> Option<Duration> {
        let since = self.busy_since.filter(|_| self.is_awaited())?;
        let patience = match self.stuck {
            0 => self.patience,
            _ => SHORT_PATIENCE,
        };
        Some(patience.saturating_sub(since.elapsed()))
    }

    /// Take the lead, from a leader that hangs or as the first; returns the generation.
    fn lead(&mut self) -> u64 {
        if self.has_leader() {
            self.stuck += 1;
        }
        self.busy_since = None;
        self.generation += 1;
        self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    const LONG: Duration = Duration::from_secs(30);

    /// The last part of a job with this number.
    struct Last {
        number: usize,
        done: mpsc::Sender<Result<usize, String>>,
        /// Until it is dropped.
        held: Option<mpsc::Receiver<()>>,
    }

    impl Pending for Last {
        fn is_ready(&self) -> bool {
            self.held.is_none()
        }

        fn finish(self) {
            if let Some(held) = self.held {
                let _ = held.recv();
            }
            self.done.send(Ok(self.number)).expect("a receiver");
        }
    }

    fn start(pool: &Arc<SpawnPool<Last>>) -> io::Result<()> {
        let pool = Arc::clone(pool);
        thread::Builder::new()
            .spawn(move || pool.serve(|| start(&pool)))
            .map(drop)
    }

    fn pool() -> Arc<SpawnPool<Last>> {
        pool_with(PATIENCE)
    }

    fn pool_with(patience: Duration) -> Arc<SpawnPool<Last>> {
        let pool = SpawnPool::with_patience(patience);
        add_threads(&pool);
        pool
    }

    /// A leader and a standby.
    fn add_threads(pool: &Arc<SpawnPool<Last>>) {
        for _ in 0..2 {
            pool.add_thread(|| start(pool)).expect("a thread");
        }
    }

    /// Queue a job that answers with its number, or with the error.
    fn push(
        pool: &SpawnPool<Last>,
        number: usize,
        done: &mpsc::Sender<Result<usize, String>>,
        hang: Option<mpsc::Receiver<()>>,
    ) {
        let done = done.clone();
        pool.push(Box::new(move |turn| {
            let answer = turn.map(|()| number).map_err(|error| error.to_string());
            if let Some(hang) = hang.filter(|_| answer.is_ok()) {
                // until it is dropped
                let _ = hang.recv();
            }
            done.send(answer).expect("a receiver");
            None
        }));
    }

    /// Queue a job whose last part waits until what is returned is dropped.
    fn push_pending(
        pool: &SpawnPool<Last>,
        number: usize,
        done: &mpsc::Sender<Result<usize, String>>,
    ) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel();
        let done = done.clone();
        pool.push(Box::new(move |turn| {
            turn.expect("a standby");
            Some(Last {
                number,
                done,
                held: Some(held),
            })
        }));
        release
    }

    fn wait_for_threads(pool: &SpawnPool<Last>, count: usize) {
        let end = Instant::now() + LONG;
        while pool.state.lock().threads != count {
            assert!(
                Instant::now() < end,
                "{} threads",
                pool.state.lock().threads
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn one_after_the_other_and_in_order() {
        let pool = pool_with(LONG);
        let (done, results) = mpsc::channel();
        for number in 0..2000 {
            push(&pool, number, &done, None);
        }
        drop(done);
        assert!(results.iter().eq((0..2000).map(Ok)));
        assert_eq!(pool.state.lock().stuck, 0);
        pool.close();
        wait_for_threads(&pool, 0);
    }

    #[test]
    fn jobs_that_hang_delay_only_themselves() {
        const HANG: usize = 20;
        let pool = pool();
        let (done, results) = mpsc::channel();
        let mut hanging = Vec::new();
        for number in 0..HANG {
            let (release, held) = mpsc::channel();
            hanging.push(release);
            push(&pool, number, &done, Some(held));
            push(&pool, 1000 + number, &done, None);
        }
        for number in 0..HANG {
            assert_eq!(results.recv_timeout(LONG), Ok(Ok(1000 + number)));
        }
        // what hung is done in the end, and its threads are not kept
        hanging.clear();
        for _ in 0..HANG {
            assert!(results.recv_timeout(LONG).expect("done").is_ok());
        }
        wait_for_threads(&pool, 2);
        push(&pool, 7, &done, None);
        assert_eq!(results.recv_timeout(LONG), Ok(Ok(7)));
        pool.close();
        wait_for_threads(&pool, 0);
    }

    #[test]
    fn jobs_are_begun_while_others_are_pending_and_finish_in_order() {
        let pool = SpawnPool::with_patience(LONG);
        let (done, results) = mpsc::channel();
        let held: Vec<_> = (0..MOST_PENDING - 1)
            .map(|number| push_pending(&pool, number, &done))
            .collect();
        push(&pool, 100, &done, None);
        // all are queued before a leader looks: an empty queue would make it wait for the first
        add_threads(&pool);
        assert_eq!(results.recv_timeout(LONG), Ok(Ok(100)), "begun meanwhile");
        for number in MOST_PENDING - 1..100 {
            drop(push_pending(&pool, number, &done));
        }
        assert!(results.try_recv().is_err(), "the first is not done");
        // in the wrong order
        held.into_iter().rev().for_each(drop);
        assert!((0..100).all(|number| results.recv_timeout(LONG) == Ok(Ok(number))));
        pool.close();
        wait_for_threads(&pool, 0);
    }

    #[test]
    fn a_last_part_that_hangs_delays_only_itself() {
        let pool = pool();
        let (done, results) = mpsc::channel();
        let held: Vec<_> = (0..5)
            .map(|number| push_pending(&pool, number, &done))
            .collect();
        drop(push_pending(&pool, 7, &done));
        push(&pool, 8, &done, None);
        let mut answers = [(); 2].map(|()| results.recv_timeout(LONG));
        answers.sort_by_key(|answer| format!("{answer:?}"));
        assert_eq!(answers, [Ok(Ok(7)), Ok(Ok(8))]);
        drop(held);
        for _ in 0..5 {
            assert!(results.recv_timeout(LONG).expect("done").is_ok());
        }
        wait_for_threads(&pool, 2);
        pool.close();
        wait_for_threads(&pool, 0);
    }

    #[test]
    fn a_full_queue_is_an_error_to_the_caller() {
        let pool = SpawnPool::new();
        let (done, results) = mpsc::channel();
        for number in 0..=MOST_JOBS {
            push(&pool, number, &done, None);
        }
        let refused = results.try_recv().expect("an answer at once");
        assert_eq!(refused, Err(format!("{MOST_JOBS} jobs wait already")));
        assert!(results.try_recv().is_err(), "the others wait");
        add_threads(&pool);
        for number in 0..MOST_JOBS {
            assert_eq!(results.recv_timeout(LONG), Ok(Ok(number)));
        }
        pool.close();
        wait_for_threads(&pool, 0);
    }

    #[test]
    fn threads_end_when_a_closed_queue_is_empty() {
        let pool = pool();
        let (done, results) = mpsc::channel();
        let (release, held) = mpsc::channel();
        push(&pool, 0, &done, Some(held));
        push(&pool, 1, &done, None);
        pool.close();
        drop(release);
        for number in 0..2 {
            assert_eq!(results.recv_timeout(LONG), Ok(Ok(number)));
        }
        wait_for_threads(&pool, 0);
    }

    #[test]
    fn without_a_thread_to_stand_by_callers_get_an_error() {
        let pool = pool();
        let (done, results) = mpsc::channel();
        let mut hanging = Vec::new();
        for number in 0..MOST_THREADS {
            let (release, held) = mpsc::channel();
            hanging.push(release);
            push(&pool, number, &done, Some(held));
        }
        push(&pool, 1000, &done, None);
        let refused = results.recv_timeout(LONG).expect("an answer");
        assert_eq!(refused, Err("63 starts hang already".to_owned()));
        let refused = results.recv_timeout(LONG).expect("an answer");
        assert!(refused.is_err());
        hanging.clear();
        for _ in 0..MOST_THREADS - 1 {
            assert!(results.recv_timeout(LONG).expect("done").is_ok());
        }
        push(&pool, 7, &done, None);
        assert_eq!(results.recv_timeout(LONG), Ok(Ok(7)));
        pool.close();
        wait_for_threads(&pool, 0);
    }
}
