//! The portable way: fork, for kernels and sandboxes that refuse the fast one.

use std::io;

use super::child::Table;
use super::launch::Launch;
use super::{ChildHandle, child};

/// Bring a child to life; returns at once, its exec may still be to come.
/// Signals must be blocked in the calling thread: the child's dispositions are still the daemon's.
pub(super) fn spawn(launch: &Launch) -> Result<ChildHandle, i32> {
    // SAFETY: the child calls only what is async-signal-safe, then executes or ends.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        0 => child::run(launch, Table::Copied(launch.stdio.sources())),
        pid => {
            // the child does it too: whoever comes first, a signal to the group finds it. It fails
            // once the child has executed, and then it was not needed.
            // SAFETY: no memory is involved.
            unsafe { libc::setpgid(pid, pid) };
            Ok(ChildHandle { pid, pidfd: None })
        }
    }
}
