//! Two things about descriptors that the safe libraries do not offer.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Take over a descriptor that a system call has just handed out.
pub(super) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: every caller passes the fresh result of a successful call, known to nobody else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Listen with any backlog; nix refuses those above its own idea of the maximum, the kernel
/// quietly lowers them to `net.core.somaxconn`.
pub(crate) fn listen(socket: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    if unsafe { libc::listen(socket.as_raw_fd(), backlog) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
