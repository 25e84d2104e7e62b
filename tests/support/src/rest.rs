//! Whether a process waits for nothing but events: no thread of it has a deadline.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::gettid;

use crate::wake_ups;

/// The entries of a directory below `/proc`; some may be gone when they are read.
fn entries(folder: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).expect("the daemon");
    entries.map(|entry| entry.expect("an entry").path())
}

/// Whether a thread waits in the kernel for something other than the time: in a call that has no
/// deadline.
fn waits_without_deadline(task: &Path) -> bool {
    let text = fs::read_to_string(task.join("syscall")).unwrap_or_default();
    // number, arguments in hexadecimal, stack, program counter; or "running"
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(Ok(call)) = words.first().map(|number| number.parse::<i64>()) else {
        return false;
    };
    let argument = |n: usize| u64::from_str_radix(&words[n][2..], 16).expect("a number");
    // -1 as an int
    let forever = |n: usize| argument(n) as u32 == u32::MAX;
    match call {
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => forever(4),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => forever(3),
        libc::SYS_epoll_pwait => forever(4),
        libc::SYS_ppoll => argument(3) == 0,
        libc::SYS_futex => argument(4) == 0,
        libc::SYS_read | libc::SYS_recvfrom | libc::SYS_waitid => true,
        _ => false,
    }
}

/// Whether a descriptor is a timer that will expire.
fn has_armed_timer(pid: i32) -> bool {
    entries(&format!("/proc/{pid}/fdinfo")).any(|descriptor| {
        let text = fs::read_to_string(descriptor).unwrap_or_default();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("it_value: "));
        value.is_some_and(|value| value != "(0, 0)")
    })
}

/// Whether nothing but an event can wake a process: no thread has a deadline. The thread that asks
/// does not count. That no thread ran between two looks makes them one.
pub fn waits_for_events(pid: i32) -> bool {
    let caller = gettid().to_string();
    let is_caller = |task: &Path| task.file_name().is_some_and(|tid| tid == caller.as_str());
    let before = wake_ups(pid);
    let mut tasks = entries(&format!("/proc/{pid}/task")).filter(|task| !is_caller(task));
    let rests = tasks.all(|task| waits_without_deadline(&task)) && !has_armed_timer(pid);
    rests && wake_ups(pid) == before
}
