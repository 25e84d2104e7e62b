//! What a log thread can be asked to do.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use crate::archive::Task;
use crate::disk::RealDisk;
use crate::file::FileOptions;
use crate::lock::lock;
use crate::output::Output;
use crate::spec::{Drained, FileAction};
use crate::worker::{self, Sender};

/// Names a channel on its thread; unique over all threads.
pub(crate) type ChannelId = u64;

/// A group and a process in it.
pub(crate) type Name = visord_model::name::ProcessName;

/// A command for a log thread.
pub(crate) enum Command {
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
    /// Do something to a log file, answer.
    Maintain {
        log: Log,
        action: FileAction,
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// Do something that only the owner of the names of files may do.
    Run(Task),
    /// These processes are not supervised any more.
    Forget { processes: Arc<BTreeSet<Name>> },
    /// The next run of the same output goes to another log, so this channel has no next run.
    Supersede { id: ChannelId },
    /// The handle of the channel was dropped.
    Close { id: ChannelId },
}

/// A log file on a thread.
pub(crate) enum Log {
    /// Of this channel.
    Open(ChannelId),
    /// That no channel has open.
    Closed(PathBuf, FileOptions),
}

impl worker::Command for Command {
    fn is_urgent(&self) -> bool {
        match self {
            Self::Drain { .. } | Self::Maintain { .. } | Self::Run(_) => true,
            Self::Adopt { .. }
            | Self::Attach { .. }
            | Self::Reopen { .. }
            | Self::Forget { .. }
            | Self::Supersede { .. }
            | Self::Close { .. } => false,
        }
    }
}

/// Sends commands to one log thread. One that has ended drops them: a caller sees its reply
/// channel close.
pub(crate) type CommandSender = Sender<Command>;

/// All log threads that there are.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<Vec<CommandSender>>);

impl Peers {
    /// Another thread was started.
    pub(crate) fn add(&self, peer: CommandSender) {
        lock(&self.0).push(peer);
    }

    /// Gives every thread a command.
    pub(crate) fn send_to_all(&self, command: impl Fn() -> Command) {
        for peer in &*lock(&self.0) {
            // one that has ended has nothing to do
            let _ = peer.send(command());
        }
    }
}
