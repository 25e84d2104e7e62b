//! How many bytes each output has stored and lost since the daemon started, over all runs of its
//! process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use visord_model::event::Stream;

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

/// The counts of one output, to be added to.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) lost: Arc<AtomicU64>,
    pub(super) stored: Arc<AtomicU64>,
}

/// The counts, by output.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<BTreeMap<Key, Counts>>);

impl Ledger {
    /// Those of one output.
    pub(super) fn of(&self, group: &str, process: &str, stream: Stream) -> Counts {
        let key = (group.to_owned(), process.to_owned(), stream);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(key).or_default().clone()
    }

    /// What one process has lost.
    pub(super) fn lost(&self, group: &str, process: &str) -> LostBytes {
        let lost = |stream| self.of(group, process, stream).lost.load(Ordering::Relaxed);
        LostBytes {
            stdout: lost(Stream::Stdout),
            stderr: lost(Stream::Stderr),
        }
    }

    /// What is stored of one process.
    pub(super) fn stored(&self, group: &str, process: &str) -> StoredBytes {
        let stored = |stream| {
            let counts = self.of(group, process, stream);
            counts.stored.load(Ordering::Relaxed)
        };
        StoredBytes {
            stdout: stored(Stream::Stdout),
            stderr: stored(Stream::Stderr),
        }
    }
}
