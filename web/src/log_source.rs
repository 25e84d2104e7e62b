//! The log that a client wants to see, and its file.

use std::io;
use std::path::{Path, PathBuf};

use visord_files::FileType;
use visord_logs::numbered;
use visord_model::event::Stream;

use crate::query::Parameters;
use crate::rpc::{logs, names};
use crate::site::Site;
use crate::state::AppState;

/// A log, independent of where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// An output of a process, by the name that the client sent.
    Process(String, Stream),
    /// The daemon's own log.
    Activity,
}

/// Why there is no log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// For people.
    pub why: String,
    /// The log may be created later.
    pub may_come: bool,
}

impl Absent {
    fn because(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            may_come: false,
        }
    }

    /// It could not be opened or read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        if error.kind() != io::ErrorKind::NotFound {
            return Self::because(format!("{path} cannot be read: {error}"));
        }
        Self {
            why: format!("There is no log yet: {path} does not exist."),
            may_come: true,
        }
    }
}

impl LogSource {
    /// The log that `name=` and `channel=` name.
    pub fn from_parameters(parameters: &Parameters) -> Self {
        let name = parameters.text("name").to_owned();
        let channel = match parameters.text("channel") {
            "stderr" => Stream::Stderr,
            _ => Stream::Stdout,
        };
        Self::Process(name, channel)
    }

    /// Its file, if it is a file; with a number above 0 that of a rotation.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn file(&self, site: &Site, old: u32) -> Result<PathBuf, Absent> {
        if *self == Self::Activity {
            site.state.settled().await;
        }
        let path = self.path(&site.state)?;
        let path = match old {
            0 => path,
            old => numbered(&path, old.into()),
        };
        let found = site.state.workers.run(move || look(path)).await;
        found.unwrap_or_else(|not_done| Err(Absent::because(format!("No answer: {not_done}."))))
    }

    /// Its path now, whatever kind of file that is.
    ///
    /// # Errors
    /// Why it has none.
    pub fn path(&self, state: &AppState) -> Result<PathBuf, Absent> {
        let Self::Process(name, stream) = self else {
            let path = state.board.identity().logfile.clone();
            return path.ok_or_else(|| Absent::because("The activity log goes to syslog."));
        };
        let unknown = || {
            Absent::because(match name.as_str() {
                "" => "No process was named.".to_owned(),
                name => format!("No such process: {name}"),
            })
        };
        let process = names::single(name).map_err(|_| unknown())?;
        let info = state.board.process(&process).ok_or_else(unknown)?;
        logs::path(&info, *stream).ok_or_else(|| {
            Absent::because(match stream {
                Stream::Stdout => format!(
                    "The standard output of {name} is not stored in a file: \
                     stdout_logfile is NONE or empty, or it goes to syslog."
                ),
                Stream::Stderr => format!(
                    "The standard error of {name} is not stored in a file of its own: \
                     redirect_stderr sends it to stdout, stderr_logfile is NONE or empty, \
                     or it goes to syslog."
                ),
            })
        })
    }
}

/// The path, if it is that of a regular file. Blocks.
fn look(path: PathBuf) -> Result<PathBuf, Absent> {
    // `/dev/stdout` may be a file: one that this process has inherited
    let is_inherited = path.starts_with("/dev") || path.starts_with("/proc");
    let found = visord_files::look(&path);
    let found = found.and_then(|found| found.ok_or(io::ErrorKind::NotFound.into()));
    let found = found.map_err(|error| Absent::unreadable(&path, &error))?;
    let what = match found.file_type {
        FileType::Regular if !is_inherited => return Ok(path),
        FileType::Link if !is_inherited => "a link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::Folder => "a folder",
        FileType::Regular | FileType::Link | FileType::CharacterDevice | FileType::BlockDevice => {
            "a device"
        }
    };
    let path = path.display();
    Err(Absent::because(format!(
        "The output goes to {path}, {what}, which cannot be read back."
    )))
}
