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
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};
use slog::Logger;
use socket2::{Domain, SockRef, Socket, Type};
use visord_config::{FcgiSocket, ListenAddress, Ownership};
use visord_files::socket::{BindError, SocketFile, bind_unix_socket};
use visord_model::process::SPAWN_TIMEOUT;

use crate::spawn::SpawnError;

/// The socket of one group; clones are the same socket.
#[derive(Clone)]
pub struct SharedSocket(Arc<Shared>);

struct Shared {
    config: Arc<FcgiSocket>,
    logger: Logger,
    // locked for moments only: not while the socket is being opened
    state: Mutex<State>,
    /// It was opened, or could not be.
    opened: Condvar,
}

#[derive(Default)]
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

/// Create a socket as a test and close it again, as happens when a group becomes active at
/// start. Blocks.
pub fn probe(config: &FcgiSocket, logger: &Logger) -> Result<(), SpawnError> {
    slog::info!(logger, "Creating socket {}", config.url);
    create(config).map_err(|error| failed(config, &error))?;
    slog::info!(logger, "Closing socket {}", config.url);
    Ok(())
}

impl SharedSocket {
    /// A socket that is not open yet.
    pub fn new(config: Arc<FcgiSocket>, logger: Logger) -> Self {
        Self(Arc::new(Shared {
            config,
            logger,
            state: Mutex::default(),
            opened: Condvar::new(),
        }))
    }

    /// The address that identifies it.
    pub fn url(&self) -> &str {
        &self.0.config.url
    }

    /// The number of a start that is ordered now.
    pub fn next_use(&self) -> UseNumber {
        let mut state = self.0.state.lock();
        state.latest += 1;
        UseNumber(state.latest)
    }

    /// A descriptor of the socket for this start of the process of this name, which from now on is
    /// one of its users; the first of them opens it. Blocks: spawner thread only.
    /// Errors: it cannot be opened; this use is over already.
    pub fn acquire(&self, user: &str, number: UseNumber) -> Result<OwnedFd, SpawnError> {
        let failed = |error| failed(&self.0.config, &error);
        let mut state = self.when_opened().map_err(failed)?;
        if state.listener.is_none() && !state.is_past(user, number) {
            state.opening = Some(Instant::now());
            drop(state);
            slog::info!(self.0.logger, "Creating socket {}", self.url());
            let listener = create(&self.0.config);
            state = self.has_opened();
            state.listener = Some(listener.map_err(failed)?);
        }
        let joined = match &state.listener {
            Some(listener) if !state.is_past(user, number) => {
                let theirs = listener.try_clone();
                theirs.map_err(|error| failed(worded(error)))
            }
            Some(_) | None => Err(SpawnError::Cancelled),
        };
        if joined.is_ok() {
            let is_over = false;
            state.users.insert(user.to_owned(), Use { number, is_over });
        }
        self.close_unused(state);
        joined
    }

    /// The process of this name has come to rest: this use of it and the earlier ones are over. The
    /// last user closes the socket. The file of a unix socket stays. Never blocks.
    pub fn release(&self, user: &str, number: UseNumber) {
        let mut state = self.0.state.lock();
        let newest = state.users.get(user).map(|newest| newest.number);
        if newest.is_none_or(|newest| newest <= number) {
            let is_over = true;
            state.users.insert(user.to_owned(), Use { number, is_over });
        }
        self.close_unused(state);
    }

    fn close_unused(&self, mut state: MutexGuard<'_, State>) {
        let is_unused = state.users.values().all(|it| it.is_over);
        let closed = state.listener.take_if(|_| is_unused);
        drop(state);
        if closed.is_some() {
            slog::info!(self.0.logger, "Closing socket {}", self.url());
        }
    }

    /// Wait while another thread opens the socket. Error: that hangs.
    fn when_opened(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.0.state.lock();
        while let Some(since) = state.opening {
            let left = SPAWN_TIMEOUT.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Err(io::Error::other("an earlier attempt to open it hangs"));
            }
            self.0.opened.wait_for(&mut state, left);
        }
        Ok(state)
    }

    /// This thread has opened the socket, or could not.
    fn has_opened(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.state.lock();
        state.opening = None;
        self.0.opened.notify_all();
        state
    }
}

impl State {
    /// Whether this use is over, or a later one has begun.
    fn is_past(&self, user: &str, number: UseNumber) -> bool {
        self.users.get(user).is_some_and(|newest| {
            newest.number > number || (newest.number == number && newest.is_over)
        })
    }
}

fn failed(config: &FcgiSocket, error: &io::Error) -> SpawnError {
    // as the original words the error: `[Errno 98] Address already in use` (difference C30)
    let text = format!("Could not create FastCGI socket {}: {error}", config.url);
    SpawnError::Failed(text)
}

/// A socket that listens: made, bound, given away, permitted, then opened for connections, so
/// that no client connects before owner and mode are right.
fn create(config: &FcgiSocket) -> io::Result<OwnedFd> {
    let backlog = config.backlog.unwrap_or(libc::SOMAXCONN);
    match &config.address {
        ListenAddress::Inet { host, port } => bind_port(host, *port, backlog).map_err(worded),
        ListenAddress::Unix { path, owner, mode } => bind_file(path, *owner, *mode, backlog),
    }
}

fn bind_port(host: &str, port: u16, backlog: i32) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&ipv4(host, port)?.into())?;
    // any backlog: the kernel quietly lowers it to `net.core.somaxconn`
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// A socket file that listens, instead of the socket of an earlier run; anything else of this
/// name is left alone (difference C26).
fn bind_file(path: &Path, owner: Ownership, mode: u32, backlog: i32) -> io::Result<OwnedFd> {
    match SocketFile::find(path).and_then(|found| found.map_or(Ok(()), SocketFile::remove)) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let text = format!("file '{}' is not a socket", path.display());
            return Err(io::Error::other(text));
        }
        // a missing folder is told by the attempt to bind
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(about(error, path)),
        Ok(()) | Err(_) => {}
    }
    let owner = (owner.uid, owner.gid);
    let bound = bind_unix_socket(path, mode, owner, |socket| {
        SockRef::from(&socket).listen(backlog)
    });
    let change = |what: &str, error: io::Error| {
        let reason = about(error, path);
        io::Error::other(format!("Could not change {what} of socket file: {reason}"))
    };
    match bound {
        Ok((socket, _)) => Ok(socket),
        Err(BindError::Bind(error)) => Err(worded(error)),
        Err(BindError::Owner(error)) => Err(change("ownership", error)),
        Err(BindError::Mode(error)) => Err(change("permissions", error)),
    }
}

/// The first IPv4 address of a host; none named: every interface.
fn ipv4(host: &str, port: u16) -> io::Result<SocketAddr> {
    if host.is_empty() {
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    let mut addresses = (host, port).to_socket_addrs()?;
    let found = addresses.find(SocketAddr::is_ipv4);
    found.ok_or_else(|| io::Error::other(format!("host '{host}' has no IPv4 address")))
}

/// `[Errno 98] Address already in use`, the original's form of a system error.
fn worded(error: io::Error) -> io::Error {
    let text = error.to_string();
    let Some(errno) = error.raw_os_error() else {
        let text = text.strip_prefix("failed to lookup address information: ");
        return text.map_or(error, io::Error::other);
    };
    let reason = text.strip_suffix(&format!(" (os error {errno})"));
    let reason = reason.unwrap_or(&text);
    io::Error::other(format!("[Errno {errno}] {reason}"))
}

fn about(error: io::Error, path: &Path) -> io::Error {
    io::Error::other(format!("{}: '{}'", worded(error), path.display()))
}

#[cfg(test)]
mod tests;
