//! pidproxy: runs a command and passes signals on to the process whose id is in a pidfile
//! (spec core 9). For programs that insist on putting themselves into the background:
//! supervisord watches pidproxy, pidproxy reaches the program.
//!
//! Signals are blocked and waited for, so nothing happens in a handler; that includes
//! SIGCHLD, so the end of the command is noticed at once (decision C17).

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::spawn::spawn;

/// Signals that are passed on.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGQUIT,
];

/// Signals after which there is nothing more to do.
const LAST: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT];

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    pidfile: PathBuf,
    /// The command as typed, then its arguments; never empty.
    command: Vec<OsString>,
}

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let Some(request) = Request::read(words) else {
        say(&usage(&program.to_string_lossy()));
        return ExitCode::FAILURE;
    };
    match run(&request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nobody is left to tell if stderr is gone.
            let _ = writeln!(io::stderr(), "pidproxy: failed to {reason}");
            ExitCode::FAILURE
        }
    }
}

impl Request {
    fn read(mut words: impl Iterator<Item = OsString>) -> Option<Self> {
        let pidfile = PathBuf::from(words.next()?);
        let command: Vec<OsString> = words.collect();
        (!command.is_empty()).then_some(Self { pidfile, command })
    }
}

fn usage(program: &str) -> String {
    format!(
        "pidproxy -- run command and proxy signals to it via its pidfile.\n\n\
         TERM, HUP, INT, USR1, USR2 and QUIT are sent on to the process whose id stands in\n\
         the pidfile at that moment. pidproxy ends when it has sent on TERM, INT or QUIT, and\n\
         when the command ends.\n\n\
         Usage: {program} <pidfile name> <command> [<cmdarg1> ...]\n\n"
    )
}

/// Run the command until it ends or a signal tells us to; the error completes
/// "failed to".
fn run(request: &Request) -> Result<(), String> {
    let inherited =
        SigSet::thread_get_mask().map_err(|errno| errno_words("read signals", errno))?;
    let mut awaited = SigSet::from_iter(PASSED_ON);
    awaited.add(Signal::SIGCHLD);
    // Before the child is there: no signal may be lost.
    awaited
        .thread_block()
        .map_err(|errno| errno_words("block signals", errno))?;
    let child = match start(&request.command, &inherited) {
        Ok(child) => child,
        Err(errno) => {
            let command = request.command[0].to_string_lossy();
            let words = errno_words(&format!("run {command}"), errno);
            let _ = writeln!(io::stderr(), "pidproxy: failed to {words}");
            // As for any other end of the command (spec core 9.6).
            return Ok(());
        }
    };
    loop {
        let signal = awaited
            .wait()
            .map_err(|errno| errno_words("wait for signals", errno))?;
        if signal == Signal::SIGCHLD {
            if has_ended(child) {
                return Ok(());
            }
            continue;
        }
        let was_sent = pass_on(signal, &request.pidfile)?;
        if was_sent && LAST.contains(&signal) {
            return Ok(());
        }
    }
}

fn errno_words(what: &str, errno: Errno) -> String {
    format!("{what}: {}", errno.desc())
}

/// Start the command with the signals as they were before we blocked any. It is looked for
/// in the working directory, not on PATH.
fn start(command: &[OsString], mask: &SigSet) -> Result<Pid, Errno> {
    let file = std::path::absolute(&command[0])
        .map_err(|error| error.raw_os_error().map_or(Errno::ENOENT, Errno::from_raw))?;
    // what is passed on must reach it, even under nohup
    spawn(&file, command, std::env::vars_os(), mask, &PASSED_ON)
}

fn has_ended(child: Pid) -> bool {
    match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => true,
        Ok(_) => false,
        // ECHILD: whoever started us ignores SIGCHLD, so the kernel took it away.
        Err(_) => true,
    }
}

/// Send the signal to the process in the pidfile; false if the pidfile cannot be read, which is
/// told. A process that cannot be signaled is an error.
fn pass_on(signal: Signal, pidfile: &Path) -> Result<bool, String> {
    let Some(pid) = read_pid(pidfile) else {
        say(&format!(
            "Can't read child pidfile {}!\n",
            pidfile.display()
        ));
        return Ok(false);
    };
    kill(pid, signal).map(|()| true).map_err(|errno| {
        let what = format!("send {signal} to process {pid}");
        errno_words(&what, errno)
    })
}

/// The process id in a pidfile. Zero and negative numbers mean whole groups of processes
/// to the kernel, which is nothing that a pidfile can mean.
fn read_pid(pidfile: &Path) -> Option<Pid> {
    let text = String::from_utf8(visord_files::read_linked(pidfile).ok()?).ok()?;
    let number = text.trim().parse().ok().filter(|number| *number > 0)?;
    Some(Pid::from_raw(number))
}

fn say(text: &str) {
    let mut stdout = io::stdout();
    // Signals are to be passed on whether or not somebody reads this.
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_a_pidfile_and_a_command_are_needed() {
        let read = |words: &[&str]| Request::read(words.iter().map(OsString::from));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["x.pid"]), None);
        let request = read(&["x.pid", "cat", "-u"]).expect("a request");
        assert_eq!(request.pidfile, Path::new("x.pid"));
        assert_eq!(request.command, ["cat", "-u"]);
    }

    #[test]
    fn what_is_a_pid() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.pid");
        assert_eq!(read_pid(&file), None);
        for (text, pid) in [
            ("12", Some(12)),
            (" 12\n", Some(12)),
            ("", None),
            ("12 13", None),
            ("x", None),
            ("0", None),
            ("-1", None),
        ] {
            std::fs::write(&file, text).expect("a file");
            assert_eq!(read_pid(&file), pid.map(Pid::from_raw), "{text:?}");
        }
    }
}
