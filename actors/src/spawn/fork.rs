//! A child that begins as a copy of the daemon, where there is no helper to execute.

use std::io;

use super::launch::Launch;
use super::{child, places};

/// Fork; returns the pid at once, the program is executed later. Fails with an errno.
/// Signals must be blocked in the calling thread: the child's dispositions are still the daemon's.
pub(super) fn spawn(launch: &Launch) -> Result<i32, i32> {
    // SAFETY: the child makes only system calls, then executes or ends.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        0 => {
            if places::begin(launch.stdio.sources()).is_err() {
                child::give_up(&[]);
            }
            // SAFETY: these are what `run` expects, and stay for the rest of this process.
            unsafe { child::run(launch.arguments.as_ptr(), launch.environment.as_ptr()) }
        }
        pid => {
            // the child does it too: whichever is first, a signal to the group finds it. It fails
            // once the child has executed, and then it was not needed.
            // SAFETY: no memory is involved.
            unsafe { libc::setpgid(pid, pid) };
            Ok(pid)
        }
    }
}
