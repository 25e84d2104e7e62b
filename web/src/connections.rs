//! The connections of a listener, and which of them is closed when there are too many.
//!
//! Connections may be idle for hours: event listeners keep theirs from one event to the next. So
//! that no client locks others out by just connecting, a full listener closes a connection on
//! which nothing is being served: first those without an admitted request, then those that are
//! idle, each time the one that has been like that longest. A request counts as being served only
//! after its login: clients that guess passwords, and wait for a refusal, are closed among the
//! first.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Connections that are closed without a pause.
const TOGETHER: u32 = 2;

/// How long no more are accepted after those.
const PAUSE: Duration = Duration::from_millis(1);

/// Bytes from and to a client: TCP, a unix socket, or TLS over TCP.
pub trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// All connections of one listener, in the order of their arrival.
#[derive(Debug)]
pub struct ConnectionLimiter {
    most: usize,
    connections: RefCell<BTreeMap<u64, (Rc<Connection>, AbortHandle)>>,
    /// Counts arrivals and requests: a higher number is a later activity.
    turn: Cell<u64>,
    /// Connections that were closed to make room.
    closed: Cell<u32>,
    left: Notify,
}

/// The origin of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An address of the network.
    Address(IpAddr),
    /// A user of this machine, by uid, through a unix socket.
    User(u32),
    /// The system does not say.
    Unknown,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    limiter: Rc<ConnectionLimiter>,
    number: u64,
    /// Its origin.
    pub peer: Peer,
    serving: Cell<usize>,
    was_admitted: Cell<bool>,
    last_turn: Cell<u64>,
    /// How long the client may take nothing of what is sent to it.
    pub write_timeout: Cell<Duration>,
}

impl ConnectionLimiter {
    /// A limiter without connections, for at most this many.
    pub fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most: most.max(1),
            connections: RefCell::default(),
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
    /// Clients that reconnect at once when they were closed would keep a core busy: after every
    /// [`TOGETHER`] there is a [`PAUSE`].
    pub async fn make_room(&self) {
        let mut has_closed = false;
        while self.connections.borrow().len() >= self.most {
            let left = self.left.notified();
            if let Some(task) = self.next_to_close() {
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

    /// The connection that is closed next. It remains that until its task has ended, so that no
    /// other is closed instead.
    ///
    /// A full listener looks at all of them, so that a request costs no bookkeeping.
    fn next_to_close(&self) -> Option<AbortHandle> {
        let connections = self.connections.borrow();
        let idle = connections
            .values()
            .filter(|(one, _)| one.serving.get() == 0);
        let next = idle.min_by_key(|(one, _)| (one.was_admitted.get(), one.last_turn.get()));
        next.map(|(_, task)| task.clone())
    }

    /// A new connection, not yet served by a task.
    #[must_use]
    pub fn register(self: &Rc<Self>, peer: Peer, write_timeout: Duration) -> Rc<Connection> {
        let number = self.next_turn();
        Rc::new(Connection {
            limiter: Rc::clone(self),
            number,
            peer,
            serving: Cell::new(0),
            was_admitted: Cell::new(false),
            last_turn: Cell::new(number),
            write_timeout: Cell::new(write_timeout),
        })
    }
}

impl Connection {
    /// Sets the task that serves the connection: aborting it closes the connection. The task must
    /// hold the connection's [`Permit`].
    pub fn set_task(self: &Rc<Self>, task: AbortHandle) {
        let mut connections = self.limiter.connections.borrow_mut();
        connections.insert(self.number, (Rc::clone(self), task));
    }

    /// The connection that a request came over; tests have none.
    pub fn of(request: &HttpRequest) -> Option<&Rc<Self>> {
        request.conn_data::<Rc<Self>>()
    }

    /// Marks the connection of a request as being served.
    #[must_use]
    pub fn serve_request(request: &HttpRequest) -> Option<Serving> {
        Self::of(request).map(Self::serve)
    }

    /// Marks an admitted request as being served until the result is dropped.
    #[must_use]
    pub fn serve(self: &Rc<Self>) -> Serving {
        self.serving.set(self.serving.get() + 1);
        self.was_admitted.set(true);
        Serving(Rc::clone(self))
    }
}

/// The place of a connection in its listener, free again when this is dropped.
#[derive(Debug)]
pub struct Permit(pub Rc<Connection>);

impl Drop for Permit {
    fn drop(&mut self) {
        let limiter = &self.0.limiter;
        limiter.connections.borrow_mut().remove(&self.0.number);
        limiter.left.notify_one();
    }
}

/// A request of the client that is being served; see [`Connection::serve`].
#[derive(Debug)]
pub struct Serving(Rc<Connection>);

impl Drop for Serving {
    fn drop(&mut self) {
        let connection = &self.0;
        connection.serving.set(connection.serving.get() - 1);
        connection.last_turn.set(connection.limiter.next_turn());
        // a new connection may wait for one that can be closed
        connection.limiter.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::rt;
    use std::future::pending;

    fn connected(limiter: &Rc<ConnectionLimiter>) -> (Rc<Connection>, rt::task::JoinHandle<()>) {
        let connection = limiter.register(Peer::Unknown, Duration::MAX);
        let permit = Permit(Rc::clone(&connection));
        let task = rt::spawn(async move {
            pending::<()>().await;
            drop(permit);
        });
        connection.set_task(task.abort_handle());
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
            let goes = limiter.next_to_close().unwrap();
            assert_eq!(
                goes.id(),
                limiter.connections.borrow()[&expected.number].1.id()
            );
            drop(Permit(Rc::clone(expected)));
        }
        assert!(limiter.next_to_close().is_none());
        drop(serving);
        assert!(limiter.next_to_close().is_some());
    }

    #[actix::test]
    async fn one_that_ended_while_it_was_served_is_forgotten() {
        let limiter = ConnectionLimiter::new(1);
        let (connection, _) = connected(&limiter);
        let serving = connection.serve();
        drop(Permit(Rc::clone(&connection)));
        drop(serving);
        assert!(limiter.next_to_close().is_none());
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
