//! The log that a client wants to see, and its file.

use std::fmt;
use std::path::{Path, PathBuf};

use visord_files::FileType;
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

/// Why there is no log; displayed for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// No process was named, or none of this name exists.
    NoProcess(String),
    /// It is not stored in a file.
    NotStored(String),
    /// It is written to something that cannot be read back.
    NoFile(PathBuf, &'static str),
    /// The file does not exist yet.
    NotYet(PathBuf),
    /// The system refuses to read it.
    Unreadable(PathBuf, String),
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
        let path = if old > 0 { numbered(&path, old) } else { path };
        let found = site.state.workers.run(move || look(path)).await;
        found.unwrap_or_else(|not_done| Err(Absent::NotStored(format!("No answer: {not_done}."))))
    }

    /// Its path now, whatever kind of file that is.
    ///
    /// # Errors
    /// Why it has none.
    pub fn path(&self, state: &AppState) -> Result<PathBuf, Absent> {
        match self {
            Self::Process(name, stream) => Self::of_process(state, name, *stream),
            Self::Activity => {
                let path = state.board.identity().logfile.clone();
                path.ok_or_else(|| Absent::NotStored("The activity log goes to syslog.".into()))
            }
        }
    }

    fn of_process(state: &AppState, name: &str, stream: Stream) -> Result<PathBuf, Absent> {
        let unknown = || Absent::NoProcess(name.to_owned());
        let process = names::single(name).map_err(|_| unknown())?;
        let info = state.board.process(&process).ok_or_else(unknown)?;
        logs::path(&info, stream).ok_or_else(|| {
            Absent::NotStored(match stream {
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

/// The name of a rotated log: `x.log.1` is the newest.
pub fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// The path, if it is that of a regular file. Blocks.
fn look(path: PathBuf) -> Result<PathBuf, Absent> {
    // `/dev/stdout` may be a file: one that this process has inherited
    let is_inherited = path.starts_with("/dev") || path.starts_with("/proc");
    let file_type = match visord_files::look(&path) {
        Ok(Some(found)) => found.file_type,
        Ok(None) => return Err(Absent::NotYet(path)),
        Err(error) => return Err(Absent::Unreadable(path, error.to_string())),
    };
    let what = match file_type {
        FileType::Regular if !is_inherited => return Ok(path),
        FileType::Link if !is_inherited => "a link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::Folder => "a folder",
        FileType::Regular | FileType::Link | FileType::CharacterDevice | FileType::BlockDevice => {
            "a device"
        }
    };
    Err(Absent::NoFile(path, what))
}

impl Absent {
    /// Whether the log may be created later.
    pub fn may_come(&self) -> bool {
        matches!(self, Self::NotYet(_))
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProcess(name) if name.is_empty() => f.write_str("No process was named."),
            Self::NoProcess(name) => write!(f, "No such process: {name}"),
            Self::NotStored(why) => f.write_str(why),
            Self::NoFile(path, what) => write!(
                f,
                "The output goes to {}, {what}, which cannot be read back.",
                path.display()
            ),
            Self::NotYet(path) => {
                let path = path.display();
                write!(f, "There is no log yet: {path} does not exist.")
            }
            Self::Unreadable(path, error) => {
                write!(f, "{} cannot be read: {error}", path.display())
            }
        }
    }
}
