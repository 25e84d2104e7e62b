//! A log thread: moves bytes from pipes to logs, with plain blocking writes.
//!
//! One round: wait until a pipe has bytes (or a command arrives), read each ready pipe
//! once, write what was read. Cost is wakeups, not bytes, so after a round of short reads
//! the thread naps a few milliseconds, all pipes together, and lets more bytes and commands
//! gather; a command that a caller waits for ends the nap. With nothing to do it does not wake up
//! at all.
//!
//! A sink that can be polled and is full is waited for like a pipe; meanwhile its own
//! pipe is not read, so that its child is the one that waits.

mod commands;
mod nap;
mod slot;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use parking_lot::Mutex;
use slog::Logger;

use crate::archive::Archive;
use crate::disk::RealDisk;
use crate::file::LogFile;
use crate::followers::Followers;
use crate::loss::at_last;
use crate::worker::{Inbox, Worker, queue};

pub(crate) use commands::{ChannelId, Command, CommandSender};
use nap::Nap;
use slot::Slot;

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;
/// Pipes looked at in one round.
const EVENTS: usize = 256;
/// How long to pause after waiting for events failed, which never happens on Linux.
const RETRY: Duration = Duration::from_secs(1);
/// The event tag of the queue of commands; channel tags are small.
const COMMANDS: u64 = u64::MAX;

/// What all log threads share.
pub(crate) struct Context {
    pub(crate) logger: Logger,
    pub(crate) followers: Followers,
    pub(crate) archive: Archive,
    pub(crate) threads: Mutex<Vec<CommandSender>>,
}

impl Context {
    pub(crate) fn run_on_all(&self, job: impl Fn(&mut Pump) + Clone + Send + 'static) {
        for thread in &*self.threads.lock() {
            thread.run(job.clone());
        }
    }

    /// Has the file compressed that a rotation of this log left, if any. `owner` is the thread of
    /// the log.
    fn compress_rotated(&self, log: &mut LogFile<RealDisk>, owner: &CommandSender) {
        let owner = owner.clone();
        self.archive
            .compress_rotated(log, move |task| owner.run(|_| task()));
    }
}

/// The log thread that should answer has ended.
pub(crate) fn gone() -> io::Error {
    io::Error::other("the log threads have ended")
}

pub(crate) struct Pump {
    epoll: Epoll,
    inbox: Inbox<Command>,
    /// The other end of its inbox.
    sender: CommandSender,
    /// Taken out of the inbox and not performed yet: a panic on one keeps the others.
    commands: VecDeque<Command>,
    context: Arc<Context>,
    slots: BTreeMap<ChannelId, Slot>,
    /// Channels whose handle was dropped.
    closed: BTreeSet<ChannelId>,
    /// Channels to look at without an event: a declaration is due, or something that failed
    /// is to be tried again.
    timed: BTreeSet<ChannelId>,
    buffer: Box<[u8]>,
    nap: Nap,
    /// The largest read of this round.
    largest: usize,
}

impl Pump {
    /// Starts a log thread of this name.
    /// Errors: no thread or no descriptor can be had.
    pub(crate) fn start(name: &str, context: &Arc<Context>) -> io::Result<Worker<Command>> {
        // a channel must not miss a command: channels and those that wait for answers bound it
        let (sender, inbox) = queue(usize::MAX)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let wanted = EpollEvent::new(EpollFlags::EPOLLIN, COMMANDS);
        epoll.add(inbox.descriptor(), wanted)?;
        let pump = Self {
            epoll,
            inbox,
            sender: sender.clone(),
            commands: VecDeque::new(),
            context: Arc::clone(context),
            slots: BTreeMap::new(),
            closed: BTreeSet::new(),
            timed: BTreeSet::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            nap: Nap::default(),
            largest: 0,
        };
        Worker::start(name, sender, move || pump.run())
    }

    fn run(mut self) {
        loop {
            // one channel's bug must not end the logs of all others
            match catch_unwind(AssertUnwindSafe(|| self.round())) {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => {
                    slog::crit!(
                        self.context.logger,
                        "a log thread panicked and goes on; output of one process may be lost"
                    );
                }
            }
        }
    }

    /// Waits for something and does all there is; `false`: that was the last.
    fn round(&mut self) -> bool {
        let mut events = [EpollEvent::empty(); EVENTS];
        let timeout = match self.commands.is_empty() && self.inbox.may_sleep() {
            true => self.timeout(),
            false => EpollTimeout::ZERO,
        };
        let count = match self.epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => {
                let logger = &self.context.logger;
                slog::crit!(logger, "a log thread cannot wait: {error}; trying again");
                std::thread::sleep(RETRY);
                return true;
            }
        };
        match self.inbox.take_now() {
            Some(commands) => self.commands.extend(commands),
            None if self.commands.is_empty() => {
                self.finish();
                return false;
            }
            None => {}
        }
        self.largest = 0;
        let has_commands = !self.commands.is_empty();
        while let Some(command) = self.commands.pop_front() {
            (command.run)(self);
        }
        for event in &events[..count] {
            match event.data() {
                COMMANDS => {}
                tag if tag & 1 == 0 => self.pipe_ready(tag >> 1),
                tag => self.sink_ready(tag >> 1),
            }
        }
        self.serve_timed();
        if (has_commands || self.largest > 0)
            && let Some(time) = self.nap.after(self.largest)
            && !self.context.followers.any()
        {
            self.inbox.nap(time);
        }
        true
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
            let retries = slot.retry.due.is_some_and(|due| due <= now);
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
        if let Some(file) = &mut slot.output.file {
            self.context.compress_rotated(file, &self.sender);
        }
        let now = Instant::now();
        if slot.is_closed && slot.output.queued() == 0 {
            slot.release_sink();
            slot.output.declare(now);
        }
        if slot.is_closed && slot.output.is_settled(now) {
            self.remove(id);
        } else if slot.waits_for_declaration() || slot.retry.due.is_some() {
            self.timed.insert(id);
        }
    }

    fn pipe_ready(&mut self, id: ChannelId) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        if slot.output.queued() > 0 {
            // it could not be taken out of the epoll set
            return self.balance(id);
        }
        match slot.read_once(&mut self.buffer) {
            Ok(0) => self.end_of_pipe(id),
            Ok(count) => {
                self.largest = self.largest.max(count);
                if slot.output.is_calm() {
                    // nothing queued, nothing owed: the usual case, and the hot one
                    return;
                }
            }
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(error) => {
                slog::crit!(
                    self.context.logger,
                    "cannot read the {} of process '{}': {error}",
                    slot.output.spec.stream.name(),
                    slot.output.spec.name.process
                );
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
            slog::debug!(self.context.logger, "{text}");
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
            slog::crit!(
                self.context.logger,
                "cannot watch the {} of process '{}': {error}; trying again",
                slot.output.spec.stream.name(),
                slot.output.spec.name.process
            );
        }
        self.look_after(id);
    }

    fn remove(&mut self, id: ChannelId) {
        self.timed.remove(&id);
        self.closed.remove(&id);
        if let Some(mut slot) = self.slots.remove(&id) {
            slot.close_pipe(&self.epoll);
            slot.stop_waiting(&self.epoll);
            slot.output.abandon_queue();
            slot.release_sink();
            slot.output.declare(at_last());
        }
    }
}
