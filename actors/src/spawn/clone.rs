//! The fast way: a child that borrows the daemon's memory until exec, and a pidfd that comes
//! back with it. Costs the same however large the daemon is (dependencies.md, section 6).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::sync::Arc;

use libc::{c_int, c_void};

use super::child::Table;
use super::launch::Launch;
use super::places::Places;
use super::wait::{Target, reap_any_kind};
use super::{ChildHandle, async_signal_safe, child, descriptor, send_signal};
use visord_model::signal::Signal;

/// Room for the child's few frames, in bytes; one guard page lies below.
const SIZE: usize = 64 * 1024;
const GUARD: usize = 64 * 1024;

/// The stack children run on, one after the other: the spawner thread is suspended until its
/// child has executed or ended.
pub(super) struct Stack {
    base: *mut c_void,
}

impl Stack {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: a fresh private mapping, whose lower part is made inaccessible.
        unsafe {
            let base = libc::mmap(
                ptr::null_mut(),
                GUARD + SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
                -1,
                0,
            );
            if base == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            let stack = Self { base };
            if libc::mprotect(base, GUARD, libc::PROT_NONE) == -1 {
                return Err(io::Error::last_os_error());
            }
            Ok(stack)
        }
    }

    /// Clone with this stack: `(pid, pidfd)`, or an errno.
    ///
    /// # Safety
    ///
    /// `enter` must do what a child that shares memory may do, and never return; `argument` must
    /// be what it expects.
    unsafe fn clone(
        &mut self,
        enter: extern "C" fn(*mut c_void) -> c_int,
        argument: *mut c_void,
        flags: c_int,
    ) -> Result<(i32, OwnedFd), i32> {
        let mut pidfd: c_int = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | flags;
        // SAFETY: the stack is ours, grows down from its aligned end and is used by one child at
        // a time; CLONE_VFORK keeps everything borrowed alive for as long as the child needs it.
        let pid = unsafe {
            let top = self.base.byte_add(GUARD + SIZE);
            libc::clone(enter, top, flags, argument, &raw mut pidfd)
        };
        if pid == -1 {
            return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
        }
        Ok((pid, descriptor::own(pidfd)))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, used by nobody now.
        unsafe { libc::munmap(self.base, GUARD + SIZE) };
    }
}

/// What a child is handed.
struct Errand<'a> {
    launch: &'a Launch,
    table: Table,
}

/// Bring a child to life; returns when it has executed its program or ended.
/// Signals must be blocked in the calling thread: the child's dispositions are still the daemon's.
pub(super) fn spawn(
    launch: &Launch,
    stack: &mut Stack,
    places: &Places,
) -> Result<ChildHandle, i32> {
    extern "C" fn enter(errand: *mut c_void) -> c_int {
        // SAFETY: the reference passed below, whose owner is suspended.
        let errand = unsafe { &*errand.cast::<Errand<'_>>() };
        child::run(errand.launch, errand.table)
    }
    let filled = places.fill(launch.stdio.sources())?;
    let errand = Errand {
        launch,
        table: Table::Shared {
            sources: filled.sources(),
            above: filled.above(),
        },
    };
    let argument = ptr::from_ref(&errand).cast_mut().cast();
    let flags = libc::CLONE_FILES | libc::SIGCHLD;
    // SAFETY: `enter` fits the argument, and `child::run` keeps to what is allowed.
    let (pid, pidfd) = unsafe { stack.clone(enter, argument, flags) }?;
    Ok(ChildHandle {
        pid,
        pidfd: Some(Arc::new(pidfd)),
    })
}

/// Whether this kernel, or the sandbox around us, allows the whole way from clone to reaping by
/// descriptor (Linux 5.4). The child of the trial sends no SIGCHLD and is seen by nobody else.
pub(super) fn works(stack: &mut Stack) -> bool {
    extern "C" fn enter(_: *mut c_void) -> c_int {
        async_signal_safe::exit(0)
    }
    // SAFETY: `enter` ends at once and looks at nothing.
    let Ok((pid, pidfd)) = (unsafe { stack.clone(enter, ptr::null_mut(), 0) }) else {
        return false;
    };
    // it has ended, but until it is reaped it can be signalled
    let trial = ChildHandle {
        pid,
        pidfd: Some(Arc::new(pidfd)),
    };
    let signalled = send_signal(&trial, Signal::raw(0), false).is_ok();
    let reaped = match &trial.pidfd {
        Some(pidfd) => reap_any_kind(Target::Pidfd(pidfd.as_fd())).is_ok(),
        None => false,
    };
    // where descriptors cannot be waited for, the number can
    if !reaped {
        let _ = reap_any_kind(Target::Pid(pid));
    }
    signalled && reaped
}
