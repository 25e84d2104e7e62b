//! Files in folders that other users control: what the daemon opens, writes and believes.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::process::{Command, Stdio};

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, summary, wait_until};

const NOBODY: u32 = 65534;

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[test]
fn a_pidfile_is_not_written_through_a_link() {
    let setup = Setup::new();
    setup.configure("", "");
    fs::write(setup.path("victim"), "precious").expect("a file");
    symlink("victim", setup.path("main.pid")).expect("a link");
    let mut daemon = setup.start();
    wait_until("the pidfile", || {
        daemon.text("main.pid") == format!("{}\n", daemon.pid())
    });
    assert_eq!(daemon.text("victim"), "precious");
    daemon.signal(libc::SIGTERM);
    daemon.ended();
    assert!(daemon.path("main.pid").symlink_metadata().is_err());
    assert_eq!(daemon.text("victim"), "precious");
}

#[test]
fn a_device_can_be_the_pidfile() {
    let setup = Setup::new();
    setup.configure("", "");
    let text = fs::read_to_string(setup.path("s.conf")).expect("a configuration");
    let pidfile = format!("pidfile={}", setup.path("main.pid").display());
    let text = text.replace(&pidfile, "pidfile=/dev/null");
    fs::write(setup.path("s.conf"), text).expect("a configuration");
    let mut daemon = setup.start();
    daemon.wait_log("supervisord started with pid");
    daemon.signal(libc::SIGTERM);
    daemon.ended();
    let mut null = File::open("/dev/null").expect("still a device");
    assert_eq!(null.read(&mut [0]).expect("readable"), 0);
}

#[test]
fn a_link_in_the_place_of_a_log_is_not_read() {
    let daemon = Daemon::with(
        "",
        "[program:w]\ncommand=/bin/sh -c 'echo hello; exec sleep 1000'\n\
         stdout_logfile=@DIR@/w.log\n",
    );
    wait_until("its output", || daemon.text("w.log") == "hello\n");
    let read = || {
        let arguments = [Value::from("w"), Value::from(0), Value::from(0)];
        daemon.try_call("supervisor.readProcessStdoutLog", &arguments)
    };
    assert_eq!(read().expect("its log").as_str(), Some("hello\n"));
    fs::write(daemon.path("secret"), "hidden").expect("a file");
    fs::rename(daemon.path("w.log"), daemon.path("w.old")).expect("renamed");
    symlink("secret", daemon.path("w.log")).expect("a link");
    let error = read().expect_err("a link");
    assert!(error.contains("FAILED"), "{error}");
    let arguments = [Value::from("w"), Value::from(0), Value::from(100)];
    let tail = daemon.call("supervisor.tailProcessStdoutLog", &arguments);
    assert!(!format!("{tail:?}").contains("hidden"), "{tail:?}");
    let shown = daemon.ctl(&["tail", "w"]);
    assert!(!summary(&shown).1.contains("hidden"), "{shown:?}");
}

/// Another user who owns the folder of a log has it lead to a FIFO that only root may write to.
#[test]
fn a_link_in_a_folder_of_another_user_is_not_written_through() {
    if !is_root() {
        return;
    }
    let setup = Setup::new();
    setup.configure(
        "",
        "[program:d]\ncommand=/bin/sh -c 'echo hello; exec sleep 1000'\nautostart=false\n\
         stdout_logfile=@DIR@/home/d.log\n\
         [program:e]\ncommand=/bin/sh -c 'echo hello; exec sleep 1000'\nautostart=false\n\
         stdout_logfile=@DIR@/e.log\n",
    );
    fs::create_dir(setup.path("home")).expect("a folder");
    lchown(setup.path("home"), Some(NOBODY), Some(NOBODY)).expect("root");
    let open = |name: &str| {
        let fifo = setup.path(name);
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        let mut options = File::options();
        let options = options.read(true).custom_flags(libc::O_NONBLOCK);
        options.open(fifo).expect("a reader")
    };
    let (mut theirs, mut ours) = (open("theirs"), open("ours"));
    symlink("../theirs", setup.path("home/d.log")).expect("a link");
    symlink("ours", setup.path("e.log")).expect("a link");
    let daemon = setup.start();
    // whether or not it may run without its log
    let _ = daemon.try_call("supervisor.startProcess", &[Value::from("d")]);
    daemon.call("supervisor.startProcess", &[Value::from("e")]);
    let mut text = [0; 100];
    wait_until("what the link in our folder leads to", || {
        matches!(ours.read(&mut text), Ok(6))
    });
    assert_eq!(&text[..6], b"hello\n");
    assert!(!matches!(theirs.read(&mut text), Ok(1..)));
}

#[test]
fn root_is_warned_of_a_configuration_that_others_can_change() {
    if !is_root() {
        return;
    }
    let setup = Setup::new();
    setup.configure("", "");
    let check = || summary(&setup.run(&["--check", "-c", "s.conf"]));
    assert_eq!(check().0, Some(0), "{:?}", check());
    let mode = fs::Permissions::from_mode(0o666);
    fs::set_permissions(setup.path("s.conf"), mode).expect("a mode");
    let (code, _, error) = check();
    assert_eq!(code, Some(2));
    let reason = "its configuration file s.conf is writable by every user";
    assert!(error.contains(reason), "{error}");
    let daemon = setup.start();
    daemon.wait_log(&format!(
        "CRIT Supervisord is running as root, and {reason}"
    ));
}

#[test]
fn passwords_are_not_in_the_list_of_processes() {
    let daemon = Daemon::with("", "");
    let server = format!("unix://{}", daemon.path("s.sock").display());
    for arguments in [
        &["-s", &server, "-u", "u", "-p", "sesame"][..],
        &["-s", &server, "--user=u", "--pass=sesame"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_supervisorctl"))
            .args(arguments)
            .args(["maintail", "-f"])
            .current_dir(daemon.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("supervisorctl");
        let list = format!("/proc/{}/cmdline", child.id());
        wait_until("the password to be hidden", || {
            let shown = fs::read(&list).expect("its arguments");
            let shown = String::from_utf8_lossy(&shown).into_owned();
            shown.contains("xxxxxx") && !shown.contains("sesame")
        });
        assert!(child.try_wait().expect("wait").is_none());
        // the test is over
        let _ = child.kill();
        child.wait().expect("its end");
    }
}
