//! The handle of one captured output, held by its Process actor.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::{Message, Recipient};
use tokio::sync::oneshot;
use visord_config::{LogFileConfig, SyslogConfig};
use visord_model::event::{Event, Output as EventOutput, Stream};

use super::disk::{Making, RealDisk};
use super::file::{FileKeys, Rotation};
use super::output::Output;
use super::pump::{ChannelId, Command, Mouth};
use crate::feed::Feed;
use crate::interest::Interest;

/// What to do with one output of a process.
#[derive(Clone)]
pub struct ChannelSpec {
    /// Process name.
    pub process: String,
    /// Group name.
    pub group: String,
    /// Which output.
    pub stream: Stream,
    /// The log file; `None`: no file.
    pub file: Option<PathBuf>,
    /// Rotate at this many bytes; 0 or less: never (spec core 6.2).
    pub maxbytes: i64,
    /// Rotated files kept; 0 or less: the log starts over.
    pub backups: i64,
    /// What the original does not have: formats, owners, compression, the calendar.
    pub keys: LogFileConfig,
    /// Also send each line to this syslog.
    pub syslog: Option<SyslogConfig>,
    /// Remove ANSI sequences (spec core 6.8).
    pub strip_ansi: bool,
    /// Bytes kept of a captured section; 0 or less: no capture mode (spec core 6.7).
    pub capture_maxbytes: i64,
    /// Publish PROCESS_LOG events, if somebody subscribes.
    pub events_enabled: bool,
    /// Repeat the output in the activity log at DEBG (spec core 6.5 step 4).
    pub described: bool,
    /// Who subscribes to what.
    pub interest: Interest,
    /// Where events go; they arrive before the answer of the [`Channel::drain`] that
    /// follows them.
    pub events: Option<Recipient<OutputEvent>>,
    /// Told of captured sections that nobody subscribes to.
    pub feed: Feed,
}

impl ChannelSpec {
    /// What concerns the file alone.
    pub(super) fn file_keys(&self) -> FileKeys {
        FileKeys {
            rotation: Rotation {
                maxbytes: self.maxbytes,
                backups: self.backups,
                by: self.keys.rotate,
                compress: self.keys.compress,
            },
            making: Making {
                mode: self.keys.mode,
                owner: self.keys.owner,
            },
        }
    }
}

/// Output that somebody subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct OutputEvent {
    /// Group name.
    pub group: String,
    /// Process name.
    pub process: String,
    /// The child that wrote it.
    pub pid: i32,
    /// Where it wrote it.
    pub stream: Stream,
    /// What kind of event, and the bytes.
    pub kind: OutputEventKind,
}

/// The two kinds of event made of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputEventKind {
    /// PROCESS_LOG_*: a record of output.
    Log(Vec<u8>),
    /// PROCESS_COMMUNICATION_*: a captured section.
    Communication(Vec<u8>),
}

impl From<OutputEvent> for Event {
    fn from(event: OutputEvent) -> Self {
        let output = |data| EventOutput {
            process: event.process,
            group: event.group,
            pid: event.pid,
            stream: event.stream,
            data,
        };
        match event.kind {
            OutputEventKind::Log(data) => Self::ProcessLog(output(data)),
            OutputEventKind::Communication(data) => Self::ProcessCommunication(output(data)),
        }
    }
}

/// The answer of [`Channel::drain`]: everything the child wrote has been taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Bytes that a stalled FIFO, terminal or pipe has not taken yet. They stay queued
    /// and are stored, or declared lost, later.
    pub queued: usize,
}

/// An output whose sinks are open, before it has a thread. Dropping it closes them.
pub struct OpenedChannel {
    pub(super) id: ChannelId,
    pub(super) home: Mouth,
    pub(super) output: Box<Output<RealDisk>>,
}

impl OpenedChannel {
    /// Hands it over to the log thread of its file system. Never blocks.
    #[must_use]
    pub fn adopt(self) -> Channel {
        self.hand_over(None)
    }

    /// Hands it over with the pipe of the child with this pid, as by [`Channel::attach`].
    #[must_use]
    pub fn adopt_with(self, pipe: OwnedFd, pid: i32) -> Channel {
        self.hand_over(Some((pipe, pid)))
    }

    fn hand_over(self, pipe: Option<(OwnedFd, i32)>) -> Channel {
        let Self { id, home, output } = self;
        let lost = output.lost();
        home.say(Command::Adopt { id, output, pipe });
        Channel {
            id,
            mouth: home,
            lost,
        }
    }
}

/// One open output channel. Dropping it closes the log; what a stalled sink has not taken
/// yet still reaches it, or is declared lost.
#[derive(Debug)]
pub struct Channel {
    pub(super) id: ChannelId,
    pub(super) mouth: Mouth,
    pub(super) lost: Arc<AtomicU64>,
}

impl Channel {
    /// Starts reading the pipe of a child. The pipe of an earlier child, if any, is
    /// drained and closed first.
    pub fn attach(&self, pipe: OwnedFd, pid: i32) {
        self.mouth.say(Command::Attach {
            id: self.id,
            pipe,
            pid,
        });
    }

    /// Reads what is in the pipe now, without waiting for a grandchild that still holds
    /// it, stores it, closes the pipe, then answers. Without a pipe it answers at once.
    ///
    /// A stalled pollable sink does not delay the answer; a file system that hangs does,
    /// so a caller that must go on bounds its waiting. The work is done in any case.
    pub fn drain(&self) -> impl Future<Output = Drained> + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.mouth.say(Command::Drain { id: self.id, reply });
        // the thread only goes away with the daemon; then nothing is left to drain
        async { answer.await.unwrap_or_default() }
    }

    /// Opens the log file anew (SIGUSR2), in append mode. A failure is logged and the old
    /// file stays in use.
    pub fn reopen(&self) {
        self.mouth.say(Command::Reopen { id: self.id });
    }

    /// Removes the log file and starts an empty one; backups stay. Without a regular file
    /// nothing happens.
    ///
    /// # Errors
    /// Those of unlinking and opening.
    pub fn clear(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.mouth.say(Command::Clear { id: self.id, reply });
        async { answer.await.unwrap_or_else(|_| Err(super::gone())) }
    }

    /// Starts a new log file now; the present one becomes the first of the old ones. An
    /// empty log stays as it is, and so does anything but a regular file.
    ///
    /// # Errors
    /// Those of renaming and opening.
    pub fn rotate(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.mouth.say(Command::Rotate { id: self.id, reply });
        async { answer.await.unwrap_or_else(|_| Err(super::gone())) }
    }

    /// Bytes of this output that could not be stored since the service started, over all runs
    /// of its process; all of them are declared in the activity log.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.mouth.say(Command::Close { id: self.id });
    }
}
