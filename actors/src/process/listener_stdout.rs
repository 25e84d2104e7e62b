//! The stdout of a listener: read on the control thread, passed to its pool, and copied to its log
//! through a pipe that never blocks. A log that does not keep up loses bytes, which are counted and
//! logged, and never holds up an event.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use slog::Drain;
use tokio::net::unix::pipe::Receiver;
use visord_model::event::Stream;
use visord_model::pyrepr::{repr, repr_bytes};

use super::Process;
use crate::messages::pool::MemberEvent;
use visord_logs::Channel;

/// Read at most this much before anything else gets its turn.
const CHUNK: usize = 64 * 1024;

/// A listener that fills a whole chunk does not speak its protocol: it gets one chunk per pause, so
/// that it cannot keep the control thread busy.
const FLOOD_PAUSE: Duration = Duration::from_millis(2);

/// Chunks read after the child's exit; a pipe holds 64 KiB, or 1 MiB if its size was raised.
const DRAIN_READS: usize = 16;

/// The read end of a listener's stdout, and the log that gets a copy.
pub(super) struct ListenerStdout {
    pipe: Rc<Receiver>,
    pub(super) log: Channel,
    /// Leads to `log`.
    copy: Option<OwnedFd>,
    lost: usize,
    /// Before the next read, which comes at least after the turn of every other actor; `None`: the
    /// end was reached.
    pause: Option<Duration>,
    /// Where it is read into; what is passed on is as small as what was written.
    buffer: Box<[u8]>,
}

enum Chunk {
    Data(Vec<u8>),
    NothingYet,
    End,
}

impl Process {
    /// Whether [`Self::stdout_readable`] is to be waited for.
    pub(super) fn stdout_is_open(&self) -> bool {
        let stdout = self.listener_stdout.as_ref();
        stdout.is_some_and(|stdout| stdout.pause.is_some())
    }

    /// Completes when the listener's stdout is to be read.
    pub(super) fn stdout_readable(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let stdout = self.listener_stdout.as_ref();
        let next = stdout.and_then(|stdout| Some((stdout.pipe.clone(), stdout.pause?)));
        async move {
            let Some((pipe, pause)) = next else {
                return Ok(());
            };
            match pause {
                Duration::ZERO => tokio::task::yield_now().await,
                pause => tokio::time::sleep(pause).await,
            }
            pipe.readable().await
        }
    }

    /// One read, so that a listener that never stops writing does not stop everything else.
    pub(super) fn read_stdout(&mut self, ready: io::Result<()>) {
        let Some(stdout) = &mut self.listener_stdout else {
            return;
        };
        let chunk = match ready {
            Ok(()) => stdout.read(),
            Err(_) => Chunk::End,
        };
        stdout.pause = match &chunk {
            Chunk::Data(data) if data.len() == CHUNK => Some(FLOOD_PAUSE),
            Chunk::Data(_) | Chunk::NothingYet => Some(Duration::ZERO),
            Chunk::End => None,
        };
        if let Chunk::Data(data) = chunk {
            self.pass_on(data);
        }
    }

    /// To the log, and to the pool.
    fn pass_on(&mut self, data: Vec<u8>) {
        if let Some(stdout) = &mut self.listener_stdout {
            stdout.copy_to_log(&data);
        }
        let logger = &self.deps.logger;
        if logger.is_enabled(slog::Level::Debug) {
            let (name, data) = (repr(&self.name().process), repr_bytes(&data));
            slog::debug!(logger, "{name} stdout output:\n{data}");
        }
        self.tell_pool(MemberEvent::Output(data));
    }

    /// The child is gone: read what it still wrote, then close.
    pub(super) fn close_stdout(&mut self) {
        // what a pipe can hold, and no more: a descendant may still be writing
        for _ in 0..DRAIN_READS {
            match self.listener_stdout.as_mut().map(ListenerStdout::read) {
                Some(Chunk::Data(data)) => self.pass_on(data),
                Some(Chunk::NothingYet | Chunk::End) | None => break,
            }
        }
        let Some(stdout) = self.listener_stdout.take() else {
            return;
        };
        if stdout.lost > 0 {
            let name = self.name();
            slog::warn!(
                self.deps.logger,
                "{} bytes of '{}' stdout lost: its log does not keep up",
                stdout.lost,
                name.process
            );
            let logs = &self.deps.logs;
            logs.count_lost(name, Stream::Stdout, stdout.lost as u64);
        }
        self.outputs.push(stdout.log);
    }
}

impl ListenerStdout {
    /// Of this child. Error: the pipe cannot be watched.
    pub(super) fn new(pipe: OwnedFd, log: Channel, pid: i32) -> io::Result<Self> {
        // without a copy the listener is read all the same
        let copy = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).ok();
        let copy = copy.map(|(read, write)| {
            log.attach(read, pid);
            write
        });
        Ok(Self {
            pipe: Rc::new(Receiver::from_owned_fd(pipe)?),
            copy,
            log,
            lost: 0,
            pause: Some(Duration::ZERO),
            buffer: vec![0; CHUNK].into(),
        })
    }

    fn read(&mut self) -> Chunk {
        loop {
            match self.pipe.try_read(&mut self.buffer) {
                Ok(0) => return Chunk::End,
                Ok(n) => return Chunk::Data(self.buffer[..n].to_vec()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Chunk::NothingYet,
                Err(_) => return Chunk::End,
            }
        }
    }

    fn copy_to_log(&mut self, data: &[u8]) {
        let mut kept = 0;
        while let Some(copy) = self.copy.as_ref().filter(|_| kept < data.len()) {
            match nix::unistd::write(copy, &data[kept..]) {
                Ok(n) => kept += n,
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        self.lost += data.len() - kept;
    }
}
