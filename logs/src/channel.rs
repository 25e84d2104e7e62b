//! The handle of one captured output, held by its process.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;

use crate::disk::RealDisk;
use crate::file::FileAction;
use crate::output::Output;
use crate::pump::{ChannelId, CommandSender, gone};

/// An output whose sinks are open, before it has a thread. Dropping it closes them.
pub struct OpenedChannel {
    pub(crate) id: ChannelId,
    pub(crate) thread: CommandSender,
    pub(crate) output: Output<RealDisk>,
}

impl OpenedChannel {
    /// Hands it over to the log thread of its file system, with the pipe of the child with this
    /// pid, as by [`Channel::attach`]. Never blocks.
    #[must_use]
    pub fn adopt(self, pipe: Option<(OwnedFd, i32)>) -> Channel {
        let Self { id, thread, output } = self;
        thread.run(move |pump| pump.adopt(id, output, pipe));
        Channel { id, thread }
    }
}

/// One open output channel. Dropping it closes the log; what a stalled sink has not taken
/// yet still reaches it, or is declared lost.
#[derive(Debug)]
pub struct Channel {
    id: ChannelId,
    thread: CommandSender,
}

impl Channel {
    /// Starts reading the pipe of a child. The pipe of an earlier child, if any, is
    /// drained and closed first.
    pub fn attach(&self, pipe: OwnedFd, pid: i32) {
        let id = self.id;
        self.thread.run(move |pump| pump.attach(id, pipe, pid));
    }

    /// Reads what is in the pipe now, without waiting for a grandchild that still holds
    /// it, stores it, closes the pipe, then answers. Without a pipe it answers at once. The answer
    /// is how many bytes a stalled FIFO, terminal or pipe has not taken yet: they stay queued and
    /// are stored, or declared lost, later.
    ///
    /// A stalled pollable sink does not delay the answer; a file system that hangs does,
    /// so a caller that must go on bounds its waiting. The work is done in any case.
    pub fn drain(&self) -> impl Future<Output = usize> + 'static + use<> {
        let id = self.id;
        let answer = self.thread.ask(move |pump| pump.drain(id));
        // the thread only goes away with the daemon; then nothing is left to drain
        async { answer.await.unwrap_or_default() }
    }

    /// Opens the log file again (SIGUSR2), in append mode. A failure is logged and the old
    /// file stays in use.
    pub fn reopen(&self) {
        let id = self.id;
        self.thread.run(move |pump| pump.reopen(id));
    }

    /// Clears or rotates the log file. Without a regular file nothing happens.
    ///
    /// # Errors
    /// Those of renaming, unlinking and opening.
    pub fn maintain(
        &self,
        action: FileAction,
    ) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let id = self.id;
        let answer = self.thread.ask(move |pump| pump.maintain(id, action));
        async { answer.await.unwrap_or_else(|_| Err(gone())) }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let id = self.id;
        self.thread.run(move |pump| pump.close(id));
    }
}
