//! A sink that takes nothing delays only the program that writes to it: all others start, answer and
//! log as before.
//!
//! While a sink is stalled the others are measured; nothing ends the stall before all of it is
//! done, so whatever waited for the sink would never be done. The times are compared with those
//! of the quiet daemon before it, by bounds that only a wait of a second or more exceeds.

mod others;

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, wait_until};
use crate::mount::Mount;
use others::{Others, PROGRAMS};

/// How long others are watched before a stall, and at least how long during it.
const QUIET: Duration = Duration::from_millis(500);
const STALLED: Duration = Duration::from_secs(3);

/// So often in a row has a program written nothing when it is stuck: a log thread that waits for a
/// processor looks like a full log for a while.
const LOOKS: usize = 20;

/// A program that never stops writing to `log`.
fn stuck(log: &str) -> String {
    format!(
        "[program:stuck]\ncommand=/usr/bin/yes\nautostart=false\nstartsecs=0\nstopwaitsecs=20\n\
         stdout_logfile={log}\nstdout_logfile_maxbytes=0\n"
    )
}

fn start(daemon: &Daemon, name: &str, wait: bool) {
    daemon.call("supervisor.startProcess", &[Value::from(name), wait.into()]);
}

/// It starts, or waits for its next try.
fn assert_not_started(daemon: &Daemon, name: &str) {
    let state = daemon.state(name);
    assert!(["STARTING", "BACKOFF"].contains(&&*state), "{state}");
}

/// How many bytes a process has written.
fn written_by(pid: i32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).expect("its account");
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|n| n.parse().ok()).expect("a number")
}

/// Wait until the program has to wait for its log.
fn wait_stuck(daemon: &Daemon) -> (i32, u64) {
    daemon.wait_state("stuck", "RUNNING");
    let pid = daemon.child_pid("stuck");
    let (mut written, mut looks) = (0, 0);
    wait_until("the program to be stuck", || {
        let before = std::mem::replace(&mut written, written_by(pid));
        let is_stuck = written > 0 && written == before;
        looks = if is_stuck { looks + 1 } else { 0 };
        looks == LOOKS
    });
    (pid, written)
}

/// The whole story of a sink that is full until it is read.
fn full_until_read(daemon: &Daemon, mut reader: impl FnMut() -> OwnedFd) {
    let others = Others::of(daemon);
    let quiet = others.measure(QUIET);
    start(daemon, "stuck", true);
    let (pid, written) = wait_stuck(daemon);
    let stalled = others.measure(STALLED);
    // it was stalled all the time
    assert_eq!(written_by(pid), written);
    stalled.assert_like(&quiet);
    // it can be stopped and started as it is, and continues when it is read
    daemon.call("supervisor.stopProcess", &[Value::from("stuck")]);
    start(daemon, "stuck", true);
    let (pid, written) = wait_stuck(daemon);
    let mut reader = File::from(reader());
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut buffer = vec![0; 64 * 1024];
            let mut total = 0;
            while total < 4 * 1024 * 1024 {
                total += reader.read(&mut buffer).expect("output");
            }
        });
        wait_until("the program to go on", || written_by(pid) > written);
        reading.join().expect("the reader");
    });
}

#[test]
fn a_fifo_that_nobody_reads() {
    let setup = Setup::new();
    setup.configure("", &format!("{}{PROGRAMS}", stuck("@DIR@/fifo")));
    mkfifo(&setup.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    let daemon = setup.start();
    let open = || {
        let fifo = OpenOptions::new().read(true).open(daemon.path("fifo"));
        fifo.expect("the reading end").into()
    };
    full_until_read(&daemon, open);
}

/// The daemon's own lines go there too: it runs in the foreground.
#[test]
fn a_container_whose_output_nobody_reads() {
    let setup = Setup::new();
    setup.configure("", &format!("{}{PROGRAMS}", stuck("/dev/stdout")));
    let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).expect("a pipe");
    let daemon = setup.start_into(Stdio::from(writer));
    full_until_read(&daemon, || reader.try_clone().expect("the reading end"));
}

/// A daemon with something on a file system of its own.
fn with_mount(extra: &str, programs: &str) -> Option<(Mount, Daemon)> {
    let setup = Setup::new();
    let mount = Mount::ext4(setup.path("mount"))?;
    std::os::unix::fs::symlink(setup.path("mount"), setup.path("link")).expect("a link");
    setup.configure(extra, &format!("{programs}{PROGRAMS}"));
    Some((mount, setup.start()))
}

#[test]
fn a_frozen_file_system_under_the_log_of_a_program() {
    let late = "[program:late]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n\
                startretries=100\nstdout_logfile=@DIR@/link/late.log\n";
    let brief = "[program:brief]\ncommand=/bin/cat\nstartsecs=0\nautorestart=false\n\
                 stdout_logfile=@DIR@/mount/brief.log\n";
    let programs = format!("{}{late}{brief}", stuck("@DIR@/mount/stuck.log"));
    // a file system of 64 MiB is soon full: the rotation keeps it small
    let programs = programs.replace("maxbytes=0", "maxbytes=4MB\nstdout_logfile_backups=0");
    let Some((mount, daemon)) = with_mount("", &programs) else {
        return;
    };
    let others = Others::of(&daemon);
    let quiet = others.measure(QUIET);
    daemon.wait_state("brief", "RUNNING");
    // its folder is on that file system by a link: known from the first start
    start(&daemon, "late", true);
    daemon.call("supervisor.stopProcess", &[Value::from("late")]);
    // one that exists could be opened without a wait
    std::fs::remove_file(daemon.path("mount/late.log")).expect("delete a log");
    start(&daemon, "stuck", true);
    daemon.wait_state("stuck", "RUNNING");
    let Some(frozen) = mount.freeze() else {
        return;
    };
    let (pid, written) = wait_stuck(&daemon);
    // a start that must make its log there waits, or is a failure after a while; others do not wait
    let mut client = daemon.client();
    let waiting = std::thread::spawn(move || {
        let arguments = [Value::from("late"), true.into()];
        client.call("supervisor.startProcess", &arguments).is_ok()
    });
    daemon.wait_state("late", "STARTING");
    let stalled = others.measure(STALLED);
    assert_eq!(written_by(pid), written);
    assert_not_started(&daemon, "late");
    stalled.assert_like(&quiet);
    // its end is reported although what it wrote cannot be stored yet
    daemon.call("supervisor.stopProcess", &[Value::from("brief")]);
    daemon.wait_log("stopped: brief");
    drop(frozen);
    wait_until("the program to go on", || written_by(pid) > written);
    waiting.join().expect("a client");
    // in the end it starts
    daemon.wait_state("late", "RUNNING");
}

#[test]
fn a_frozen_file_system_under_the_activity_log() {
    let Some((mount, daemon)) = with_mount("logfile=@DIR@/mount/main.log", "") else {
        return;
    };
    let others = Others::of(&daemon);
    let quiet = others.measure(QUIET);
    let Some(frozen) = mount.freeze() else {
        return;
    };
    let before = daemon.text("mount/main.log");
    let stalled = others.measure(STALLED);
    assert_eq!(daemon.text("mount/main.log"), before);
    stalled.assert_like(&quiet);
    let pid = daemon.call("supervisor.startProcess", &[Value::from("idle")]);
    assert_eq!(pid, Value::Bool(true));
    drop(frozen);
    wait_until("the lines of the stall", || {
        daemon.text("mount/main.log").contains("spawned: 'idle'")
    });
}

/// Looking for a program there keeps the thread that starts children. A child that goes there
/// before it executes its program keeps only itself, and can be stopped.
#[test]
fn a_dead_file_system_under_programs() {
    let setup = Setup::new();
    let programs = "[program:there]\ncommand=@DIR@/dead/program\nautostart=false\nstartsecs=0\n\
                    [program:inside]\ncommand=/bin/cat\ndirectory=@DIR@/dead/folder\n\
                    autostart=false\nstartsecs=0\nautorestart=false\n";
    setup.configure("", &format!("{programs}{PROGRAMS}"));
    let Some(dead) = Mount::dead(setup.path("dead")) else {
        return;
    };
    let daemon = setup.start();
    let others = Others::of(&daemon);
    let quiet = others.measure(QUIET);
    std::thread::scope(|scope| {
        let start = |name| {
            let mut client = daemon.client();
            let arguments = [Value::from(name), true.into()];
            scope.spawn(move || client.call("supervisor.startProcess", &arguments))
        };
        let inside = start("inside").join().expect("an answer");
        assert_eq!(inside.expect("begun"), Value::from(true));
        let there = start("there");
        let stalled = others.measure(STALLED);
        assert_eq!(daemon.state("inside"), "RUNNING");
        stalled.assert_like(&quiet);
        daemon.call("supervisor.stopProcess", &[Value::from("inside")]);
        assert_eq!(daemon.state("inside"), "STOPPED");
        drop(dead);
        // it is not found, as soon as there is an answer
        drop(there.join().expect("an answer"));
    });
}
