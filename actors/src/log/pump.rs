//! A log thread: moves bytes from pipes to logs, with plain blocking writes.
//!
//! One round: wait until a pipe has bytes (or a command arrives), read each ready pipe
//! once, write what was read. Cost is wake-ups, not bytes, so after a round of short reads
//! the thread naps a few milliseconds, all pipes together, and lets more bytes gather; a
//! command ends the nap. With nothing to do it does not wake up at all.
//!
//! A sink that can be polled and is full is waited for like a pipe; meanwhile its own
//! pipe is not read, so that its child is the one that waits.

mod command;
mod files;
mod nap;
mod slot;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use visord_model::log_line::{Level, LogLine};

use super::channel::Drained;
use super::disk::RealDisk;
use super::file::clear_closed;
use super::main_log::emit;
use super::service::Shared;
use crate::messages::supervisor::ProcessName;

pub(super) use command::{ChannelId, Command, Mouth};
use nap::Nap;
use slot::{Owner, Slot, Taken};

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;
/// Pipes looked at in one round.
const EVENTS: usize = 256;
/// How long to pause after waiting for events failed, which never happens on Linux.
const RETRY: Duration = Duration::from_secs(1);
/// The event tag of the bell; channel tags are small.
const BELL: u64 = u64::MAX;

/// One log thread.
pub(super) struct Pump {
    epoll: Epoll,
    bell: Arc<EventFd>,
    inbox: mpsc::Receiver<Command>,
    mouth: Mouth,
    shared: Arc<Shared>,
    slots: BTreeMap<ChannelId, Slot>,
    /// Channels to look at without an event: a declaration is due, or something that failed
    /// is to be tried again.
    timed: BTreeSet<ChannelId>,
    buffer: Box<[u8]>,
    nap: Nap,
    /// The largest read of this round.
    largest: usize,
    done: bool,
}

impl Pump {
    /// A pump that obeys this inbox.
    pub(super) fn new(
        mouth: Mouth,
        inbox: mpsc::Receiver<Command>,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let bell = mouth.bell();
        epoll.add(&*bell, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        Ok(Self {
            epoll,
            bell,
            inbox,
            mouth,
            shared,
            slots: BTreeMap::new(),
            timed: BTreeSet::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            nap: Nap::default(),
            largest: 0,
            done: false,
        })
    }

    /// Runs until it is told to finish.
    pub(super) fn run(mut self) {
        while !self.done {
            // one channel's bug must not end the logs of all others
            if catch_unwind(AssertUnwindSafe(|| self.round())).is_err() {
                let text = "a log thread panicked and goes on; output of one process may be lost";
                self.log(Level::Critical, text.into());
            }
        }
    }

    fn round(&mut self) {
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, self.timeout()) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => {
                let text = format!("a log thread cannot wait: {error}; trying again");
                self.log(Level::Critical, text);
                std::thread::sleep(RETRY);
                return;
            }
        };
        #[cfg(test)]
        self.shared.rounds.fetch_add(1, Ordering::Relaxed);
        self.largest = 0;
        for event in &events[..count] {
            match event.data() {
                BELL => self.obey_all(),
                tag if tag & 1 == 0 => self.pipe_ready(tag >> 1),
                tag => self.sink_ready(tag >> 1),
            }
        }
        self.serve_timed();
        if self.largest > 0
            && let Some(time) = self.nap.after(self.largest)
            && !self.shared.followers.any()
        {
            nap::sleep_until_rung(&self.bell, time);
        }
    }

    /// Until the next channel is due; without one, for ever.
    fn timeout(&self) -> EpollTimeout {
        let timed = self.timed.iter().filter_map(|id| self.slots.get(id));
        let due = timed.filter_map(Slot::due).min();
        due.map_or(EpollTimeout::NONE, |due| {
            let millis = due.saturating_duration_since(Instant::now()).as_millis();
            // rounded up, so that it is due when the wait ends
            EpollTimeout::try_from(millis + 1).unwrap_or(EpollTimeout::MAX)
        })
    }

    /// Declares losses and tries again what failed, where that is due.
    fn serve_timed(&mut self) {
        if self.timed.is_empty() {
            return;
        }
        let now = Instant::now();
        // each leaves the set when it is served: a panic on one keeps the others
        let timed: Vec<ChannelId> = self.timed.iter().copied().collect();
        for id in timed {
            self.timed.remove(&id);
            let Some(slot) = self.slots.get_mut(&id) else {
                continue;
            };
            let retries = slot.retry_due().is_some_and(|due| due <= now);
            if retries {
                slot.output.resume();
            }
            slot.output.declare(now);
            if retries {
                self.balance(id);
            } else {
                self.look_after(id);
            }
        }
    }

    /// Plans what has to be done without an event, removes what is closed and settled.
    fn look_after(&mut self, id: ChannelId) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        let now = Instant::now();
        if slot.is_closed() && slot.output.queued() == 0 {
            slot.release_sink();
            slot.output.declare(now);
        }
        if slot.is_closed() && slot.output.is_settled(now) {
            self.remove(id);
        } else if slot.waits_for_declaration() || slot.retry_due().is_some() {
            self.timed.insert(id);
        }
    }

    fn log(&self, level: Level, text: String) {
        emit(&self.shared.logger, &LogLine::new(level, text));
    }

    // ---- bytes ----

    fn pipe_ready(&mut self, id: ChannelId) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        if slot.output.queued() > 0 {
            // it could not be taken out of the epoll set
            return self.balance(id);
        }
        let taken = slot.read_once(&mut self.buffer);
        match taken {
            Taken::Bytes(count) => {
                self.largest = self.largest.max(count);
                if slot.output.is_calm() {
                    // nothing queued, nothing owed: the usual case, and the hot one
                    return;
                }
            }
            Taken::Nothing => {}
            Taken::End => self.end_of_pipe(id),
            Taken::Failed(error) => {
                let text = format!(
                    "cannot read the {} of process '{}': {error}",
                    slot.output.spec().stream.name(),
                    slot.output.spec().process
                );
                self.log(Level::Critical, text);
                self.end_of_pipe(id);
            }
        }
        self.balance(id);
    }

    /// The child closed its output, or it cannot be read.
    fn end_of_pipe(&mut self, id: ChannelId) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        slot.output.finish();
        if let Some(text) = slot.close_pipe(&self.epoll) {
            self.log(Level::Debug, text);
        }
    }

    fn sink_ready(&mut self, id: ChannelId) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.output.resume();
        }
        self.balance(id);
    }

    /// After bytes moved: watch the pipe if nothing is queued, else the sink; plan what has
    /// to be declared or tried again.
    fn balance(&mut self, id: ChannelId) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        if let Some(error) = slot.watch(&self.epoll, id, Instant::now()) {
            let spec = slot.output.spec();
            let text = format!(
                "cannot watch the {} of process '{}': {error}; trying again",
                spec.stream.name(),
                spec.process
            );
            emit(&self.shared.logger, &LogLine::new(Level::Critical, text));
        }
        self.look_after(id);
    }

    fn remove(&mut self, id: ChannelId) {
        self.timed.remove(&id);
        if let Some(mut slot) = self.slots.remove(&id) {
            slot.close_pipe(&self.epoll);
            slot.stop_waiting(&self.epoll);
            slot.output.abandon_queue();
            slot.release_sink();
            slot.output.settle();
        }
    }

    // ---- commands ----

    fn obey_all(&mut self) {
        self.mouth.hear();
        while let Ok(command) = self.inbox.try_recv() {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: Command) {
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
            Command::Clear { id, reply } => {
                let _ = reply.send(self.clear(id));
                self.balance(id);
            }
            Command::ClearPath {
                path,
                making,
                reply,
            } => {
                let _ = reply.send(clear_closed(&mut RealDisk, &path, making));
            }
            Command::Rotate { id, reply } => {
                let rotated = match self.slots.get_mut(&id) {
                    Some(slot) => slot.output.rotate(),
                    None => Err(super::gone()),
                };
                let _ = reply.send(rotated);
                self.balance(id);
            }
            Command::RotatePath { path, keys, reply } => {
                let _ = reply.send(self.rotate_path(path, keys));
            }
            Command::Errand(run) => run(),
            Command::Close { id } => self.close(id, Owner::NextRun),
            Command::Supersede { id } => self.close(id, Owner::Removed),
            Command::Forget { processes } => self.forget(&processes),
            Command::Finish => self.finish(),
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
                emit(&self.shared.logger, &LogLine::new(Level::Debug, text));
            }
        }
        let queued = slot.output.queued();
        if queued > 0 {
            // before the answer, and so before the next run opens its log
            slot.output.counts().left.store(id, Ordering::Relaxed);
        }
        slot.output.declare(Instant::now());
        self.balance(id);
        Drained { queued }
    }

    fn close(&mut self, id: ChannelId, owner: Owner) {
        self.drain(id);
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.owner = owner;
            match owner {
                Owner::Handle => {}
                Owner::NextRun => {}
                Owner::Removed => slot.settle_queue(&self.epoll),
            }
        }
        self.balance(id);
    }

    fn forget(&mut self, processes: &BTreeSet<ProcessName>) {
        let is_gone = |slot: &Slot| {
            let spec = slot.output.spec();
            let name = ProcessName {
                group: spec.group.clone(),
                process: spec.process.clone(),
            };
            processes.contains(&name)
        };
        let gone = self.slots.iter().filter(|(_, slot)| is_gone(slot));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        for id in gone {
            self.close(id, Owner::Removed);
        }
    }

    fn finish(&mut self) {
        let all: Vec<_> = self.slots.keys().copied().collect();
        for id in all {
            self.drain(id);
            self.remove(id);
        }
        self.done = true;
    }
}
