//! Why a program could not be started.

use std::fmt;
use std::io;
use std::path::PathBuf;

use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;

use super::command::SplitError;
use super::errno::errno_name;

/// One row of spec core 4.4. `Display` is the text after `spawnerr: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// The command line cannot be split.
    Unparsable {
        /// Its first word: what follows may hold secrets.
        word: String,
        /// What is wrong with it.
        reason: SplitError,
    },
    /// The command line has no word.
    Empty,
    /// No such file, or none in any directory of the search path.
    NotFound {
        /// The first word.
        word: String,
    },
    /// The program is a directory.
    IsDirectory {
        /// The program.
        path: PathBuf,
    },
    /// The program has no execute permission.
    NotExecutable {
        /// The program.
        path: PathBuf,
    },
    /// Others may execute the program, the daemon may not.
    NoPermission {
        /// The program.
        path: PathBuf,
    },
    /// `EMFILE` on the way to pipes, logs or the child.
    TooManyFiles {
        /// The process that was to be.
        name: String,
    },
    /// Pipes or logs could not be opened.
    Dispatchers {
        /// The process that was to be.
        name: String,
        /// Name of the error (`EACCES`).
        errno: String,
    },
    /// The kernel has no room for a process.
    ProcessTableFull {
        /// The process that was to be.
        name: String,
    },
    /// The kernel refuses a process for another reason.
    Fork {
        /// The process that was to be.
        name: String,
        /// Name of the error (`ENOMEM`).
        errno: String,
    },
    /// The FastCGI socket could not be opened (difference C30).
    Socket {
        /// `unix:///path` or `tcp://host:port`.
        url: String,
        /// The error as the original words it (`[Errno 98] Address already in use`).
        reason: String,
    },
    /// Something to be handed to exec holds a NUL byte.
    Nul {
        /// What.
        what: String,
    },
    /// An earlier job of the same program is still being carried out: its file system hangs.
    StillHangs,
    /// No thread can be had that could carry out the start.
    NoThread {
        /// The system's error, or that too many starts hang.
        reason: String,
    },
    /// An earlier job of the same kind, such as reading the configuration, hangs.
    EarlierHangs,
    /// It was cancelled; the answer is not wanted any more.
    Cancelled,
    /// The spawner thread has ended, or lost this request in a panic.
    SpawnerGone,
}

impl SpawnError {
    /// Pipes or logs of a process could not be opened.
    #[must_use]
    pub fn dispatchers(name: &str, error: &io::Error) -> Self {
        let name = name.to_owned();
        match error.raw_os_error() {
            Some(libc::EMFILE) => Self::TooManyFiles { name },
            Some(errno) => Self::Dispatchers {
                name,
                errno: named(errno),
            },
            None => Self::Dispatchers {
                name,
                errno: error.to_string(),
            },
        }
    }

    /// The kernel refused the child with this errno.
    pub(super) fn fork(name: &str, errno: i32) -> Self {
        let name = name.to_owned();
        match errno {
            libc::EAGAIN => Self::ProcessTableFull { name },
            other => Self::Fork {
                name,
                errno: named(other),
            },
        }
    }

    /// The fault that startProcess answers with when the check of the command fails: NO_FILE or
    /// NOT_EXECUTABLE about this error's text (spec interfaces 3.5). `None`: no such check; it is
    /// a spawn error like any other.
    #[must_use]
    pub fn fault_code(&self) -> Option<FaultCode> {
        match self {
            Self::NotFound { .. } => Some(FaultCode::NoFile),
            Self::Unparsable { .. }
            | Self::Empty
            | Self::IsDirectory { .. }
            | Self::NotExecutable { .. }
            | Self::NoPermission { .. } => Some(FaultCode::NotExecutable),
            Self::TooManyFiles { .. }
            | Self::Dispatchers { .. }
            | Self::ProcessTableFull { .. }
            | Self::Fork { .. }
            | Self::Socket { .. }
            | Self::Nul { .. }
            | Self::StillHangs
            | Self::NoThread { .. }
            | Self::EarlierHangs
            | Self::Cancelled
            | Self::SpawnerGone => None,
        }
    }
}

/// `ENOENT`, or the bare number if it has no name.
fn named(errno: i32) -> String {
    errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned)
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |path: &PathBuf| repr(&path.to_string_lossy());
        match self {
            Self::Unparsable { word, reason } => {
                write!(f, "can't parse command {}: {reason}", repr(word))
            }
            Self::Empty => f.write_str("command is empty"),
            Self::NotFound { word } => write!(f, "can't find command {}", repr(word)),
            Self::IsDirectory { path } => {
                write!(f, "command at {} is a directory", quoted(path))
            }
            Self::NotExecutable { path } => {
                write!(f, "command at {} is not executable", quoted(path))
            }
            Self::NoPermission { path } => {
                write!(f, "no permission to run command {}", quoted(path))
            }
            Self::TooManyFiles { name } => write!(f, "too many open files to spawn '{name}'"),
            Self::Dispatchers { name, errno } => {
                write!(f, "unknown error making dispatchers for '{name}': {errno}")
            }
            Self::ProcessTableFull { name } => {
                write!(f, "Too many processes in process table to spawn '{name}'")
            }
            Self::Fork { name, errno } => {
                write!(f, "unknown error during fork for '{name}': {errno}")
            }
            Self::Socket { url, reason } => {
                write!(f, "Could not create FastCGI socket {url}: {reason}")
            }
            Self::Nul { what } => write!(f, "{what} contains a NUL byte"),
            Self::StillHangs => f.write_str("an earlier attempt to start it still hangs"),
            Self::NoThread { reason } => write!(f, "no thread to start it: {reason}"),
            Self::EarlierHangs => f.write_str("an earlier request of this kind hangs"),
            Self::Cancelled => f.write_str("the start was cancelled"),
            Self::SpawnerGone => f.write_str("the spawner thread is gone"),
        }
    }
}

impl std::error::Error for SpawnError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_spec_4_4_that_are_not_about_the_command() {
        let name = "web".to_owned();
        let os = io::Error::from_raw_os_error;
        for (error, text) in [
            (
                SpawnError::dispatchers(&name, &os(libc::EMFILE)),
                "too many open files to spawn 'web'",
            ),
            (
                SpawnError::dispatchers(&name, &os(libc::EISDIR)),
                "unknown error making dispatchers for 'web': EISDIR",
            ),
            (
                SpawnError::fork(&name, libc::EAGAIN),
                "Too many processes in process table to spawn 'web'",
            ),
            (
                SpawnError::fork(&name, libc::ENOMEM),
                "unknown error during fork for 'web': ENOMEM",
            ),
            (
                SpawnError::fork(&name, 9999),
                "unknown error during fork for 'web': 9999",
            ),
        ] {
            assert_eq!(error.to_string(), text);
            assert_eq!(error.fault_code(), None, "{text}");
        }
    }
}
