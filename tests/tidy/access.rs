//! What only some files may do: unsafe code, blocking jobs, opening files by path, reading the
//! clock, starting actors.

use crate::{Exceptions, assert_none, shipped_sources};

/// The first of these that occurs, with no letter before it: `LogFile::open` is not `File::open`.
fn first_used(code: &str, calls: &[&'static str]) -> Option<&'static str> {
    let is_used = |call: &str| {
        code.match_indices(call).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            before.is_none_or(|before| !before.is_alphanumeric() && before != '_')
        })
    };
    calls.iter().find(|call| is_used(call)).copied()
}

const UNSAFE: Exceptions = Exceptions(&[
    ("actors/src/spawn/", "clone, exec and waitid"),
    ("logs/src/fifo.rs", "FIONREAD"),
    ("logs/src/archive.rs", "setpriority"),
    ("src/daemon/daemonize.rs", "fork"),
]);

#[test]
fn unsafe_code_stays_where_it_is() {
    assert_none(&UNSAFE.check(|source| {
        let code = source.code();
        code.contains("unsafe {").then(|| "has unsafe code".into())
    }));
}

/// Jobs that may block belong to the threads that exist from the start: a runtime panics if it
/// cannot create another thread.
#[test]
fn no_job_goes_to_the_blocking_pool_of_the_runtime() {
    let calls = ["spawn_blocking(", "web::block(", "tokio::fs::"];
    for source in shipped_sources() {
        let used = first_used(&source.text, &calls);
        assert_eq!(used, None, "{}", source.name);
    }
}

/// Calls that open or change a file by its path, which may lead through another user's directory.
const BY_PATH: [&str; 16] = [
    "set_permissions(",
    "chown(",
    "lchown(",
    "File::create(",
    "File::create_new(",
    "File::open(",
    "File::options(",
    "OpenOptions",
    "fs::read(",
    "fs::read_to_string(",
    "fs::write(",
    "fs::rename(",
    "fs::remove_file(",
    "fs::hard_link(",
    "UnixListener::bind(",
    "nix::fcntl::open(",
];

/// Files that open paths of the system, which no user can change, and these paths.
const FIXED_PATHS: [(&str, &str); 7] = [
    ("logs/src/disk.rs", "/proc/self/status"),
    ("actors/src/spawn/helper.rs", "/proc/self/fd"),
    ("actors/src/spawn/places.rs", "/dev/null"),
    ("actors/src/usage/stat.rs", "/proc"),
    ("src/ctl/hide.rs", "/proc/self"),
    ("src/daemon/daemonize.rs", "/dev/null"),
    ("web/src/session.rs", "/dev/urandom"),
];

#[test]
fn only_the_files_crate_opens_files_by_path() {
    let mut complaints = Vec::new();
    for source in shipped_sources() {
        if source.name.starts_with("files/") {
            continue;
        }
        let code = source.code();
        let fixed = FIXED_PATHS.iter().find(|(file, _)| *file == source.name);
        match (first_used(&code, &BY_PATH), fixed) {
            (Some(call), None) => {
                complaints.push(format!("{}: {call} is for files/", source.name));
            }
            (None, Some(_)) => complaints.push(format!("{} needs no exception", source.name)),
            (Some(_), Some((_, path))) if !code.contains(path) => {
                complaints.push(format!("{} does not use {path}", source.name));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    assert_none(&complaints);
}

/// Rules get the time as an argument and actors read it once for each message, so that tests
/// decide what time it is. Threads that wait, and clients of the daemon, read it themselves.
const CLOCK: Exceptions = Exceptions(&[
    ("actors/src/clock.rs", "the clock of the actors"),
    ("web/src/clock.rs", "the clock of the web server"),
    ("src/ctl/", "a client: it waits in real time"),
    (
        "src/daemon/start.rs",
        "when the daemon started, for its pages",
    ),
    (
        "logs/",
        "threads that wait with a deadline; names of rotated files",
    ),
    ("actors/src/spawn/", "threads that wait with a deadline"),
    ("actors/src/usage.rs", "a thread that samples"),
    (
        "actors/src/fcgi.rs",
        "how long a socket is being opened, by any thread",
    ),
    (
        "actors/src/supervisor/bulk.rs",
        "the order in which answers came",
    ),
    ("files/", "how old a file is that was left behind"),
]);

const NOW: [&str; 4] = [
    "Instant::now(",
    "SystemTime::now(",
    "Zoned::now(",
    "Timestamp::now(",
];

#[test]
fn only_clock_modules_read_the_clock() {
    assert_none(&CLOCK.check(|source| {
        let used = first_used(&source.code(), &NOW);
        used.map(|call| format!("{call} is for clock modules"))
    }));
}

/// Everything else gets addresses, and can be tested without a runtime.
const STARTS_ACTORS: Exceptions = Exceptions(&[
    ("src/daemon/wiring/", "the actors of a run"),
    ("actors/src/supervisor/add_remove.rs", "pools of a group"),
    ("web/src/server.rs", "each server has a thread of its own"),
]);

#[test]
fn only_wiring_and_the_supervisor_start_actors() {
    assert_none(&STARTS_ACTORS.check(|source| {
        let code = source.code();
        let starts = [".start()", "::create(|", "start_in_arbiter("];
        let used = starts.into_iter().find(|call| code.contains(call));
        // the trait has to be in scope
        let used = used.filter(|_| code.contains("Actor"));
        used.map(|call| format!("{call} starts an actor"))
    }));
}
