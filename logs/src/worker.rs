//! A background thread and the queue of commands before it.
//!
//! A [`Sender`] never waits: it queues a command and wakes the thread only if that sleeps. The
//! thread takes many commands at once from its [`Inbox`]; it may nap while commands come in quick
//! succession, so that one wakeup serves many of them, and an urgent command ends the nap.
//! [`Worker::stop`] closes the queue, lets the thread finish what is queued, and leaves a thread
//! that hangs behind. A command that the thread does not take any more is dropped at once, so that
//! its caller sees the reply channel close.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use parking_lot::{Condvar, Mutex, MutexGuard};

/// Commands taken at once: more can be queued meanwhile.
const BATCH: usize = 256;
/// How long to pause after waiting failed, which never happens on Linux.
const PAUSE: Duration = Duration::from_millis(50);

/// What a thread can be asked to do.
pub trait Command {
    /// How much of the limit of the queue it takes.
    fn cost(&self) -> usize {
        1
    }

    /// Whether a caller waits for it: it ends a nap, and is refused only by a queue that is full
    /// twice.
    fn is_urgent(&self) -> bool {
        false
    }
}

/// A thread that is only told to end.
impl Command for Infallible {}

/// The sending end of a queue. Clones are the same end.
pub struct Sender<C>(Arc<Queue<C>>);

/// The receiving end, owned by the thread. When it is dropped no more commands are accepted.
pub struct Inbox<C>(Arc<Queue<C>>);

/// A thread and its queue.
pub struct Worker<C> {
    sender: Sender<C>,
    handle: JoinHandle<()>,
}

struct Queue<C> {
    limit: usize,
    state: Mutex<State<C>>,
    /// Readable while the thread is to wake up.
    wakeup: EventFd,
    /// The inbox was dropped.
    ended: Condvar,
}

struct State<C> {
    commands: VecDeque<C>,
    /// Of all commands in the queue.
    cost: usize,
    sleep: Sleep,
    /// A command is queued that should not wait for the end of a nap.
    is_urgent: bool,
    end: End,
    #[cfg(test)]
    wakeups: u64,
}

/// What the thread does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    Awake,
    /// It lets commands gather, or waits for something else: only an urgent one wakes it.
    Nap,
    /// It waits for a command.
    Long,
    /// It was woken and has not looked yet.
    Woken,
}

/// Whether commands are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// No: the thread is to finish what is queued until then.
    Closed(Instant),
    /// No: the thread has ended.
    Ended,
}

/// A queue that holds commands of at most `limit` cost.
///
/// # Errors
/// No descriptor can be had.
pub fn queue<C: Command>(limit: usize) -> io::Result<(Sender<C>, Inbox<C>)> {
    let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
    let queue = Arc::new(Queue {
        limit,
        state: Mutex::new(State {
            commands: VecDeque::new(),
            cost: 0,
            sleep: Sleep::Awake,
            is_urgent: false,
            end: End::Open,
            #[cfg(test)]
            wakeups: 0,
        }),
        wakeup: EventFd::from_flags(flags)?,
        ended: Condvar::new(),
    });
    Ok((Sender(Arc::clone(&queue)), Inbox(queue)))
}

impl<C> Queue<C> {
    fn wake(&self, state: &mut State<C>, is_urgent: bool) {
        state.is_urgent |= is_urgent;
        let wakes = match state.sleep {
            Sleep::Awake | Sleep::Woken => false,
            Sleep::Nap => is_urgent,
            Sleep::Long => true,
        };
        if wakes {
            state.sleep = Sleep::Woken;
            // it cannot be full: it is read before it is written to again
            let _ = self.wakeup.write(1);
        }
    }

    /// Sleeps until it is woken, `fd` can be written to, or `until`.
    fn sleep(&self, sleep: Sleep, fd: Option<BorrowedFd<'_>>, until: Option<Instant>) {
        let mut wanted = Vec::with_capacity(2);
        if self.may(sleep) {
            wanted.push(PollFd::new(self.wakeup.as_fd(), PollFlags::POLLIN));
        } else if fd.is_none() || self.state.lock().end == End::Open {
            return;
        }
        // a closed queue has nothing to tell any more
        wanted.extend(fd.map(|fd| PollFd::new(fd, PollFlags::POLLOUT)));
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match ppoll(&mut wanted, left.map(TimeSpec::from_duration), None) {
            Ok(_) | Err(Errno::EINTR) => {}
            // this must not spin
            Err(_) => std::thread::sleep(PAUSE),
        }
    }

    /// Whether the thread may sleep like this; from now on it counts as asleep.
    fn may(&self, sleep: Sleep) -> bool {
        let mut state = self.awake();
        let is_idle = sleep == Sleep::Nap || state.commands.is_empty();
        let may = is_idle && !state.is_urgent && state.end == End::Open;
        if may {
            state.sleep = sleep;
        }
        may
    }

    /// The thread is awake: forgets what woke it.
    fn awake(&self) -> MutexGuard<'_, State<C>> {
        let mut state = self.state.lock();
        if state.sleep == Sleep::Woken {
            // it was written to
            let _ = self.wakeup.read();
        }
        state.sleep = Sleep::Awake;
        state
    }
}

impl<C> Sender<C> {
    /// Queues a command.
    ///
    /// # Errors
    /// The command itself: the queue is full or closed.
    pub fn send(&self, command: C) -> Result<(), C>
    where
        C: Command,
    {
        let queue = &*self.0;
        let is_urgent = command.is_urgent();
        let limit = queue.limit.saturating_mul(if is_urgent { 2 } else { 1 });
        let mut state = queue.state.lock();
        let cost = state.cost.saturating_add(command.cost());
        if state.end != End::Open || cost > limit {
            return Err(command);
        }
        let half = queue.limit / 2;
        let fills_half = state.cost < half && cost >= half;
        state.cost = cost;
        state.commands.push_back(command);
        queue.wake(&mut state, is_urgent || fills_half);
        Ok(())
    }

    /// Has what is queued taken soon.
    pub fn hurry(&self) {
        self.0.wake(&mut self.0.state.lock(), true);
    }

    /// Closes the queue: the thread is to finish what is queued until `deadline`.
    pub fn close(&self, deadline: Instant) {
        let mut state = self.0.state.lock();
        if state.end == End::Open {
            state.end = End::Closed(deadline);
            self.0.wake(&mut state, true);
        }
    }
}

impl<C: Command> Inbox<C> {
    /// Waits for commands until `until`, for ever without one, and takes them; none if the time
    /// is up or [`Sender::hurry`] was called. `None`: the queue is closed and everything is taken.
    pub fn take(&self, until: Option<Instant>) -> Option<Vec<C>> {
        self.0.sleep(Sleep::Long, None, until);
        self.take_now()
    }

    /// Takes what is queued, without waiting. `None`: the queue is closed and everything is taken.
    pub fn take_now(&self) -> Option<Vec<C>> {
        let mut state = self.0.awake();
        let count = state.commands.len().min(BATCH);
        if count == 0 && state.end != End::Open {
            return None;
        }
        #[cfg(test)]
        {
            state.wakeups += 1;
        }
        let batch: Vec<C> = state.commands.drain(..count).collect();
        state.cost -= batch.iter().map(C::cost).sum::<usize>();
        state.is_urgent &= !state.commands.is_empty();
        Some(batch)
    }

    /// Sleeps while commands gather; an urgent one and the end of the queue end the nap.
    pub fn nap(&self, time: Duration) {
        self.0.sleep(Sleep::Nap, None, Some(Instant::now() + time));
    }

    /// Naps until `fd` can be written to; once the queue is closed, only for that.
    pub fn nap_until_writable(&self, fd: BorrowedFd<'_>, until: Option<Instant>) {
        self.0.sleep(Sleep::Nap, Some(fd), until);
        self.0.awake().is_urgent = false;
    }

    /// What a thread with an epoll set of its own waits for, if [`Self::may_sleep`] allows it.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.wakeup.as_fd()
    }

    /// Whether nothing is to be taken; the next command makes the descriptor readable.
    #[must_use]
    pub fn may_sleep(&self) -> bool {
        self.0.may(Sleep::Long)
    }

    /// Until when what is queued is to be finished, if the queue is closed.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.0.state.lock().end {
            End::Closed(deadline) => Some(deadline),
            End::Open | End::Ended => None,
        }
    }

    /// Whether the queue is closed and the time to finish what is queued is over.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.deadline()
            .is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl<C> Drop for Inbox<C> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.end = End::Ended;
        let rest = std::mem::take(&mut state.commands);
        drop(state);
        self.0.ended.notify_all();
        // not under the lock: a command may hold a sender
        drop(rest);
    }
}

impl<C> Worker<C> {
    /// Starts a thread that serves the queue of this sender; `run` owns the inbox.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(
        name: &str,
        sender: Sender<C>,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let handle = thread.spawn(run)?;
        Ok(Self { sender, handle })
    }

    /// The sending end of its queue.
    #[must_use]
    pub fn sender(&self) -> &Sender<C> {
        &self.sender
    }

    /// Closes the queue and waits until the thread has finished what is queued. `false`: it has
    /// not by `deadline`, and is left behind.
    pub fn stop(self, deadline: Instant) -> bool {
        self.sender.close(deadline);
        let queue = &self.sender.0;
        let mut state = queue.state.lock();
        let runs = |state: &mut State<C>| state.end != End::Ended;
        queue.ended.wait_while_until(&mut state, runs, deadline);
        let has_ended = state.end == End::Ended;
        drop(state);
        if has_ended {
            // the panic hook has reported its panic
            let _ = self.handle.join();
        }
        has_ended
    }
}

impl<C> Clone for Sender<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for Sender<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

#[cfg(test)]
mod tests;
