//! Who is connected to a listener, and which connection is closed when it is full.
//!
//! Connections may rest for hours: event listeners keep theirs from one event to the next. So
//! that no client locks others out by just connecting, a full listener closes a connection on
//! which nothing is being served: first those that never sent a request that was let in, then
//! those that rest, each time the one that has been like that longest. A request counts as being
//! served only after its login: clients that guess passwords, and wait for a refusal, are among
//! the first to go.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Connections that are closed for others without a pause.
const TOGETHER: u32 = 2;

/// How long no more are accepted after those.
const PAUSE: Duration = Duration::from_millis(1);

/// All connections of one listener, by the order in which they came.
#[derive(Debug)]
pub struct ConnectionLimiter {
    most: usize,
    connections: RefCell<BTreeMap<u64, AbortHandle>>,
    /// Those that can be closed, the next first: whether it was let in once, when it was last
    /// active, its number.
    evictable: RefCell<BTreeSet<(bool, u64, u64)>>,
    /// Counts arrivals and requests: a higher number was active later.
    turn: Cell<u64>,
    /// Connections that were closed for others.
    closed: Cell<u32>,
    left: Notify,
}

/// Where a client connects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An address of the network.
    Address(IpAddr),
    /// A user of this machine, through a unix socket.
    User(u32),
    /// The system does not say.
    Unknown,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    limiter: Rc<ConnectionLimiter>,
    number: u64,
    peer: Peer,
    serving: Cell<usize>,
    was_let_in: Cell<bool>,
    last_turn: Cell<u64>,
    /// How long the client may take nothing of what is sent to it.
    write_timeout: Cell<Duration>,
}

impl ConnectionLimiter {
    /// An empty listener for this many connections.
    #[must_use]
    pub fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most: most.max(1),
            connections: RefCell::default(),
            evictable: RefCell::default(),
            turn: Cell::new(0),
            closed: Cell::new(0),
            left: Notify::new(),
        })
    }

    fn next_turn(&self) -> u64 {
        self.turn.set(self.turn.get() + 1);
        self.turn.get()
    }

    /// Wait until there is room for one more, closing a connection if that helps.
    ///
    /// Clients that come back at once when they were closed would keep a core busy: after every
    /// [`TOGETHER`] there is a [`PAUSE`].
    pub async fn make_room(&self) {
        let mut has_closed = false;
        while self.connections.borrow().len() >= self.most {
            let left = self.left.notified();
            if let Some(task) = self.next_to_go() {
                task.abort();
                has_closed = true;
            }
            left.await;
        }
        if has_closed {
            self.closed.set(self.closed.get().wrapping_add(1));
            if self.closed.get().is_multiple_of(TOGETHER) {
                sleep(PAUSE).await;
            }
        }
    }

    /// The connection that is closed next. It stays that until its task has ended, so that no
    /// other is closed in its place.
    fn next_to_go(&self) -> Option<AbortHandle> {
        let (_, _, number) = *self.evictable.borrow().first()?;
        self.connections.borrow().get(&number).cloned()
    }

    /// A new connection, which has yet to be given a task.
    #[must_use]
    pub fn arrive(self: &Rc<Self>, peer: Peer, write_timeout: Duration) -> Rc<Connection> {
        let number = self.next_turn();
        Rc::new(Connection {
            limiter: Rc::clone(self),
            number,
            peer,
            serving: Cell::new(0),
            was_let_in: Cell::new(false),
            last_turn: Cell::new(number),
            write_timeout: Cell::new(write_timeout),
        })
    }
}

impl Connection {
    /// This task serves the connection: ending it ends the connection. The task must hold the
    /// connection's [`Permit`].
    pub fn is_served_by(&self, task: AbortHandle) {
        let limiter = &self.limiter;
        limiter.connections.borrow_mut().insert(self.number, task);
        if self.serving.get() == 0 {
            limiter.evictable.borrow_mut().insert(self.rank());
        }
    }

    /// The connection's place, which is free again when this is dropped.
    #[must_use]
    pub fn permit(self: &Rc<Self>) -> Permit {
        Permit(Rc::clone(self))
    }

    /// End the connection, whatever is under way on it.
    pub fn evict(&self) {
        let task = self.limiter.connections.borrow().get(&self.number).cloned();
        if let Some(task) = task {
            task.abort();
        }
    }

    /// The client was let in and is being served until the answer is dropped.
    #[must_use]
    pub fn serve(self: &Rc<Self>) -> Serving {
        self.limiter.evictable.borrow_mut().remove(&self.rank());
        self.serving.set(self.serving.get() + 1);
        self.was_let_in.set(true);
        Serving(Rc::clone(self))
    }

    /// Where the client connects from.
    #[must_use]
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// How long the client may take nothing of what is sent to it.
    #[must_use]
    pub fn write_timeout(&self) -> Duration {
        self.write_timeout.get()
    }

    /// Change that, for an answer that may well be paused.
    pub fn set_write_timeout(&self, timeout: Duration) {
        self.write_timeout.set(timeout);
    }

    fn rank(&self) -> (bool, u64, u64) {
        (self.was_let_in.get(), self.last_turn.get(), self.number)
    }
}

/// See [`Connection::permit`].
#[derive(Debug)]
pub struct Permit(Rc<Connection>);

impl Drop for Permit {
    fn drop(&mut self) {
        let limiter = &self.0.limiter;
        limiter.connections.borrow_mut().remove(&self.0.number);
        limiter.evictable.borrow_mut().remove(&self.0.rank());
        limiter.left.notify_one();
    }
}

/// Something the client asked for is under way.
#[derive(Debug)]
pub struct Serving(Rc<Connection>);

impl Drop for Serving {
    fn drop(&mut self) {
        let connection = &self.0;
        let limiter = &connection.limiter;
        connection.serving.set(connection.serving.get() - 1);
        connection.last_turn.set(limiter.next_turn());
        let is_open = limiter
            .connections
            .borrow()
            .contains_key(&connection.number);
        if connection.serving.get() == 0 && is_open {
            limiter.evictable.borrow_mut().insert(connection.rank());
        }
        // a new connection may wait for one that can be closed
        limiter.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::rt;
    use std::future::pending;

    fn connected(limiter: &Rc<ConnectionLimiter>) -> (Rc<Connection>, rt::task::JoinHandle<()>) {
        let connection = limiter.arrive(Peer::Unknown, Duration::MAX);
        let permit = connection.permit();
        let task = rt::spawn(async move {
            pending::<()>().await;
            drop(permit);
        });
        connection.is_served_by(task.abort_handle());
        (connection, task)
    }

    #[actix::test]
    async fn the_least_active_goes_first() {
        let limiter = ConnectionLimiter::new(4);
        let (busy, _) = connected(&limiter);
        let serving = busy.serve();
        let (regular, _) = connected(&limiter);
        drop(regular.serve());
        let (early, _) = connected(&limiter);
        let (late, _) = connected(&limiter);
        for expected in [&early, &late, &regular] {
            let goes = limiter.next_to_go().unwrap();
            assert_eq!(
                goes.id(),
                limiter.connections.borrow()[&expected.number].id()
            );
            drop(expected.permit());
        }
        assert!(limiter.next_to_go().is_none());
        drop(serving);
        assert!(limiter.next_to_go().is_some());
    }

    #[actix::test]
    async fn one_that_ended_while_it_was_served_is_forgotten() {
        let limiter = ConnectionLimiter::new(1);
        let (connection, _) = connected(&limiter);
        let serving = connection.serve();
        drop(connection.permit());
        drop(serving);
        assert!(limiter.next_to_go().is_none());
        limiter.make_room().await;
    }

    #[actix::test]
    async fn room_is_made_by_closing_or_waiting() {
        let limiter = ConnectionLimiter::new(1);
        let (first, task) = connected(&limiter);
        let serving = first.serve();
        let waiting = rt::spawn({
            let limiter = Rc::clone(&limiter);
            async move { limiter.make_room().await }
        });
        rt::task::yield_now().await;
        assert!(!waiting.is_finished() && !task.is_finished());
        drop(serving);
        assert!(task.await.unwrap_err().is_cancelled());
        waiting.await.unwrap();
    }
}
