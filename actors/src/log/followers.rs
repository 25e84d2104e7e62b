//! Telling followers of a log that it grew; they read the file themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Who follows which log. Clones share one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Followers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many logs are followed: keeps the list off the writers' way.
    count: AtomicUsize,
    list: Mutex<BTreeMap<PathBuf, watch::Sender<u64>>>,
}

impl Followers {
    /// A receiver whose number changes whenever something is written to this log.
    pub(crate) fn follow(&self, path: &Path) -> watch::Receiver<u64> {
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|_, sender| sender.receiver_count() > 0);
        let receiver = list
            .entry(path.to_path_buf())
            .or_insert_with(|| watch::Sender::new(0))
            .subscribe();
        self.0.count.store(list.len(), Ordering::Relaxed);
        receiver
    }

    /// Whether anybody follows anything.
    pub(crate) fn any(&self) -> bool {
        self.0.count.load(Ordering::Relaxed) > 0
    }

    /// Something was written to this log. Says whether somebody follows it.
    pub(crate) fn grown(&self, path: &Path) -> bool {
        if !self.any() {
            return false;
        }
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = list.get(path) else {
            return false;
        };
        if sender.receiver_count() == 0 {
            list.remove(path);
            self.0.count.store(list.len(), Ordering::Relaxed);
            return false;
        }
        sender.send_modify(|times| *times += 1);
        true
    }
}
