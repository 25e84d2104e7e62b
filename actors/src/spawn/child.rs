//! What a child does after its descriptors are in place, until it executes its program.
//!
//! This runs in the spawn helper (`helper/main.rs`), a program of its own without the standard or
//! the C library, and where there is no helper in a forked child, which must do nothing that
//! allocates, locks or panics. Its [arguments](argument) say what to do; the program's own follow.

use core::ffi::c_char;

use super::errno::errno_name;
use super::syscall::{self, call};

/// What each argument says. Numbers are decimal and separated by blanks. Argument 0 is the name that
/// tools show until the child executes its program.
pub(super) mod argument {
    /// Soft and hard limit on open descriptors; empty: unchanged.
    pub(in super::super) const LIMIT: usize = 1;
    /// User id, group id and supplementary groups; empty: unchanged.
    pub(in super::super) const IDS: usize = 2;
    /// Why the child cannot become that user; empty: it can.
    pub(in super::super) const REFUSAL: usize = 3;
    /// File creation mask; empty: unchanged.
    pub(in super::super) const UMASK: usize = 4;
    /// `=` and the working directory; empty: unchanged.
    pub(in super::super) const DIRECTORY: usize = 5;
    /// The file to execute.
    pub(in super::super) const PATH: usize = 6;
    /// The first argument of the program; there is at least one.
    pub(in super::super) const ARGV: usize = 7;
}

/// The child cannot learn or set the groups of its user.
pub(super) const NO_GROUPS: &str = "Could not set groups of effective user";

/// Execute the program, or write the reason to descriptor 2 and exit with code 127.
///
/// # Safety
///
/// Both must be null-terminated arrays of C strings that stay as they are; `arguments` must have
/// all of [`argument`].
pub(super) unsafe fn run(arguments: *const *const c_char, environment: *const *const c_char) -> ! {
    let arguments = Arguments(arguments);
    // dispositions first: a handler of the daemon must not run here
    default_signals();
    unblock_signals();
    close_from(3);
    set_name(arguments.get(argument::PATH));
    let mut limit = numbers(arguments.get(argument::LIMIT));
    if let (Some(soft), Some(hard)) = (limit.next(), limit.next()) {
        limit_descriptors([soft, hard]);
    }
    become_user(arguments);
    if let Some((_, directory)) = arguments.get(argument::DIRECTORY).split_first()
        && let Err(errno) = change_directory(arguments.from(argument::DIRECTORY))
    {
        fail(&[b"chdir to ", directory], errno);
    }
    if let Some(mask) = numbers(arguments.get(argument::UMASK)).next() {
        set_umask(mask);
    }
    // SAFETY: the caller guarantees both arrays; the program's arguments end with ours.
    let executed = unsafe {
        let [path, argv] = [argument::PATH, argument::ARGV].map(|place| arguments.from(place));
        call(
            syscall::EXECVE,
            [*path as usize, argv as usize, environment as usize, 0],
        )
    };
    fail(
        &[b"exec ", arguments.get(argument::ARGV)],
        executed.err().unwrap_or(0),
    );
}

/// A null-terminated array of C strings, see [`run`].
#[derive(Clone, Copy)]
struct Arguments(*const *const c_char);

impl Arguments {
    fn from(self, place: usize) -> *const *const c_char {
        self.0.wrapping_add(place)
    }

    fn get(self, place: usize) -> &'static [u8] {
        // SAFETY: `run` is given all arguments, each of which ends with a NUL and stays as it is.
        unsafe {
            let start: *const u8 = (*self.from(place)).cast();
            let mut length = 0;
            while *start.add(length) != 0 {
                length += 1;
            }
            core::slice::from_raw_parts(start, length)
        }
    }
}

fn numbers(text: &[u8]) -> impl Iterator<Item = u64> {
    let of = |digits: &[u8]| {
        let add = |number: u64, digit: &u8| {
            let digit = u64::from(digit.wrapping_sub(b'0'));
            number.wrapping_mul(10).wrapping_add(digit)
        };
        digits.iter().fold(0, add)
    };
    let parts = text.split(|&byte| byte == b' ');
    parts.filter(|part| !part.is_empty()).map(of)
}

/// Take on all ids or exit: if one is refused, nothing is executed.
fn become_user(arguments: Arguments) {
    let ids = arguments.get(argument::IDS);
    let refusal = arguments.get(argument::REFUSAL);
    let uid = ids.split(|&byte| byte == b' ').next().unwrap_or_default();
    if uid.is_empty() {
        return;
    }
    let refusal = if refusal.is_empty() {
        match take_ids(ids) {
            Ok(()) => return,
            Err(refusal) => refusal.as_bytes(),
        }
    } else {
        refusal
    };
    give_up(&[
        b"supervisor: couldn't setuid to ",
        uid,
        b": ",
        refusal,
        b"\n",
    ]);
}

fn take_ids(ids: &[u8]) -> Result<(), &'static str> {
    let mut numbers = numbers(ids).map(|id| id as usize);
    let uid = numbers.next().unwrap_or_default();
    let gid = numbers.next().unwrap_or(uid);
    set_groups(numbers).map_err(|_| NO_GROUPS)?;
    // SAFETY: no memory is involved.
    let set = |number: usize, id: usize| unsafe { call(number, [id, id, id]) };
    set(syscall::SETRESGID, gid).map_err(|_| "Could not set group id of effective user")?;
    set(syscall::SETRESUID, uid).map_err(|_| "Could not set user id of effective user")?;
    Ok(())
}

fn set_groups(groups: impl Iterator<Item = usize>) -> Result<usize, i32> {
    /// The kernel's limit (NGROUPS_MAX).
    const MOST: usize = 65_536;
    const PROT_READ_WRITE: usize = 3;
    const NO_FILE: usize = usize::MAX;
    const EINVAL: i32 = 22;
    // a mapping, since the helper has no writable data, and only pages that are used cost memory
    let flags = syscall::MAP_PRIVATE_ANONYMOUS;
    // SAFETY: a mapping of its own, at an address of the kernel's choice.
    let table = unsafe {
        let size = MOST * size_of::<u32>();
        call(syscall::MMAP, [0, size, PROT_READ_WRITE, flags, NO_FILE])
    }?;
    let mut count = 0;
    for group in groups {
        if count == MOST {
            return Err(EINVAL);
        }
        // SAFETY: the mapping has room for so many, and nothing else points there.
        unsafe { (table as *mut u32).add(count).write(group as u32) };
        count += 1;
    }
    // SAFETY: so many groups are at the beginning of the mapping.
    unsafe { call(syscall::SETGROUPS, [count, table]) }
}

/// Set the name that tools show until the program is executed: the program's.
fn set_name(path: &[u8]) {
    const PR_SET_NAME: usize = 15;
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    // SAFETY: the name ends with the NUL of the path; the kernel cuts it. Only a label.
    let _ = unsafe { call(syscall::PRCTL, [PR_SET_NAME, name.as_ptr() as usize]) };
}

fn close_from(first: usize) {
    // SAFETY: no memory is involved; the child's descriptor table is its own.
    let closed = unsafe { call(syscall::CLOSE_RANGE, [first, u32::MAX as usize]) };
    if closed.is_ok() {
        return;
    }
    // kernels before 5.9, and sandboxes that refuse what they do not know
    let mut limit = [0_u64; 2];
    // SAFETY: the kernel writes two numbers.
    let _ = unsafe {
        let place = limit.as_mut_ptr() as usize;
        call(syscall::PRLIMIT64, [0, syscall::RLIMIT_NOFILE, 0, place])
    };
    for fd in first..limit[0] as usize {
        // SAFETY: as above; closing what is not open is refused.
        let _ = unsafe { call(syscall::CLOSE, [fd]) };
    }
}

/// Set soft and hard limit on open descriptors. Lowering cannot fail, and a limit that stays
/// does no harm.
fn limit_descriptors(limit: [u64; 2]) {
    // SAFETY: the kernel reads two numbers.
    let _ = unsafe {
        let place = limit.as_ptr() as usize;
        call(syscall::PRLIMIT64, [0, syscall::RLIMIT_NOFILE, place])
    };
}

/// Change to the directory that follows the mark of an argument.
fn change_directory(marked: *const *const c_char) -> Result<usize, i32> {
    // SAFETY: the argument has a mark before its end.
    unsafe { call(syscall::CHDIR, [(*marked).add(1) as usize]) }
}

fn set_umask(mask: u64) {
    // SAFETY: no memory is involved. It cannot fail.
    let _ = unsafe { call(syscall::UMASK, [mask as usize]) };
}

const SIGNAL_SET_SIZE: usize = 8;

/// Give every signal its default disposition, also those the C library keeps for itself.
fn default_signals() {
    // all zero is "default, no flags, empty mask" whatever the order of the fields
    let action = [0_u64; 8];
    for signal in 1..=64 {
        // SAFETY: `action` is larger than the kernel's structure on every architecture. SIGKILL
        // and SIGSTOP are refused, which is right.
        let _ = unsafe {
            let place = action.as_ptr() as usize;
            call(syscall::RT_SIGACTION, [signal, place, 0, SIGNAL_SET_SIZE])
        };
    }
}

fn unblock_signals() {
    let empty = [0_u64; 2];
    // SAFETY: `empty` holds a kernel signal set of the stated size. It cannot fail.
    let _ = unsafe {
        let place = empty.as_ptr() as usize;
        call(
            syscall::RT_SIGPROCMASK,
            [syscall::SIG_SETMASK, place, 0, SIGNAL_SET_SIZE],
        )
    };
}

/// Report a step that failed with this errno, and exit.
fn fail([step, subject]: &[&[u8]; 2], errno: i32) -> ! {
    let mut digits = [0; 10];
    let name = match errno_name(errno) {
        Some(name) => name.as_bytes(),
        None => decimal(errno.unsigned_abs(), &mut digits),
    };
    give_up(&[b"supervisor: couldn't ", step, subject, b": ", name, b"\n"]);
}

/// Report why the program is not executed, and exit.
pub(super) fn give_up(reason: &[&[u8]]) -> ! {
    for part in reason {
        write_all(2, part);
    }
    write_all(2, b"supervisor: child process was not spawned\n");
    exit(127);
}

/// Write to a descriptor; what cannot be written is lost.
fn write_all(fd: usize, mut bytes: &[u8]) {
    const EINTR: i32 = 4;
    while !bytes.is_empty() {
        // SAFETY: pointer and length describe one slice.
        let written = unsafe {
            let place = bytes.as_ptr() as usize;
            call(syscall::WRITE, [fd, place, bytes.len()])
        };
        match written {
            Ok(0) => return,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Exit at once, without any clean-up of the daemon's.
pub(super) fn exit(code: usize) -> ! {
    loop {
        // SAFETY: no memory is involved; it does not return.
        let _ = unsafe { call(syscall::EXIT_GROUP, [code]) };
    }
}

fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &[u8] {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written() {
        for number in [0, 7, 10, 4242, u32::MAX] {
            let mut digits = [0; 10];
            assert_eq!(decimal(number, &mut digits), number.to_string().as_bytes());
        }
        let read: Vec<u64> = numbers(b"0 65534 18446744073709551615").collect();
        assert_eq!(read, [0, 65_534, u64::MAX]);
        assert_eq!(numbers(b"").next(), None);
    }
}
