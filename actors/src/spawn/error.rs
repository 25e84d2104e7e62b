//! Why a program could not be started.

use std::io;
use std::path::{Path, PathBuf};

use derive_more::Display;
use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;

use super::command::SplitError;
use super::errno::errno_name;

/// One row of spec core 4.4. `Display` is the text after `spawnerr: `.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
pub enum SpawnError {
    /// The command line cannot be split.
    #[display("can't parse command {}: {reason}", repr(word))]
    Unparsable {
        /// Its first word: what follows may hold secrets.
        word: String,
        /// What is wrong with it.
        reason: SplitError,
    },
    /// The command line has no word.
    #[display("command is empty")]
    Empty,
    /// There is no file that this first word names, or none in any directory of the search path.
    #[display("can't find command {}", repr(_0))]
    NotFound(String),
    /// This program is a directory.
    #[display("command at {} is a directory", quoted(_0))]
    IsDirectory(PathBuf),
    /// This program has no execute permission.
    #[display("command at {} is not executable", quoted(_0))]
    NotExecutable(PathBuf),
    /// Others may execute this program, the daemon may not.
    #[display("no permission to run command {}", quoted(_0))]
    NoPermission(PathBuf),
    /// `EMFILE` on the way to pipes, logs or the child of the process of this name.
    #[display("too many open files to spawn '{_0}'")]
    TooManyFiles(String),
    /// Pipes or logs of the process of this name could not be opened: name of the error (`EACCES`).
    #[display("unknown error making dispatchers for '{_0}': {_1}")]
    Dispatchers(String, String),
    /// The kernel has no room for the process of this name.
    #[display("Too many processes in process table to spawn '{_0}'")]
    ProcessTableFull(String),
    /// The kernel refuses the process of this name for another reason: name of the error (`ENOMEM`).
    #[display("unknown error during fork for '{_0}': {_1}")]
    Fork(String, String),
    /// The FastCGI socket could not be opened (difference C30).
    #[display("Could not create FastCGI socket {url}: {reason}")]
    Socket {
        /// `unix:///path` or `tcp://host:port`.
        url: String,
        /// The error as the original words it (`[Errno 98] Address already in use`).
        reason: String,
    },
    /// This, which is to be handed to exec, holds a NUL byte.
    #[display("{_0} contains a NUL byte")]
    Nul(&'static str),
    /// An earlier job of the same program is still being carried out: its file system hangs.
    #[display("an earlier attempt to start it still hangs")]
    StillHangs,
    /// No thread can be had that could carry out the start: the system's error, or that too many
    /// starts hang.
    #[display("no thread to start it: {_0}")]
    NoThread(String),
    /// An earlier job of the same kind, such as reading the configuration, hangs.
    #[display("an earlier request of this kind hangs")]
    EarlierHangs,
    /// It was cancelled; the answer is not wanted any more.
    #[display("the start was cancelled")]
    Cancelled,
    /// The spawner thread has ended, or lost this request in a panic.
    #[display("the spawner thread is gone")]
    SpawnerGone,
}

impl std::error::Error for SpawnError {}

impl SpawnError {
    /// Pipes or logs of a process could not be opened.
    pub fn dispatchers(name: &str, error: &io::Error) -> Self {
        let name = name.to_owned();
        match error.raw_os_error() {
            Some(libc::EMFILE) => Self::TooManyFiles(name),
            Some(errno) => Self::Dispatchers(name, errno_or_number(errno)),
            None => Self::Dispatchers(name, error.to_string()),
        }
    }

    /// The kernel refused the child with this errno.
    pub(super) fn fork(name: &str, errno: i32) -> Self {
        let name = name.to_owned();
        match errno {
            libc::EAGAIN => Self::ProcessTableFull(name),
            other => Self::Fork(name, errno_or_number(other)),
        }
    }

    /// The fault that startProcess answers with when the check of the command fails: NO_FILE or
    /// NOT_EXECUTABLE about this error's text (spec interfaces 3.5). `None`: no such check; it is
    /// a spawn error like any other.
    pub const fn fault_code(&self) -> Option<FaultCode> {
        match self {
            Self::NotFound(_) => Some(FaultCode::NoFile),
            Self::Unparsable { .. }
            | Self::Empty
            | Self::IsDirectory(_)
            | Self::NotExecutable(_)
            | Self::NoPermission(_) => Some(FaultCode::NotExecutable),
            Self::TooManyFiles(_)
            | Self::Dispatchers(..)
            | Self::ProcessTableFull(_)
            | Self::Fork(..)
            | Self::Socket { .. }
            | Self::Nul(_)
            | Self::StillHangs
            | Self::NoThread(_)
            | Self::EarlierHangs
            | Self::Cancelled
            | Self::SpawnerGone => None,
        }
    }
}

/// `ENOENT`, or the bare number if it has no name.
pub(crate) fn errno_or_number(errno: i32) -> String {
    errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned)
}

fn quoted(path: &Path) -> String {
    repr(&path.to_string_lossy())
}

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
