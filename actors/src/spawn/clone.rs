//! A child that borrows the daemon's memory until it executes the spawn helper. Costs the same
//! however large the daemon is, and waits for nothing that a program's user controls.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void};

use super::launch::Launch;
use super::places::{self, Places};
use super::wait;

/// Room for the child's few frames, in bytes; one guard page lies below.
const SIZE: usize = 64 * 1024;
const GUARD: usize = 64 * 1024;

/// What a spawner thread needs to make children this way, one at a time.
pub(super) struct Cloner {
    helper: BorrowedFd<'static>,
    places: Places,
    stack: Stack,
}

/// Why there is no child.
pub(super) enum Failure {
    /// The kernel refuses a process, with this errno.
    Clone(i32),
    /// The helper cannot be executed, with this errno; its child is gone.
    Helper(i32),
}

impl Cloner {
    pub(super) fn new(helper: BorrowedFd<'static>) -> io::Result<Self> {
        Ok(Self {
            helper,
            places: Places::reserve()?,
            stack: Stack::new()?,
        })
    }

    /// The first descriptor above all that a child needs.
    pub(super) fn above(&self) -> u32 {
        let helper = self.helper.as_raw_fd().unsigned_abs();
        self.places.above().max(helper + 1)
    }

    /// Make a child; returns when it has executed the helper, or has failed.
    /// Signals must be blocked in the calling thread: the child's dispositions are still the
    /// daemon's.
    pub(super) fn spawn(&mut self, launch: &Launch) -> Result<i32, Failure> {
        let sources = launch.stdio.sources();
        let filled = self.places.fill(sources).map_err(Failure::Clone)?;
        let helper = self.helper.as_raw_fd();
        let errand = Errand {
            launch,
            sources: filled.sources(),
            helper,
            above: self.above(),
            failure: AtomicI32::new(0),
        };
        let pid = self.stack.clone(&errand).map_err(Failure::Clone)?;
        match errand.failure.into_inner() {
            0 => Ok(pid),
            errno => {
                // it has ended, and is known to this thread alone; if it cannot be waited for,
                // the Reaper finds it
                let _ = wait::reap_ending(pid);
                Err(Failure::Helper(errno))
            }
        }
    }
}

/// What a child is handed.
struct Errand<'a> {
    launch: &'a Launch,
    /// Where its stdin, stdout and stderr are.
    sources: [RawFd; 3],
    helper: RawFd,
    /// No descriptor at or above this one is wanted.
    above: u32,
    /// Why it ends without having executed the helper.
    failure: AtomicI32,
}

impl Errand<'_> {
    /// What the child does. It shares memory with the daemon, so this must neither allocate,
    /// lock, panic nor return.
    fn run(&self) -> ! {
        // first of all, so that no call below changes anything of the daemon's
        let executed = places::unshare_from(self.above)
            .and_then(|()| places::begin(self.sources))
            .and_then(|()| self.execute_helper());
        if let Err(errno) = executed {
            self.failure.store(errno, Ordering::Relaxed);
        }
        // SAFETY: does not return and runs no handlers.
        unsafe { libc::_exit(127) }
    }

    fn execute_helper(&self) -> Result<(), i32> {
        let (words, environment) = (&self.launch.words, &self.launch.environment);
        // SAFETY: NUL-terminated strings in null-terminated arrays, alive until they are copied.
        let result = unsafe {
            libc::syscall(
                libc::SYS_execveat,
                self.helper,
                c"".as_ptr(),
                words.as_ptr(),
                environment.as_ptr(),
                libc::AT_EMPTY_PATH,
            )
        };
        places::check(result)
    }
}

/// The stack children run on, one after the other: the spawner thread is suspended until its
/// child has executed or ended.
struct Stack {
    base: *mut c_void,
}

// SAFETY: the mapping belongs to no thread, and only the owner of the stack uses it.
unsafe impl Send for Stack {}

impl Stack {
    fn new() -> io::Result<Self> {
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

    /// Clone with this stack: the pid, or an errno.
    fn clone(&mut self, errand: &Errand<'_>) -> Result<i32, i32> {
        extern "C" fn enter(errand: *mut c_void) -> c_int {
            // SAFETY: the reference passed below, whose owner is suspended.
            unsafe { &*errand.cast::<Errand<'_>>() }.run()
        }
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_FILES | libc::SIGCHLD;
        let argument = ptr::from_ref(errand).cast_mut().cast();
        // SAFETY: the stack is ours, grows down from its aligned end and is used by one child at
        // a time; CLONE_VFORK keeps everything borrowed alive for as long as the child needs it;
        // `Errand::run` does only what a child that shares memory may do.
        match unsafe { libc::clone(enter, self.base.byte_add(GUARD + SIZE), flags, argument) } {
            -1 => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
            pid => Ok(pid),
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and no child runs on it now.
        unsafe { libc::munmap(self.base, GUARD + SIZE) };
    }
}
