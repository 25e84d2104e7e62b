//! The raw wait. Only [`crate::reaper`] waits for children; the spawner thread only for the one
//! of its trial.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, id_t, idtype_t};
use visord_model::exit::ExitStatus;
use visord_model::signal::Signal;

/// Whom to look at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// Whoever has ended.
    Any,
    /// The child of this number.
    Pid(i32),
    /// The child of this descriptor.
    Pidfd(BorrowedFd<'a>),
}

/// A child that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) pid: i32,
    pub(crate) status: ExitStatus,
}

/// Whether it has ended; leaves it to be reaped.
pub(crate) fn peek(target: Target<'_>) -> io::Result<Option<Ended>> {
    wait(target, libc::WNOHANG | libc::WNOWAIT)
}

/// Reap it if it has ended.
pub(crate) fn reap(target: Target<'_>) -> io::Result<Option<Ended>> {
    wait(target, libc::WNOHANG)
}

/// Reap it, also a child that sends no SIGCHLD; waits until it has ended.
pub(crate) fn reap_any_kind(target: Target<'_>) -> io::Result<Option<Ended>> {
    wait(target, libc::__WALL)
}

/// nix's `waitid` cannot word a death by a real-time signal, hence the bare call.
fn wait(target: Target<'_>, options: c_int) -> io::Result<Option<Ended>> {
    let (kind, id): (idtype_t, c_int) = match target {
        Target::Any => (libc::P_ALL, 0),
        Target::Pid(pid) => (libc::P_PID, pid),
        Target::Pidfd(pidfd) => (libc::P_PIDFD, pidfd.as_raw_fd()),
    };
    let id = id_t::try_from(id).map_err(io::Error::other)?;
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
    Ok((pid != 0).then_some(Ended { pid, status }))
}
