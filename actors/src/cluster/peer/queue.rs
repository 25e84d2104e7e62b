//! What waits to be sent to a peer: in order and bounded.
//!
//! A peer must not miss a publication without either side knowing: it would show a stale state
//! for ever. So publications are never dropped one by one. If the queue is full, or something
//! could not be sent, all that waits is dropped together and the peer counts as unreachable: the
//! handshake that follows makes both start over. Only what waits behind a handshake stays, since it
//! belongs to the time after. A TICK takes the place of one right before it, so a peer that does
//! not answer costs no memory.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use visord_cluster::input::Closing;
use visord_model::name::ProcessName;

/// Jobs that wait at most: three events of each of 5,000 processes.
const MOST: usize = 16 * 1024;

/// Bytes of text that wait at most.
const BYTES: usize = 8 * 1024 * 1024;

/// Something to say to a peer.
#[derive(Clone, Debug)]
pub enum Call {
    /// A TICK, encoded.
    Tick(Arc<str>),
    /// Another publication, encoded.
    Publish(Arc<str>),
    /// The five questions of spec cluster 8.4.
    Handshake,
    /// Start a process there.
    Start {
        /// Which.
        process: ProcessName,
        /// Appended to its command.
        extra_args: String,
    },
    /// Stop a process there.
    Stop(ProcessName),
    /// Ask it, the Master, to end the cluster.
    Close(Closing),
}

/// What waits in a queue.
#[derive(Debug)]
pub(super) enum Job {
    Call(Call),
    /// Tell when all before was sent; dropped without a word if it could not be.
    Flush(oneshot::Sender<()>),
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Self::Call(Call::Tick(text) | Call::Publish(text)) => text.len(),
            Self::Call(Call::Start { extra_args, .. }) => extra_args.len(),
            Self::Call(Call::Handshake | Call::Stop(_) | Call::Close(_)) | Self::Flush(_) => 0,
        }
    }

    const fn is_tick(&self) -> bool {
        matches!(self, Self::Call(Call::Tick(_)))
    }

    const fn is_handshake(&self) -> bool {
        matches!(self, Self::Call(Call::Handshake))
    }
}

/// What came of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dropped {
    /// Jobs that will not be sent, without the one that failed.
    pub(super) jobs: usize,
    /// Whether it has to be reported: not if it was, and not if a handshake waits, which decides.
    pub(super) is_news: bool,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wakeup: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
    /// The peer was reported as unreachable, and neither answered nor got a handshake since.
    is_reported: bool,
}

impl Queue {
    /// Add a job behind all others. If there is no room, all is dropped, this job too.
    pub(super) fn push(&self, job: Job) -> Result<(), Dropped> {
        let mut waiting = self.waiting.lock();
        if job.is_tick() && waiting.jobs.back().is_some_and(Job::is_tick) {
            waiting.take_last();
        }
        if waiting.jobs.len() >= MOST || waiting.bytes + job.bytes() > BYTES {
            let jobs = waiting.jobs.len() + 1;
            waiting.jobs.clear();
            waiting.bytes = 0;
            let is_news = waiting.report();
            return Err(Dropped { jobs, is_news });
        }
        waiting.is_reported &= !job.is_handshake();
        waiting.bytes += job.bytes();
        waiting.jobs.push_back(job);
        drop(waiting);
        self.wakeup.notify_one();
        Ok(())
    }

    /// The oldest job, once there is one.
    pub(super) async fn next(&self) -> Job {
        loop {
            if let Some(job) = self.waiting.lock().take_first() {
                return job;
            }
            self.wakeup.notified().await;
        }
    }

    /// A job was done.
    pub(super) fn succeeded(&self) {
        self.waiting.lock().is_reported = false;
    }

    /// A job could not be done: drop those that make no sense without it.
    pub(super) fn failed(&self) -> Dropped {
        let mut waiting = self.waiting.lock();
        let handshake = waiting.jobs.iter().rposition(Job::is_handshake);
        let jobs = handshake.unwrap_or(waiting.jobs.len());
        for _ in 0..jobs {
            waiting.take_first();
        }
        let is_news = handshake.is_none() && waiting.report();
        Dropped { jobs, is_news }
    }
}

impl Waiting {
    fn take_first(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.bytes -= job.bytes();
        Some(job)
    }

    fn take_last(&mut self) {
        if let Some(job) = self.jobs.pop_back() {
            self.bytes -= job.bytes();
        }
    }

    /// Whether it was not reported before.
    fn report(&mut self) -> bool {
        !std::mem::replace(&mut self.is_reported, true)
    }
}

#[cfg(test)]
mod tests;
