//! Restarts of the daemon: everything that can be tried is tried before anything stops (difference
//! C28), and what fails nevertheless does not end it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::harness::{Daemon, free_port, wait_until};

const PROGRAM: &str = "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\n\
                       stdout_logfile=NONE\nstderr_logfile=NONE\n";

fn lines_with(daemon: &Daemon, text: &str) -> usize {
    daemon.text("main.log").matches(text).count()
}

/// A restart that is refused, by request and by signal.
fn refused(daemon: &Daemon, reason: &str) {
    let pid = daemon.child_pid("x");
    let sentence = "restart refused, it would fail: ";
    let before = lines_with(daemon, sentence);
    let fault = daemon.try_call("supervisor.restart", &[]);
    let fault = fault.expect_err("refused");
    assert!(
        fault.contains("CANT_REREAD") && fault.contains(reason),
        "{fault}"
    );
    assert_eq!(lines_with(daemon, sentence), before + 1);
    daemon.signal(libc::SIGHUP);
    wait_until("the refusal", || lines_with(daemon, sentence) == before + 2);
    assert_eq!(daemon.child_pid("x"), pid);
    assert_eq!(daemon.state("x"), "RUNNING");
}

fn restarted(daemon: &Daemon, count: usize) {
    wait_until("the restart", || {
        lines_with(daemon, "supervisord started with pid") == count + 1
            && daemon.try_call("supervisor.getState", &[]).is_ok()
    });
    daemon.wait_state("x", "RUNNING");
}

#[test]
fn what_would_fail_stops_nothing() {
    let daemon = Daemon::with("", PROGRAM);
    daemon.wait_state("x", "RUNNING");
    // a log that cannot be opened
    fs::create_dir(daemon.path("folder")).expect("mkdir");
    let configuration = daemon.setup().configure("", PROGRAM);
    let good = fs::read_to_string(&configuration).expect("read");
    fs::write(&configuration, good.replace("/main.log", "/folder")).expect("write");
    refused(&daemon, "could not open log file");
    // a port that is in use; the server before it is opened and closed again
    let other = TcpListener::bind("127.0.0.1:0").expect("bind");
    let taken = other.local_addr().expect("address").port();
    let free = free_port();
    let servers = format!(
        "[inet_http_server:a]\nport=127.0.0.1:{free}\n\
         [inet_http_server:b]\nport=127.0.0.1:{taken}\n"
    );
    daemon.setup().configure("", &format!("{servers}{PROGRAM}"));
    refused(&daemon, "Another program is already listening on a port");
    assert!(TcpStream::connect(("127.0.0.1", free)).is_err());
    // a name that is no socket
    fs::write(daemon.path("other.sock"), "").expect("write");
    let server = "[unix_http_server:b]\nfile=@DIR@/other.sock\n";
    daemon.setup().configure("", &format!("{server}{PROGRAM}"));
    refused(&daemon, "exists and is not a socket");
    // and at last a good one
    daemon.setup().configure("", PROGRAM);
    daemon.call("supervisor.restart", &[]);
    restarted(&daemon, 1);
}

/// Ask, and wait for the end of the connection: a daemon that stops may close it first.
fn be_served(mut connection: UnixStream) {
    let _ = connection.write_all(b"GET /healthz HTTP/1.0\r\n\r\n");
    let _ = connection.read_to_end(&mut Vec::new());
}

#[test]
fn clients_of_a_server_that_stays_notice_nothing_and_new_ones_come() {
    let daemon = Daemon::with("", PROGRAM);
    daemon.wait_state("x", "RUNNING");
    let socket = daemon.path("s.sock");
    let inode = || fs::metadata(&socket).expect("the socket").ino();
    let before = inode();
    let port = free_port();
    let server = format!("[inet_http_server]\nport=127.0.0.1:{port}\n");
    daemon.setup().configure("", &format!("{server}{PROGRAM}"));
    let (over, refusals) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                match UnixStream::connect(&socket) {
                    Ok(connection) => be_served(connection),
                    Err(_) => drop(refusals.fetch_add(1, Ordering::Relaxed)),
                }
            }
        });
        daemon.call("supervisor.restart", &[]);
        restarted(&daemon, 1);
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(refusals.into_inner(), 0);
    assert_eq!(inode(), before);
    TcpStream::connect(("127.0.0.1", port)).expect("the new server");
    // its mode cannot change without a new socket; and the port goes
    let path = daemon.setup().configure("", PROGRAM);
    let text = fs::read_to_string(&path).expect("read");
    let text = text.replace("/s.sock\n[rpc", "/s.sock\nchmod=0777\n[rpc");
    fs::write(&path, text).expect("write");
    daemon.call("supervisor.restart", &[]);
    restarted(&daemon, 2);
    assert_eq!(
        fs::metadata(&socket).expect("the socket").mode() & 0o777,
        0o777
    );
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn what_fails_after_the_stop_does_not_end_the_daemon() {
    let slow = "[program:slow]\ncommand=/bin/sh -c \"trap '' TERM; echo armed; sleep 1000\"\n\
                startsecs=0\nstopwaitsecs=1000\nstdout_logfile=@DIR@/slow.log\n";
    let daemon = Daemon::with("", &format!("{slow}{PROGRAM}"));
    daemon.wait_state("x", "RUNNING");
    wait_until("its trap", || daemon.text("slow.log").contains("armed"));
    let slow = daemon.child_pid("slow");
    let path = daemon.setup().configure("", PROGRAM);
    let text = fs::read_to_string(&path).expect("read");
    fs::write(&path, text.replace("/main.log", "/other.log")).expect("write");
    daemon.call("supervisor.restart", &[]);
    daemon.wait_log("waiting for ");
    // it was tried, and is in the way now
    fs::remove_file(daemon.path("other.log")).expect("it was opened");
    fs::create_dir(daemon.path("other.log")).expect("mkdir");
    let group = nix::unistd::Pid::from_raw(slow);
    nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).expect("kill");
    restarted(&daemon, 1);
    daemon.wait_log("CRIT going on in spite of it: could not open log file");
}
