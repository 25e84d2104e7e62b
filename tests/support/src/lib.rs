//! What the tests of all crates share: waiting for a condition, ports that no other test uses,
//! skipping with a reason, and tests that need an operating system process of their own.
//!
//! Tests never wait for time to pass, only for what they expect. [`PATIENCE`] is how long that may
//! take on a machine that is busy with other things.
//!
//! ```
//! let mut tries = 0;
//! visord_test_support::wait_until("the third try", || {
//!     tries += 1;
//!     tries == 3
//! });
//! ```

mod own_process;
mod rest;

use std::fmt::Display;
use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use nix::sys::signal::{self, SaFlags, SigAction, SigHandler, SigSet, Signal};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, gettid};

pub use own_process::{is_own_process, own_process, own_process_through, run_alone};
pub use rest::waits_for_events;

/// How long anything may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks again and again until it holds; panics with what was waited for after [`PATIENCE`].
#[track_caller]
pub fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    wait_until_or(holds, || what.to_owned());
}

/// The same; what was waited for, and what is there instead, is asked for at the end.
#[track_caller]
pub fn wait_until_or(holds: impl FnMut() -> bool, what: impl FnOnce() -> String) {
    if !comes_true(holds) {
        panic!("waited in vain for {}", what());
    }
}

/// Whether it holds in time; for what runs while a test fails and must not panic.
#[must_use]
pub fn comes_true(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

/// The same on a runtime of real time.
pub async fn wait_until_async(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Ports below those that the kernel gives to clients.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A free port of 127.0.0.1 that no other test of this machine gets while this process lives, in
/// any checkout.
pub fn free_port() -> u16 {
    // an abstract socket for each port is the lock: the kernel removes it with the process
    static LOCKS: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    let count = u32::from(PORTS.end - PORTS.start);
    let begin = std::process::id().wrapping_mul(7919);
    for n in 0..count {
        let offset = u16::try_from(begin.wrapping_add(n) % count).expect("below the count");
        let port = PORTS.start + offset;
        let name = SocketAddr::from_abstract_name(format!("visord-test-port-{port}"));
        let Ok(lock) = UnixListener::bind_addr(&name.expect("a short name")) else {
            continue;
        };
        // other programs do not know the locks
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            LOCKS.lock().expect("no panic").push(lock);
            return port;
        }
    }
    panic!("no port is free");
}

/// Says that a test cannot run here and why; `.ci/skipped` lists these lines.
pub fn skip(reason: impl Display) {
    eprintln!("skipped: {reason}");
}

/// Whether a program is installed; says so if not.
pub fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).any(|folder| folder.join(program).exists());
    if !found {
        skip(format_args!("{program} is not installed"));
    }
    found
}

/// Sends a signal to a process of this test.
pub fn kill(pid: i32, signal: i32) {
    // 0 would be this test's own process group
    assert!(pid > 1, "no process of this test: {pid}");
    let signal = Signal::try_from(signal).expect("a signal");
    signal::kill(Pid::from_raw(pid), signal).expect("kill");
}

/// Gives this process, and so what tests start, the usual umask, and signals their default that were
/// ignored when the tests were started (by `nohup`, or a shell's `&`). SIGPIPE is left: the runtime
/// ignores it, and resets it in children.
pub fn be_ordinary() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        nix::sys::stat::umask(Mode::from_bits_truncate(0o022));
        let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
        let mut lines = status.lines();
        let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = u64::from_str_radix(ignored.unwrap_or("0").trim(), 16).expect("a mask");
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        let is_ignored = |number: Signal| ignored >> (number as i32 - 1) & 1 == 1;
        for number in Signal::iterator().filter(|number| is_ignored(*number)) {
            if number != Signal::SIGPIPE {
                // SAFETY: the default runs no code of this process.
                unsafe { signal::sigaction(number, &default) }.expect("a signal");
            }
        }
    });
}

/// Whether a process of this pid runs. One that has ended may stay as a zombie forever where
/// orphans are not reaped.
pub fn is_alive(pid: i32) -> bool {
    assert!(pid > 1, "no process of this test: {pid}");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// How often the threads of a process waited for something, all together but the one that asks.
/// What does not grow was not woken.
pub fn wake_ups(pid: i32) -> u64 {
    let caller = gettid().to_string();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    let of_task = |folder: &Path| {
        // a thread may end meanwhile
        let status = std::fs::read_to_string(folder.join("status")).ok()?;
        let mut lines = status.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count?.trim().parse::<u64>().ok()
    };
    let counts = tasks.filter_map(|task| {
        let task = task.ok()?.path();
        (task.file_name()? != caller.as_str()).then(|| of_task(&task))?
    });
    counts.sum()
}
