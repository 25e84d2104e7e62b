//! System calls without the C library. Shared with the spawn helper (`helper/main.rs`), which has
//! none; a forked child must not use one, since its `setuid` family signals other threads.

#[cfg(target_arch = "x86_64")]
mod abi {
    pub(in super::super) const WRITE: usize = 1;
    pub(in super::super) const CLOSE: usize = 3;
    pub(in super::super) const MMAP: usize = 9;
    pub(in super::super) const RT_SIGACTION: usize = 13;
    pub(in super::super) const RT_SIGPROCMASK: usize = 14;
    pub(in super::super) const EXECVE: usize = 59;
    pub(in super::super) const CHDIR: usize = 80;
    pub(in super::super) const UMASK: usize = 95;
    pub(in super::super) const SETGROUPS: usize = 116;
    pub(in super::super) const SETRESUID: usize = 117;
    pub(in super::super) const SETRESGID: usize = 119;
    pub(in super::super) const PRCTL: usize = 157;
    pub(in super::super) const EXIT_GROUP: usize = 231;
    pub(in super::super) const PRLIMIT64: usize = 302;
    pub(in super::super) const CLOSE_RANGE: usize = 436;
    pub(in super::super) const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
    pub(in super::super) const RLIMIT_NOFILE: usize = 7;
    pub(in super::super) const SIG_SETMASK: usize = 2;
}

#[cfg(target_arch = "aarch64")]
mod abi {
    pub(in super::super) const WRITE: usize = 64;
    pub(in super::super) const CLOSE: usize = 57;
    pub(in super::super) const RT_SIGACTION: usize = 134;
    pub(in super::super) const RT_SIGPROCMASK: usize = 135;
    pub(in super::super) const MMAP: usize = 222;
    pub(in super::super) const EXECVE: usize = 221;
    pub(in super::super) const CHDIR: usize = 49;
    pub(in super::super) const UMASK: usize = 166;
    pub(in super::super) const SETGROUPS: usize = 159;
    pub(in super::super) const SETRESUID: usize = 147;
    pub(in super::super) const SETRESGID: usize = 149;
    pub(in super::super) const PRCTL: usize = 167;
    pub(in super::super) const EXIT_GROUP: usize = 94;
    pub(in super::super) const PRLIMIT64: usize = 261;
    pub(in super::super) const CLOSE_RANGE: usize = 436;
    pub(in super::super) const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
    pub(in super::super) const RLIMIT_NOFILE: usize = 7;
    pub(in super::super) const SIG_SETMASK: usize = 2;
}

// other architectures have no helper, but a forked child
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod abi {
    macro_rules! numbers {
        ($($name:ident $number:ident)*) => {
            $(pub(in super::super) const $name: usize = libc::$number as usize;)*
        };
    }

    numbers! {
        WRITE SYS_write CLOSE SYS_close RT_SIGACTION SYS_rt_sigaction
        RT_SIGPROCMASK SYS_rt_sigprocmask EXECVE SYS_execve CHDIR SYS_chdir UMASK SYS_umask
        PRCTL SYS_prctl EXIT_GROUP SYS_exit_group PRLIMIT64 SYS_prlimit64
        CLOSE_RANGE SYS_close_range
    }
    // 32-bit x86 and ARM number the calls that take 32-bit ids separately, and map by pages.
    #[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
    numbers! {
        MMAP SYS_mmap SETGROUPS SYS_setgroups SETRESGID SYS_setresgid SETRESUID SYS_setresuid
    }
    #[cfg(any(target_arch = "x86", target_arch = "arm"))]
    numbers! {
        MMAP SYS_mmap2 SETGROUPS SYS_setgroups32 SETRESGID SYS_setresgid32
        SETRESUID SYS_setresuid32
    }
    pub(in super::super) const MAP_PRIVATE_ANONYMOUS: usize =
        (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    pub(in super::super) const RLIMIT_NOFILE: usize = libc::RLIMIT_NOFILE as usize;
    pub(in super::super) const SIG_SETMASK: usize = libc::SIG_SETMASK as usize;
}

pub(super) use abi::*;

/// Make a system call: its result, or an errno.
///
/// # Safety
///
/// The arguments must be what the call expects: pointers valid for what it reads or writes.
pub(super) unsafe fn call<const N: usize>(
    number: usize,
    arguments: [usize; N],
) -> Result<usize, i32> {
    let argument = |place: usize| arguments.get(place).copied().unwrap_or(0);
    // SAFETY: the caller vouches for the arguments; the others are not looked at.
    unsafe { enter(number, core::array::from_fn(argument)) }
}

#[cfg(target_arch = "x86_64")]
unsafe fn enter(number: usize, arguments: [usize; 6]) -> Result<usize, i32> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let result: isize;
    // SAFETY: as `call`; the kernel changes rax, rcx and r11 only.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            in("r8") fifth,
            in("r9") sixth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    outcome(result)
}

#[cfg(target_arch = "aarch64")]
unsafe fn enter(number: usize, arguments: [usize; 6]) -> Result<usize, i32> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let result: isize;
    // SAFETY: as `call`; the kernel changes x0 only.
    unsafe {
        core::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") first => result,
            in("x1") second,
            in("x2") third,
            in("x3") fourth,
            in("x4") fifth,
            in("x5") sixth,
            options(nostack)
        );
    }
    outcome(result)
}

/// The kernel answers with a negated errno, which is at most 4095.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn outcome(result: isize) -> Result<usize, i32> {
    match result {
        -4095..=-1 => Err((-result) as i32),
        result => Ok(result.cast_unsigned()),
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn enter(number: usize, arguments: [usize; 6]) -> Result<usize, i32> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let number = number as libc::c_long;
    // SAFETY: as `call`.
    match unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) } {
        // SAFETY: always a valid pointer.
        -1 => Err(unsafe { *libc::__errno_location() }),
        result => Ok(result as usize),
    }
}
