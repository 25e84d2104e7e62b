//! The channels as a Process actor uses them: real pipes, real files, real threads.

pub(crate) mod faulty;
mod frozen;
mod path;
mod special;

use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use parking_lot::{RwLock, RwLockReadGuard};
use slog::{Drain, Logger, OwnedKVList, Record};
use visord_config::{ChannelConfig, LogFileConfig};
use visord_model::event::Stream;
use visord_model::name::ProcessName;

use super::*;

/// Written to while a test spawns a child: until it executes its program, the child has a copy of
/// every descriptor, and what other tests close stays open.
static SPAWNING: RwLock<()> = RwLock::new(());

/// Held by a test for which something must end when it is closed.
pub(crate) fn without_children() -> RwLockReadGuard<'static, ()> {
    SPAWNING.read()
}

/// A logger that remembers what was said.
#[derive(Clone, Default)]
struct Said {
    lines: Arc<Mutex<Vec<String>>>,
    debug: bool,
}

impl Said {
    fn logger(&self) -> Logger {
        Logger::root(self.clone(), slog::o!())
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("not poisoned").clone()
    }
}

impl Drain for Said {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        if self.is_enabled(record.level()) {
            let line = format!("{} {}", record.level().as_short_str(), record.msg());
            self.lines.lock().expect("not poisoned").push(line);
        }
        Ok(())
    }

    fn is_enabled(&self, level: slog::Level) -> bool {
        self.debug || level.is_at_least(slog::Level::Info)
    }
}

/// A service, its directory and what it said.
struct Bench {
    dir: tempfile::TempDir,
    said: Said,
    service: LogService,
}

impl Bench {
    fn new() -> Self {
        Self::saying(Said::default())
    }

    /// A bench at loglevel debug.
    fn talkative() -> Self {
        Self::saying(Said {
            debug: true,
            ..Said::default()
        })
    }

    fn saying(said: Said) -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let service = LogService::with_syslog(said.logger(), dir.path().join("syslog"));
        Self { dir, said, service }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn spec(&self, name: &str) -> ChannelSpec {
        ChannelSpec {
            file: Some(self.path(name)),
            ..spec()
        }
    }

    fn open(&self, spec: ChannelSpec) -> io::Result<Channel> {
        self.service.open(spec).map(|opened| opened.adopt(None))
    }

    /// Bytes lost of all its channels.
    fn lost(&self) -> u64 {
        self.service.lost(&name()).stdout
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }
}

fn name() -> ProcessName {
    ProcessName::new("g", "x")
}

pub(super) fn spec() -> ChannelSpec {
    ChannelSpec {
        name: name(),
        stream: Stream::Stdout,
        file: None,
        config: ChannelConfig::default(),
        strip_ansi: false,
        described: true,
        events: None,
    }
}

/// Keys of a log that is rotated by its size.
pub(super) fn rotation(maxbytes: i64, backups: i64) -> LogFileConfig {
    LogFileConfig {
        maxbytes,
        backups,
        ..LogFileConfig::default()
    }
}

fn rotated(maxbytes: i64, backups: i64) -> ChannelConfig {
    ChannelConfig {
        file: rotation(maxbytes, backups),
        ..ChannelConfig::default()
    }
}

/// Runs a future to its end, without a runtime.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime")
        .block_on(future)
}

/// A pipe whose read end belongs to the channel; returns the child's end.
fn child(channel: &Channel) -> fs::File {
    let (read, write) = pipe2(OFlag::O_CLOEXEC).expect("pipe");
    channel.attach(read, 7);
    fs::File::from(write)
}

fn drained(channel: &Channel) -> usize {
    wait(channel.drain())
}

/// A child writes this and ends.
fn say(channel: &Channel, bytes: &[u8]) -> usize {
    let mut child = child(channel);
    child.write_all(bytes).expect("write");
    drop(child);
    drained(channel)
}

#[test]
fn what_a_child_wrote_is_in_the_file_when_the_drain_answers() {
    let bench = Bench::new();
    fs::write(bench.path("x.log"), "before\n").expect("write");
    let channel = bench.open(bench.spec("x.log")).expect("open");
    let mut child = child(&channel);
    child.write_all(b"one\n").expect("write");
    child.write_all(b"two\n").expect("write");
    // the write end stays open, as with a grandchild
    assert_eq!(drained(&channel), 0);
    assert_eq!(bench.read("x.log"), "before\none\ntwo\n");
    assert_eq!(bench.lost(), 0);
    let broken = child.write(b"late").expect_err("the pipe is closed");
    assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn rotation_checks_after_each_write() {
    let bench = Bench::new();
    let spec = ChannelSpec {
        config: rotated(10, 2),
        ..bench.spec("x.log")
    };
    let channel = bench.open(spec).expect("open");
    for word in ["12345678", "90", "abcdefghijkl", "z", "0123456789"] {
        say(&channel, word.as_bytes());
    }
    assert_eq!(bench.read("x.log"), "");
    assert_eq!(bench.read("x.log.1"), "z0123456789");
    assert_eq!(bench.read("x.log.2"), "abcdefghijkl");
    assert!(!bench.path("x.log.3").exists());
}

#[test]
fn reopen_and_clear() {
    let bench = Bench::new();
    let channel = bench.open(bench.spec("x.log")).expect("open");
    let say = |text: &str| say(&channel, text.as_bytes());
    say("old");
    fs::rename(bench.path("x.log"), bench.path("x.old")).expect("rename");
    say(" and old");
    channel.reopen();
    say("new");
    assert_eq!(bench.read("x.old"), "old and old");
    assert_eq!(bench.read("x.log"), "new");
    wait(channel.maintain(FileAction::Clear)).expect("clear");
    assert_eq!(bench.read("x.log"), "");
    say("fresh");
    assert_eq!(bench.read("x.log"), "fresh");
    drop(channel);
    wait(
        bench
            .service
            .maintain_closed(&bench.spec("x.log"), FileAction::Clear),
    )
    .expect("clear");
    wait(
        bench
            .service
            .maintain_closed(&bench.spec("none.log"), FileAction::Clear),
    )
    .expect("nothing to clear");
    assert_eq!(bench.read("x.log"), "");
    assert!(!bench.path("none.log").exists());
}

#[test]
fn errors_of_opening_carry_their_errno() {
    let bench = Bench::new();
    let failure = |path: &Path| {
        let spec = ChannelSpec {
            file: Some(path.to_path_buf()),
            ..spec()
        };
        bench.open(spec).expect_err("cannot open").raw_os_error()
    };
    fs::create_dir(bench.path("dir")).expect("mkdir");
    fs::write(bench.path("real"), "").expect("write");
    std::os::unix::fs::symlink(bench.path("real"), bench.path("link")).expect("symlink");
    assert_eq!(failure(&bench.path("dir")), Some(libc::EISDIR));
    assert_eq!(failure(&bench.path("no/such")), Some(libc::ENOENT));
    assert_eq!(failure(&bench.path("link")), Some(libc::ELOOP));
}

#[test]
fn shutdown_stores_what_is_in_the_pipes() {
    let bench = Bench::new();
    let channel = bench.open(bench.spec("x.log")).expect("open");
    let mut child = child(&channel);
    child.write_all(b"last words").expect("write");
    bench.service.clone().shutdown();
    assert_eq!(bench.read("x.log"), "last words");
    assert_eq!(drained(&channel), 0);
    assert!(bench.open(bench.spec("y.log")).is_err());
    let _unused: OwnedFd = child.into();
    assert_eq!(bench.said.lines(), Vec::<String>::new());
}

#[test]
fn a_panic_costs_no_other_command() {
    let bench = Bench::new();
    let opened = bench.service.open(bench.spec("x.log")).expect("open");
    let thread = opened.thread.clone();
    let channel = opened.adopt(None);
    // the commands that follow are taken at once
    let (release, released) = std::sync::mpsc::channel::<()>();
    thread.run(move |_| {
        // an error is the release
        let _ = released.recv();
    });
    thread.run(|_| panic!("as this test wants"));
    let rotated = channel.maintain(FileAction::Rotate);
    drop(release);
    wait(rotated).expect("performed");
    let lines = bench.said.lines();
    assert!(
        lines[0].starts_with("CRIT a log thread panicked"),
        "{lines:?}"
    );
}
