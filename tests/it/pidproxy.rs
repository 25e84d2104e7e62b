//! pidproxy reaches the process in the pidfile, and notices the end of its command.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{be_ordinary, is_alive, kill};

/// A process that says which of its signals arrive, and writes its id into the pidfile.
const NOTER: &str = "trap 'echo HUP' HUP; trap 'echo USR1' USR1; trap 'echo TERM; exit' TERM; \
    echo $$ > x.pid; echo ready; while :; do sleep 0.05; done";

struct Proxy {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Proxy {
    fn start(folder: &Path, command: &[&str]) -> Self {
        be_ordinary();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pidproxy"))
            .arg("x.pid")
            .args(command)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start pidproxy");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    fn signal(&self, signal: i32) {
        kill(i32::try_from(self.child.id()).expect("a pid"), signal);
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().expect("its end").code()
    }
}

#[test]
fn signals_reach_the_process_in_the_pidfile() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut proxy = Proxy::start(folder.path(), &["/bin/sh", "-c", NOTER]);
    assert_eq!(proxy.line(), "ready");
    proxy.signal(libc::SIGHUP);
    assert_eq!(proxy.line(), "HUP");
    proxy.signal(libc::SIGUSR1);
    assert_eq!(proxy.line(), "USR1");
    proxy.signal(libc::SIGTERM);
    assert_eq!(proxy.line(), "TERM");
    assert_eq!(proxy.code(), Some(0));
}

#[test]
fn the_end_of_the_command_is_noticed_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let begin = Instant::now();
    let mut proxy = Proxy::start(folder.path(), &["/bin/sh", "-c", "exit 3"]);
    assert_eq!(proxy.code(), Some(0));
    // The original looks every five seconds.
    assert!(begin.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_missing_pidfile_is_told_and_survived() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut proxy = Proxy::start(
        folder.path(),
        &["/bin/sh", "-c", "echo $$; exec sleep 1000"],
    );
    let pid: i32 = proxy.line().parse().expect("a pid");
    proxy.signal(libc::SIGHUP);
    assert_eq!(proxy.line(), "Can't read child pidfile x.pid!");
    proxy.signal(libc::SIGTERM);
    assert_eq!(proxy.line(), "Can't read child pidfile x.pid!");
    assert!(is_alive(pid));
    fs::write(folder.path().join("x.pid"), format!("{pid}\n")).expect("a pidfile");
    proxy.signal(libc::SIGUSR2);
    assert_eq!(proxy.code(), Some(0), "USR2 ended the command");
}

#[test]
fn a_process_that_is_gone_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut proxy = Proxy::start(
        folder.path(),
        &["/bin/sh", "-c", "echo $$; exec sleep 1000"],
    );
    let pid: i32 = proxy.line().parse().expect("a pid");
    let mut gone = Command::new("/bin/true").spawn().expect("a process");
    fs::write(folder.path().join("x.pid"), gone.id().to_string()).expect("a pidfile");
    gone.wait().expect("its end");
    proxy.signal(libc::SIGHUP);
    assert_eq!(proxy.code(), Some(1));
    kill(pid, libc::SIGKILL);
}

#[test]
fn usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut proxy = Proxy::start(folder.path(), &[]);
    let mut text = String::new();
    proxy.out.read_to_string(&mut text).expect("text");
    assert_eq!(proxy.code(), Some(1));
    assert!(text.starts_with("pidproxy -- "), "{text}");
    assert!(
        text.contains(" <pidfile name> <command> [<cmdarg1> ...]\n"),
        "{text}"
    );
}
