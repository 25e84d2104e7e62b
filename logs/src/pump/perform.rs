//! The commands of a log thread.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::command::{ChannelId, Command, Log, Name};
use super::slot::{Owner, Slot};
use super::{Pump, gone};
use crate::archive::ArchiveHandle;
use crate::disk::RealDisk;
use crate::file::{LogFile, clear_closed, rotate_closed};
use crate::output::Output;
use crate::spec::{Drained, FileAction};

impl Pump {
    pub(super) fn perform(&mut self, command: Command) {
        match command {
            Command::Adopt { id, output, pipe } => {
                self.adopt(id, *output);
                if let Some((pipe, pid)) = pipe {
                    self.attach(id, pipe, pid);
                }
            }
            Command::Attach { id, pipe, pid } => self.attach(id, pipe, pid),
            Command::Drain { id, reply } => {
                let drained = self.drain(id);
                // the caller may have stopped waiting
                let _ = reply.send(drained);
            }
            Command::Reopen { id } => {
                if let Some(slot) = self.slots.get_mut(&id) {
                    slot.reopen(&self.epoll);
                }
                self.balance(id);
            }
            Command::Maintain { log, action, reply } => {
                let _ = reply.send(self.maintain(log, action));
            }
            Command::Run(task) => task(),
            Command::Close { id } => self.close(id, Owner::NextRun),
            Command::Supersede { id } => self.close(id, Owner::Removed),
            Command::Forget { processes } => self.forget(&processes),
        }
    }

    fn attach(&mut self, id: ChannelId, pipe: OwnedFd, pid: i32) {
        self.drain(id);
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.attach(pipe, pid);
        }
        self.balance(id);
    }

    fn drain(&mut self, id: ChannelId) -> Drained {
        let Some(slot) = self.slots.get_mut(&id) else {
            return Drained::default();
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
        Drained { queued }
    }

    fn close(&mut self, id: ChannelId, owner: Owner) {
        self.drain(id);
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.owner = owner;
            self.closed.insert(id);
            match owner {
                Owner::Handle | Owner::NextRun => {}
                Owner::Removed => slot.settle_queue(&self.epoll),
            }
        }
        self.balance(id);
    }

    fn forget(&mut self, processes: &BTreeSet<Name>) {
        let is_gone = |slot: &Slot| {
            let spec = &slot.output.spec;
            processes.contains(&Name::new(spec.group.clone(), spec.process.clone()))
        };
        let gone = self.slots.iter().filter(|(_, slot)| is_gone(slot));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        for id in gone {
            self.close(id, Owner::Removed);
        }
    }

    /// Drains and closes everything.
    pub(super) fn finish(&mut self) {
        let all: Vec<_> = self.slots.keys().copied().collect();
        for id in all {
            self.drain(id);
            self.remove(id);
        }
    }

    fn adopt(&mut self, id: ChannelId, mut output: Output<RealDisk>) {
        self.inherit_queue(&mut output);
        output.compress_with(self.archive());
        self.slots.insert(id, Slot::new(output));
        self.balance(id);
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
            let supersede = || Command::Supersede { id: left };
            self.context.peers.send_to_all(supersede);
        }
        for id in earlier {
            self.remove(id);
        }
    }

    fn maintain(&mut self, log: Log, action: FileAction) -> io::Result<()> {
        match (log, action) {
            (Log::Closed(path, options), FileAction::Clear) => {
                clear_closed(&mut RealDisk, &path, &options.keys)
            }
            (Log::Closed(path, options), FileAction::Rotate) => {
                if let Some(mut log) = rotate_closed(RealDisk, path, options)? {
                    self.archive().compress_rotated(&mut log);
                }
                Ok(())
            }
            (Log::Open(id), action) => {
                let slot = self.slots.get_mut(&id).ok_or_else(gone)?;
                let done = match action {
                    FileAction::Clear => {
                        slot.stop_waiting(&self.epoll);
                        let cleared = slot.output.file.as_mut().map_or(Ok(()), LogFile::clear);
                        slot.output.resume();
                        cleared
                    }
                    FileAction::Rotate => slot.output.rotate(),
                };
                self.balance(id);
                done
            }
        }
    }

    fn archive(&self) -> ArchiveHandle {
        let sender = self.sender.clone();
        ArchiveHandle {
            archive: Arc::clone(&self.context.archive),
            owner: Arc::new(move |task| {
                // a thread that has ended drops the task
                let _ = sender.send(Command::Run(task));
            }),
        }
    }
}
