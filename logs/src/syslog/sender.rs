//! The thread between the log threads and one syslog: they queue, it waits.
//!
//! A syslog that stalls is waited for as long as it takes; one that is missing for a second,
//! so that one which is restarted finds what was said meanwhile. After that its messages are
//! lost, as in the original, but counted and declared.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use slog::Logger;
use visord_config::{SyslogAddress, SyslogConfig};
use visord_model::event::Stream;

use super::connection::{Connection, Receipt};
use super::message::Composer;
use crate::lock::lock;
use crate::loss::Loss;
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
    running: Mutex<BTreeMap<SyslogAddress, Running>>,
    grace: Duration,
}

struct Running {
    worker: Worker<Message>,
    accounts: Arc<Accounts>,
}

/// Sends the lines of one output.
#[derive(Debug)]
pub(crate) struct SyslogHandle {
    composer: Composer,
    process: String,
    stream: Stream,
    queue: Sender<Message>,
    accounts: Arc<Accounts>,
    account: Arc<Account>,
}

#[derive(Debug)]
struct Message {
    text: Vec<u8>,
    /// Of what the process wrote.
    bytes: usize,
    account: Arc<Account>,
}

impl Command for Message {
    fn cost(&self) -> usize {
        self.text.len()
    }
}

/// The losses of one output.
type Account = Mutex<Loss>;

/// The losses of all outputs that send to one syslog.
#[derive(Debug, Default)]
struct Accounts {
    by_name: Mutex<BTreeMap<String, Arc<Account>>>,
    /// Those that owe a declaration.
    owing: Mutex<Vec<Arc<Account>>>,
}

/// What the thread has.
struct SyslogSender {
    inbox: Inbox<Message>,
    accounts: Arc<Accounts>,
    connection: Connection,
    logger: Logger,
    grace: Duration,
    /// The message before this one, in case the syslog did not take it.
    last: Option<(Arc<Account>, usize)>,
    /// Since when the syslog is missing.
    missing: Option<Instant>,
    /// Why everything that is left is lost: the time at the end of the daemon is up.
    gave_up: Option<String>,
}

impl SyslogSenders {
    /// Without a thread yet. Losses are declared by this logger.
    pub(crate) fn new(logger: Logger, local: PathBuf) -> Self {
        Self::with_grace(logger, local, GRACE)
    }

    /// With another time for which a syslog may be missing.
    pub(super) fn with_grace(logger: Logger, local: PathBuf, grace: Duration) -> Self {
        Self {
            logger,
            local,
            running: Mutex::default(),
            grace,
        }
    }

    /// The handle of an output of a process for this syslog. `name` is what a declaration calls
    /// it, `total` where its losses are counted as well.
    ///
    /// # Errors
    /// No thread can be had.
    pub(crate) fn handle(
        &self,
        config: &SyslogConfig,
        (process, stream): (&str, Stream),
        name: String,
        total: Option<Arc<AtomicU64>>,
    ) -> io::Result<SyslogHandle> {
        let address = super::resolved(&config.address, &self.local);
        let mut running = lock(&self.running);
        if !running.contains_key(&address) {
            let started = Running::start(address.clone(), self.logger.clone(), self.grace)?;
            running.insert(address.clone(), started);
        }
        let Some(Running { worker, accounts }) = running.get(&address) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        Ok(SyslogHandle {
            composer: Composer::new(config.format, &address, process),
            process: process.to_owned(),
            stream,
            queue: worker.sender().clone(),
            account: accounts.account(name, total),
            accounts: Arc::clone(accounts),
        })
    }

    /// Sends what is queued and ends the threads. One that hangs is left behind.
    pub(crate) fn stop(&self) {
        let running = std::mem::take(&mut *lock(&self.running));
        let deadline = Instant::now() + PATIENCE;
        for sender in running.values() {
            sender.worker.sender().close(deadline);
        }
        for sender in running.into_values() {
            // a little longer than the thread itself waits
            sender.worker.stop(deadline + RETRY * 4);
        }
    }
}

impl Running {
    fn start(address: SyslogAddress, logger: Logger, grace: Duration) -> io::Result<Self> {
        let (queue, inbox) = worker::queue(QUEUE_LIMIT)?;
        let accounts = Arc::<Accounts>::default();
        let sender = SyslogSender {
            inbox,
            accounts: Arc::clone(&accounts),
            connection: Connection::new(address),
            logger,
            grace,
            last: None,
            missing: None,
            gave_up: None,
        };
        let worker = Worker::start("syslog", queue, move || sender.run())?;
        Ok(Self { worker, accounts })
    }
}

impl SyslogHandle {
    /// A new child writes.
    pub(crate) fn begin(&mut self, pid: i32) {
        self.composer.set_pid(pid);
    }

    /// Queues each line of a chunk of output; never waits.
    pub(crate) fn send(&mut self, chunk: &[u8]) {
        for line in super::lines(chunk) {
            let bytes = line.len().max(1);
            let text = self.composer.output(&self.process, self.stream, line);
            let sent = self.queue.send(Message {
                text: text.to_vec(),
                bytes,
                account: Arc::clone(&self.account),
            });
            if sent.is_err()
                && self
                    .accounts
                    .add(&self.account, bytes, &"its queue is full")
            {
                // it has something to declare
                self.queue.hurry();
            }
        }
    }
}

impl Accounts {
    /// The account of this name. One that is not used any more is kept as long as its next
    /// declaration would be too soon.
    fn account(&self, name: String, total: Option<Arc<AtomicU64>>) -> Arc<Account> {
        let mut accounts = lock(&self.by_name);
        let now = Instant::now();
        accounts
            .retain(|_, account| Arc::strong_count(account) > 1 || !lock(account).is_settled(now));
        let account = accounts
            .entry(name.clone())
            .or_insert_with(|| Arc::new(Mutex::new(Loss::new(name, Arc::default()))));
        if let Some(total) = total {
            lock(account).count_into(total);
        }
        Arc::clone(account)
    }

    /// Counts bytes that are lost; whether that makes the account one that owes a declaration.
    fn add(&self, account: &Arc<Account>, bytes: usize, reason: &dyn std::fmt::Display) -> bool {
        lock(account).add(bytes, reason);
        let mut owing = lock(&self.owing);
        let is_new = !owing.iter().any(|known| Arc::ptr_eq(known, account));
        if is_new {
            owing.push(Arc::clone(account));
        }
        is_new
    }

    /// Declares what is lost, each output at most once a second; says when the next is due.
    fn declare(&self, logger: &Logger) -> Option<Instant> {
        let now = Instant::now();
        let mut texts = Vec::new();
        let mut due: Option<Instant> = None;
        lock(&self.owing).retain(|account| {
            let mut loss = lock(account);
            texts.extend(loss.declare(now));
            if loss.is_owed() {
                due = [due, loss.due()].into_iter().flatten().min();
            }
            loss.is_owed()
        });
        say(logger, texts);
        due
    }
}

impl SyslogSender {
    /// Sends what is queued until the queue is closed and empty.
    fn run(mut self) {
        while let Some(messages) = self.inbox.take(self.accounts.declare(&self.logger)) {
            for message in messages {
                match self.gave_up.take() {
                    Some(reason) => {
                        self.lose(&message.account, message.bytes, &reason);
                        self.gave_up = Some(reason);
                    }
                    None => self.deliver(message),
                }
            }
        }
        let owing = std::mem::take(&mut *lock(&self.accounts.owing));
        let now = Instant::now();
        let owed = owing.iter().filter_map(|account| lock(account).settle(now));
        say(&self.logger, owed);
    }

    fn deliver(&mut self, message: Message) {
        loop {
            let (inbox, accounts, logger) = (&self.inbox, &self.accounts, &self.logger);
            let sent = self.connection.send(&message.text, |socket| {
                let due = accounts.declare(logger);
                let deadline = inbox.deadline();
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(io::Error::other("its reader did not read them in time"));
                }
                let until = [due, deadline].into_iter().flatten().min();
                inbox.nap_until_writable(socket, until);
                Ok(())
            });
            match sent {
                Ok(Receipt::Taken) => break self.missing = None,
                Ok(Receipt::EarlierRefused(error)) => {
                    if let Some((account, bytes)) = self.last.take() {
                        self.lose(&account, bytes, &error);
                    }
                    break;
                }
                Err(error) if is_absence(&error) && self.may_come_back() => {
                    // more to send, or the end: neither helps here
                    std::thread::sleep(RETRY);
                }
                Err(error) => {
                    self.lose(&message.account, message.bytes, &error);
                    let deadline = self.inbox.deadline();
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        self.gave_up = Some(error.to_string());
                    }
                    self.accounts.declare(&self.logger);
                    return;
                }
            }
        }
        self.last = Some((message.account, message.bytes));
    }

    /// Whether it is worth waiting for a syslog that is not there.
    fn may_come_back(&mut self) -> bool {
        let since = *self.missing.get_or_insert_with(Instant::now);
        since.elapsed() < self.grace && self.inbox.deadline().is_none()
    }

    fn lose(&self, account: &Arc<Account>, bytes: usize, reason: &dyn std::fmt::Display) {
        self.accounts.add(account, bytes, reason);
    }
}

fn say(logger: &Logger, texts: impl IntoIterator<Item = String>) {
    for text in texts {
        slog::error!(logger, "{text}");
    }
}

/// Whether no syslog listens there, rather than that it refuses.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ECONNREFUSED)
    )
}
