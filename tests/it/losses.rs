//! What cannot be stored is survived and accounted for: bytes written are bytes stored and bytes
//! declared lost, and writing resumes by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, wait_until};
use crate::mount::Mount;

/// A program that writes what it is sent, to a log in a folder of its own.
const ECHO: &str = "[program:x]\ncommand=/bin/cat\nstartsecs=0\n\
                    stdout_logfile=@DIR@/logs/x.log\nstdout_logfile_maxbytes=0\n";

fn say(daemon: &Daemon, text: &str) {
    daemon.call("supervisor.sendProcessStdin", &["x".into(), text.into()]);
}

/// Says it and waits until this file holds exactly that.
fn say_into(daemon: &Daemon, text: &str, file: &str, whole: &str) {
    say(daemon, text);
    wait_until(&format!("{whole:?} in {file}"), || {
        daemon.text(file) == whole
    });
}

/// The sum of all declarations in the activity log.
fn declared(daemon: &Daemon) -> u64 {
    let log = daemon.text("main.log");
    let lines = log.lines().filter_map(|line| {
        let (before, _) = line.split_once(" bytes of 'x' stdout lost: ")?;
        before.rsplit(' ').next()?.parse::<u64>().ok()
    });
    lines.sum()
}

/// What the daemon tells clients.
fn lost(daemon: &Daemon) -> Value {
    let detail = daemon.call("supervisor.getProcessDetail", &["x".into()]);
    detail.get("stdout_lost").cloned().expect("stdout_lost")
}

fn with_echo() -> Daemon {
    let setup = Setup::new();
    fs::create_dir(setup.path("logs")).expect("a folder");
    setup.configure("", ECHO);
    let daemon = setup.start();
    daemon.wait_state("x", "RUNNING");
    daemon
}

#[test]
fn a_log_that_is_deleted_or_moved_away_loses_nothing() {
    let daemon = with_echo();
    say_into(&daemon, "one\n", "logs/x.log", "one\n");
    let log = daemon.path("logs/x.log");
    fs::remove_file(&log).expect("delete the log");
    // created again
    say_into(&daemon, "two\n", "logs/x.log", "two\n");
    // moved away: written to where it is now, as by the original, until it is reopened
    let old = daemon.path("logs/old.log");
    fs::rename(&log, &old).expect("move the log");
    fs::write(&log, "somebody else's\n").expect("another file");
    say_into(&daemon, "three\n", "logs/old.log", "two\nthree\n");
    daemon.signal(libc::SIGUSR2);
    daemon.wait_log("supervisord logreopen");
    // it is on its way to the log's thread, before what is said now
    say(&daemon, "four\n");
    wait_until("four", || {
        daemon.text("logs/x.log").ends_with("four\n")
            || daemon.text("logs/old.log").ends_with("four\n")
    });
    assert_eq!(daemon.text("logs/x.log"), "somebody else's\nfour\n");
    assert_eq!((declared(&daemon), lost(&daemon)), (0, Value::Double(0.0)));
}

/// A folder in which nothing can be made, root or not; thawed when this is dropped.
struct Sealed<'a>(&'a Path);

impl<'a> Sealed<'a> {
    fn new(folder: &'a Path) -> Option<Self> {
        let sealed = if nix::unistd::getuid().is_root() {
            chattr("+i", folder)
        } else {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).is_ok()
        };
        if !sealed {
            crate::harness::skip("chattr +i is not permitted here");
        }
        sealed.then_some(Self(folder))
    }
}

impl Drop for Sealed<'_> {
    fn drop(&mut self) {
        if nix::unistd::getuid().is_root() {
            chattr("-i", self.0);
        } else {
            // the test cannot go on if this fails, and says so
            let _ = fs::set_permissions(self.0, fs::Permissions::from_mode(0o755));
        }
    }
}

fn chattr(change: &str, folder: &Path) -> bool {
    Command::new("chattr")
        .arg(change)
        .arg(folder)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn a_read_only_folder_costs_bytes_that_are_declared_until_it_is_writable() {
    let daemon = with_echo();
    say_into(&daemon, "one\n", "logs/x.log", "one\n");
    let folder = daemon.path("logs");
    fs::remove_file(folder.join("x.log")).expect("delete the log");
    let Some(sealed) = Sealed::new(&folder) else {
        return;
    };
    say(&daemon, "lost\n");
    daemon.wait_log(
        "5 bytes of 'x' stdout lost: the log file was deleted and cannot be created again",
    );
    assert_eq!(lost(&daemon), Value::Double(5.0));
    drop(sealed);
    say_into(&daemon, "two\n", "logs/x.log", "two\n");
    assert_eq!((declared(&daemon), lost(&daemon)), (5, Value::Double(5.0)));
}

#[test]
fn on_a_full_disk_bytes_written_are_bytes_stored_and_bytes_declared() {
    let setup = Setup::new();
    let Some(_disk) = Mount::tmpfs(setup.path("logs"), 64) else {
        return;
    };
    setup.configure("", ECHO);
    let daemon = setup.start();
    daemon.wait_state("x", "RUNNING");
    let stored = || fs::metadata(daemon.path("logs/x.log")).map_or(0, |file| file.len());
    let piece = "y".repeat(100_000);
    say(&daemon, &piece);
    say(&daemon, &piece);
    wait_until("an account of every byte", || {
        stored() + declared(&daemon) == 200_000
    });
    assert!(stored() <= 64 * 1024);
    daemon.wait_log("stdout lost: No space left on device");
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let told = Value::Double(declared(&daemon) as f64);
    assert_eq!(lost(&daemon), told);
    // there is room again: writing resumes by itself, with the next byte
    daemon.call("supervisor.clearProcessLogs", &["x".into()]);
    say_into(&daemon, "again\n", "logs/x.log", "again\n");
    // the count outlives a restart of the program, and nothing was lost since
    daemon.ctl(&["restart", "x"]);
    say_into(&daemon, "new\n", "logs/x.log", "again\nnew\n");
    assert_eq!(lost(&daemon), told);
}
