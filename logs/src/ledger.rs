//! How many bytes each output has stored and lost over all runs of its process, until the process
//! is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use visord_model::event::Stream;
use visord_model::name::ProcessName;

use crate::lock::lock;

/// Bytes of the outputs of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteCounts {
    /// Of its standard output.
    pub stdout: u64,
    /// Of its standard error.
    pub stderr: u64,
}

/// Group, process, stream.
type Key = (Arc<str>, Arc<str>, Stream);

/// What is kept of one output from run to run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) lost: Arc<AtomicU64>,
    pub(crate) stored: Arc<AtomicU64>,
    /// The channel of an earlier run that still waits for a stalled sink; 0: none.
    pub(crate) left: Arc<AtomicU64>,
    /// Whether it was said that its log is not rotated.
    pub(crate) warned: Arc<AtomicBool>,
}

/// The counts, by output.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<Key, Counts>>);

impl Ledger {
    /// Those of one output.
    pub(crate) fn of(&self, group: &str, process: &str, stream: Stream) -> Counts {
        let key = (group.into(), process.into(), stream);
        lock(&self.0).entry(key).or_default().clone()
    }

    /// Those of one output if it was ever opened.
    pub(crate) fn known(&self, group: &str, process: &str, stream: Stream) -> Option<Counts> {
        let key = (group.into(), process.into(), stream);
        lock(&self.0).get(&key).cloned()
    }

    /// Removes the counts of these processes.
    pub(crate) fn forget(&self, processes: &BTreeSet<ProcessName>) {
        let mut counts = lock(&self.0);
        for ProcessName { group, process } in processes {
            for stream in [Stream::Stdout, Stream::Stderr] {
                counts.remove(&(group.clone(), process.clone(), stream));
            }
        }
    }

    /// What one process has lost.
    pub(crate) fn lost(&self, group: &str, process: &str) -> ByteCounts {
        self.sums(group, process, |counts| &counts.lost)
    }

    /// What is stored of one process.
    pub(crate) fn stored(&self, group: &str, process: &str) -> ByteCounts {
        self.sums(group, process, |counts| &counts.stored)
    }

    fn sums(&self, group: &str, process: &str, which: fn(&Counts) -> &AtomicU64) -> ByteCounts {
        let sum = |stream| {
            let counts = self.known(group, process, stream);
            counts.map_or(0, |counts| which(&counts).load(Ordering::Relaxed))
        };
        ByteCounts {
            stdout: sum(Stream::Stdout),
            stderr: sum(Stream::Stderr),
        }
    }
}
