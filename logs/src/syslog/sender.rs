//! The thread between the log threads and one syslog: they queue, it waits.
//!
//! A syslog that stalls is waited for as long as it takes; one that is missing for a second,
//! so that one which is restarted finds what was said meanwhile. After that its messages are
//! lost, as in the original, but counted and declared.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use slog::Logger;
use visord_config::{SyslogAddress, SyslogConfig};
use visord_model::event::Stream;

use super::connection::Connection;
use super::message::Composer;
use crate::loss::{Loss, at_last};
use crate::worker::{self, Command, Inbox, Sender, Worker};

/// Bytes of messages that may wait; more are lost.
const QUEUE_LIMIT: usize = 4 * 1024 * 1024;
/// How long a syslog may be missing before messages are lost.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked for meanwhile.
const RETRY: Duration = Duration::from_millis(50);
/// How long the end of the daemon waits for a syslog that stalls.
const PATIENCE: Duration = Duration::from_secs(1);

/// The threads of a log service, one for each syslog that is used.
pub(crate) struct SyslogSenders {
    logger: Logger,
    /// The socket of the local syslog.
    local: PathBuf,
    running: Mutex<BTreeMap<SyslogAddress, Worker<Message>>>,
    losses: Arc<Losses>,
    pub(super) grace: Duration,
}

/// Sends the lines of one output.
#[derive(Debug)]
pub(crate) struct SyslogHandle {
    composer: Composer,
    origin: Arc<Origin>,
    queue: Sender<Message>,
    losses: Arc<Losses>,
}

#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) process: Arc<str>,
    pub(crate) stream: Stream,
    /// What a declaration calls it.
    pub(crate) shown: String,
    /// Where its losses are counted as well.
    pub(crate) total: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Message {
    text: Vec<u8>,
    /// Of what the process wrote.
    bytes: usize,
    origin: Arc<Origin>,
}

impl Command for Message {
    fn cost(&self) -> usize {
        self.text.len()
    }
}

/// What outputs that send to a syslog have lost, by what a declaration calls them; each as long
/// as it is owed a declaration, or its next one would be too soon.
#[derive(Debug, Default)]
struct Losses(Mutex<BTreeMap<String, Loss>>);

struct SyslogSender {
    inbox: Inbox<Message>,
    losses: Arc<Losses>,
    connection: Connection,
    logger: Logger,
    grace: Duration,
    /// The message before this one, in case the syslog did not take it.
    last: Option<(Arc<Origin>, usize)>,
    /// Since when the syslog is missing.
    missing: Option<Instant>,
    /// Why everything that is left is lost: the time at the end of the daemon is up.
    gave_up: Option<String>,
}

impl SyslogSenders {
    /// Without a thread yet. Losses are declared by this logger.
    pub(crate) fn new(logger: Logger, local: PathBuf) -> Self {
        Self {
            logger,
            local,
            running: Mutex::default(),
            losses: Arc::default(),
            grace: GRACE,
        }
    }

    /// The handle of an output for this syslog.
    /// Errors: no thread can be had.
    pub(crate) fn handle(&self, config: &SyslogConfig, origin: Origin) -> io::Result<SyslogHandle> {
        let address = super::resolved(&config.address, &self.local);
        let composer = Composer::new(config.format, &address, &origin.process);
        let mut running = self.running.lock();
        let worker = match running.entry(address) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let worker = self.start(new.key().clone())?;
                new.insert(worker)
            }
        };
        Ok(SyslogHandle {
            composer,
            origin: Arc::new(origin),
            queue: worker.sender().clone(),
            losses: Arc::clone(&self.losses),
        })
    }

    fn start(&self, address: SyslogAddress) -> io::Result<Worker<Message>> {
        let (queue, inbox) = worker::queue(QUEUE_LIMIT)?;
        let sender = SyslogSender {
            inbox,
            losses: Arc::clone(&self.losses),
            connection: Connection::new(address),
            logger: self.logger.clone(),
            grace: self.grace,
            last: None,
            missing: None,
            gave_up: None,
        };
        Worker::start("syslog", queue, move || sender.run())
    }

    /// Sends what is queued and ends the threads. One that hangs is left behind.
    pub(crate) fn stop(&self) {
        let running = std::mem::take(&mut *self.running.lock());
        let deadline = Instant::now() + PATIENCE;
        for worker in running.values() {
            worker.sender().close(deadline);
        }
        for worker in running.into_values() {
            // a little longer than the thread itself waits
            worker.stop(deadline + RETRY * 4);
        }
    }
}

impl SyslogHandle {
    pub(crate) fn begin(&mut self, pid: i32) {
        self.composer.set_pid(pid);
    }

    /// Queues each line of a chunk of output; never waits.
    pub(crate) fn send(&mut self, chunk: &[u8]) {
        for line in super::lines(chunk) {
            let (origin, bytes) = (&self.origin, line.len().max(1));
            let text = self.composer.output(&origin.process, origin.stream, line);
            let sent = self.queue.send(Message {
                text: text.to_vec(),
                bytes,
                origin: Arc::clone(origin),
            });
            if sent.is_err() && self.losses.add(origin, bytes, &"its queue is full") {
                // the thread has something to declare
                self.queue.hurry();
            }
        }
    }
}

impl Losses {
    /// Counts bytes that are lost; whether no declaration was owed before.
    fn add(&self, origin: &Origin, bytes: usize, reason: &dyn Display) -> bool {
        origin.total.fetch_add(bytes as u64, Ordering::Relaxed);
        let mut losses = self.0.lock();
        let loss = losses.entry(origin.shown.clone()).or_default();
        let is_new = !loss.is_owed();
        loss.add(bytes, reason);
        is_new
    }

    /// Declares what is lost, each output at most once a second; says when the next is due.
    fn declare(&self, logger: &Logger, now: Instant) -> Option<Instant> {
        let mut losses = self.0.lock();
        losses.retain(|_, loss| !loss.is_settled(now));
        for (of, loss) in &mut *losses {
            if let Some(text) = loss.declare(of, now) {
                slog::error!(logger, "{text}");
            }
        }
        let owed = losses.values().filter(|loss| loss.is_owed());
        owed.filter_map(Loss::due).min()
    }
}

impl SyslogSender {
    /// Sends what is queued until the queue is closed and empty.
    fn run(mut self) {
        while let Some(messages) = self.inbox.take(self.declare()) {
            for message in messages {
                match &self.gave_up {
                    Some(reason) => drop(self.losses.add(&message.origin, message.bytes, reason)),
                    None => self.deliver(message),
                }
            }
        }
        self.losses.declare(&self.logger, at_last());
    }

    fn declare(&self) -> Option<Instant> {
        self.losses.declare(&self.logger, Instant::now())
    }

    fn deliver(&mut self, message: Message) {
        loop {
            let (inbox, losses, logger) = (&self.inbox, &self.losses, &self.logger);
            let sent = self.connection.send(&message.text, |socket| {
                let due = losses.declare(logger, Instant::now());
                if inbox.is_overdue() {
                    return Err(io::Error::other("its reader did not read them in time"));
                }
                let until = [due, inbox.deadline()].into_iter().flatten().min();
                inbox.nap_until_writable(socket, until);
                Ok(())
            });
            match sent {
                Ok(None) => break self.missing = None,
                Ok(Some(error)) => {
                    if let Some((origin, bytes)) = self.last.take() {
                        self.losses.add(&origin, bytes, &error);
                    }
                    break;
                }
                Err(error) if is_absence(&error) && self.may_come_back() => {
                    // more to send, or the end: neither helps here
                    std::thread::sleep(RETRY);
                }
                Err(error) => {
                    self.losses.add(&message.origin, message.bytes, &error);
                    if self.inbox.is_overdue() {
                        self.gave_up = Some(error.to_string());
                    }
                    self.declare();
                    return;
                }
            }
        }
        self.last = Some((message.origin, message.bytes));
    }

    /// Whether it is worth waiting for a syslog that is not there.
    fn may_come_back(&mut self) -> bool {
        let since = *self.missing.get_or_insert_with(Instant::now);
        since.elapsed() < self.grace && self.inbox.deadline().is_none()
    }
}

/// Whether no syslog listens there, rather than that it refuses.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ECONNREFUSED)
    )
}
