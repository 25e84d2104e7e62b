//! interim
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use visord_model::event::Stream;
use visord_model::log_line::LogLine;
/// interim
pub fn create(dir: &Path, process: &str, stream: Stream, identifier: &str) -> io::Result<PathBuf> {
    loop {
        let tail: String = (0..8)
            .map(|_| fastrand::alphanumeric().to_ascii_lowercase())
            .collect();
        let path = dir.join(format!(
            "{process}-{}---{identifier}-{tail}.log",
            stream.name()
        ));
        match std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Ok(_) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}
/// interim
#[must_use]
pub fn clean(_dir: &Path, _identifier: &str) -> Vec<LogLine> {
    Vec::new()
}
