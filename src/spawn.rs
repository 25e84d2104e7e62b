//! Starting a program of the user's with the signals as the user's shell gave them to us: for
//! pidproxy and for plug-in commands. (The daemon's children are another matter:
//! `visord-actors`.)

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

/// Start `file` with these words, the first of them its name for itself, and these variables.
/// `mask` are the signals it is to have blocked, `defaults` those it is not to ignore though we
/// may do.
///
/// # Errors
/// The system refuses; `EINVAL` also for a NUL byte in a word.
pub(crate) fn spawn(
    file: &Path,
    words: &[OsString],
    variables: impl Iterator<Item = (OsString, OsString)>,
    mask: &SigSet,
    defaults: &[Signal],
) -> Result<Pid, Errno> {
    let words: Result<Vec<CString>, Errno> = words.iter().map(c_string).collect();
    let environment: Result<Vec<CString>, Errno> = variables
        .map(|(mut variable, value)| {
            variable.push("=");
            variable.push(value);
            c_string(&variable)
        })
        .collect();
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_sigmask(mask)?;
    // The Rust runtime ignores SIGPIPE; the program must not inherit that.
    let defaults = defaults.iter().copied().chain([Signal::SIGPIPE]);
    attributes.set_sigdefault(&defaults.collect())?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    let actions = PosixSpawnFileActions::init()?;
    posix_spawn(file, &actions, &attributes, &words?, &environment?)
}

fn c_string(text: &OsString) -> Result<CString, Errno> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}
