//! How others speak to a log thread: a queue and a bell.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use nix::sys::eventfd::{EfdFlags, EventFd};
use tokio::sync::oneshot;

use crate::log::channel::Drained;
use crate::log::disk::{Making, RealDisk};
use crate::log::file::FileKeys;
use crate::log::output::Output;
use crate::messages::supervisor::ProcessName;

/// Names a channel on its thread; unique over all threads.
pub(in crate::log) type ChannelId = u64;

/// What a log thread can be asked to do.
pub(in crate::log) enum Command {
    /// Take over a channel whose sinks are open, and read the pipe of this child.
    Adopt {
        id: ChannelId,
        output: Box<Output<RealDisk>>,
        pipe: Option<(OwnedFd, i32)>,
    },
    /// Read this pipe.
    Attach {
        id: ChannelId,
        pipe: OwnedFd,
        pid: i32,
    },
    /// Read what is in the pipe, close it, answer.
    Drain {
        id: ChannelId,
        reply: oneshot::Sender<Drained>,
    },
    /// Open the log file again.
    Reopen { id: ChannelId },
    /// Empty the log file.
    Clear {
        id: ChannelId,
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// Start a new log file now, the present one becomes the first of the old ones.
    Rotate {
        id: ChannelId,
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// The same for a log file that no channel has open.
    RotatePath {
        path: PathBuf,
        keys: FileKeys,
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// Do something that only the owner of the names may do.
    Errand(Box<dyn FnOnce() + Send>),
    /// Empty a log file that no channel has open.
    ClearPath {
        path: PathBuf,
        making: Making,
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// These processes are not supervised any more.
    Forget {
        processes: Arc<BTreeSet<ProcessName>>,
    },
    /// The next run of the same output goes to another log, so this channel has no next run.
    Supersede { id: ChannelId },
    /// The handle of the channel was dropped.
    Close { id: ChannelId },
    /// Drain and close everything, then end.
    Finish,
}

/// The sending end of a log thread's queue. Never blocks.
#[derive(Clone)]
pub(in crate::log) struct Mouth {
    queue: mpsc::Sender<Command>,
    bell: Arc<EventFd>,
    /// The bell has been rung and not been heard: it need not ring for one more command.
    is_rung: Arc<AtomicBool>,
}

impl Mouth {
    /// A queue with its bell.
    pub(in crate::log) fn new() -> io::Result<(Self, mpsc::Receiver<Command>)> {
        let (queue, inbox) = mpsc::channel();
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let bell = Arc::new(EventFd::from_flags(flags)?);
        let is_rung = Arc::default();
        let mouth = Self {
            queue,
            bell,
            is_rung,
        };
        Ok((mouth, inbox))
    }

    /// Queues a command and wakes the thread. A thread that has finished hears nothing:
    /// whoever waits for an answer sees its reply channel close.
    pub(in crate::log) fn say(&self, command: Command) {
        if self.queue.send(command).is_err() || self.is_rung.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.bell.write(1).is_err() {
            // the next command tries again
            self.is_rung.store(false, Ordering::Release);
        }
    }

    /// The thread has woken up and is about to take what is queued.
    pub(super) fn hear(&self) {
        // a command that comes after this rings again; one that came before is queued already
        let _ = self.bell.read();
        self.is_rung.swap(false, Ordering::AcqRel);
    }

    /// The bell to wait for.
    pub(in crate::log) fn bell(&self) -> Arc<EventFd> {
        Arc::clone(&self.bell)
    }
}

impl fmt::Debug for Mouth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mouth")
    }
}
