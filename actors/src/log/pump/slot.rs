//! One channel on its log thread: the pipe, the output, and what epoll knows of them.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::unistd::read;

use super::{BUFFER, ChannelId};
use crate::log::disk::RealDisk;
use crate::log::fifo;
use crate::log::output::Output;

/// The pipe of a heavy output is made this large, or else that, within what the system allows
/// (docs/performance.md). Only what waits in it takes memory.
const HEAVY_PIPE: [libc::c_int; 2] = [1024 * 1024, 256 * 1024];
/// So many full reads in a row make an output heavy.
const HEAVY_READS: u32 = 32;

/// A channel on its thread.
pub(super) struct Slot {
    pub(super) output: Output<RealDisk>,
    pub(super) pipe: Option<OwnedFd>,
    /// The pipe is in the epoll set: it is taken out while the sink is full.
    reading: bool,
    /// The sink is in the epoll set: it is waited for.
    waiting: bool,
    /// Its handle is gone; it stays until its queue is taken.
    pub(super) closed: bool,
    /// Reads in a row that filled the buffer.
    full_reads: u32,
}

/// What one read gave.
pub(super) enum Taken {
    Bytes(usize),
    Nothing,
    End,
    Failed(Errno),
}

impl Slot {
    /// A channel without a child.
    pub(super) fn new(output: Output<RealDisk>) -> Self {
        Self {
            output,
            pipe: None,
            reading: false,
            waiting: false,
            closed: false,
            full_reads: 0,
        }
    }

    /// Takes the pipe of a new child.
    pub(super) fn attach(&mut self, pipe: OwnedFd, pid: i32) -> nix::Result<()> {
        make_nonblocking(&pipe)?;
        self.output.begin(pid);
        self.pipe = Some(pipe);
        self.full_reads = 0;
        Ok(())
    }

    /// One read, and the way of its bytes.
    pub(super) fn read_once(&mut self, buffer: &mut [u8]) -> Taken {
        let Some(pipe) = &self.pipe else {
            return Taken::Nothing;
        };
        match read(pipe, buffer) {
            Ok(0) => Taken::End,
            Ok(count) => {
                self.output.accept(&buffer[..count]);
                self.weigh(count);
                Taken::Bytes(count)
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Taken::Nothing,
            Err(error) => Taken::Failed(error),
        }
    }

    /// Gives an output that fills its pipe again and again a larger one.
    fn weigh(&mut self, count: usize) {
        self.full_reads = if count == BUFFER {
            self.full_reads.saturating_add(1)
        } else {
            0
        };
        if self.full_reads == HEAVY_READS
            && let Some(pipe) = &self.pipe
        {
            // refused when the user has too many large pipes: then it stays as it is
            let _enlarged = HEAVY_PIPE
                .into_iter()
                .any(|size| fcntl(pipe, FcntlArg::F_SETPIPE_SZ(size)).is_ok());
        }
    }

    /// Reads what is in the pipe now: never more than a pipe can hold, so that a
    /// grandchild that writes without end cannot keep us. Says whether it reached the end.
    pub(super) fn read_all(&mut self, buffer: &mut [u8]) -> bool {
        let capacity = self
            .pipe
            .as_ref()
            .and_then(|pipe| fcntl(pipe, FcntlArg::F_GETPIPE_SZ).ok())
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(BUFFER);
        let mut total = 0;
        while total < capacity {
            match self.read_once(buffer) {
                Taken::Bytes(count) => total += count,
                Taken::End => return true,
                Taken::Nothing | Taken::Failed(_) => return false,
            }
        }
        false
    }

    /// Brings the epoll set in line with what is wanted.
    pub(super) fn watch(&mut self, epoll: &Epoll, id: ChannelId) -> nix::Result<()> {
        let queued = self.output.queued() > 0;
        if let Some(pipe) = &self.pipe {
            // taken out, not silenced: a closed pipe reports its end in any case
            match (self.reading, queued) {
                (false, false) => {
                    epoll.add(pipe, EpollEvent::new(EpollFlags::EPOLLIN, id << 1))?;
                }
                (true, true) => epoll.delete(pipe)?,
                (true, false) | (false, true) => {}
            }
            self.reading = !queued;
        }
        if queued && !self.waiting {
            if let Some(file) = self.output.file() {
                let event = EpollEvent::new(EpollFlags::EPOLLOUT, id << 1 | 1);
                epoll.add(file.file(), event)?;
            }
            self.waiting = true;
        } else if !queued {
            self.stop_waiting(epoll);
        }
        Ok(())
    }

    pub(super) fn stop_waiting(&mut self, epoll: &Epoll) {
        if self.waiting {
            self.waiting = false;
            if let Some(file) = self.output.file() {
                // closing the descriptor does the same
                let _ = epoll.delete(file.file());
            }
        }
    }

    /// Closes the log. What lies in a FIFO that nobody reads goes with it.
    pub(super) fn release_sink(&mut self) {
        if let Some(file) = self.output.release() {
            let (path, fd) = file.into_parts();
            let unread = fifo::let_go(&path, fd);
            self.output.lose(unread, "nobody reads the FIFO");
        }
    }

    /// Closes the pipe, if there is one, and says so.
    pub(super) fn close_pipe(&mut self, epoll: &Epoll) -> Option<String> {
        let pipe = self.pipe.take()?;
        if self.reading {
            self.reading = false;
            let _ = epoll.delete(&pipe);
        }
        let spec = self.output.spec();
        Some(format!(
            "fd {} closed, stopped monitoring <output of '{}' ({})>",
            pipe.as_raw_fd(),
            spec.process,
            spec.stream.name()
        ))
    }
}

fn make_nonblocking(pipe: &impl AsFd) -> nix::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(pipe, FcntlArg::F_GETFL)?);
    if !flags.contains(OFlag::O_NONBLOCK) {
        fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    }
    Ok(())
}
