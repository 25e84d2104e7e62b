//! Listening sockets that FastCGI processes share (spec core 8).
//!
//! Opening one may look up a name and touches the file system, so it happens on the spawner
//! thread. A socket is open from the first [`SharedSocket::acquire`] until each of its users has
//! called [`SharedSocket::release`]; a process releases it when it comes to rest, not between an
//! exit and the restart that follows.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::LocalBoxFuture;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, setsockopt, socket, sockopt,
};
use visord_config::{FcgiAddress, FcgiSocket, Ownership};
use visord_files::socket::{BindError, Looks, SocketFile, bind_unix_socket};
use visord_model::log_line::{Level, LogLine};

use crate::spawn::descriptor::listen;
use crate::spawn::{SpawnError, SpawnerHandle};

/// The socket of one group; clones are the same socket.
#[derive(Clone, Debug)]
pub struct SharedSocket {
    config: Arc<FcgiSocket>,
    spawner: SpawnerHandle,
    // only spawner threads lock it, and one after the other as long as none hangs
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    listener: Option<OwnedFd>,
    users: BTreeSet<String>,
}

/// What came of an attempt, and what the activity log should say about it.
#[derive(Debug)]
#[must_use = "the log lines belong into the activity log"]
pub struct Attempt<T> {
    /// To be logged in this order, before anything about the outcome.
    pub log: Vec<LogLine>,
    /// The result.
    pub outcome: Result<T, SpawnError>,
}

/// Create a socket as a test and close it again, as happens when a group becomes active at
/// start. Blocks. The error's text is the one the daemon ends with.
pub fn probe(config: &FcgiSocket) -> Attempt<()> {
    let mut log = vec![creating(config)];
    let outcome = create(config).map(drop);
    if outcome.is_ok() {
        log.push(closing(config));
    }
    let outcome = outcome.map_err(|error| SpawnError::Socket {
        url: config.url.clone(),
        reason: error.to_string(),
    });
    Attempt { log, outcome }
}

impl SharedSocket {
    /// A socket that is not open yet.
    #[must_use]
    pub fn new(config: Arc<FcgiSocket>, spawner: SpawnerHandle) -> Self {
        Self {
            config,
            spawner,
            state: Arc::default(),
        }
    }

    /// The address that identifies it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.config.url
    }

    /// A descriptor of the socket for the process of this name, which from now on is one of its
    /// users; the first of them opens it. Asking again is harmless. Blocks: spawner thread only.
    pub fn acquire(&self, user: &str) -> Attempt<OwnedFd> {
        attempt(&self.config, &self.state, |config, state| {
            let mut log = Vec::new();
            let outcome = state.open(config, &mut log);
            if outcome.is_ok() {
                state.users.insert(user.to_owned());
            }
            (log, outcome)
        })
    }

    /// The process of this name has come to rest; the last user closes the socket. The file of a
    /// unix socket stays. Releasing what was not acquired is harmless.
    pub fn release(&self, user: &str) -> LocalBoxFuture<'static, Attempt<()>> {
        let user = user.to_owned();
        let (config, state) = (Arc::clone(&self.config), Arc::clone(&self.state));
        let answer = self.spawner.run(move || {
            attempt(&config, &state, |config, state| {
                state.users.remove(&user);
                let mut log = Vec::new();
                if state.users.is_empty() && state.listener.take().is_some() {
                    log.push(closing(config));
                }
                (log, Ok(()))
            })
        });
        Box::pin(async move {
            answer.await.unwrap_or_else(|gone| Attempt {
                log: Vec::new(),
                outcome: Err(gone),
            })
        })
    }
}

fn attempt<T>(
    config: &FcgiSocket,
    state: &Mutex<State>,
    job: impl FnOnce(&FcgiSocket, &mut State) -> (Vec<LogLine>, io::Result<T>),
) -> Attempt<T> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let (log, outcome) = job(config, &mut state);
    let outcome = outcome.map_err(|error| SpawnError::Socket {
        url: config.url.clone(),
        reason: error.to_string(),
    });
    Attempt { log, outcome }
}

impl State {
    fn open(&mut self, config: &FcgiSocket, log: &mut Vec<LogLine>) -> io::Result<OwnedFd> {
        if let Some(listener) = &self.listener {
            return listener.try_clone().map_err(worded);
        }
        log.push(creating(config));
        let listener = create(config)?;
        let theirs = listener.try_clone().map_err(worded)?;
        self.listener = Some(listener);
        Ok(theirs)
    }
}

fn creating(config: &FcgiSocket) -> LogLine {
    LogLine::new(Level::Info, format!("Creating socket {}", config.url))
}

fn closing(config: &FcgiSocket) -> LogLine {
    LogLine::new(Level::Info, format!("Closing socket {}", config.url))
}

/// A socket that listens: made, bound, given away, permitted, then opened for connections, so
/// that nobody connects before owner and mode are right.
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

/// A socket file that listens, in place of the socket of an earlier run; anything else of this
/// name is left alone (decision C26).
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
    let looks = Looks {
        mode,
        uid: owner.uid,
        gid: owner.gid,
    };
    let bound = bind_unix_socket(path, looks, |socket| listen(socket, backlog));
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
    let words = text.strip_suffix(&format!(" (os error {errno})"));
    let words = words.unwrap_or(&text);
    io::Error::other(format!("[Errno {errno}] {words}"))
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
