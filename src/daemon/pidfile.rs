//! The pidfile: written once the daemon is up, removed only if it is still the one it wrote.

use std::path::{Path, PathBuf};

use visord_files::Identity;
use visord_files::atomic::write_atomically;
use visord_model::log_line::{Level, LogLine};

/// A pidfile that this instance wrote; removed by [`Pidfile::remove`].
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
    /// `None`: the configuration names a device or FIFO.
    identity: Option<Identity>,
}

impl Pidfile {
    /// Write the pid; a link in its place is replaced, not followed. A failure is a remark in the
    /// log and no more (spec core 3.7).
    pub(super) fn write(path: &Path, pid: u32) -> (Option<Self>, LogLine) {
        match write_atomically(path, 0o666, format!("{pid}\n").as_bytes()) {
            Ok(identity) => {
                let path = path.to_owned();
                let text = format!("supervisord started with pid {pid}");
                let line = LogLine::new(Level::Info, text);
                (Some(Self { path, identity }), line)
            }
            Err(_) => {
                let text = format!("could not write pidfile {}", path.display());
                (None, LogLine::new(Level::Critical, text))
            }
        }
    }

    /// Remove it at the end.
    pub(super) fn remove(self) {
        let found = visord_files::look(&self.path).ok().flatten();
        if self.identity.is_some() && self.identity == found.map(|found| found.identity) {
            // what cannot be removed is replaced by the next start
            let _ = visord_files::remove(&self.path);
        }
    }
}
