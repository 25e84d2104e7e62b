//! How many bytes each output has lost since the daemon started, over all runs of its process.

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

/// Group, process, stream.
type Key = (String, String, Stream);

/// The counts, by output.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<BTreeMap<Key, Arc<AtomicU64>>>);

impl Ledger {
    /// The count of one output, to be added to.
    pub(super) fn of(&self, group: &str, process: &str, stream: Stream) -> Arc<AtomicU64> {
        let key = (group.to_owned(), process.to_owned(), stream);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry(key).or_default())
    }

    /// The counts of one process.
    pub(super) fn lost(&self, group: &str, process: &str) -> LostBytes {
        let lost = |stream| self.of(group, process, stream).load(Ordering::Relaxed);
        LostBytes {
            stdout: lost(Stream::Stdout),
            stderr: lost(Stream::Stderr),
        }
    }
}
