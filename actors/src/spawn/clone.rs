//! A child that borrows the daemon's memory until it executes the spawn helper. Costs the same
//! however large the daemon is, and waits for nothing that a program's user controls.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use libc::{c_int, c_void};

use super::launch::Launch;
use super::places::{self, Places};
use super::{child, syscall, wait};

/// Size of a child's stack, in bytes; the guard lies below it.
const SIZE: usize = 64 * 1024;
const GUARD: usize = 64 * 1024;

/// Makes children, one at a time.
pub(super) struct Cloner {
    // dropped first, which waits for a child
    stack: Stack,
    places: Places,
    helper: BorrowedFd<'static>,
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

    /// Begin to make a child: it is about to execute the helper. Signals must be blocked in the
    /// calling thread: the child's dispositions are still the daemon's.
    pub(super) fn begin(self, launch: Box<Launch>) -> Beginning {
        let task = Box::new(ChildTask {
            sources: self.places.numbers(),
            launch,
            helper: self.helper.as_raw_fd(),
            above: self.above(),
            failure: AtomicI32::new(0),
        });
        let filled = self.places.fill(task.launch.stdio.sources());
        Beginning {
            pid: filled.and_then(|()| self.stack.clone(&task)),
            cloner: self,
            task,
        }
    }
}

/// A child that borrows the daemon's memory.
pub(super) struct Beginning {
    // dropped first, which waits for the child
    cloner: Cloner,
    task: Box<ChildTask>,
    /// Or the errno of why there is none.
    pid: Result<i32, i32>,
}

impl Beginning {
    /// Whether the child has executed the helper or has ended.
    pub(super) fn is_over(&self) -> bool {
        !self.cloner.stack.is_in_use()
    }

    /// Wait until that is over: the child's pid, or the errno of why there is none, or why it could
    /// not execute the helper. Such a child is gone.
    pub(super) fn finish(self) -> (Cloner, Box<Launch>, Result<i32, i32>) {
        let Self { cloner, task, pid } = self;
        cloner.stack.wait();
        cloner.places.clear();
        let executed = pid.and_then(|pid| match task.failure.load(Ordering::Relaxed) {
            0 => Ok(pid),
            failure => {
                // it has ended, and is known to this thread alone; if it cannot be waited for, the
                // Reaper finds it
                let _ = wait::reap_ending(pid);
                Err(failure)
            }
        });
        (cloner, task.launch, executed)
    }
}

/// What a child has to do before it executes the helper.
struct ChildTask {
    launch: Box<Launch>,
    /// Where its stdin, stdout and stderr are.
    sources: [RawFd; 3],
    helper: RawFd,
    /// No descriptor at or above this one is wanted.
    above: u32,
    /// Why it ends without having executed the helper.
    failure: AtomicI32,
}

impl ChildTask {
    /// What the child does. It shares memory with the daemon and thread-local storage with the
    /// thread that makes it, so this must neither allocate, lock, panic, return, nor use the C
    /// library.
    fn run(&self) -> ! {
        // first of all, so that no call below changes anything of the daemon's
        let executed = places::unshare_from(self.above)
            .and_then(|()| places::begin(self.sources))
            .and_then(|()| self.execute_helper());
        if let Err(errno) = executed {
            self.failure.store(errno, Ordering::Relaxed);
        }
        child::exit(127)
    }

    fn execute_helper(&self) -> Result<(), i32> {
        let (arguments, environment) = (&self.launch.arguments, &self.launch.environment);
        let call = [
            self.helper as usize,
            c"".as_ptr() as usize,
            arguments.as_ptr() as usize,
            environment.as_ptr() as usize,
            libc::AT_EMPTY_PATH as usize,
        ];
        // SAFETY: NUL-terminated strings in null-terminated arrays, alive until they are copied.
        unsafe { syscall::call(libc::SYS_execveat as usize, call) }.map(drop)
    }
}

/// The stack of one child at a time.
struct Stack {
    base: *mut c_void,
    /// Not 0 while a child uses the stack; the kernel sets it to 0 when the child has left the
    /// daemon's memory.
    in_use: Box<AtomicU32>,
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
            let stack = Self {
                base,
                in_use: Box::default(),
            };
            if libc::mprotect(base, GUARD, libc::PROT_NONE) == -1 {
                return Err(io::Error::last_os_error());
            }
            Ok(stack)
        }
    }

    /// Clone with this stack, which is free: the pid, or an errno.
    fn clone(&self, task: &ChildTask) -> Result<i32, i32> {
        extern "C" fn enter(task: *mut c_void) -> c_int {
            // SAFETY: the reference passed below; its owner waits before it is dropped.
            unsafe { &*task.cast::<ChildTask>() }.run()
        }
        let flags = libc::CLONE_VM | libc::CLONE_FILES | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD;
        let argument = ptr::from_ref(task).cast_mut().cast();
        self.in_use.store(1, Ordering::Relaxed);
        // SAFETY: the stack is ours, grows down from its aligned end and is used by one child at
        // a time: `Beginning` keeps it, and the task, until the kernel says that the child has left
        // this memory. `ChildTask::run` does only what a child that shares
        // memory may do.
        let pid = unsafe {
            let top = self.base.byte_add(GUARD + SIZE);
            let none = ptr::null_mut::<c_void>();
            libc::clone(
                enter,
                top,
                flags,
                argument,
                none,
                none,
                self.in_use.as_ptr(),
            )
        };
        if pid == -1 {
            self.in_use.store(0, Ordering::Relaxed);
            return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
        }
        Ok(pid)
    }

    fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::Acquire) != 0
    }

    fn wait(&self) {
        loop {
            let in_use = self.in_use.load(Ordering::Acquire);
            if in_use == 0 {
                return;
            }
            // not a private futex: the kernel wakes a shared one
            let call = [
                self.in_use.as_ptr() as usize,
                libc::FUTEX_WAIT as usize,
                in_use as usize,
                0,
            ];
            // SAFETY: the number lives as long as this stack. Any outcome means: look again.
            let _ = unsafe { syscall::call(libc::SYS_futex as usize, call) };
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.wait();
        // SAFETY: mapped by `new`, and no child runs on it now.
        unsafe { libc::munmap(self.base, GUARD + SIZE) };
    }
}
