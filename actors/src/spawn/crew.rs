//! Who works off the spawner's queue: one thread at a time, in order; and another in its place
//! when a job takes too long.
//!
//! A clone returns when the child has executed its program, and so does not return while the
//! program lies on a file system that hangs. Whoever leads takes the jobs; one that waits behind
//! looks at its watch, and takes over the queue when the same job has kept the leader longer
//! than [`PATIENCE`]. The old leader waits behind when its job is done. Nobody wakes up while
//! nothing is to be done.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a job may keep those behind it waiting. On a busy machine a program may take tenths of
/// a second until it is executed, and those behind it must not overtake it then.
const PATIENCE: Duration = Duration::from_millis(500);

/// A queue of jobs for those who work with tools of the kind `T`.
pub(super) struct Crew<T> {
    state: Mutex<State<T>>,
    /// For the leader: there is work.
    work: Condvar,
    /// For one who waits behind: the leader is busy, and more waits.
    relief: Condvar,
}

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

struct State<T> {
    jobs: VecDeque<Job<T>>,
    /// When the leader began its job; `None`: it waits for work.
    busy_since: Option<Instant>,
    /// Goes up with every change of the leader.
    reign: u64,
    /// Nobody leads.
    is_vacant: bool,
    /// Somebody behind looks at the watch.
    is_watched: bool,
    /// No more jobs will come.
    is_closed: bool,
}

/// What a worker does next.
enum Turn<T> {
    Work(Job<T>, u64),
    End,
}

impl<T> Crew<T> {
    /// A queue without workers.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                busy_since: None,
                reign: 0,
                is_vacant: true,
                is_watched: false,
                is_closed: false,
            }),
            work: Condvar::new(),
            relief: Condvar::new(),
        })
    }

    /// Queue a job. Never blocks for longer than it takes to queue one.
    pub(super) fn push(&self, job: Job<T>) {
        let mut state = self.state();
        state.jobs.push_back(job);
        if state.busy_since.is_none() {
            self.work.notify_one();
        } else if !state.is_watched {
            self.relief.notify_one();
        }
    }

    /// No more jobs will come: those queued are done, then everybody goes home.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.work.notify_all();
        self.relief.notify_all();
    }

    /// Work until the queue is closed and empty. `relieved` is called when this worker takes
    /// over from one that is kept: somebody else may be needed behind it.
    pub(super) fn serve(&self, tools: &mut T, mut relieved: impl FnMut()) {
        let mut reign = None;
        loop {
            if !self.leads(reign) {
                match self.wait_behind() {
                    None => return,
                    Some(true) => relieved(),
                    Some(false) => {}
                }
            }
            let Turn::Work(job, mine) = self.next() else {
                return;
            };
            reign = Some(mine);
            job(tools);
        }
    }

    /// Whether the worker with this reign leads still; its job is done then.
    fn leads(&self, reign: Option<u64>) -> bool {
        let mut state = self.state();
        let leads = !state.is_vacant && reign == Some(state.reign);
        if leads {
            state.busy_since = None;
        }
        leads
    }

    /// The leader's next job.
    fn next(&self) -> Turn<T> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.busy_since = Some(Instant::now());
                if !state.jobs.is_empty() && !state.is_watched {
                    self.relief.notify_one();
                }
                return Turn::Work(job, state.reign);
            }
            if state.is_closed {
                return Turn::End;
            }
            state.busy_since = None;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wait until somebody must lead; says whether that was taken from somebody. `None`:
    /// everything is done.
    fn wait_behind(&self) -> Option<bool> {
        let mut state = self.state();
        loop {
            if state.is_vacant {
                state.is_vacant = false;
                return Some(false);
            }
            if state.is_closed && state.jobs.is_empty() {
                return None;
            }
            let Some(since) = state.busy_since.filter(|_| !state.jobs.is_empty()) else {
                state = self
                    .relief
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = PATIENCE.saturating_sub(since.elapsed());
            if left.is_zero() {
                state.reign += 1;
                state.busy_since = None;
                return Some(true);
            }
            state.is_watched = true;
            let waited = self.relief.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.is_watched = false;
        }
    }

    // nothing under this lock can panic half-way
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    /// So many workers, each with its number as its tools.
    fn crew(workers: usize) -> (Arc<Crew<usize>>, mpsc::Receiver<()>) {
        let crew = Crew::new();
        let (relieved, told) = mpsc::channel();
        for number in 0..workers {
            let (crew, relieved) = (Arc::clone(&crew), relieved.clone());
            let mut tools = number;
            thread::spawn(move || {
                crew.serve(&mut tools, || relieved.send(()).expect("somebody listens"));
            });
        }
        (crew, told)
    }

    #[test]
    fn one_after_the_other_and_in_order() {
        let (crew, told) = crew(3);
        let (done, results) = mpsc::channel();
        for number in 0..2000 {
            let done = done.clone();
            crew.push(Box::new(move |_| {
                done.send(number).expect("somebody listens")
            }));
        }
        drop(done);
        assert!(results.iter().eq(0..2000));
        crew.close();
        assert_eq!(told.iter().count(), 0, "nobody was kept");
    }

    #[test]
    fn a_job_that_hangs_keeps_nobody_for_long() {
        let (crew, told) = crew(3);
        let (done, results) = mpsc::channel();
        let mut hanging = Vec::new();
        for number in 0..2 {
            let (release, held) = mpsc::channel::<()>();
            hanging.push(release);
            let done = done.clone();
            crew.push(Box::new(move |_| {
                // until it is dropped
                let _ = held.recv();
                done.send(1000 + number).expect("somebody listens");
            }));
        }
        for number in 0..10 {
            let done = done.clone();
            crew.push(Box::new(move |_| {
                done.send(number).expect("somebody listens")
            }));
        }
        let patience = Duration::from_secs(30);
        for number in 0..10 {
            assert_eq!(results.recv_timeout(patience), Ok(number));
        }
        assert_eq!(told.iter().take(2).count(), 2);
        // what hung is done in the end, and its workers are of use again
        hanging.clear();
        let late = [0; 2].map(|_| results.recv_timeout(patience).expect("done"));
        assert_eq!(late.iter().sum::<i32>(), 2001);
        crew.push(Box::new(move |_| done.send(7).expect("somebody listens")));
        assert_eq!(results.recv_timeout(patience), Ok(7));
        crew.close();
        assert_eq!(told.iter().count(), 0, "all have gone home");
    }
}
