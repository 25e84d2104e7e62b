//! A log that becomes something else under the daemon: the program that writes to it goes on, and
//! every byte is stored or declared lost.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, wait_until};

/// What a FIFO holds.
const FIFO: usize = 64 * 1024;

/// A program that writes what it is sent.
fn echo(log: &str, more: &str) -> String {
    format!(
        "[program:x]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={log}\n\
         stderr_logfile=NONE\n{more}\n"
    )
}

fn say(daemon: &Daemon, text: &str) {
    daemon.call("supervisor.sendProcessStdin", &["x".into(), text.into()]);
}

/// The sum of all declarations in the activity log.
fn declared(daemon: &Daemon) -> usize {
    let log = daemon.text("main.log");
    let bytes = log.lines().filter_map(|line| {
        let (before, _) = line.split_once(" bytes of 'x' stdout lost: ")?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    });
    bytes.sum()
}

/// How many bytes the program has written.
fn written(daemon: &Daemon) -> u64 {
    let counters = fs::read_to_string(format!("/proc/{}/io", daemon.child_pid("x")));
    let counters = counters.unwrap_or_default();
    let found = counters
        .lines()
        .find_map(|line| line.strip_prefix("wchar: "));
    found.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Descriptors of the daemon that lead to this path, also when it was removed.
fn descriptors(daemon: &Daemon, path: &Path) -> usize {
    let path = path.to_str().expect("ascii").to_owned();
    let fds = fs::read_dir(format!("/proc/{}/fd", daemon.pid())).expect("its descriptors");
    fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with(&path))
        .count()
}

/// A daemon whose program has filled a FIFO and 1 KiB of its own pipe behind it.
fn stalled() -> (Daemon, PathBuf) {
    let setup = Setup::new();
    setup.configure("", &echo("@DIR@/fifo", "stdout_logfile_maxbytes=0"));
    mkfifo(&setup.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    let daemon = setup.start();
    daemon.wait_state("x", "RUNNING");
    let before = written(&daemon);
    say(&daemon, &"f".repeat(FIFO));
    say(&daemon, &"q".repeat(1024));
    wait_until("the program to have written it", || {
        written(&daemon) - before >= FIFO as u64 + 1024
    });
    let path = daemon.path("fifo");
    (daemon, path)
}

#[test]
fn a_deleted_log_that_is_made_again_keeps_to_its_size() {
    let more = "stdout_logfile_maxbytes=1000\nstdout_logfile_backups=1";
    let daemon = Daemon::with("", &echo("@DIR@/x.log", more));
    daemon.wait_state("x", "RUNNING");
    say(&daemon, "first\n");
    wait_until("the first line", || daemon.text("x.log") == "first\n");
    fs::remove_file(daemon.path("x.log")).expect("delete the log");
    let large = "y".repeat(1500);
    say(&daemon, &large);
    wait_until("the rotation", || daemon.text("x.log.1") == large);
    assert_eq!(daemon.text("x.log"), "");
    assert_eq!(declared(&daemon), 0);
}

fn goes_on_in_a_file(reopen: impl Fn(&Daemon)) {
    let (daemon, fifo) = stalled();
    fs::remove_file(&fifo).expect("remove the FIFO");
    fs::write(&fifo, "").expect("a file in its place");
    reopen(&daemon);
    // far more than the pipe of the program holds
    let more = "m".repeat(500_000);
    say(&daemon, &more);
    wait_until("an account of every byte", || {
        let stored = fs::metadata(&fifo).map_or(0, |file| file.len());
        declared(&daemon) as u64 + stored == (FIFO + 1024 + more.len()) as u64
    });
    assert!(daemon.text("fifo").ends_with(&more));
    assert_eq!(descriptors(&daemon, &fifo), 1);
}

#[test]
fn a_stalled_fifo_that_is_reopened_as_a_file_lets_its_program_go_on() {
    goes_on_in_a_file(|daemon| {
        let output = daemon.ctl(&["logs", "reopen", "x"]);
        assert!(output.status.success(), "{output:?}");
    });
    goes_on_in_a_file(|daemon| daemon.signal(libc::SIGUSR2));
}

fn remove_program(daemon: &Daemon) {
    daemon.call("supervisor.stopProcess", &["x".into()]);
    daemon.call("supervisor.removeProcessGroup", &["x".into()]);
}

#[test]
fn a_removed_fifo_of_a_removed_program_is_closed() {
    let (daemon, fifo) = stalled();
    fs::remove_file(&fifo).expect("remove the FIFO");
    remove_program(&daemon);
    wait_until("the FIFO to be closed", || descriptors(&daemon, &fifo) == 0);
    wait_until("the declaration", || declared(&daemon) == FIFO + 1024);
}

#[test]
fn the_reader_of_a_removed_program_gets_its_last_words() {
    let (daemon, fifo) = stalled();
    let mut reader = fs::File::open(&fifo).expect("the reading end");
    remove_program(&daemon);
    let mut found = Vec::new();
    reader.read_to_end(&mut found).expect("read to the end");
    assert_eq!(found.len(), FIFO + 1024);
    assert_eq!(declared(&daemon), 0);
    wait_until("the FIFO to be closed", || descriptors(&daemon, &fifo) == 0);
}

#[test]
fn what_was_lost_is_counted_until_the_program_is_removed() {
    let setup = Setup::new();
    setup.configure("", &echo("/dev/full", "stdout_logfile_maxbytes=0"));
    let daemon = setup.start();
    daemon.wait_state("x", "RUNNING");
    let lost = || {
        let detail = daemon.call("supervisor.getProcessDetail", &["x".into()]);
        detail.get("stdout_lost").cloned().expect("stdout_lost")
    };
    say(&daemon, "12345");
    wait_until("the loss", || lost() == Value::Double(5.0));
    daemon.call("supervisor.stopProcess", &["x".into()]);
    daemon.call("supervisor.startProcess", &["x".into()]);
    assert_eq!(lost(), Value::Double(5.0), "over all runs");
    remove_program(&daemon);
    daemon.call("supervisor.addProcessGroup", &["x".into()]);
    assert_eq!(lost(), Value::Double(0.0));
}
