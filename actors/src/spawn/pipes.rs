//! The pipes between a child and the daemon.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

/// What becomes of a child's descriptors 0, 1 and 2.
#[derive(Debug)]
pub struct ChildEnds {
    /// Descriptor 0: the stdin pipe, or a FastCGI listening socket.
    pub stdin: OwnedFd,
    /// Descriptor 1.
    pub stdout: OwnedFd,
    /// Descriptor 2; `None`: the same as descriptor 1 (`redirect_stderr`).
    pub stderr: Option<OwnedFd>,
}

impl ChildEnds {
    /// All above 2, so that putting one in place never overwrites another that is still needed: a
    /// daemon started with one of 0, 1, 2 closed may have got it for a pipe.
    pub(super) fn above_stdio(self) -> io::Result<Self> {
        let above = |fd: OwnedFd| match fd.as_raw_fd() {
            // std duplicates none to 0, 1 or 2
            ..=2 => fd.try_clone(),
            _ => Ok(fd),
        };
        Ok(Self {
            stdin: above(self.stdin)?,
            stdout: above(self.stdout)?,
            stderr: self.stderr.map(above).transpose()?,
        })
    }

    /// What becomes of descriptors 0, 1 and 2.
    pub(super) fn sources(&self) -> [RawFd; 3] {
        let stdout = self.stdout.as_raw_fd();
        let stderr = self.stderr.as_ref().map_or(stdout, AsRawFd::as_raw_fd);
        [self.stdin.as_raw_fd(), stdout, stderr]
    }
}

/// What the daemon keeps, close-on-exec and non-blocking.
#[derive(Debug)]
pub struct ParentEnds {
    /// Writes to the child's stdin; `None` for a FastCGI process (spec core 8).
    pub stdin: Option<OwnedFd>,
    /// Reads the child's stdout.
    pub stdout: OwnedFd,
    /// Reads the child's stderr; `None` if it goes to stdout.
    pub stderr: Option<OwnedFd>,
}

/// Open the pipes of one child. `socket` takes the place of the stdin pipe for a FastCGI process.
/// Errors (typically `EMFILE`) leave nothing open; [`super::SpawnError::dispatchers`] makes a spawn error of them.
pub fn open_pipes(
    redirect_stderr: bool,
    socket: Option<OwnedFd>,
) -> io::Result<(ParentEnds, ChildEnds)> {
    let (child_stdin, stdin) = match socket {
        Some(socket) => (socket, None),
        None => {
            let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
            set_nonblocking(&write)?;
            (read, Some(write))
        }
    };
    let (stdout, child_stdout) = output()?;
    let stderr = if redirect_stderr {
        None
    } else {
        Some(output()?)
    };
    let (stderr, child_stderr) = stderr.unzip();
    let ours = ParentEnds {
        stdin,
        stdout,
        stderr,
    };
    let theirs = ChildEnds {
        stdin: child_stdin,
        stdout: child_stdout,
        stderr: child_stderr,
    };
    Ok((ours, theirs))
}

/// A pipe whose read end does not block.
fn output() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    set_nonblocking(&read)?;
    Ok((read, write))
}

/// The two ends of a pipe are separate descriptions: the child's end goes on blocking.
fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    // a new pipe has no other flag that this could take away
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_parent_ends_do_not_block_and_all_close_on_exec() {
        let (parent, child) = open_pipes(false, None).expect("pipes");
        let flags = |fd: &OwnedFd| {
            let status = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL).expect("F_GETFL"));
            let on_exec = fcntl(fd, FcntlArg::F_GETFD).expect("F_GETFD");
            (
                status.contains(OFlag::O_NONBLOCK),
                on_exec == libc::FD_CLOEXEC,
            )
        };
        let parents = [parent.stdin, Some(parent.stdout), parent.stderr];
        for fd in parents.into_iter().map(|fd| fd.expect("all three")) {
            assert_eq!(flags(&fd), (true, true));
        }
        let children = [Some(child.stdin), Some(child.stdout), child.stderr];
        for fd in children.into_iter().map(|fd| fd.expect("all three")) {
            assert_eq!(flags(&fd), (false, true));
        }
    }

    #[test]
    fn a_redirected_stderr_and_a_socket_need_no_pipe() {
        let (socket, _other) = pipe2(OFlag::O_CLOEXEC).expect("stands for a socket");
        let (parent, child) = open_pipes(true, Some(socket)).expect("pipes");
        assert!(parent.stdin.is_none() && parent.stderr.is_none() && child.stderr.is_none());
    }
}
