//! The write end of a child's stdin: bounded, never blocking.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::net::unix::pipe::Sender;
use visord_model::listener::Undelivered;

/// Bytes kept for a child that does not read, beyond what its pipe holds. One full
/// request body of the RPC interface fits.
pub(super) const STDIN_BUFFER: usize = 4 * 1024 * 1024;

pub(super) struct Stdin {
    pipe: Pipe,
    pending: Vec<u8>,
}

/// The runtime watches a pipe only once it was full: most programs never read their stdin.
enum Pipe {
    Plain(OwnedFd),
    Watched(Rc<Sender>),
    Closed,
}

impl Pipe {
    fn try_write(&self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(fd) => Ok(nix::unistd::write(fd, data)?),
            Self::Watched(pipe) => pipe.try_write(data),
            Self::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Have the runtime watch it. One that cannot be watched is treated like one the child closed.
    fn watch(&mut self) {
        *self = match std::mem::replace(self, Self::Closed) {
            Self::Plain(fd) => {
                Sender::from_owned_fd(fd).map_or(Self::Closed, |pipe| Self::Watched(Rc::new(pipe)))
            }
            known @ (Self::Watched(_) | Self::Closed) => known,
        };
    }
}

impl Stdin {
    /// Take over a nonblocking write end.
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self {
            pipe: Pipe::Plain(fd),
            pending: Vec::new(),
        }
    }

    /// Whether bytes wait for the child to read.
    pub(super) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Write all of `data` or keep it for later; nothing of it is taken on an error.
    pub(super) fn write(&mut self, data: &[u8]) -> Result<(), Undelivered> {
        if matches!(self.pipe, Pipe::Closed) {
            return Err(Undelivered::Closed);
        }
        if self.is_pending() {
            if self.pending.len() + data.len() > STDIN_BUFFER {
                return Err(Undelivered::Full);
            }
            self.pending.extend_from_slice(data);
            return Ok(());
        }
        let written = self.write_some(data)?;
        self.pending.extend_from_slice(&data[written..]);
        Ok(())
    }

    /// The pipe has room again.
    pub(super) fn flush(&mut self) -> Result<(), Undelivered> {
        let data = std::mem::take(&mut self.pending);
        let written = self.write_some(&data)?;
        self.pending = data;
        self.pending.drain(..written);
        Ok(())
    }

    /// The pipe to wait for, if anything waits for room.
    pub(super) fn watched(&self) -> Option<Rc<Sender>> {
        match &self.pipe {
            Pipe::Watched(pipe) => Some(Rc::clone(pipe)),
            Pipe::Plain(_) | Pipe::Closed => None,
        }
    }

    fn write_some(&mut self, data: &[u8]) -> Result<usize, Undelivered> {
        let mut written = 0;
        while written < data.len() {
            match self.pipe.try_write(&data[written..]) {
                Ok(n) => written += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.pipe.watch();
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.pipe = Pipe::Closed;
                    self.pending.clear();
                    return Err(Undelivered::Closed);
                }
            }
        }
        Ok(written)
    }
}
