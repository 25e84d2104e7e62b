//! Where the lines of the activity log end up.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::log::disk::RealDisk;
use crate::log::file::{LogFile, Stop};
use crate::log::syslog::ActivityLine;

/// How long one line may wait for a reader that does not read, in milliseconds.
const PATIENCE: u16 = 1000;
/// How long to wait before a regular file that answered EAGAIN is written to again.
const PAUSE: Duration = Duration::from_millis(10);
/// A pipe that reports room takes this much without blocking (PIPE_BUF).
const SURE: usize = 4096;

/// A file, syslog or the terminal.
pub(super) enum Sink {
    /// A rotated file, or whatever the path leads to.
    File(LogFile<RealDisk>),
    /// A syslog.
    Syslog(Box<ActivityLine>),
    /// Standard output, in the foreground.
    Stdout,
}

impl Sink {
    /// Whether clearing and reopening mean anything.
    pub(super) const fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The file, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file.path()),
            Self::Syslog(_) | Self::Stdout => None,
        }
    }

    /// The warning that the log cannot be rotated.
    pub(super) fn rotation_warning(&self) -> Option<String> {
        match self {
            Self::File(file) => file.rotation_warning("logfile", ""),
            Self::Syslog(_) | Self::Stdout => None,
        }
    }

    /// Writes a whole line; waits a moment for a reader unless it was stalled already.
    pub(super) fn write(&mut self, line: &str, stalled: bool) -> io::Result<()> {
        let patience = if stalled { 0 } else { PATIENCE };
        match self {
            Self::File(file) => write_file(file, line.as_bytes(), patience),
            Self::Syslog(syslog) => syslog.send(line, |fd| wait_writable(fd, patience)),
            Self::Stdout => write_slowly(io::stdout().as_fd(), line.as_bytes(), patience),
        }
    }

    /// Opens the file anew.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.reopen().map(drop),
            Self::Syslog(_) | Self::Stdout => Ok(()),
        }
    }

    /// Empties the file.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.clear(),
            Self::Syslog(_) | Self::Stdout => Ok(()),
        }
    }
}

fn write_file(file: &mut LogFile<RealDisk>, line: &[u8], patience: u16) -> io::Result<()> {
    let mut rest = line;
    let mut waited = Duration::ZERO;
    loop {
        let outcome = file.append(rest);
        rest = &rest[outcome.stored..];
        match outcome.stop {
            None => return Ok(()),
            Some(Stop::Failed(error)) => return Err(error),
            Some(Stop::Full) if file.kind().is_polled() => {
                wait_writable(file.file().as_fd(), patience)?;
            }
            // poll calls a regular file writable at any time
            Some(Stop::Full) => {
                if waited >= Duration::from_millis(patience.into()) {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
        }
    }
}

/// Writes to a descriptor that others share, without making it non-blocking and without
/// blocking: only when there is room, only what surely fits.
fn write_slowly(fd: BorrowedFd<'_>, line: &[u8], patience: u16) -> io::Result<()> {
    let mut rest = line;
    while !rest.is_empty() {
        wait_writable(fd, patience)?;
        match nix::unistd::write(fd, &rest[..rest.len().min(SURE)]) {
            Ok(count) => rest = &rest[count..],
            Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_writable(fd: BorrowedFd<'_>, patience: u16) -> io::Result<()> {
    let mut wanted = [PollFd::new(fd, PollFlags::POLLOUT)];
    match poll(&mut wanted, PollTimeout::from(patience)) {
        Ok(0) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "its reader does not read",
        )),
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
