//! Signals to children.

use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

use libc::c_long;
use visord_model::signal::Signal;

use super::ChildHandle;

/// Signal a child through its descriptor, which can never reach a stranger, or its whole process
/// group by number, which is safe until the child is reaped. `ESRCH`: it has ended.
pub fn send_signal(child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
    // 0, 1 and -1 mean others than a child
    if child.pid <= 1 {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    let number = signal.number();
    let result = match &child.pidfd {
        Some(pidfd) if !group => {
            let flags = 0_u32;
            // SAFETY: no siginfo is handed over; the descriptor is open.
            unsafe {
                libc::syscall(
                    libc::SYS_pidfd_send_signal,
                    pidfd.as_raw_fd(),
                    number,
                    ptr::null::<libc::siginfo_t>(),
                    flags,
                )
            }
        }
        Some(_) | None => {
            let target = if group { -child.pid } else { child.pid };
            // SAFETY: no memory is involved.
            c_long::from(unsafe { libc::kill(target, number) })
        }
    };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
