//! Daemonizing: one fork before any thread exists. The parent waits until the daemon is up and
//! exits with its code, so that its caller sees errors (difference C15, difference C16).

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, setsid};
use visord_config::ServerConfig;
use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;

/// Tells the waiting parent that the daemon is up.
pub(super) struct Readiness(std::fs::File);

impl Readiness {
    /// The pidfile is written and the sockets listen.
    pub(super) fn announce(mut self) {
        // a parent that was killed meanwhile needs no answer
        let _ = self.0.write_all(b"1");
    }
}

/// Fork, and go on as the daemon. The process that was started exits when the daemon is up or has
/// failed.
pub(super) fn split() -> Result<Readiness, String> {
    let failed = |error: nix::Error| format!("cannot daemonize: {}", error.desc());
    let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
    // SAFETY: no thread has been started yet, so the child may go on like any process.
    match unsafe { fork() }.map_err(failed)? {
        ForkResult::Child => {
            drop(read);
            Ok(Readiness(std::fs::File::from(write)))
        }
        ForkResult::Parent { child } => {
            drop(write);
            std::process::exit(await_daemon(read, child))
        }
    }
}

/// The exit code that says how the daemon started.
fn await_daemon(read: OwnedFd, child: Pid) -> i32 {
    let mut answer = [0; 1];
    let mut pipe = std::fs::File::from(read);
    if matches!(pipe.read(&mut answer), Ok(1)) {
        return 0;
    }
    // the daemon closed its end without an answer: it ended, having printed why
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, code)) => code,
        Ok(_) | Err(_) => 1,
    }
}

/// The rest of spec core 3.5: directory, stdio, session, umask, in that order.
pub(super) fn detach(server: &ServerConfig) -> Vec<LogLine> {
    let text = "daemonizing the supervisord process";
    let mut remarks = vec![LogLine::new(Level::Info, text)];
    if let Some(directory) = &server.directory {
        remarks.push(enter(directory));
    }
    if let Err(error) = silence_stdio() {
        let text = format!("cannot redirect stdio to /dev/null: {error}");
        remarks.push(LogLine::new(Level::Critical, text));
    }
    // fails only for a process group leader, which a forked child is not
    let _ = setsid();
    umask(Mode::from_bits_truncate(server.umask));
    remarks
}

fn enter(directory: &Path) -> LogLine {
    let shown = repr(&directory.to_string_lossy());
    match nix::unistd::chdir(directory) {
        Ok(()) => LogLine::new(Level::Info, format!("set current directory: {shown}")),
        Err(error) => {
            let text = format!("can't chdir into {shown}: {}", error.desc());
            LogLine::new(Level::Critical, text)
        }
    }
}

fn silence_stdio() -> std::io::Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}
