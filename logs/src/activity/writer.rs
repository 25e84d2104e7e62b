//! Writes lines to one destination of the activity log: directly, or through a thread.
//!
//! Before the thread starts, and after it has stopped, the caller writes. In between the thread
//! takes everything that waits at once: consecutive lines become one write where the file need
//! not be rotated between them. While lines come in quick succession it naps between batches; a
//! caller that waits for its lines ends the nap.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::destination::{Destination, lost_lines};
use super::sink::Sink;
use super::style::LineStyle;
use crate::followers::Followers;
use crate::worker::{self, Inbox, Worker, queue};

/// Lines that may wait for a slow disk; more are lost and counted.
const QUEUE: usize = 2048;
/// How long a flush waits, and the end of the daemon for the thread.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a client waits for lines that were queued.
const SHORT_PATIENCE: Duration = Duration::from_millis(200);
/// How long lines may gather while they come in quick succession.
const NAP: Duration = Duration::from_millis(5);

pub(super) struct LogWriter {
    name: &'static str,
    is_file: bool,
    style: LineStyle,
    shared: Arc<Shared>,
    mode: RwLock<Mode>,
    lost: Mutex<Overflow>,
}

/// Lines that found the queue full and are not declared yet.
#[derive(Default)]
struct Overflow {
    lines: u64,
    last: String,
}

impl Overflow {
    fn notice(&self, style: &LineStyle) -> String {
        lost_lines(style, &self.last, self.lines, "its queue was full")
    }
}

struct Shared {
    destination: Mutex<Destination>,
    /// How many commands are queued and not performed yet.
    pending: AtomicI64,
    /// A caller has given up waiting, and nothing was performed since.
    hangs: AtomicBool,
}

enum Mode {
    Direct,
    Queued(Worker<Command>),
    /// No caller any more: the thread hangs on its disk while the daemon ends.
    Abandoned,
}

enum Command {
    /// A whole line, with its newline.
    Line(String),
    /// Something else to be done, for which a caller waits.
    Do(Box<dyn FnOnce(&mut Destination) + Send>),
}

impl LogWriter {
    /// A writer without a thread; its thread will have this name.
    pub(super) fn new(name: &'static str, sink: Sink, style: LineStyle) -> Self {
        Self {
            name,
            is_file: matches!(sink, Sink::File(_)),
            shared: Arc::new(Shared {
                destination: Mutex::new(Destination::new(sink, style.clone())),
                pending: AtomicI64::new(0),
                hangs: AtomicBool::new(false),
            }),
            style,
            mode: RwLock::new(Mode::Direct),
            lost: Mutex::default(),
        }
    }

    pub(super) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Writes or queues one line; never waits when queued.
    pub(super) fn write(&self, line: String) {
        match &*self.mode.read() {
            Mode::Direct => self.shared.destination.lock().write(&line, 0),
            Mode::Queued(worker) => {
                let send = |line| self.shared.queue(worker, Command::Line(line));
                let mut lost = self.lost.lock();
                if lost.lines > 0 && send(lost.notice(&self.style)).is_ok() {
                    *lost = Overflow::default();
                }
                if let Err(Command::Line(line)) = send(line) {
                    lost.lines += 1;
                    lost.last = line;
                }
            }
            Mode::Abandoned => {}
        }
    }

    /// Completes when everything queued before is written, or has taken too long; `None` if there
    /// is nothing to wait for. Once nothing has been written for 200 ms, no caller waits any more
    /// until something is: a disk that hangs costs its clients this once.
    pub(super) fn settled(&self) -> Option<BoxFuture<'static, ()>> {
        let shared = Arc::clone(&self.shared);
        if shared.pending.load(Ordering::Acquire) <= 0 || shared.hangs.load(Ordering::Relaxed) {
            return None;
        }
        let answer = self.ask(|_| ());
        let wait = async move {
            if timeout(SHORT_PATIENCE, answer).await.is_err() {
                shared.hangs.store(true, Ordering::Relaxed);
            }
        };
        Some(wait.boxed())
    }

    /// Notifies these followers from now on when the file grew.
    pub(super) fn announce_to(&self, followers: Followers) {
        self.shared.destination.lock().followers = followers;
    }

    /// Starts the thread; without effect if it runs.
    /// Errors: no thread can be had: lines are still written directly.
    pub(super) fn start_thread(&self) -> io::Result<()> {
        let mut mode = self.mode.write();
        if matches!(*mode, Mode::Direct) {
            let (sender, inbox) = queue(QUEUE)?;
            let shared = Arc::clone(&self.shared);
            let worker = Worker::start(self.name, sender, move || shared.run(&inbox));
            *mode = Mode::Queued(worker?);
        }
        Ok(())
    }

    /// Ends the thread when everything queued is written; one that hangs is left behind.
    pub(super) fn stop_thread(&self) {
        // callers go on meanwhile
        let is_flushed = self.flush();
        let mut mode = self.mode.write();
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
        let lost = std::mem::take(&mut *self.lost.lock());
        if lost.lines > 0 {
            self.shared
                .destination
                .lock()
                .write(&lost.notice(&self.style), 0);
        }
        *mode = Mode::Direct;
    }

    /// Opens the file again, after the lines before.
    pub(super) fn reopen(&self) {
        self.perform(Destination::reopen);
    }

    /// Empties the file, after the lines before.
    pub(super) fn clear(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let answer = self.ask(Destination::clear);
        async {
            answer
                .await
                .unwrap_or_else(|_| Err(io::Error::other("the activity log has ended")))
        }
    }

    /// The answer is what the job returns.
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Destination) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.perform(|destination| {
            // the caller may have stopped waiting
            let _ = reply.send(job(destination));
        });
        answer
    }

    /// Waits until what was queued before is written, at most 5 s: a disk may hang. Says whether
    /// it is.
    pub(super) fn flush(&self) -> bool {
        let (reply, answer) = mpsc::channel();
        self.perform(move |_| {
            // the caller may have stopped waiting
            let _ = reply.send(());
        });
        answer.recv_timeout(PATIENCE).is_ok()
    }

    /// Does something, or queues it even if the queue of lines is full. What is dropped closes its
    /// reply channel.
    fn perform(&self, job: impl FnOnce(&mut Destination) + Send + 'static) {
        match &*self.mode.read() {
            Mode::Direct => job(&mut self.shared.destination.lock()),
            Mode::Queued(worker) => {
                // one that is refused is dropped
                let _ = self.shared.queue(worker, Command::Do(Box::new(job)));
            }
            Mode::Abandoned => {}
        }
    }
}

impl Shared {
    fn queue(&self, worker: &Worker<Command>, command: Command) -> Result<(), Command> {
        worker.sender().send(command)?;
        self.pending.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn run(&self, inbox: &Inbox<Command>) {
        let mut last: Option<Instant> = None;
        while let Some(batch) = inbox.take(None) {
            let now = Instant::now();
            let is_busy = last.is_some_and(|last| now.duration_since(last) < NAP * 2);
            last = Some(now);
            self.perform(batch);
            if is_busy && !self.destination.lock().followers.any() {
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
                Command::Do(job) => {
                    self.write(std::mem::take(&mut lines));
                    self.guarded(1, job);
                }
            }
        }
        self.write(lines);
    }

    fn write(&self, lines: Vec<String>) {
        let count = lines.len() as i64;
        self.guarded(count, |destination| destination.write_lines(&lines));
    }

    /// A panic, which the panic hook has reported, costs these commands and not the thread.
    fn guarded(&self, count: i64, perform: impl FnOnce(&mut Destination)) {
        let perform = || perform(&mut self.destination.lock());
        let _ = catch_unwind(AssertUnwindSafe(perform));
        self.pending.fetch_sub(count, Ordering::Release);
        self.hangs.store(false, Ordering::Relaxed);
    }
}

impl worker::Command for Command {
    fn is_urgent(&self) -> bool {
        !matches!(self, Self::Line(_))
    }
}

#[cfg(test)]
mod tests;
