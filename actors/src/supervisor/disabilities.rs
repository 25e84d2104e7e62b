//! Which programs are disabled, and the file that keeps it over restarts (`disabilities_file`, spec
//! cluster 4.7): a JSON object with every program, `true` for those that are disabled.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use slog::Logger;
use visord_config::GroupConfig;
use visord_files::atomic::write_atomically;

/// Bytes that are read: far more than any configuration has programs.
const MOST_BYTES: u64 = 1024 * 1024;

/// See the module. The default has no file.
#[derive(Debug, Default)]
pub struct Disabilities {
    file: Option<PathBuf>,
    programs: BTreeMap<String, bool>,
    /// What is to be written next: writes that come together are one.
    pending: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Disabilities {
    /// Read what was written before the last restart. Without a file nothing is kept; a file that is
    /// missing is made later. One that is damaged is reported, renamed to `NAME.bad`, and counts as
    /// missing. One that cannot be read is reported and never written, as it may be readable after the
    /// next restart. Blocks.
    #[must_use]
    pub fn load(file: Option<PathBuf>, logger: &Logger) -> Self {
        let Some(path) = file else {
            return Self::default();
        };
        let (file, programs) = match read(&path) {
            Ok(programs) => (Some(path), programs),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                set_aside(&path, &error, logger);
                (Some(path), BTreeMap::new())
            }
            Err(error) => {
                let path = path.display();
                slog::error!(
                    logger,
                    "cannot read the disabilities_file {path}, it is not used: {error}"
                );
                (None, BTreeMap::new())
            }
        };
        Self {
            file,
            programs,
            pending: Arc::default(),
        }
    }

    /// Whether this program is disabled.
    pub(super) fn has(&self, program: &str) -> bool {
        self.programs.get(program).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, program: &str, is_disabled: bool) {
        self.programs.insert(program.to_owned(), is_disabled);
    }

    /// The programs of a group that were not known are enabled.
    pub(super) fn learn(&mut self, group: &GroupConfig) {
        for process in &group.processes {
            if !self.programs.contains_key(&*process.program) {
                self.set(&process.program, false);
            }
        }
    }

    /// The job that writes the present state, unless another such job does; `None` without a file. It
    /// blocks. The jobs have to run one after the other.
    pub(super) fn writing(
        &self,
    ) -> Option<impl FnOnce() -> Result<(), String> + Send + 'static + use<>> {
        let path = self.file.clone()?;
        let mut text = serde_json::json!(self.programs).to_string();
        text.push('\n');
        *self.pending.lock() = Some(text.into_bytes());
        let pending = Arc::clone(&self.pending);
        Some(move || {
            let Some(text) = pending.lock().take() else {
                return Ok(());
            };
            let made = visord_files::make_folders_of(&path);
            let written = made.and_then(|()| write_atomically(&path, 0o644, &text));
            let failed = |error| format!("{}: {error}", path.display());
            written.map(drop).map_err(failed)
        })
    }
}

/// What a file says; nothing if there is none. An error of the kind `InvalidData` is about its
/// content.
fn read(path: &Path) -> io::Result<BTreeMap<String, bool>> {
    let file = match visord_files::open_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        opened => opened?,
    };
    let mut text = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        let error = format!("it has more than {MOST_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    let programs = serde_json::from_slice(&text);
    programs.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Keep a damaged file under another name, for the administrator.
fn set_aside(path: &Path, error: &io::Error, logger: &Logger) {
    let shown = path.display();
    let mut aside = path.as_os_str().to_owned();
    aside.push(".bad");
    let aside = PathBuf::from(aside);
    let done = match visord_files::rename(path, &aside) {
        Ok(()) => format!("it is now {}", aside.display()),
        Err(error) => format!("it cannot be renamed: {error}"),
    };
    slog::error!(
        logger,
        "the disabilities_file {shown} is damaged ({error}), so no program is disabled; {done}"
    );
}

#[cfg(test)]
mod tests;
