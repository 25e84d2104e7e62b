//! The thread between the log threads and one syslog: they queue, it waits.
//!
//! A syslog that stalls is waited for as long as it takes; one that is missing for a second,
//! so that one which is restarted finds what was said meanwhile. After that its messages are
//! lost, as in the original, but counted and declared.

mod round;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use slog::Logger;
use visord_config::{SyslogAddress, SyslogConfig};
use visord_model::event::Stream;

use round::Round;

use super::message::Composer;
use super::wire::Wire;
use crate::log::loss::Loss;

/// Bytes of messages that may wait; more are lost.
const QUEUE_LIMIT: usize = 4 * 1024 * 1024;
/// How long a syslog may be missing before messages are lost.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked for meanwhile.
const RETRY: Duration = Duration::from_millis(50);
/// How long the end of the daemon waits for a syslog that stalls.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The couriers of a log service, one for each syslog that is used.
#[derive(Debug)]
pub(crate) struct Couriers {
    couriers: Mutex<BTreeMap<SyslogAddress, Courier>>,
    grace: Duration,
}

impl Default for Couriers {
    fn default() -> Self {
        Self::with_grace(GRACE)
    }
}

#[derive(Debug)]
struct Courier {
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
    ended: mpsc::Receiver<()>,
}

/// The way of one output to its syslog.
#[derive(Debug)]
pub(crate) struct Outbox {
    composer: Composer,
    process: String,
    stream: Stream,
    desk: Arc<Desk>,
    account: Arc<Account>,
}

/// What the log threads and the courier share.
#[derive(Debug)]
struct Desk {
    state: Mutex<State>,
    bell: EventFd,
    accounts: Mutex<BTreeMap<String, Arc<Account>>>,
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Letter>,
    /// Bytes of all letters.
    bytes: usize,
    /// Who owes a declaration.
    owing: Vec<Arc<Account>>,
    /// When to give up: the daemon ends.
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Letter {
    message: Vec<u8>,
    /// Of the child's own words.
    bytes: usize,
    account: Arc<Account>,
}

/// The losses of one output.
#[derive(Debug)]
struct Account(Mutex<Loss>);

impl Couriers {
    /// With another time for which a syslog may be missing.
    pub(super) fn with_grace(grace: Duration) -> Self {
        Self {
            couriers: Mutex::default(),
            grace,
        }
    }

    /// The way of an output to this syslog. `name` is what a declaration calls it, `total`
    /// where its losses are counted as well.
    ///
    /// # Errors
    /// No thread can be had.
    pub(crate) fn outbox(
        &self,
        to: (&SyslogConfig, &std::path::Path),
        from: (&str, Stream),
        account: (String, Option<Arc<AtomicU64>>),
        logger: &Logger,
    ) -> io::Result<Outbox> {
        let (way, local) = to;
        let address = super::resolved(&way.address, local);
        let mut couriers = self.lock();
        let desk = match couriers.get(&address) {
            Some(courier) => Arc::clone(&courier.desk),
            None => {
                let courier = Courier::start(address.clone(), logger.clone(), self.grace)?;
                let desk = Arc::clone(&courier.desk);
                couriers.insert(address.clone(), courier);
                desk
            }
        };
        let (process, stream) = from;
        Ok(Outbox {
            composer: Composer::for_process(way.format, &address, process),
            process: process.to_owned(),
            stream,
            account: desk.account(account),
            desk,
        })
    }

    /// Sends what is queued and ends the threads. One that hangs is left behind.
    pub(crate) fn stop(&self) {
        let couriers = std::mem::take(&mut *self.lock());
        let deadline = Instant::now() + LAST_WORDS;
        for courier in couriers.values() {
            courier.desk.state().deadline = Some(deadline);
            courier.desk.ring();
        }
        for courier in couriers.into_values() {
            // a little longer than the courier itself waits
            let left = deadline.saturating_duration_since(Instant::now()) + RETRY * 4;
            match courier.ended.recv_timeout(left) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => drop(courier.thread.join()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SyslogAddress, Courier>> {
        self.couriers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// A new child writes.
    pub(crate) fn begin(&mut self, pid: i32) {
        self.composer.set_pid(pid);
    }

    /// Queues each line of a chunk of output; never waits.
    pub(crate) fn post(&mut self, chunk: &[u8]) {
        let mut state = self.desk.state();
        let before = (state.letters.is_empty(), state.owing.len());
        for line in super::lines(chunk) {
            let bytes = line.len().max(1);
            let message = self.composer.output(&self.process, self.stream, line);
            if state.bytes + message.len() > QUEUE_LIMIT {
                self.account.add(bytes, &"its queue is full");
                state.owes(&self.account);
                continue;
            }
            state.bytes += message.len();
            state.letters.push_back(Letter {
                message: message.to_vec(),
                bytes,
                account: Arc::clone(&self.account),
            });
        }
        let is_news = before.0 || state.owing.len() > before.1;
        drop(state);
        if is_news {
            self.desk.ring();
        }
    }
}

impl Account {
    fn loss(&self) -> MutexGuard<'_, Loss> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: usize, reason: &dyn std::fmt::Display) {
        self.loss().add(bytes, reason);
    }
}

impl State {
    fn owes(&mut self, account: &Arc<Account>) {
        if !self.owing.iter().any(|known| Arc::ptr_eq(known, account)) {
            self.owing.push(Arc::clone(account));
        }
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // it can only be full of rings that were not heard yet
        let _ = self.bell.write(1);
    }

    /// The account of this name. One that is not used any more is kept as long as its next
    /// declaration would be too soon.
    fn account(&self, (name, total): (String, Option<Arc<AtomicU64>>)) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        accounts
            .retain(|_, account| Arc::strong_count(account) > 1 || !account.loss().is_settled(now));
        let account = accounts
            .entry(name.clone())
            .or_insert_with(|| Arc::new(Account(Mutex::new(Loss::new(name)))));
        if let Some(total) = total {
            account.loss().count_into(total);
        }
        Arc::clone(account)
    }

    /// Waits for the bell, or for room in `sink`, until `until`.
    fn wait(&self, sink: Option<BorrowedFd<'_>>, until: Option<Instant>) -> io::Result<()> {
        let mut wanted = vec![PollFd::new(self.bell.as_fd(), PollFlags::POLLIN)];
        wanted.extend(sink.map(|sink| PollFd::new(sink, PollFlags::POLLOUT)));
        let timeout = until.map_or(PollTimeout::NONE, |until| {
            let millis = until.saturating_duration_since(Instant::now()).as_millis();
            // rounded up, so that it is over when the wait ends
            PollTimeout::try_from(millis + 1).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut wanted, timeout) {
            Ok(_) | Err(Errno::EINTR) => {
                // nobody rang: fine
                let _ = self.bell.read();
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Courier {
    fn start(address: SyslogAddress, logger: Logger, grace: Duration) -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let desk = Arc::new(Desk {
            state: Mutex::default(),
            bell: EventFd::from_flags(flags)?,
            accounts: Mutex::default(),
        });
        let (end, ended) = mpsc::channel();
        let round = Round {
            desk: Arc::clone(&desk),
            wire: Wire::new(address),
            logger,
            grace,
            last: None,
            missing: None,
        };
        let thread = std::thread::Builder::new()
            .name("syslog".into())
            .spawn(move || {
                round.run();
                drop(end);
            })?;
        Ok(Self {
            desk,
            thread,
            ended,
        })
    }
}
