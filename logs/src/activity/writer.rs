//! Writes lines to one destination of the activity log: directly, or through a thread.
//!
//! Before the thread starts, and after it has stopped, the caller writes. In between the thread
//! takes everything that waits at once: consecutive lines become one write where the file need
//! not be rotated between them. While lines come in quick succession it naps between batches; a
//! caller that waits for its lines ends the nap.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, mpsc};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::destination::Destination;
use super::progress::Progress;
use super::sink::Sink;
use crate::followers::Followers;
use crate::lock::lock;
use crate::worker::{self, Inbox, Worker, queue};

/// Lines that may wait for a slow disk; more are lost and counted.
const QUEUE: usize = 2048;
/// How long a flush waits, and the end of the daemon for the thread.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long lines may gather while they come in quick succession.
const NAP: Duration = Duration::from_millis(5);

/// Writes lines to one destination.
pub(super) struct LogWriter {
    name: &'static str,
    is_file: bool,
    shared: Arc<Shared>,
    mode: RwLock<Mode>,
    /// Lines that found the queue full and are not declared yet.
    lost: AtomicU64,
}

/// What the callers and the thread share.
struct Shared {
    destination: Mutex<Destination>,
    progress: Arc<Progress>,
}

/// Who writes.
enum Mode {
    /// The caller.
    Direct,
    /// A thread.
    Queued(Worker<Command>),
    /// No caller any more: the thread hangs on its disk while the daemon ends.
    Abandoned,
}

enum Command {
    /// A whole line, with its newline.
    Line(String),
    Reopen,
    Clear(oneshot::Sender<io::Result<()>>),
    Flush(mpsc::Sender<()>),
}

impl LogWriter {
    /// A writer without a thread; its thread will have this name.
    pub(super) fn new(name: &'static str, sink: Sink) -> Self {
        Self {
            name,
            is_file: sink.file().is_some(),
            shared: Arc::new(Shared {
                destination: Mutex::new(Destination::new(sink)),
                progress: Arc::default(),
            }),
            mode: RwLock::new(Mode::Direct),
            lost: AtomicU64::new(0),
        }
    }

    /// Whether it writes to a file.
    pub(super) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Writes or queues one line; never waits when queued. `notice` words the line that
    /// declares how many lines the full queue has cost.
    pub(super) fn write(&self, line: String, notice: impl Fn(u64) -> String) {
        let mode = self.mode();
        let worker = match &*mode {
            Mode::Direct => return lock(&self.shared.destination).write(&line),
            Mode::Queued(worker) => worker,
            Mode::Abandoned => return,
        };
        let send = |line| worker.sender().send(Command::Line(line)).is_ok();
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let mut queued = 0;
        let mut undeclared = lost;
        if lost > 0 && send(notice(lost)) {
            queued += 1;
            undeclared = 0;
        }
        if send(line) {
            queued += 1;
        } else {
            undeclared += 1;
        }
        self.lost.fetch_add(undeclared, Ordering::Relaxed);
        self.shared.progress.queued(queued);
    }

    /// See [`Progress::settled`].
    pub(super) fn settled(&self) -> Option<BoxFuture<'static, ()>> {
        let settled = self.shared.progress.settled();
        if settled.is_some()
            && let Mode::Queued(worker) = &*self.mode()
        {
            worker.sender().hurry();
        }
        settled
    }

    /// Notifies these followers from now on when the file grew.
    pub(super) fn announce_to(&self, followers: Followers) {
        lock(&self.shared.destination).followers = followers;
    }

    /// Starts the thread; without effect if it runs.
    ///
    /// # Errors
    /// No thread can be had: lines are still written directly.
    pub(super) fn start_thread(&self) -> io::Result<()> {
        let mut mode = self.mode.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*mode, Mode::Direct) {
            let (sender, inbox) = queue(QUEUE)?;
            let shared = Arc::clone(&self.shared);
            let worker = Worker::start(self.name, sender, move || shared.run(&inbox));
            *mode = Mode::Queued(worker?);
        }
        Ok(())
    }

    /// Ends the thread when everything queued is written; one that hangs is left behind.
    pub(super) fn stop_thread(&self, notice: impl Fn(u64) -> String) {
        // callers go on meanwhile
        let is_flushed = self.flush();
        let mut mode = self.mode.write().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *mode, Mode::Abandoned) {
            Mode::Direct => {}
            Mode::Queued(worker) => {
                let now = Instant::now();
                if !worker.stop(if is_flushed { now + PATIENCE } else { now }) {
                    return;
                }
            }
            Mode::Abandoned => return,
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            lock(&self.shared.destination).write(&notice(lost));
        }
        *mode = Mode::Direct;
    }

    /// Opens the file again, after the lines before.
    pub(super) fn reopen(&self) {
        self.command(Command::Reopen);
    }

    /// Empties the file, after the lines before.
    pub(super) fn clear(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Clear(reply));
        async {
            answer
                .await
                .unwrap_or_else(|_| Err(io::Error::other("the activity log has ended")))
        }
    }

    /// Waits until what was queued before is written, at most 5 s: a disk may hang. Says whether
    /// it is.
    pub(super) fn flush(&self) -> bool {
        let (reply, answer) = mpsc::channel();
        self.command(Command::Flush(reply));
        answer.recv_timeout(PATIENCE).is_ok()
    }

    /// Performs or queues a command, even if the queue of lines is full. One that is dropped
    /// closes its reply channel.
    fn command(&self, command: Command) {
        match &*self.mode() {
            Mode::Direct => command.perform(&mut lock(&self.shared.destination)),
            Mode::Queued(worker) => {
                if worker.sender().send(command).is_ok() {
                    self.shared.progress.queued(1);
                }
            }
            Mode::Abandoned => {}
        }
    }

    fn mode(&self) -> RwLockReadGuard<'_, Mode> {
        self.mode.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The thread.
    fn run(&self, inbox: &Inbox<Command>) {
        let mut last: Option<Instant> = None;
        while let Some(batch) = inbox.take(None) {
            let now = Instant::now();
            let is_busy = last.is_some_and(|last| now.duration_since(last) < NAP * 2);
            last = Some(now);
            self.perform(batch);
            if is_busy && !lock(&self.destination).followers.any() {
                inbox.nap(NAP);
            }
        }
    }

    /// Performs commands in their order, neighboring lines together.
    fn perform(&self, batch: Vec<Command>) {
        let mut lines = Vec::new();
        for command in batch {
            match command {
                Command::Line(line) => lines.push(line),
                Command::Reopen | Command::Clear(_) | Command::Flush(_) => {
                    self.write(std::mem::take(&mut lines));
                    self.guarded(1, |destination| command.perform(destination));
                }
            }
        }
        self.write(lines);
    }

    fn write(&self, lines: Vec<String>) {
        self.guarded(lines.len(), |destination| destination.write_lines(&lines));
    }

    /// A panic, which the panic hook has reported, costs these commands and not the thread.
    fn guarded(&self, count: usize, perform: impl FnOnce(&mut Destination)) {
        let perform = || perform(&mut lock(&self.destination));
        let _ = catch_unwind(AssertUnwindSafe(perform));
        self.progress.done(count);
    }
}

impl worker::Command for Command {
    fn is_urgent(&self) -> bool {
        !matches!(self, Self::Line(_))
    }
}

impl Command {
    fn perform(self, destination: &mut Destination) {
        match self {
            Self::Line(line) => destination.write(&line),
            Self::Reopen => destination.reopen(),
            Self::Clear(reply) => {
                // the caller may have stopped waiting
                let _ = reply.send(destination.clear());
            }
            Self::Flush(reply) => {
                let _ = reply.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
