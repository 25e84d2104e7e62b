//! The inotify instance behind all followers: one, for a user may have only few of them
//! (128 by default). Its thread exists while something is watched, and sleeps until the kernel
//! has something to say.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use super::Followers;

/// Lets events of a busy log gather: the kernel makes one of those that are alike.
const NAP: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
pub(super) struct Watches {
    pub(super) inotify: Option<Arc<Inotify>>,
    pub(super) is_running: bool,
    /// The logs of each watch: of a file, which may have several paths, or of a folder.
    logs: BTreeMap<WatchDescriptor, BTreeSet<PathBuf>>,
}

impl Watches {
    /// Forget a path; answers what need not be watched any more.
    fn forget(&mut self, path: &Path) -> Vec<WatchDescriptor> {
        let mut useless = Vec::new();
        self.logs.retain(|watch, paths| {
            let is_useless = paths.remove(path) && paths.is_empty();
            if is_useless {
                useless.push(*watch);
            }
            !is_useless
        });
        useless
    }

    fn remove(&self, useless: Vec<WatchDescriptor>) {
        for watch in useless {
            if let Some(inotify) = &self.inotify {
                // gone by itself if the file is
                let _ = inotify.rm_watch(watch);
            }
        }
    }
}

impl Followers {
    /// Watch a log and its folder. Blocks on their file system, without a lock.
    pub(super) fn watch(&self, path: &Path) {
        let Some(inotify) = self.inotify() else {
            return;
        };
        let folder = inotify.add_watch(
            folder_of(path),
            AddWatchFlags::IN_CREATE
                | AddWatchFlags::IN_DELETE
                | AddWatchFlags::IN_MOVE
                | AddWatchFlags::IN_ONLYDIR,
        );
        // a link in the place of a log is not followed, nor is it by the reader
        let file = inotify.add_watch(
            path,
            AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_ATTRIB | AddWatchFlags::IN_DONT_FOLLOW,
        );
        let mut watches = self.0.watches.lock();
        let current = watches.inotify.get_or_insert_with(|| Arc::clone(&inotify));
        if !Arc::ptr_eq(current, &inotify) {
            // the thread ended meanwhile, and another began: that one will be asked next time
            return;
        }
        let (Ok(folder), true) = (folder, self.is_followed(path)) else {
            return;
        };
        let mut useless = Vec::new();
        if let Ok(file) = file {
            // the path may name another file now
            useless = watches.forget(path);
            useless.retain(|watch| ![file, folder].contains(watch));
            watches.logs.entry(file).or_default().insert(path.into());
        }
        watches.logs.entry(folder).or_default().insert(path.into());
        watches.remove(useless);
        if !watches.is_running {
            let followers = self.clone();
            let thread = std::thread::Builder::new().name("log-watch".into());
            watches.is_running = thread.spawn(move || followers.listen(&inotify)).is_ok();
        }
        let is_watched = watches.is_running;
        drop(watches);
        self.tell(path, |watched| *watched = is_watched);
    }

    /// The instance in use, or a new one; nothing if the system has none to give.
    fn inotify(&self) -> Option<Arc<Inotify>> {
        let mut watches = self.0.watches.lock();
        if watches.inotify.is_none() {
            watches.inotify = Inotify::init(InitFlags::IN_CLOEXEC).ok().map(Arc::new);
        }
        watches.inotify.clone()
    }

    pub(super) fn unwatch(&self, path: &Path) {
        let mut watches = self.0.watches.lock();
        if !self.is_followed(path) {
            let useless = watches.forget(path);
            // each of these makes an event, which wakes the thread: it ends after the last
            watches.remove(useless);
        }
    }

    fn listen(&self, inotify: &Inotify) {
        loop {
            match inotify.read_events() {
                Ok(events) => self.hear(&events),
                Err(Errno::EINTR) => {}
                Err(_) => {
                    // nothing more will come: every follower looks once a second
                    *self.0.watches.lock() = Watches::default();
                    return self.tell_all(|is_watched| *is_watched = false);
                }
            }
            let mut watches = self.0.watches.lock();
            if watches.logs.is_empty() {
                *watches = Watches::default();
                return;
            }
            drop(watches);
            std::thread::sleep(NAP);
        }
    }

    fn hear(&self, events: &[InotifyEvent]) {
        let mut grown = BTreeSet::new();
        let mut moved = BTreeSet::new();
        {
            let mut watches = self.0.watches.lock();
            for event in events {
                if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                    self.tell_all(|_| {});
                }
                if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                    moved.extend(watches.logs.remove(&event.wd).unwrap_or_default());
                    continue;
                }
                for path in watches.logs.get(&event.wd).into_iter().flatten() {
                    // with a name it is about a file in a folder
                    if event.name.is_none() {
                        grown.insert(path.clone());
                    } else if path.file_name() == event.name.as_deref() {
                        moved.insert(path.clone());
                    }
                }
            }
        }
        for path in moved {
            // until it is watched again, which may fail
            self.tell(&path, |is_watched| *is_watched = false);
            self.watch(&path);
            grown.insert(path);
        }
        for path in grown {
            self.grown(&path);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| *folder != OsStr::new(""))
        .unwrap_or(Path::new("."))
}
