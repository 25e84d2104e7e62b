//! Listening sockets that FastCGI processes share (spec core 8).
//!
//! Opening one may look up a name and touches the file system, so it happens on a spawner thread.
//! A socket is open from the first [`SharedSocket::acquire`] until each of its users has called
//! [`SharedSocket::release`]; a process releases it when it comes to rest, not between an exit and
//! the restart that follows.
//!
//! A start that hangs may acquire the socket long after its process has released it, or started
//! again. So each start has a number ([`UseNumber`]): a release ends this use and the earlier ones.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, setsockopt, socket, sockopt,
};
use visord_config::{FcgiAddress, FcgiSocket, Ownership};
use visord_files::socket::{BindError, SocketFile, bind_unix_socket};
use visord_model::log_line::{Level, LogLine};
use visord_model::process::SPAWN_TIMEOUT;

use crate::spawn::SpawnError;
use crate::spawn::descriptor::listen;

/// How long opening a socket may keep other users waiting; after that it is said to hang.
const PATIENCE: Duration = SPAWN_TIMEOUT;

/// The socket of one group; clones are the same socket.
#[derive(Clone, Debug)]
pub struct SharedSocket {
    config: Arc<FcgiSocket>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    // locked for moments only: not while the socket is being opened
    state: Mutex<State>,
    /// It was opened, or could not be.
    opened: Condvar,
}

#[derive(Debug, Default)]
struct State {
    listener: Option<OwnedFd>,
    /// Since when a spawner thread has been opening it.
    opening: Option<Instant>,
    users: BTreeMap<String, Use>,
    /// The number given out last.
    latest: u64,
}

/// The newest use by one process.
#[derive(Clone, Copy, Debug)]
struct Use {
    number: UseNumber,
    is_over: bool,
}

/// The use of a socket by one start of a process; a later start has a higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UseNumber(u64);

/// A result, with lines for the activity log.
#[derive(Debug)]
#[must_use = "the log lines belong into the activity log"]
pub struct Reported<T> {
    /// To be logged in this order, before anything about the outcome.
    pub log: Vec<LogLine>,
    /// The result.
    pub outcome: Result<T, SpawnError>,
}

/// Create a socket as a test and close it again, as happens when a group becomes active at
/// start. Blocks. The error's text is the one the daemon ends with.
pub fn probe(config: &FcgiSocket) -> Reported<()> {
    let mut log = vec![creating(config)];
    let outcome = create(config).map(drop);
    if outcome.is_ok() {
        log.push(closing(config));
    }
    let outcome = outcome.map_err(|error| failed(config, &error));
    Reported { log, outcome }
}

impl SharedSocket {
    /// A socket that is not open yet.
    #[must_use]
    pub fn new(config: Arc<FcgiSocket>) -> Self {
        Self {
            config,
            shared: Arc::default(),
        }
    }

    /// The address that identifies it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.config.url
    }

    /// The number of a start that is ordered now.
    #[must_use]
    pub fn next_use(&self) -> UseNumber {
        let mut state = self.shared.state();
        state.latest += 1;
        UseNumber(state.latest)
    }

    /// A descriptor of the socket for this start of the process of this name, which from now on is
    /// one of its users; the first of them opens it. Blocks: spawner thread only.
    /// Errors: it cannot be opened; this use is over already.
    pub fn acquire(&self, user: &str, number: UseNumber) -> Reported<OwnedFd> {
        let mut log = Vec::new();
        let outcome = self.join(user, number, &mut log);
        Reported { log, outcome }
    }

    fn join(
        &self,
        user: &str,
        number: UseNumber,
        log: &mut Vec<LogLine>,
    ) -> Result<OwnedFd, SpawnError> {
        let failed = |error| failed(&self.config, &error);
        let mut state = self.shared.when_opened().map_err(failed)?;
        if state.is_past(user, number) {
            return Err(SpawnError::Cancelled);
        }
        if state.listener.is_some() {
            return state.join(user, number).map_err(failed)?;
        }
        state.opening = Some(Instant::now());
        drop(state);
        let _opening = Opening(&self.shared);
        log.push(creating(&self.config));
        let listener = create(&self.config).map_err(failed)?;
        let mut state = self.shared.state();
        state.listener = Some(listener);
        let joined = state.join(user, number);
        if state.close_unused() {
            log.push(closing(&self.config));
        }
        drop(state);
        joined.map_err(failed)?
    }

    /// The process of this name has come to rest: this use of it and the earlier ones are over. The
    /// last user closes the socket, which the activity log should say. The file of a unix socket
    /// stays. Never blocks.
    #[must_use = "the log line belongs into the activity log"]
    pub fn release(&self, user: &str, number: UseNumber) -> Option<LogLine> {
        let mut state = self.shared.state();
        let newest = state.users.get(user).map(|newest| newest.number);
        if newest.is_none_or(|newest| newest <= number) {
            let is_over = true;
            state.users.insert(user.to_owned(), Use { number, is_over });
        }
        state.close_unused().then(|| closing(&self.config))
    }
}

impl Shared {
    // nothing under this lock can panic half-way
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wait while another thread opens the socket. Error: that hangs.
    fn when_opened(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        while let Some(since) = state.opening {
            let left = PATIENCE.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Err(io::Error::other("an earlier attempt to open it hangs"));
            }
            let waited = self.opened.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(state)
    }
}

/// This thread opens the socket; dropped: it is open, or could not be opened.
struct Opening<'a>(&'a Shared);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.state().opening = None;
        self.0.opened.notify_all();
    }
}

impl State {
    /// Whether this use is over, or a later one has begun.
    fn is_past(&self, user: &str, number: UseNumber) -> bool {
        self.users.get(user).is_some_and(|newest| {
            newest.number > number || (newest.number == number && newest.is_over)
        })
    }

    /// One more user of the open socket.
    fn join(&mut self, user: &str, number: UseNumber) -> io::Result<Result<OwnedFd, SpawnError>> {
        let listener = self.listener.as_ref();
        let Some(listener) = listener.filter(|_| !self.is_past(user, number)) else {
            return Ok(Err(SpawnError::Cancelled));
        };
        let theirs = listener.try_clone().map_err(worded)?;
        let is_over = false;
        self.users.insert(user.to_owned(), Use { number, is_over });
        Ok(Ok(theirs))
    }

    /// Close it if nothing uses it. Whether it was open.
    fn close_unused(&mut self) -> bool {
        self.users.values().all(|it| it.is_over) && self.listener.take().is_some()
    }
}

fn failed(config: &FcgiSocket, error: &io::Error) -> SpawnError {
    SpawnError::Socket {
        url: config.url.clone(),
        reason: error.to_string(),
    }
}

fn creating(config: &FcgiSocket) -> LogLine {
    LogLine::new(Level::Info, format!("Creating socket {}", config.url))
}

fn closing(config: &FcgiSocket) -> LogLine {
    LogLine::new(Level::Info, format!("Closing socket {}", config.url))
}

/// A socket that listens: made, bound, given away, permitted, then opened for connections, so
/// that no client connects before owner and mode are right.
fn create(config: &FcgiSocket) -> io::Result<OwnedFd> {
    let backlog = config.backlog.unwrap_or(libc::SOMAXCONN);
    match &config.address {
        FcgiAddress::Tcp { host, port } => {
            let socket = new_socket()?;
            setsockopt(&socket, sockopt::ReuseAddr, &true).map_err(worded)?;
            let address = SockaddrIn::from(ipv4(host, *port)?);
            bind(socket.as_raw_fd(), &address).map_err(worded)?;
            listen(socket.as_fd(), backlog).map_err(worded)?;
            Ok(socket)
        }
        FcgiAddress::Unix { path, owner, mode } => bind_file(path, *owner, *mode, backlog),
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .map_err(worded)
}

/// A socket file that listens, instead of the socket of an earlier run; anything else of this
/// name is left alone (difference C26).
fn bind_file(path: &Path, owner: Ownership, mode: u32, backlog: i32) -> io::Result<OwnedFd> {
    let failed = |error: &io::Error| {
        if error.kind() == io::ErrorKind::Unsupported {
            io::Error::other(format!("file '{}' is not a socket", path.display()))
        } else {
            about(error, path)
        }
    };
    match SocketFile::find(path).and_then(|found| found.map_or(Ok(()), SocketFile::remove)) {
        // a missing folder is told by the attempt to bind
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error)),
        Ok(()) | Err(_) => {}
    }
    let owner = (owner.uid, owner.gid);
    let bound = bind_unix_socket(path, mode, owner, |socket| listen(socket, backlog));
    let change = |what: &str, error: &io::Error| {
        let reason = about(error, path);
        io::Error::other(format!("Could not change {what} of socket file: {reason}"))
    };
    match bound {
        Ok((socket, _)) => Ok(socket),
        Err(BindError::Bind(error)) => Err(worded(error)),
        Err(BindError::Owner(error)) => Err(change("ownership", &error)),
        Err(BindError::Mode(error)) => Err(change("permissions", &error)),
    }
}

/// The first IPv4 address of a host; none named: every interface.
fn ipv4(host: &str, port: u16) -> io::Result<SocketAddrV4> {
    if host.is_empty() {
        return Ok(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port));
    }
    let addresses = (host, port).to_socket_addrs().map_err(worded)?;
    addresses
        .filter_map(|address| match address {
            SocketAddr::V4(address) => Some(address),
            SocketAddr::V6(_) => None,
        })
        .next()
        .ok_or_else(|| io::Error::other(format!("host '{host}' has no IPv4 address")))
}

/// `[Errno 98] Address already in use`, the original's form of a system error.
fn worded(error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    let text = error.to_string();
    let Some(errno) = error.raw_os_error() else {
        let text = text.strip_prefix("failed to lookup address information: ");
        return match text {
            Some(reason) => io::Error::other(reason.to_owned()),
            None => error,
        };
    };
    let reason = text.strip_suffix(&format!(" (os error {errno})"));
    let reason = reason.unwrap_or(&text);
    io::Error::other(format!("[Errno {errno}] {reason}"))
}

/// A system error about a file.
fn about(error: &io::Error, path: &Path) -> io::Error {
    let error = match error.raw_os_error() {
        Some(errno) => worded(io::Error::from_raw_os_error(errno)),
        None => io::Error::other(error.to_string()),
    };
    io::Error::other(format!("{error}: '{}'", path.display()))
}

#[cfg(test)]
mod tests;
