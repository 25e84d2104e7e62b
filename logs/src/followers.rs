//! Who follows which log, and what wakes them: our own writers, which say so, and inotify for
//! everything that others do to the file (`followers/watcher.rs`). They read the file
//! themselves (`follow.rs`).

mod watcher;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::timeout;

use self::watcher::Watches;

/// How often to look where nothing tells of changes: inotify is exhausted, or the log's
/// folder does not exist.
const GLANCE: Duration = Duration::from_secs(1);

/// All logs that are followed. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Followers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many logs are followed: so that writers need not lock the list.
    count: AtomicUsize,
    /// For each log whether inotify tells what others do; each change of it is one that its
    /// followers look for, whatever the value.
    logs: Mutex<BTreeMap<PathBuf, watch::Sender<bool>>>,
    watches: Mutex<Watches>,
}

/// Tells one follower when to look at its log again; the log counts as followed until this is
/// dropped.
#[derive(Debug)]
pub struct ChangeNotifier {
    followers: Followers,
    path: PathBuf,
    is_watched: watch::Receiver<bool>,
}

impl Followers {
    /// Follow a log from now on. Nothing blocks here, but only our own writers tell anything
    /// before [`ChangeNotifier::watch`].
    #[must_use]
    pub fn follow(&self, path: &Path) -> ChangeNotifier {
        let mut logs = self.0.logs.lock();
        let is_watched = logs.entry(path.to_path_buf()).or_default().subscribe();
        self.0.count.store(logs.len(), Ordering::Relaxed);
        ChangeNotifier {
            followers: self.clone(),
            path: path.to_path_buf(),
            is_watched,
        }
    }

    pub(crate) fn any(&self) -> bool {
        self.0.count.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn grown(&self, path: &Path) {
        if self.any() {
            self.tell(path, |_| {});
        }
    }

    fn tell(&self, path: &Path, change: impl FnOnce(&mut bool)) {
        if let Some(is_watched) = self.0.logs.lock().get(path) {
            is_watched.send_modify(change);
        }
    }

    fn tell_all(&self, change: fn(&mut bool)) {
        for is_watched in self.0.logs.lock().values() {
            is_watched.send_modify(change);
        }
    }

    fn leave(&self, path: &Path) {
        let mut logs = self.0.logs.lock();
        let receivers = logs.get(path).map_or(0, watch::Sender::receiver_count);
        // the one that leaves still counts
        if receivers <= 1 {
            logs.remove(path);
            self.0.count.store(logs.len(), Ordering::Relaxed);
            drop(logs);
            self.unwatch(path);
        }
    }

    fn is_followed(&self, path: &Path) -> bool {
        self.0.logs.lock().contains_key(path)
    }
}

impl ChangeNotifier {
    /// Have inotify tell what others do to the log. Blocks on the log's file system.
    pub fn watch(&self) {
        if !self.is_watched() {
            self.followers.watch(&self.path);
        }
    }

    /// Whether inotify tells what others do to the log.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        *self.is_watched.borrow()
    }

    /// A change from now on makes [`changed`](Self::changed) return; to be called before
    /// each look.
    pub fn mark(&mut self) {
        self.is_watched.mark_unchanged();
    }

    /// Waits until something may be new since the last [`mark`](Self::mark).
    pub async fn changed(&mut self) {
        if self.is_watched() {
            // the sender lives as long as this follows
            let _ = self.is_watched.changed().await;
        } else {
            // early or late, it is looked at again
            let _ = timeout(GLANCE, self.is_watched.changed()).await;
        }
    }

    /// Whether something may be new since the last [`mark`](Self::mark).
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.is_watched.has_changed().unwrap_or(true)
    }
}

impl Drop for ChangeNotifier {
    fn drop(&mut self) {
        self.followers.leave(&self.path);
    }
}

#[cfg(test)]
mod tests;
