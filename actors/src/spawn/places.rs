//! A child's descriptors 0, 1 and 2, and three low ones through which a cloned child gets them.
//!
//! A daemon of 1,000 programs holds some 5,000 descriptors. A child that copied its table and
//! closed them one by one would spend most of its start on that. So it shares the daemon's table
//! (CLONE_FILES) until its first call, which gives it a table of its own with nothing in it above
//! these places: the cost of a spawn does not grow with the daemon.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use super::syscall::call;

/// See the module. Only the spawner thread that has them changes them.
pub(super) struct Places {
    /// What lies in a place that is not in use.
    null: OwnedFd,
    low: [OwnedFd; 3],
}

impl Places {
    /// Reserve the three lowest descriptors above 2 that are free.
    pub(super) fn reserve() -> io::Result<Self> {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        let null = OwnedFd::from(null);
        // std duplicates none to 0, 1 or 2
        let low = [null.try_clone()?, null.try_clone()?, null.try_clone()?];
        Ok(Self { null, low })
    }

    /// Put a child's descriptors there. Fails with an errno.
    pub(super) fn fill(&self, sources: [RawFd; 3]) -> Result<(), i32> {
        let mut pairs = self.numbers().into_iter().zip(sources);
        pairs.try_for_each(|(place, source)| put(source, place))
    }

    /// Close what was put there: the daemon must not keep a child's ends open, whose readers wait
    /// for the end of file.
    pub(super) fn clear(&self) {
        for place in self.numbers() {
            // replacing an open descriptor by an open one cannot fail
            let _ = put(self.null.as_raw_fd(), place);
        }
    }

    /// The first descriptor above all of them.
    pub(super) fn above(&self) -> u32 {
        let highest = self.numbers().into_iter().max();
        highest.map_or(3, |fd| fd.unsigned_abs() + 1)
    }

    /// Where stdin, stdout and stderr are put, in this order.
    pub(super) fn numbers(&self) -> [RawFd; 3] {
        self.low.each_ref().map(AsRawFd::as_raw_fd)
    }
}

/// Make `place` the same file as `source`, closed by exec.
fn put(source: RawFd, place: RawFd) -> Result<(), i32> {
    // SAFETY: no memory is involved, and `place` belongs to `Places` alone.
    match unsafe { libc::dup3(source, place, libc::O_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        _ => Ok(()),
    }
}

/// Make the child the leader of a new process group in the same session, and put its stdin, stdout
/// and stderr in place. Its descriptor table is its own by then. Only system calls; fails
/// with an errno.
pub(super) fn begin(sources: [RawFd; 3]) -> Result<(), i32> {
    // it cannot fail: the child leads no session
    // SAFETY: no memory is involved.
    let _ = unsafe { call(libc::SYS_setpgid as usize, [0, 0]) };
    for (target, source) in (0..).zip(sources) {
        // SAFETY: no memory is involved; the table is the child's own.
        unsafe { call(libc::SYS_dup3 as usize, [source as usize, target, 0]) }?;
    }
    Ok(())
}

/// Give a child that shares the daemon's descriptors a table of its own, without what is at or
/// above `above`. Only a system call; fails with an errno (`ENOSYS` before Linux 5.9).
pub(super) fn unshare_from(above: u32) -> Result<(), i32> {
    let range = [
        above as usize,
        u32::MAX as usize,
        libc::CLOSE_RANGE_UNSHARE as usize,
    ];
    // SAFETY: no memory is involved; only this child's view of descriptors changes.
    unsafe { call(libc::SYS_close_range as usize, range) }.map(drop)
}
