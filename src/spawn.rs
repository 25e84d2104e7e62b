//! Starting a user's program with the signals that the user's shell gave us: for pidproxy and for
//! plug-in commands. (The daemon's children are started by `visord-actors`.)

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

/// Start `file` with these arguments, of which the first is its name, and these variables. It has
/// the signals of `mask` blocked, and does not ignore those of `defaults` even if we do.
///
/// # Errors
/// The system refuses; `EINVAL` also for a NUL byte in an argument.
pub(crate) fn spawn(
    file: &Path,
    arguments: &[OsString],
    variables: impl Iterator<Item = (OsString, OsString)>,
    mask: &SigSet,
    defaults: &[Signal],
) -> Result<Pid, Errno> {
    let arguments: Result<Vec<CString>, Errno> = arguments.iter().map(c_string).collect();
    let environment: Result<Vec<CString>, Errno> = variables
        .map(|(mut variable, value)| {
            variable.push("=");
            variable.push(value);
            c_string(&variable)
        })
        .collect();
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_sigmask(mask)?;
    // the Rust runtime ignores SIGPIPE; the program must not inherit that
    let defaults = defaults.iter().copied().chain([Signal::SIGPIPE]);
    attributes.set_sigdefault(&defaults.collect())?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    let actions = PosixSpawnFileActions::init()?;
    posix_spawn(file, &actions, &attributes, &arguments?, &environment?)
}

fn c_string(text: &OsString) -> Result<CString, Errno> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}
