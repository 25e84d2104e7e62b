//! System calls without the C library. Shared with the spawn helper (`helper/main.rs`), which has
//! none; a forked child must not use one, since its `setuid` family signals other threads.

/// From lines of a name, its number on x86_64 and on aarch64, and its name in the C library, which
/// knows the numbers of all others: they have no helper, but a forked child.
macro_rules! numbers {
    ($($name:ident $x86_64:literal $aarch64:literal $libc:expr;)*) => {
        $(
            #[cfg(target_arch = "x86_64")]
            pub(super) const $name: usize = $x86_64;
            #[cfg(target_arch = "aarch64")]
            pub(super) const $name: usize = $aarch64;
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            pub(super) const $name: usize = $libc as usize;
        )*
    };
}

numbers! {
    WRITE 1 64 libc::SYS_write;
    CLOSE 3 57 libc::SYS_close;
    RT_SIGACTION 13 134 libc::SYS_rt_sigaction;
    RT_SIGPROCMASK 14 135 libc::SYS_rt_sigprocmask;
    EXECVE 59 221 libc::SYS_execve;
    CHDIR 80 49 libc::SYS_chdir;
    UMASK 95 166 libc::SYS_umask;
    PRCTL 157 167 libc::SYS_prctl;
    EXIT_GROUP 231 94 libc::SYS_exit_group;
    PRLIMIT64 302 261 libc::SYS_prlimit64;
    CLOSE_RANGE 436 436 libc::SYS_close_range;
    MAP_PRIVATE_ANONYMOUS 0x22 0x22 (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    RLIMIT_NOFILE 7 7 libc::RLIMIT_NOFILE;
    SIG_SETMASK 2 2 libc::SIG_SETMASK;
}

// 32-bit x86 and ARM number the calls that take 32-bit ids separately, and map by pages
#[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
numbers! {
    MMAP 9 222 libc::SYS_mmap;
    SETGROUPS 116 159 libc::SYS_setgroups;
    SETRESUID 117 147 libc::SYS_setresuid;
    SETRESGID 119 149 libc::SYS_setresgid;
}
#[cfg(any(target_arch = "x86", target_arch = "arm"))]
numbers! {
    MMAP 0 0 libc::SYS_mmap2;
    SETGROUPS 0 0 libc::SYS_setgroups32;
    SETRESUID 0 0 libc::SYS_setresuid32;
    SETRESGID 0 0 libc::SYS_setresgid32;
}

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
