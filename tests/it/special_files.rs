//! A FIFO or a device as configuration is an error that names it, and a job that blocks on a file
//! does not keep the daemon from ending.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, free_port, summary, wait_until};
use crate::mount::Mount;
use crate::spawning::Lease;

const PROGRAM: &str = "[program:x]\ncommand=/bin/sleep 1000\nstartsecs=0\n\
                       stdout_logfile=NONE\nstderr_logfile=NONE\n";

fn fifo(setup: &Setup, name: &str) {
    nix::unistd::mkfifo(&setup.path(name), Mode::S_IRWXU).expect("a FIFO");
}

#[test]
fn a_fifo_or_device_is_no_configuration() {
    let setup = Setup::new();
    fifo(&setup, "s.conf");
    for (file, what) in [("s.conf", "a FIFO"), ("/dev/null", "a device")] {
        let (code, _, err) = summary(&setup.run(&["-n", "-s", "-c", file]));
        assert_eq!(code, Some(2), "{err}");
        let message = format!("Error: config file {file} is {what}, not a regular file");
        assert_eq!(err.lines().next(), Some(message.as_str()));
        // supervisorctl reads the same file
        let client = setup.ctl_alone(&["-c", file, "status"], "");
        assert_eq!(client.status.code(), Some(2));
        let words = String::from_utf8_lossy(&client.stderr);
        assert!(words.contains(&message), "{words}");
    }
}

#[test]
fn a_fifo_among_the_included_files_is_named_by_reread() {
    let setup = Setup::new();
    let include = format!("[include]\nfiles=@DIR@/conf.d/*.conf\n{PROGRAM}");
    setup.configure("", &include);
    fs::create_dir(setup.path("conf.d")).expect("a folder");
    // a folder is passed over, as by the original
    fs::create_dir(setup.path("conf.d/folder.conf")).expect("a folder");
    let mut daemon = setup.start();
    daemon.wait_state("x", "RUNNING");
    fifo(daemon.setup(), "conf.d/pipe.conf");
    let fault = daemon.try_call("supervisor.reloadConfig", &[]);
    let fault = fault.expect_err("a fault");
    assert!(fault.contains("CANT_REREAD"), "{fault}");
    assert!(
        fault.contains("conf.d/pipe.conf is a FIFO, not a regular file"),
        "{fault}"
    );
    fs::remove_file(daemon.path("conf.d/pipe.conf")).expect("it exists");
    daemon.call("supervisor.reloadConfig", &[]);
    daemon.call("supervisor.shutdown", &[]);
    assert_eq!(daemon.ended().code(), Some(0));
}

#[test]
fn a_job_that_blocks_does_not_keep_the_daemon_from_ending() {
    let mut daemon = Daemon::with("", PROGRAM);
    daemon.wait_state("x", "RUNNING");
    let Some(dead) = Mount::dead(daemon.path("dead")) else {
        return;
    };
    // certificates are read before a restart stops anything; reading this one never ends
    let port = free_port();
    let server = format!(
        "[inet_http_server:x]\nport=127.0.0.1:{port}\ntls_cert=@DIR@/dead/cert\n\
         tls_key=@DIR@/dead/key\n"
    );
    daemon.setup().configure("", &format!("{server}{PROGRAM}"));
    let mut restart = daemon.client();
    let restart = thread::spawn(move || restart.call("supervisor.restart", &[]).is_ok());
    let blocked = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("threads");
        tasks.flatten().any(|task| {
            let place = fs::read_to_string(task.path().join("wchan")).unwrap_or_default();
            place.contains("request_wait") || place.contains("fuse")
        })
    };
    crate::harness::wait_until("the blocked thread", blocked);
    daemon.call("supervisor.reloadConfig", &[]);
    let begun = Instant::now();
    daemon.call("supervisor.shutdown", &[]);
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    drop(dead);
    assert!(!restart.join().expect("no panic"), "it was not restarted");
}

#[test]
fn an_included_file_under_a_lease_is_read() {
    let setup = Setup::new();
    setup.configure(
        "",
        &format!("[include]\nfiles=@DIR@/conf.d/*.conf\n{PROGRAM}"),
    );
    fs::create_dir(setup.path("conf.d")).expect("a folder");
    let file = setup.path("conf.d/leased.conf");
    fs::write(&file, "[program:leased]\ncommand=/bin/cat\n").expect("a file");
    let daemon = setup.start();
    daemon.wait_state("leased", "RUNNING");
    let Some(lease) = Lease::take(&file) else {
        return;
    };
    let mut client = daemon.client();
    let reread = thread::spawn(move || client.call("supervisor.reloadConfig", &[]));
    wait_until("the daemon wants the file", || lease.is_wanted());
    drop(lease);
    let changes = reread.join().expect("a thread").expect("an answer");
    let nothing = Value::Array(vec![]);
    assert_eq!(
        changes,
        Value::Array(vec![Value::Array(vec![
            nothing.clone(),
            nothing.clone(),
            nothing
        ])])
    );
}
