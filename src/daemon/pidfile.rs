//! The pidfile: written once the daemon is up, removed only by whoever wrote it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use visord_model::log_line::{Level, LogLine};

/// A pidfile that this instance wrote; removed by [`Pidfile::remove`].
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
}

impl Pidfile {
    /// Write the pid; a failure is a remark in the log and no more (spec core 3.7).
    pub(super) fn write(path: &Path, pid: u32) -> (Option<Self>, LogLine) {
        let written = File::create(path).and_then(|mut file| writeln!(file, "{pid}"));
        match written {
            Ok(()) => {
                let path = path.to_owned();
                let text = format!("supervisord started with pid {pid}");
                (Some(Self { path }), LogLine::new(Level::Info, text))
            }
            Err(_) => {
                let text = format!("could not write pidfile {}", path.display());
                (None, LogLine::new(Level::Critical, text))
            }
        }
    }

    /// Remove it at the end.
    pub(super) fn remove(self) {
        // somebody else may have removed it already
        let _ = std::fs::remove_file(&self.path);
    }
}
