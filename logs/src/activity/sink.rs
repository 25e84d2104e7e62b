//! Where the lines of the activity log end up.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::disk::RealDisk;
use crate::file::LogFile;
use crate::syslog::ActivitySyslog;

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
    Syslog(Box<ActivitySyslog>),
    /// Standard output, in the foreground.
    Stdout,
}

impl Sink {
    pub(super) fn file(&mut self) -> Option<&mut LogFile<RealDisk>> {
        match self {
            Self::File(file) => Some(file),
            Self::Syslog(_) | Self::Stdout => None,
        }
    }

    /// Writes a whole line, of which a file has taken the first `done` bytes; waits a moment for
    /// a reader unless it was stalled already.
    pub(super) fn write(&mut self, line: &str, done: usize, stalled: bool) -> io::Result<()> {
        let patience = if stalled { 0 } else { PATIENCE };
        match self {
            Self::File(file) => write_file(file, &line.as_bytes()[done..], patience),
            Self::Syslog(syslog) => syslog.send(line, |fd| wait_writable(fd, patience)),
            Self::Stdout => write_slowly(io::stdout().as_fd(), line.as_bytes(), patience),
        }
    }
}

fn write_file(file: &mut LogFile<RealDisk>, line: &[u8], patience: u16) -> io::Result<()> {
    let mut rest = line;
    let mut waited = Duration::ZERO;
    loop {
        let appended = file.append(rest);
        rest = &rest[appended.stored..];
        match appended.error {
            None => return Ok(()),
            Some(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Some(_) if file.kind.is_polled() => wait_writable(file.file.as_fd(), patience)?,
            // poll calls a regular file writable at any time
            Some(_) if waited >= Duration::from_millis(patience.into()) => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Some(_) => {
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
