//! How many bytes each output has stored and lost over all runs of its process, until the process
//! is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use visord_model::event::Stream;
use visord_model::name::ProcessName;

/// Bytes of the outputs of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteCounts {
    /// Of its standard output.
    pub stdout: u64,
    /// Of its standard error.
    pub stderr: u64,
}

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

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<(ProcessName, Stream), Counts>>);

impl Ledger {
    pub(crate) fn of(&self, name: &ProcessName, stream: Stream) -> Counts {
        let mut counts = self.0.lock();
        counts.entry((name.clone(), stream)).or_default().clone()
    }

    /// Those of one output if it was ever opened.
    pub(crate) fn known(&self, name: &ProcessName, stream: Stream) -> Option<Counts> {
        self.0.lock().get(&(name.clone(), stream)).cloned()
    }

    pub(crate) fn forget(&self, processes: &BTreeSet<ProcessName>) {
        self.0
            .lock()
            .retain(|(name, _), _| !processes.contains(name));
    }

    /// One of the counts, of both outputs of a process.
    pub(crate) fn sums(&self, name: &ProcessName, which: fn(&Counts) -> &AtomicU64) -> ByteCounts {
        let sum = |stream| {
            let counts = self.known(name, stream);
            counts.map_or(0, |counts| which(&counts).load(Ordering::Relaxed))
        };
        ByteCounts {
            stdout: sum(Stream::Stdout),
            stderr: sum(Stream::Stderr),
        }
    }
}
