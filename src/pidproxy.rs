//! pidproxy: runs a command and passes signals on to the process whose id is in a pidfile
//! (spec core 9). For programs that always daemonize: supervisord watches pidproxy, pidproxy signals
//! the program.
//!
//! Signals are blocked and waited for, so nothing happens in a handler; that includes
//! SIGCHLD, so the end of the command is noticed at once (difference C17).

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::spawn::spawn;

const PASSED_ON: [Signal; 6] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGQUIT,
];

/// Signals after which pidproxy ends.
const LAST: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT];

/// The whole program.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let Some((pidfile, command)) = split(&arguments) else {
        let program = arguments.first().map(|program| program.to_string_lossy());
        print(&usage(&program.unwrap_or_default()));
        return ExitCode::FAILURE;
    };
    match run(pidfile, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            report(&reason);
            ExitCode::FAILURE
        }
    }
}

/// The pidfile, and the command as typed with its arguments.
fn split(arguments: &[OsString]) -> Option<(&Path, &[OsString])> {
    match arguments {
        [_program, pidfile, command @ ..] if !command.is_empty() => {
            Some((Path::new(pidfile), command))
        }
        _ => None,
    }
}

fn usage(program: &str) -> String {
    format!(
        "pidproxy -- run command and proxy signals to it via its pidfile.\n\n\
         TERM, HUP, INT, USR1, USR2 and QUIT are sent on to the process whose id is in the\n\
         pidfile at that moment. pidproxy ends when it has sent on TERM, INT or QUIT, and\n\
         when the command ends.\n\n\
         Usage: {program} <pidfile name> <command> [<cmdarg1> ...]\n\n"
    )
}

/// Run the command until it ends or a signal tells us to; the error completes
/// "failed to".
fn run(pidfile: &Path, command: &[OsString]) -> Result<(), String> {
    let inherited = SigSet::thread_get_mask().map_err(failed("read signals"))?;
    let mut awaited = SigSet::from_iter(PASSED_ON);
    awaited.add(Signal::SIGCHLD);
    // before there is a child: no signal may be lost
    awaited.thread_block().map_err(failed("block signals"))?;
    let child = match start(command, &inherited) {
        Ok(child) => child,
        Err(errno) => {
            let command = command[0].to_string_lossy();
            report(&failed(&format!("run {command}"))(errno));
            // as for any other end of the command (spec core 9.6)
            return Ok(());
        }
    };
    loop {
        let signal = awaited.wait().map_err(failed("wait for signals"))?;
        if signal == Signal::SIGCHLD {
            if has_ended(child) {
                return Ok(());
            }
        } else if pass_on(signal, pidfile)? && LAST.contains(&signal) {
            return Ok(());
        }
    }
}

fn failed(what: &str) -> impl Fn(Errno) -> String {
    move |errno| format!("{what}: {}", errno.desc())
}

/// Start the command with the signals as they were before we blocked any. It is looked up
/// in the working directory, not on PATH.
fn start(command: &[OsString], mask: &SigSet) -> Result<Pid, Errno> {
    let file = std::path::absolute(&command[0])
        .map_err(|error| error.raw_os_error().map_or(Errno::ENOENT, Errno::from_raw))?;
    // what is passed on must reach it, even under nohup
    spawn(&file, command, env::vars_os(), mask, &PASSED_ON)
}

fn has_ended(child: Pid) -> bool {
    match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => true,
        Ok(_) => false,
        // ECHILD: SIGCHLD was ignored when we were started, so the kernel took it away
        Err(_) => true,
    }
}

/// Send the signal to the process in the pidfile; false, with a message, if the pidfile cannot be
/// read. A process that cannot be signaled is an error.
fn pass_on(signal: Signal, pidfile: &Path) -> Result<bool, String> {
    let Some(pid) = read_pid(pidfile) else {
        let pidfile = pidfile.display();
        print(&format!("Can't read child pidfile {pidfile}!\n"));
        return Ok(false);
    };
    let sent = kill(pid, signal).map(|()| true);
    sent.map_err(failed(&format!("send {signal} to process {pid}")))
}

/// The process id in a pidfile. Zero and negative numbers mean whole groups of processes
/// to the kernel, which is nothing that a pidfile can mean.
fn read_pid(pidfile: &Path) -> Option<Pid> {
    let text = String::from_utf8(visord_files::read_linked(pidfile).ok()?).ok()?;
    let number = text.trim().parse().ok().filter(|number| *number > 0)?;
    Some(Pid::from_raw(number))
}

/// Print to standard output. Signals are passed on whether or not it can be written.
fn print(text: &str) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// Say on standard error what failed. If that is gone, the exit code still says it.
fn report(reason: &str) {
    let _ = writeln!(io::stderr(), "pidproxy: failed to {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_a_pidfile_and_a_command_are_needed() {
        let words = ["pidproxy", "x.pid", "cat", "-u"].map(OsString::from);
        assert_eq!(split(&[]), None);
        assert_eq!(split(&words[..1]), None);
        assert_eq!(split(&words[..2]), None);
        assert_eq!(split(&words), Some((Path::new("x.pid"), &words[2..])));
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
