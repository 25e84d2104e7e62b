//! Why a program could not be started.

use std::io;

use derive_more::Display;
use visord_model::fault::FaultCode;

use super::errno::errno_name;

/// `Display` is the text after `spawnerr: ` (spec core 4.4).
#[derive(Clone, Debug, Display, PartialEq, Eq)]
pub enum SpawnError {
    /// The check of the command fails: `NO_FILE` or `NOT_EXECUTABLE`, which startProcess answers
    /// with (spec interfaces 3.5), and why.
    #[display("{_1}")]
    Command(FaultCode, String),
    /// It fails later: why.
    Failed(String),
    /// An earlier job of the same program is still being carried out: its file system hangs.
    #[display("an earlier attempt to start it still hangs")]
    StillHangs,
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
        let error = match error.raw_os_error() {
            Some(libc::EMFILE) => {
                return Self::Failed(format!("too many open files to spawn '{name}'"));
            }
            Some(errno) => errno_or_number(errno),
            None => error.to_string(),
        };
        Self::Failed(format!(
            "unknown error making dispatchers for '{name}': {error}"
        ))
    }

    /// The kernel refused the child with this errno.
    pub(super) fn fork(name: &str, errno: i32) -> Self {
        Self::Failed(match errno {
            libc::EAGAIN => format!("Too many processes in process table to spawn '{name}'"),
            other => {
                let error = errno_or_number(other);
                format!("unknown error during fork for '{name}': {error}")
            }
        })
    }

    /// This, which is to be handed to exec, holds a NUL byte.
    pub(super) fn nul(what: &str) -> Self {
        Self::Failed(format!("{what} contains a NUL byte"))
    }
}

/// `ENOENT`, or the bare number if it has no name.
pub(crate) fn errno_or_number(errno: i32) -> String {
    errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned)
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
            assert!(matches!(error, SpawnError::Failed(_)), "{text}");
        }
    }
}
