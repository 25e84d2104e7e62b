//! How many bytes each output has stored and lost over all runs of its process, until the process
//! is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use visord_model::event::Stream;

use crate::messages::supervisor::ProcessName;

/// Bytes of one process that could not be stored. All of them are declared in the activity log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostBytes {
    /// Of its standard output.
    pub stdout: u64,
    /// Of its standard error.
    pub stderr: u64,
}

/// Bytes of one process that were written to its log files, over all its runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredBytes {
    /// Of its standard output.
    pub stdout: u64,
    /// Of its standard error.
    pub stderr: u64,
}

/// Group, process, stream.
type Key = (String, String, Stream);

/// What is kept of one output from run to run.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) lost: Arc<AtomicU64>,
    pub(super) stored: Arc<AtomicU64>,
    /// The channel of an earlier run that still waits for a stalled sink; 0: none.
    pub(super) left: Arc<AtomicU64>,
    /// Whether it was said that its log is not rotated.
    pub(super) warned: Arc<AtomicBool>,
}

/// The counts, by output.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<BTreeMap<Key, Counts>>);

impl Ledger {
    /// Those of one output.
    pub(super) fn of(&self, group: &str, process: &str, stream: Stream) -> Counts {
        let key = (group.to_owned(), process.to_owned(), stream);
        self.counts().entry(key).or_default().clone()
    }

    /// Those of one output if it was ever opened.
    pub(super) fn known(&self, group: &str, process: &str, stream: Stream) -> Option<Counts> {
        let key = (group.to_owned(), process.to_owned(), stream);
        self.counts().get(&key).cloned()
    }

    /// Removes the counts of these processes.
    pub(super) fn forget(&self, processes: &BTreeSet<ProcessName>) {
        let mut counts = self.counts();
        for name in processes {
            for stream in [Stream::Stdout, Stream::Stderr] {
                counts.remove(&(name.group.clone(), name.process.clone(), stream));
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Key, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one process has lost.
    pub(super) fn lost(&self, group: &str, process: &str) -> LostBytes {
        let lost = |stream| {
            let counts = self.known(group, process, stream);
            counts.map_or(0, |counts| counts.lost.load(Ordering::Relaxed))
        };
        LostBytes {
            stdout: lost(Stream::Stdout),
            stderr: lost(Stream::Stderr),
        }
    }

    /// What is stored of one process.
    pub(super) fn stored(&self, group: &str, process: &str) -> StoredBytes {
        let stored = |stream| {
            let counts = self.known(group, process, stream);
            counts.map_or(0, |counts| counts.stored.load(Ordering::Relaxed))
        };
        StoredBytes {
            stdout: stored(Stream::Stdout),
            stderr: stored(Stream::Stderr),
        }
    }
}
