//! Listening sockets: opened before daemonizing, so that every error is shown on the terminal
//! (spec core 3.4).
//!
//! A unix socket gets its mode, its owner and its queue first, and only then its name
//! (`files/src/socket.rs`): a client that finds it sees neither wrong permissions nor a refusal. A
//! name that exists is tried with a real request; only a socket that does not answer is removed.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use derive_more::Display;
use nix::errno::Errno;
use nix::unistd::{Uid, User};
use socket2::{Domain, SockRef, Socket, Type};
use visord_config::{HttpConfig, ListenAddress, Ownership};
use visord_files::Identity;
use visord_files::socket::{BindError, SocketFile, bind_unix_socket};

use crate::tls::Tls;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long the server of a socket may take to answer before it counts as busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// Attempts to take a name that another daemon takes each time; this many mean a conflict.
const ATTEMPTS: usize = 10;

/// An open listening socket.
#[derive(Debug)]
pub struct Bound {
    /// Its configuration.
    pub config: HttpConfig,
    /// The socket, of TCP or a unix socket as the configuration says.
    pub socket: OwnedFd,
    /// Its certificate, if it uses TLS.
    pub tls: Option<Arc<Tls>>,
    /// The socket file that was created for it, if it is a unix socket.
    file: Option<(PathBuf, Identity)>,
}

/// Why a server could not be opened, as the original says it.
#[derive(Debug, Display, PartialEq, Eq)]
pub struct ListenError(String);

impl ListenError {
    /// Another server is served at its address.
    fn in_use() -> Self {
        Self(
            "Another program is already listening on a port that one of our HTTP servers is \
             configured to use.  Shut this program down first before starting supervisord."
                .to_owned(),
        )
    }

    /// A path or a certificate cannot be used.
    fn unusable(why: impl fmt::Display) -> Self {
        Self(format!("Cannot open an HTTP server: {why}"))
    }

    /// The system refuses, or would.
    fn socket_error(reason: impl fmt::Display) -> Self {
        Self::unusable(format_args!("socket.error reported {reason}"))
    }
}

impl std::error::Error for ListenError {}

impl From<io::Error> for ListenError {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw) {
            None => Self::socket_error(error),
            Some(Errno::EADDRINUSE) => Self::in_use(),
            Some(Errno::UnknownErrno) => Self::socket_error("an unknown error"),
            Some(errno) => Self::socket_error(format_args!("errno.{errno:?} ({})", errno as i32)),
        }
    }
}

/// Opens every configured server, in order.
///
/// # Errors
/// That of the first that cannot be opened; those before it are closed and their files removed.
pub fn bind_all(http: &[HttpConfig]) -> Result<Vec<Bound>, ListenError> {
    let mut bound = Vec::with_capacity(http.len());
    for config in http {
        let one = bind_one(config).inspect_err(|_| bound.iter().for_each(Bound::unlink))?;
        bound.push(one);
    }
    Ok(bound)
}

impl Bound {
    /// Removes the socket file, if it is still the one that was created here. A file that cannot
    /// be removed is left: the next start finds that it does not answer.
    pub fn unlink(&self) {
        if let Some((path, identity)) = &self.file
            && let Ok(Some(found)) = SocketFile::find(path)
            && found.identity() == *identity
        {
            let _ = found.remove();
        }
    }

    /// Continues with another configuration of the same address, without refusing a connection.
    /// Certificates are read again; if that fails, those in use stay.
    ///
    /// # Errors
    /// Why a certificate cannot be used.
    pub fn renew(&mut self, config: &HttpConfig) -> io::Result<()> {
        self.config = config.clone();
        self.tls = config.tls.as_ref().map(Tls::new).transpose()?;
        Ok(())
    }
}

/// Whether a server cannot be opened while the other is: they have a path or a port in common.
pub fn is_in_the_way(one: &HttpConfig, other: &HttpConfig) -> bool {
    use ListenAddress::{Inet, Unix};
    match (&one.address, &other.address) {
        (Unix { path: one, .. }, Unix { path: other, .. }) => one == other,
        (Inet { port: one, .. }, Inet { port: other, .. }) => one == other,
        (Unix { .. }, Inet { .. }) | (Inet { .. }, Unix { .. }) => false,
    }
}

/// The certificate of a server, if it uses TLS. Reads files.
///
/// # Errors
/// It cannot use TLS as configured.
pub fn read_certificate(config: &HttpConfig) -> Result<Option<Arc<Tls>>, ListenError> {
    let tls = config.tls.as_ref().map(Tls::new).transpose();
    tls.map_err(|error| ListenError::unusable(format_args!("TLS of [{}]: {error}", config.section)))
}

/// Opens one server.
///
/// # Errors
/// Why it cannot be opened.
pub fn bind_one(config: &HttpConfig) -> Result<Bound, ListenError> {
    let tls = read_certificate(config)?;
    let (socket, file) = match &config.address {
        ListenAddress::Inet { host, port } => (bind_inet(host, *port)?, None),
        ListenAddress::Unix { path, mode, owner } => {
            let (socket, identity) = bind_unix(path, *mode, *owner)?;
            (socket, Some((path.clone(), identity)))
        }
    };
    Ok(Bound {
        config: config.clone(),
        socket,
        tls,
        file,
    })
}

fn bind_inet(host: &str, port: u16) -> Result<OwnedFd, ListenError> {
    let address = resolve(host, port)?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The address of a host: every IPv4 interface for an empty name, and an IPv4 address of a name that
/// has one, as the original supports no other.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, ListenError> {
    if host.is_empty() {
        return Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    }
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(SocketAddr::from((address, port)));
    }
    let found: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(lookup)?.collect();
    let ipv4 = found.iter().find(|address| address.is_ipv4());
    ipv4.or(found.first())
        .copied()
        .ok_or_else(|| ListenError::socket_error(libc::EAI_NONAME))
}

/// The standard library keeps the resolver's message, not its number.
fn lookup(error: io::Error) -> ListenError {
    ListenError::socket_error(if error.to_string().contains("Temporary failure") {
        libc::EAI_AGAIN
    } else {
        libc::EAI_NONAME
    })
}

/// Opens a unix socket, after removing a socket file that is no longer served.
fn bind_unix(path: &Path, mode: u32, owner: Ownership) -> Result<(OwnedFd, Identity), ListenError> {
    for _ in 0..ATTEMPTS {
        let bound = bind_unix_socket(path, mode, (owner.uid, owner.gid), |socket| {
            SockRef::from(&socket).listen(BACKLOG)
        });
        let (error, is_owner) = match bound {
            Ok(bound) => return Ok(bound),
            Err(BindError::Owner(error)) => (error, true),
            Err(BindError::Bind(error) | BindError::Mode(error)) => (error, false),
        };
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EADDRINUSE) => remove_stale(path)?,
            // a unix socket's name must fit into 107 bytes
            Some(Errno::ENAMETOOLONG) => {
                return Err(ListenError::socket_error("AF_UNIX path too long"));
            }
            Some(Errno::EPERM) if is_owner => return Err(not_permitted(path, owner)),
            Some(_) | None => return Err(error.into()),
        }
    }
    Err(ListenError::in_use())
}

/// The owner of a socket file cannot be set.
fn not_permitted(path: &Path, owner: Ownership) -> ListenError {
    let id = |id: Option<u32>| id.map_or(-1, i64::from);
    let uid = Uid::effective();
    let user = User::from_uid(uid).ok().flatten();
    ListenError(format!(
        "Not permitted to chown {} to uid/gid ({}, {}); adjust \"sockchown\" value in config file \
         or on command line to values that the current user ({}) can successfully chown",
        path.display(),
        id(owner.uid),
        id(owner.gid),
        user.map_or_else(|| uid.to_string(), |user| user.name),
    ))
}

/// Removes a socket that is no longer served.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let found = match SocketFile::find(path) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(()),
        Err(error) => {
            use io::ErrorKind::{IsADirectory, Unsupported};
            return Err(if matches!(error.kind(), Unsupported | IsADirectory) {
                let path = path.display();
                ListenError::unusable(format_args!("{path} exists and is not a socket"))
            } else {
                error.into()
            });
        }
    };
    if is_served(&found)? {
        return Err(ListenError::in_use());
    }
    eprintln!("Unlinking stale socket {}", path.display());
    // removes nothing that another daemon has created there since
    Ok(found.remove()?)
}

/// Whether a request to this socket is answered. A server that accepts it and stays silent is busy,
/// not gone.
fn is_served(file: &SocketFile) -> Result<bool, ListenError> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match file.connect(socket.as_fd()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(false),
        // its queue is full
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
        Err(error) => return Err(error.into()),
    }
    socket.set_nonblocking(false)?;
    let mut stream = UnixStream::from(OwnedFd::from(socket));
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let answer = stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .and_then(|()| stream.read(&mut [0]));
    Ok(match answer {
        Ok(count) => count > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    })
}

#[cfg(test)]
mod tests;
