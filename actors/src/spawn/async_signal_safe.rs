//! The only calls a child makes between clone and exec.
//!
//! No allocation, no locks, no thread-wide magic of the C library: its `setuid` family would
//! signal the daemon's other threads, so identities are changed by bare system calls.

use std::ffi::CStr;
use std::os::fd::RawFd;
use std::ptr;

use libc::{c_int, c_long, gid_t, mode_t, rlimit, uid_t};

use super::launch::Strings;

/// Success, or an errno.
pub(super) type Outcome = Result<(), i32>;

// 32-bit x86 and ARM number the calls that take 32-bit ids separately.
#[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
use libc::{
    SYS_setgroups as SYS_SETGROUPS, SYS_setresgid as SYS_SETRESGID, SYS_setresuid as SYS_SETRESUID,
};
#[cfg(any(target_arch = "x86", target_arch = "arm"))]
use libc::{
    SYS_setgroups32 as SYS_SETGROUPS, SYS_setresgid32 as SYS_SETRESGID,
    SYS_setresuid32 as SYS_SETRESUID,
};

fn errno() -> i32 {
    // SAFETY: always a valid pointer. The child borrows the thread-local storage of the spawner
    // thread, which is suspended until the child is gone.
    unsafe { *libc::__errno_location() }
}

fn check(result: c_long) -> Outcome {
    if result == -1 { Err(errno()) } else { Ok(()) }
}

/// Lead a new process group in the same session.
pub(super) fn lead_own_group() -> Outcome {
    // SAFETY: no memory is involved.
    check(c_long::from(unsafe { libc::setpgid(0, 0) }))
}

/// Make `target` (0, 1 or 2) the same file as `source`, open across exec.
pub(super) fn place(source: RawFd, target: RawFd) -> Outcome {
    // SAFETY: no memory is involved; the child's descriptor table is its own.
    check(c_long::from(unsafe { libc::dup2(source, target) }))
}

/// Give a child that shares the daemon's descriptors a table of its own, without what is at or
/// above `above` where the kernel can leave it out (5.9), else with everything.
pub(super) fn unshare_descriptors(above: u32) -> Outcome {
    let unshare = libc::CLOSE_RANGE_UNSHARE;
    // SAFETY: no memory is involved; only this child's view of descriptors changes.
    let result = unsafe { libc::syscall(libc::SYS_close_range, above, u32::MAX, unshare) };
    if result == 0 {
        return Ok(());
    }
    // SAFETY: as above.
    check(c_long::from(unsafe { libc::unshare(libc::CLONE_FILES) }))
}

/// Close every descriptor from this one on.
pub(super) fn close_from(first: u32) {
    let flags: c_int = 0;
    // SAFETY: no memory is involved; the child's descriptor table is its own.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) };
    if result == 0 {
        return;
    }
    // kernels before 5.9, and sandboxes that refuse what they do not know
    let mut limit = rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid place for the result.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let end = c_int::try_from(limit.rlim_cur).unwrap_or(c_int::MAX);
    for fd in c_int::try_from(first).unwrap_or(c_int::MAX)..end {
        // SAFETY: as above; closing what is not open is refused.
        unsafe { libc::close(fd) };
    }
}

/// Set soft and hard limit on open descriptors.
pub(super) fn limit_descriptors(limit: &rlimit) -> Outcome {
    // SAFETY: `limit` is valid for reading.
    check(c_long::from(unsafe {
        libc::setrlimit(libc::RLIMIT_NOFILE, limit)
    }))
}

/// Replace the supplementary groups.
pub(super) fn set_groups(groups: &[gid_t]) -> Outcome {
    // SAFETY: pointer and length describe one slice.
    check(unsafe { libc::syscall(SYS_SETGROUPS, groups.len(), groups.as_ptr()) })
}

/// Set real, effective and saved group id.
pub(super) fn set_gid(gid: gid_t) -> Outcome {
    // SAFETY: no memory is involved.
    check(unsafe { libc::syscall(SYS_SETRESGID, gid, gid, gid) })
}

/// Set real, effective and saved user id.
pub(super) fn set_uid(uid: uid_t) -> Outcome {
    // SAFETY: no memory is involved.
    check(unsafe { libc::syscall(SYS_SETRESUID, uid, uid, uid) })
}

/// Change the working directory.
pub(super) fn change_directory(path: &CStr) -> Outcome {
    // SAFETY: `path` ends with a NUL.
    check(c_long::from(unsafe { libc::chdir(path.as_ptr()) }))
}

/// Set the file creation mask.
pub(super) fn set_umask(mask: mode_t) {
    // SAFETY: no memory is involved; the child's file system state is its own.
    unsafe { libc::umask(mask) };
}

/// Give every signal its default disposition, also those the C library keeps for itself.
pub(super) fn default_signals() {
    // all zero is "default, no flags, empty mask" whatever the order of the fields
    let action = [0_u64; 8];
    let set_size: usize = 8;
    for signal in 1..=64 as c_int {
        // SAFETY: `action` is larger than the kernel's structure on every architecture. The child
        // has its own table of handlers. SIGKILL and SIGSTOP are refused, which is right.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                action.as_ptr(),
                ptr::null_mut::<u64>(),
                set_size,
            )
        };
    }
}

/// Let every signal through.
pub(super) fn unblock_signals() {
    let empty = 0_u64;
    let set_size: usize = 8;
    // SAFETY: `empty` is a kernel signal set of the stated size.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const empty,
            ptr::null_mut::<u64>(),
            set_size,
        )
    };
}

/// Become the program; returns only with the errno that says why not.
pub(super) fn execute(path: &CStr, argv: &Strings, environment: &Strings) -> i32 {
    // SAFETY: NUL-terminated strings in null-terminated arrays, alive until exec has copied them.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
    errno()
}

/// Write to a descriptor; what cannot be written is lost, for there is nobody to tell.
pub(super) fn write_all(fd: RawFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: pointer and length describe one slice.
        let written = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(0) => return,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return,
        }
    }
}

/// End at once, without any clean-up of the daemon's.
pub(super) fn exit(code: c_int) -> ! {
    // SAFETY: does not return and runs no handlers.
    unsafe { libc::_exit(code) }
}

/// A number in decimal digits.
pub(super) fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut start = digits.len();
    for place in digits.iter_mut().rev() {
        // the remainder is below 10
        *place = b'0' | (number % 10) as u8;
        start = start.saturating_sub(1);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

macro_rules! errno_names {
    ($($name:ident)*) => {
        /// `ENOENT` for 2 and so on; `None` for a number without a name. Where a number has two
        /// names, the one the original prints.
        #[must_use]
        pub const fn errno_name(errno: i32) -> Option<&'static str> {
            match errno {
                $(libc::$name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

errno_names! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
    ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
    ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLOCK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY
    ELOOP ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR
    EXFULL ENOANO EBADRQC EBADSLT EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK
    EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC
    ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
    EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT
    EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN
    ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY
    EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE
    ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_of_errors() {
        assert_eq!(errno_name(libc::ENOENT), Some("ENOENT"));
        assert_eq!(errno_name(libc::EWOULDBLOCK), Some("EAGAIN"));
        assert_eq!(errno_name(0), None);
        for number in [0, 7, 10, 4242, u32::MAX] {
            let mut digits = [0; 10];
            assert_eq!(decimal(number, &mut digits), number.to_string().as_bytes());
        }
    }
}
