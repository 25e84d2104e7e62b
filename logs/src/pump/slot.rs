//! One channel on its log thread: the pipe, the output, and what epoll knows of them.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::unistd::read;

use super::{BUFFER, ChannelId};
use crate::disk::RealDisk;
use crate::fifo;
use crate::output::Output;

/// The pipe of a heavy output is made this large, or else that, within what the system allows
/// (docs/performance.md). Only what waits in it takes memory.
const HEAVY_PIPE: [libc::c_int; 2] = [1024 * 1024, 256 * 1024];
/// So many full reads in a row make an output heavy.
const HEAVY_READS: u32 = 32;

/// Why what is in a FIFO is lost when it is closed.
const UNREAD: &str = "the FIFO has no reader";

pub(super) struct Slot {
    pub(super) output: Output<RealDisk>,
    pub(super) pipe: Option<OwnedFd>,
    watched: Watched,
    /// When to offer the queue to the sink and to arrange the epoll set again, after a failure.
    pub(super) retry: Retry,
    /// Its handle was dropped.
    pub(super) is_closed: bool,
    /// Reads in a row that filled the buffer.
    full_reads: u32,
}

/// What the epoll set holds of a channel: never both, so that a full sink stops its pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Nothing,
    /// The pipe, for bytes to read.
    Pipe,
    /// The sink, for room to write.
    Sink,
}

impl Slot {
    /// A channel without a child. What its output inherited is offered to its sink at once.
    pub(super) fn new(mut output: Output<RealDisk>) -> Self {
        output.resume();
        Self {
            output,
            pipe: None,
            watched: Watched::Nothing,
            retry: Retry::default(),
            is_closed: false,
            full_reads: 0,
        }
    }

    pub(super) fn attach(&mut self, pipe: OwnedFd, pid: i32) {
        self.output.begin(pid);
        self.pipe = Some(pipe);
        self.full_reads = 0;
    }

    /// Reads once and stores what was read; how many bytes, 0 at the end.
    /// Errors: those of reading; `EAGAIN` if there is nothing to read.
    pub(super) fn read_once(&mut self, buffer: &mut [u8]) -> nix::Result<usize> {
        let count = read(self.pipe.as_ref().ok_or(Errno::EAGAIN)?, buffer)?;
        if count > 0 {
            self.output.accept(&buffer[..count]);
            self.weigh(count);
        }
        Ok(count)
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
        let Some(pipe) = &self.pipe else {
            return false;
        };
        if let Err(error) = make_nonblocking(pipe) {
            // reading could block this thread
            let unread = fifo::unread(pipe);
            self.output.lose(unread, &error.desc());
            return false;
        }
        let capacity = fcntl(pipe, FcntlArg::F_GETPIPE_SZ)
            .ok()
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(BUFFER);
        let mut total = 0;
        while total < capacity {
            match self.read_once(buffer) {
                Ok(0) => return true,
                Ok(count) => total += count,
                Err(_) => return false,
            }
        }
        false
    }

    /// What the epoll set should hold: the sink while bytes are queued for it, else the pipe.
    fn wanted(&self) -> Watched {
        if self.output.queued() > 0 {
            match &self.output.file {
                Some(file) if file.kind.is_polled() => Watched::Sink,
                Some(_) | None => Watched::Nothing,
            }
        } else if self.pipe.is_some() {
            Watched::Pipe
        } else {
            Watched::Nothing
        }
    }

    /// Brings the epoll set in line with what is wanted. If that fails, or the sink cannot be
    /// watched, [`Self::due`] says when to try again; the first failure of a row is returned.
    pub(super) fn watch(&mut self, epoll: &Epoll, id: ChannelId, now: Instant) -> Option<Errno> {
        let failure = self.try_watch(epoll, id).err();
        let is_stuck = self.output.queued() > 0 && self.watched != Watched::Sink;
        if failure.is_none() && !is_stuck {
            self.retry = Retry::default();
            return None;
        }
        let is_first = self.retry.due.is_none();
        self.retry.schedule(now);
        failure.filter(|_| is_first)
    }

    fn try_watch(&mut self, epoll: &Epoll, id: ChannelId) -> nix::Result<()> {
        let wanted = self.wanted();
        if wanted == self.watched {
            return Ok(());
        }
        self.unwatch(epoll)?;
        let event = match wanted {
            Watched::Nothing => return Ok(()),
            Watched::Pipe => EpollEvent::new(EpollFlags::EPOLLIN, id << 1),
            Watched::Sink => EpollEvent::new(EpollFlags::EPOLLOUT, id << 1 | 1),
        };
        if let Some(fd) = self.descriptor(wanted) {
            if wanted == Watched::Pipe {
                make_nonblocking(&fd)?;
            }
            epoll.add(fd, event)?;
        }
        self.watched = wanted;
        Ok(())
    }

    /// Takes pipe or sink out of the epoll set. Taken out, not silenced: a closed pipe reports
    /// its end in any case.
    fn unwatch(&mut self, epoll: &Epoll) -> nix::Result<()> {
        let removed = self.descriptor(self.watched).map(|fd| epoll.delete(fd));
        match removed {
            Some(Err(error)) if error != Errno::ENOENT => Err(error),
            _ => {
                self.watched = Watched::Nothing;
                Ok(())
            }
        }
    }

    fn descriptor(&self, of: Watched) -> Option<BorrowedFd<'_>> {
        match of {
            Watched::Nothing => None,
            Watched::Pipe => self.pipe.as_ref().map(AsFd::as_fd),
            Watched::Sink => self.output.file.as_ref().map(|file| file.file.as_fd()),
        }
    }

    /// When to look at the channel without an event.
    pub(super) fn due(&self) -> Option<Instant> {
        let declaration = self.output.loss.due();
        let declaration = declaration.filter(|_| self.waits_for_declaration());
        [declaration, self.retry.due].into_iter().flatten().min()
    }

    /// Whether a declaration is owed, or must not follow too soon on the last one.
    pub(super) fn waits_for_declaration(&self) -> bool {
        self.output.loss.is_owed() || (self.is_closed && self.output.queued() == 0)
    }

    /// Before the sink is replaced or closed: the epoll set must not hold it. If it cannot be
    /// taken out, closing the descriptor does that.
    pub(super) fn stop_waiting(&mut self, epoll: &Epoll) {
        if self.watched == Watched::Sink {
            let _ = self.unwatch(epoll);
            self.watched = Watched::Nothing;
        }
    }

    /// Opens the log again and offers it what is queued. What the old one leaves unread in a
    /// FIFO without a reader is lost.
    pub(super) fn reopen(&mut self, epoll: &Epoll) {
        self.stop_waiting(epoll);
        if let Some(old) = self.output.reopen() {
            self.output.lose(fifo::close(old), &UNREAD);
        }
        self.output.resume();
    }

    /// Closes the log. What is in a FIFO without a reader is lost with it.
    pub(super) fn release_sink(&mut self) {
        if let Some(file) = self.output.file.take() {
            self.output.lose(fifo::close(file.file), &UNREAD);
        }
    }

    /// Without a next run the queue waits as long as the sink has a reader, and is given up
    /// without one: nothing bounds the time until a reader comes.
    pub(super) fn settle_queue(&mut self, epoll: &Epoll) {
        if self.output.queued() > 0 && !self.has_reader(epoll) {
            self.output.abandon_queue();
        }
    }

    /// Whether a reader has the sink open; from then on our own handle only writes, so that
    /// the end of the reader is an event.
    fn has_reader(&mut self, epoll: &Epoll) -> bool {
        self.stop_waiting(epoll);
        let Some(file) = &mut self.output.file else {
            return false;
        };
        if !file.kind.is_polled() || !fifo::is_fifo(&file.file) {
            return file.kind.is_polled();
        }
        let Ok(writer) = fifo::writer(&file.file) else {
            return false;
        };
        file.file = writer;
        fifo::has_reader(&file.file)
    }

    /// Closes the pipe, if there is one, and says so.
    pub(super) fn close_pipe(&mut self, epoll: &Epoll) -> Option<String> {
        if self.watched == Watched::Pipe {
            // closing the descriptor does the same
            let _ = self.unwatch(epoll);
            self.watched = Watched::Nothing;
        }
        let pipe = self.pipe.take()?;
        let spec = &self.output.spec;
        Some(format!(
            "fd {} closed, stopped monitoring <output of '{}' ({})>",
            pipe.as_raw_fd(),
            spec.name.process,
            spec.stream.name()
        ))
    }
}

/// When to try again what failed: soon at first, then more rarely. Only while something
/// failed, so that an idle thread is not woken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    pub(super) due: Option<Instant>,
    pause: Duration,
}

impl Retry {
    /// The first pause.
    const SHORTEST: Duration = Duration::from_millis(10);
    /// Pauses double up to this one.
    const LONGEST: Duration = Duration::from_secs(1);

    /// It failed: try again later, unless that is planned already.
    fn schedule(&mut self, now: Instant) {
        if self.due.is_none_or(|due| due <= now) {
            self.pause = (self.pause * 2).clamp(Self::SHORTEST, Self::LONGEST);
            self.due = Some(now + self.pause);
        }
    }
}

fn make_nonblocking(pipe: &impl AsFd) -> nix::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(pipe, FcntlArg::F_GETFL)?);
    if !flags.contains(OFlag::O_NONBLOCK) {
        fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nix::sys::epoll::{EpollCreateFlags, EpollTimeout};
    use nix::unistd::{pipe2, write};

    use super::*;
    use crate::followers::Followers;
    use crate::ledger::Counts;

    fn ready(epoll: &Epoll) -> usize {
        let mut events = [EpollEvent::empty(); 4];
        epoll.wait(&mut events, EpollTimeout::ZERO).expect("wait")
    }

    #[test]
    fn a_pipe_that_cannot_be_watched_is_tried_again() {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll");
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let spec = crate::tests::spec();
        let output = Output::new(
            spec,
            None,
            None,
            Counts::default(),
            logger,
            Followers::default(),
        );
        let mut slot = Slot::new(output);
        let (pipe, child) = pipe2(OFlag::O_CLOEXEC).expect("pipe");
        write(&child, b"x").expect("write");
        // the same descriptor in the set already: adding it fails
        let squatter = pipe.as_fd().as_raw_fd();
        epoll.add(&pipe, EpollEvent::empty()).expect("add");
        slot.attach(pipe, 7);
        let now = Instant::now();
        assert_eq!(slot.watch(&epoll, 1, now), Some(Errno::EEXIST));
        let due = slot.due().expect("planned");
        assert_eq!(slot.watch(&epoll, 1, due), None, "reported once");
        let due = slot.due().expect("planned again");
        assert_eq!(ready(&epoll), 0);
        let pipe = slot.pipe.as_ref().expect("attached");
        assert_eq!(pipe.as_raw_fd(), squatter);
        epoll.delete(pipe).expect("delete");
        assert_eq!(slot.watch(&epoll, 1, due), None);
        assert_eq!((slot.due(), ready(&epoll)), (None, 1));
    }

    #[test]
    fn retries_become_rarer_and_are_not_put_off() {
        let mut retry = Retry::default();
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            retry.schedule(now);
            let due = retry.due;
            retry.schedule(now);
            assert_eq!(retry.due, due, "an event meanwhile changes nothing");
            let due = due.expect("planned");
            pauses.push(due.duration_since(now).as_millis());
            now = due;
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
    }
}
