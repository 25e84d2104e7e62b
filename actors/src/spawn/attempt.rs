//! One attempt to start a program: its stage, and whether it was cancelled.
//!
//! ```text
//! Queued ──> Preparing ──> Cloning ──> Done
//!    └───────────┴─────────────┴──> Cancelled
//! ```
//!
//! The control thread may cancel an attempt at any time and go on at once; a spawner thread that
//! hangs in it kills the child it makes later. Both hold the lock only for a moment.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use visord_model::moment::{Moment, Mono};

use super::SpawnError;
use crate::clock::Clock;

/// The jobs of one program and kind: only one is carried out at a time, so a program whose file system
/// hangs keeps one thread and not one for each attempt.
pub type ProgramJobs = Arc<tokio::sync::Mutex<()>>;

/// A job of a program is being carried out.
pub(super) type Busy = OwnedMutexGuard<()>;

/// See the module.
#[derive(Debug)]
pub struct SpawnAttempt {
    clock: Clock,
    jobs: ProgramJobs,
    stage: Mutex<Stage>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Queued,
    /// Since then it opens logs, looks for the program and does everything else that may hang.
    Preparing(Mono),
    /// Prepared since then; the child is being made.
    Cloning(Mono),
    /// There is a child, and the reply is sent.
    Done,
    Cancelled,
}

impl SpawnAttempt {
    /// An attempt that waits for its turn.
    pub fn new(clock: Clock, jobs: ProgramJobs) -> Self {
        Self {
            clock,
            jobs,
            stage: Mutex::new(Stage::Queued),
        }
    }

    /// Cancel it, unless the child is being made: then the reply comes soon. Returns whether it is
    /// cancelled.
    pub fn cancel(&self) -> bool {
        let mut stage = self.stage.lock();
        let is_late = matches!(*stage, Stage::Cloning(_) | Stage::Done);
        if !is_late {
            *stage = Stage::Cancelled;
        }
        !is_late
    }

    /// Cancel it, also while the child is being made, if its turn came `limit` ago or earlier.
    /// Otherwise when to ask again.
    pub fn expire(&self, limit: Duration) -> Option<Mono> {
        let now = self.clock.now().mono;
        let mut stage = self.stage.lock();
        let due = match *stage {
            Stage::Queued | Stage::Done => now + limit,
            Stage::Preparing(since) | Stage::Cloning(since) => since + limit,
            Stage::Cancelled => return None,
        };
        if due > now {
            return Some(due);
        }
        *stage = Stage::Cancelled;
        None
    }

    /// Its turn has come. Errors: it was cancelled, or an earlier job of its program hangs.
    pub(super) fn begin(&self) -> Result<Busy, SpawnError> {
        let mut stage = self.stage.lock();
        if matches!(*stage, Stage::Cancelled) {
            return Err(SpawnError::Cancelled);
        }
        let busy = Arc::clone(&self.jobs).try_lock_owned();
        let busy = busy.map_err(|_| SpawnError::StillHangs)?;
        *stage = Stage::Preparing(self.clock.now().mono);
        Ok(busy)
    }

    /// The child is made now, at the moment returned. Error: it was cancelled.
    pub(super) fn begin_cloning(&self) -> Result<Moment, SpawnError> {
        let mut stage = self.stage.lock();
        let Stage::Preparing(since) = *stage else {
            return Err(SpawnError::Cancelled);
        };
        *stage = Stage::Cloning(since);
        Ok(self.clock.now())
    }

    /// There is a child. False: it was cancelled, and the child must be discarded.
    pub(super) fn finish(&self) -> bool {
        let mut stage = self.stage.lock();
        let wanted = matches!(*stage, Stage::Cloning(_));
        if wanted {
            *stage = Stage::Done;
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(3600);

    fn attempt() -> (ProgramJobs, SpawnAttempt) {
        let jobs = ProgramJobs::default();
        let attempt = SpawnAttempt::new(Clock::start(), jobs.clone());
        (jobs, attempt)
    }

    #[test]
    fn an_attempt_is_cancelled_until_the_child_is_made() {
        let (_, attempt) = attempt();
        let busy = attempt.begin().expect("its turn");
        assert!(attempt.cancel());
        assert_eq!(attempt.begin_cloning(), Err(SpawnError::Cancelled));
        drop(busy);

        let (_, attempt) = self::attempt();
        let _busy = attempt.begin().expect("its turn");
        attempt.begin_cloning().expect("not cancelled");
        assert!(!attempt.cancel());
        assert!(attempt.finish());
        assert!(!attempt.cancel());
    }

    #[test]
    fn the_time_limit_counts_from_its_turn_and_ends_a_clone_too() {
        let (_, attempt) = attempt();
        assert!(attempt.expire(Duration::ZERO).is_none());
        let (_, attempt) = self::attempt();
        assert!(attempt.expire(LIMIT).is_some(), "it waits");
        let _busy = attempt.begin().expect("its turn");
        assert!(attempt.expire(LIMIT).is_some());
        attempt.begin_cloning().expect("not cancelled");
        assert!(attempt.expire(Duration::ZERO).is_none());
        assert!(!attempt.finish(), "the child is discarded");
    }

    #[test]
    fn one_job_of_a_program_at_a_time() {
        let (jobs, first) = attempt();
        let second = SpawnAttempt::new(Clock::start(), jobs);
        let busy = first.begin().expect("its turn");
        assert_eq!(second.begin().err(), Some(SpawnError::StillHangs));
        drop(busy);
        assert!(second.begin().is_ok());
    }
}
