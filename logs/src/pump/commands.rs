//! What a log thread is asked to do: a function of its [`Pump`].

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::oneshot;
use visord_config::LogFileConfig;
use visord_model::name::ProcessName;

use super::Pump;
use super::slot::Slot;
use crate::disk::RealDisk;
use crate::file::{FileAction, maintain_closed};
use crate::output::Output;
use crate::worker::{self, Sender};

/// Names a channel on its thread; unique over all threads.
pub(crate) type ChannelId = u64;

pub(crate) struct Command {
    pub(super) run: Box<dyn FnOnce(&mut Pump) + Send>,
    /// A caller waits for the answer.
    is_urgent: bool,
}

impl worker::Command for Command {
    fn is_urgent(&self) -> bool {
        self.is_urgent
    }
}

/// Sends commands to one log thread. One that has ended drops them.
pub(crate) type CommandSender = Sender<Command>;

impl CommandSender {
    pub(crate) fn run(&self, job: impl FnOnce(&mut Pump) + Send + 'static) {
        self.queue_command(job, false);
    }

    /// Has something done soon; the answer is what it returns.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Pump) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        let job = |pump: &mut Pump| {
            // the caller may have stopped waiting
            let _ = reply.send(job(pump));
        };
        self.queue_command(job, true);
        answer
    }

    fn queue_command(&self, job: impl FnOnce(&mut Pump) + Send + 'static, is_urgent: bool) {
        let run = Box::new(job);
        // a thread that has ended has nothing to do
        let _ = self.send(Command { run, is_urgent });
    }
}

impl Pump {
    /// Takes over a channel whose sinks are open, and reads the pipe of the child with this pid.
    pub(crate) fn adopt(
        &mut self,
        id: ChannelId,
        mut output: Output<RealDisk>,
        pipe: Option<(OwnedFd, i32)>,
    ) {
        self.inherit_queue(&mut output);
        output.say_remark();
        self.slots.insert(id, Slot::new(output));
        self.balance(id);
        if let Some((pipe, pid)) = pipe {
            self.attach(id, pipe, pid);
        }
    }

    /// What an earlier run of this output left for a stalled sink goes first.
    fn inherit_queue(&mut self, output: &mut Output<RealDisk>) {
        let mut earlier = Vec::new();
        for id in &self.closed {
            if let Some(slot) = self.slots.get_mut(id)
                && slot.output.is_same_as(output)
            {
                output.inherit(&mut slot.output);
                earlier.push(*id);
            }
        }
        let left = output.counts.left.swap(0, Ordering::Relaxed);
        if left != 0 && !earlier.contains(&left) {
            // its log was something else then and belongs to another thread
            self.context.run_on_all(move |pump| pump.supersede(left));
        }
        for id in earlier {
            self.remove(id);
        }
    }

    /// Reads this pipe; that of an earlier child is drained first.
    pub(crate) fn attach(&mut self, id: ChannelId, pipe: OwnedFd, pid: i32) {
        self.drain(id);
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.attach(pipe, pid);
        }
        self.balance(id);
    }

    /// Stores what is in the pipe and closes it; how many bytes are queued for the sink.
    pub(crate) fn drain(&mut self, id: ChannelId) -> usize {
        let Some(slot) = self.slots.get_mut(&id) else {
            return 0;
        };
        if slot.pipe.is_some() {
            let ended = slot.read_all(&mut self.buffer);
            slot.output.finish();
            let text = slot.close_pipe(&self.epoll);
            if let Some(text) = text.filter(|_| ended) {
                slog::debug!(self.context.logger, "{text}");
            }
        }
        let queued = slot.output.queued();
        if queued > 0 {
            // before the answer, and so before the next run opens its log
            slot.output.counts.left.store(id, Ordering::Relaxed);
        }
        slot.output.declare(Instant::now());
        self.balance(id);
        queued
    }

    pub(crate) fn reopen(&mut self, id: ChannelId) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.reopen(&self.epoll);
        }
        self.balance(id);
    }

    pub(crate) fn maintain(&mut self, id: ChannelId, action: FileAction) -> io::Result<()> {
        let Some(slot) = self.slots.get_mut(&id) else {
            return Err(super::gone());
        };
        slot.stop_waiting(&self.epoll);
        let file = slot.output.file.as_mut();
        let done = file.map_or(Ok(()), |file| file.maintain(action));
        slot.output.resume();
        self.balance(id);
        done
    }

    /// Clears or rotates a log file that no channel has open.
    pub(crate) fn maintain_closed(
        &self,
        path: PathBuf,
        options: LogFileConfig,
        action: FileAction,
    ) -> io::Result<()> {
        if let Some(mut log) = maintain_closed(RealDisk, path, options, action)? {
            self.context.compress_rotated(&mut log, &self.sender);
        }
        Ok(())
    }

    /// The handle of the channel was dropped: what is queued waits for the sink, or for the next
    /// run of the same output.
    pub(crate) fn close(&mut self, id: ChannelId) {
        self.drain(id);
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.is_closed = true;
            self.closed.insert(id);
        }
        self.balance(id);
    }

    /// Closes a channel that has no next run: the process was removed, or its log is another one
    /// now.
    fn supersede(&mut self, id: ChannelId) {
        self.close(id);
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.settle_queue(&self.epoll);
        }
        self.balance(id);
    }

    /// These processes are not supervised any more.
    pub(crate) fn forget(&mut self, processes: &Arc<BTreeSet<ProcessName>>) {
        let is_gone = |slot: &Slot| processes.contains(&slot.output.spec.name);
        let gone = self.slots.iter().filter(|(_, slot)| is_gone(slot));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        for id in gone {
            self.supersede(id);
        }
    }

    pub(super) fn finish(&mut self) {
        let all: Vec<_> = self.slots.keys().copied().collect();
        for id in all {
            self.drain(id);
            self.remove(id);
        }
    }
}
