//! Calls on descriptors that the safe libraries do not offer.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Wait for this descriptor with the reactor of the calling thread, which must be inside a
/// runtime. Errors: the reactor cannot wait for files of this kind (`EPERM`), or is full.
pub fn register(
    fd: impl Into<Arc<OwnedFd>>,
    interest: Interest,
) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    let fd: Arc<OwnedFd> = fd.into();
    // SAFETY: an owned descriptor behind an Arc can be neither closed nor changed while the
    // AsyncFd holds its part of it.
    let registered = unsafe { AsyncFd::register_with_interest(fd, interest) };
    registered.map_err(|refused| refused.into_parts().1)
}

/// Take over a descriptor that a system call has just handed out.
pub(super) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: every caller passes the fresh result of a successful call, with no other owner.
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
