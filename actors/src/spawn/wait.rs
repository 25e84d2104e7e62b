//! The raw wait. Only [`crate::reaper`] waits for children; a spawner thread only for one that
//! could not execute the helper.

use std::io;
use std::mem::MaybeUninit;

use libc::{c_int, id_t};
use visord_model::exit::ExitStatus;
use visord_model::signal::Signal;

/// A child that has ended, and how.
pub(crate) type Ended = (i32, ExitStatus);

/// The child of this pid, or any, if it has ended; leaves it to be reaped.
pub(crate) fn peek(pid: Option<i32>) -> io::Result<Option<Ended>> {
    wait(pid, libc::WNOHANG | libc::WNOWAIT)
}

/// Reap the child of this pid if it has ended.
pub(crate) fn reap(pid: i32) -> io::Result<Option<Ended>> {
    wait(Some(pid), libc::WNOHANG)
}

/// Reap the child of this pid, which is about to end.
pub(super) fn reap_ending(pid: i32) -> io::Result<Option<Ended>> {
    wait(Some(pid), 0)
}

/// nix's `waitid` cannot represent a death by a real-time signal.
fn wait(pid: Option<i32>, options: c_int) -> io::Result<Option<Ended>> {
    let kind = pid.map_or(libc::P_ALL, |_| libc::P_PID);
    let id = id_t::try_from(pid.unwrap_or(0)).map_err(io::Error::other)?;
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: `info` is a valid place for the result.
    let result = unsafe { libc::waitid(kind, id, info.as_mut_ptr(), libc::WEXITED | options) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: zeroed above, which is a valid value, and filled in by a successful call.
    let info = unsafe { info.assume_init() };
    // SAFETY: these fields are set for the SIGCHLD form that waitid gives, and zero if it found none.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    let status = match info.si_code {
        libc::CLD_EXITED => ExitStatus::Code(status),
        code @ (libc::CLD_KILLED | libc::CLD_DUMPED) => ExitStatus::Signal {
            signal: Signal::raw(status),
            core: code == libc::CLD_DUMPED,
        },
        _ => ExitStatus::Other(status),
    };
    Ok((pid != 0).then_some((pid, status)))
}
