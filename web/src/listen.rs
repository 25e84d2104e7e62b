//! Listening sockets: opened before daemonizing, so that every error reaches the terminal
//! (spec core 3.4).
//!
//! A unix socket gets a temporary name, its mode, its owner and its queue first, and only then
//! its real name by a hard link: whoever finds it can neither meet wrong permissions nor be
//! refused. A name that exists is tried with a real request; only a socket that nobody serves
//! is removed (decision C26).

mod again;

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, UnixAddr, bind, connect, listen,
    setsockopt, socket, sockopt,
};
use nix::unistd::{Gid, Uid, User, chown};
use visord_config::{HttpAddress, HttpConfig, Ownership};

use crate::tls::{Tls, TlsError};

pub use again::{is_in_the_way, is_same_place};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long whoever holds a socket gets to answer before it counts as busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// Each attempt meets a name that somebody took meanwhile; this many mean a quarrel.
const ATTEMPTS: usize = 10;

/// One open listening socket.
#[derive(Debug)]
pub struct Bound {
    /// What it was made from.
    pub config: HttpConfig,
    /// The socket.
    pub socket: Socket,
    /// Its certificate, if it speaks TLS.
    pub tls: Option<Arc<Tls>>,
    file: Option<SocketFile>,
}

/// A listening socket of either kind.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Inet(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// A socket file of ours, recognised by its inode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Why a server could not be opened; displayed as the original does.
#[derive(Debug, PartialEq, Eq)]
pub enum ListenError {
    /// Somebody serves it already.
    InUse,
    /// The owner of a socket file cannot be set.
    Chown {
        /// The file.
        path: PathBuf,
        /// What it should belong to.
        owner: Ownership,
        /// Who we are.
        user: String,
    },
    /// The name is taken by something that is no socket.
    NotASocket(PathBuf),
    /// The host has no address; the number of the resolver's error.
    Lookup(i32),
    /// A unix socket's name must fit into 107 bytes.
    PathTooLong,
    /// The system refuses.
    System(Errno),
    /// It is to speak TLS and cannot.
    Tls {
        /// Its section.
        section: String,
        /// Why.
        error: TlsError,
    },
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CANNOT: &str = "Cannot open an HTTP server: socket.error reported";
        match self {
            Self::InUse => f.write_str(
                "Another program is already listening on a port that one of our HTTP servers is \
                 configured to use.  Shut this program down first before starting supervisord.",
            ),
            Self::Chown { path, owner, user } => {
                let id = |id: Option<u32>| id.map_or(-1, i64::from);
                write!(
                    f,
                    "Not permitted to chown {} to uid/gid ({}, {}); adjust \"sockchown\" value in \
                     config file or on command line to values that the current user ({user}) can \
                     successfully chown",
                    path.display(),
                    id(owner.uid),
                    id(owner.gid),
                )
            }
            Self::NotASocket(path) => write!(
                f,
                "Cannot open an HTTP server: {} exists and is not a socket",
                path.display()
            ),
            Self::Lookup(code) => write!(f, "{CANNOT} {code}"),
            Self::Tls { section, error } => {
                write!(f, "Cannot open an HTTP server: TLS of [{section}]: {error}")
            }
            Self::PathTooLong => write!(f, "{CANNOT} AF_UNIX path too long"),
            Self::System(Errno::UnknownErrno) => write!(f, "{CANNOT} an unknown error"),
            Self::System(errno) => write!(f, "{CANNOT} errno.{errno:?} ({})", *errno as i32),
        }
    }
}

impl std::error::Error for ListenError {}

impl From<Errno> for ListenError {
    fn from(errno: Errno) -> Self {
        if errno == Errno::EADDRINUSE {
            Self::InUse
        } else {
            Self::System(errno)
        }
    }
}

impl From<io::Error> for ListenError {
    fn from(error: io::Error) -> Self {
        error
            .raw_os_error()
            .map_or(Self::System(Errno::UnknownErrno), |code| {
                Errno::from_raw(code).into()
            })
    }
}

/// Open every configured server, in order.
///
/// # Errors
/// The first that cannot be opened; those before it are closed and their files removed.
pub fn bind_all(http: &[HttpConfig]) -> Result<Vec<Bound>, ListenError> {
    let mut bound = Vec::with_capacity(http.len());
    for config in http {
        match bind_one(config) {
            Ok(one) => bound.push(one),
            Err(error) => {
                bound.iter().for_each(Bound::unlink);
                return Err(error);
            }
        }
    }
    Ok(bound)
}

impl Bound {
    /// Remove the socket file, if it is still the one that was made here. A file that cannot
    /// be removed is left: the next start finds that nobody serves it.
    pub fn unlink(&self) {
        if let Some(file) = &self.file
            && SocketFile::at(&file.path).as_ref() == Ok(file)
        {
            let _ = fs::remove_file(&file.path);
        }
    }
}

/// Open one server.
///
/// # Errors
/// Why it cannot be opened.
pub fn bind_one(config: &HttpConfig) -> Result<Bound, ListenError> {
    let tls = Tls::of(config)?;
    let (socket, file) = match &config.address {
        HttpAddress::Inet { host, port } => (Socket::Inet(bind_inet(host, *port)?), None),
        HttpAddress::Unix { path, mode, owner } => {
            let listener = bind_unix(path, *mode, *owner)?;
            (Socket::Unix(listener), Some(SocketFile::at(path)?))
        }
    };
    Ok(Bound {
        config: config.clone(),
        socket,
        tls: tls.map(Arc::new),
        file,
    })
}

fn bind_inet(host: &str, port: u16) -> Result<TcpListener, ListenError> {
    let address = resolve(host, port)?;
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(fd))
}

/// The address of a host: every IPv4 interface for none, an IPv4 address of a name if it has
/// one, as the original knows no other.
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
        .ok_or(ListenError::Lookup(libc::EAI_NONAME))
}

/// The standard library keeps the resolver's words, not its number.
fn lookup(error: io::Error) -> ListenError {
    ListenError::Lookup(if error.to_string().contains("Temporary failure") {
        libc::EAI_AGAIN
    } else {
        libc::EAI_NONAME
    })
}

fn bind_unix(path: &Path, mode: u32, owner: Ownership) -> Result<UnixListener, ListenError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    if fs::symlink_metadata(&temporary).is_ok() {
        SocketFile::at(&temporary)?;
        fs::remove_file(&temporary)?;
    }
    let named = prepare(&temporary, path, mode, owner).and_then(|fd| {
        take_name(&temporary, path)?;
        Ok(UnixListener::from(fd))
    });
    // it has done its work, or never will
    let _ = fs::remove_file(&temporary);
    named
}

/// A socket of a temporary name, complete before anybody can find it.
fn prepare(
    temporary: &Path,
    path: &Path,
    mode: u32,
    owner: Ownership,
) -> Result<OwnedFd, ListenError> {
    let address = UnixAddr::new(temporary).map_err(|errno| {
        if errno == Errno::ENAMETOOLONG {
            ListenError::PathTooLong
        } else {
            errno.into()
        }
    })?;
    let family = AddressFamily::Unix;
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    bind(fd.as_raw_fd(), &address)?;
    fs::set_permissions(temporary, fs::Permissions::from_mode(mode))?;
    let Ownership { uid, gid } = owner;
    if uid.is_some() || gid.is_some() {
        let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
        chown(temporary, uid, gid).map_err(|errno| {
            if errno == Errno::EPERM {
                ListenError::Chown {
                    path: path.to_owned(),
                    owner,
                    user: own_name(),
                }
            } else {
                errno.into()
            }
        })?;
    }
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(fd)
}

fn own_name() -> String {
    let uid = Uid::effective();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => uid.to_string(),
    }
}

/// Give the socket its real name, in place of one that nobody serves any more.
fn take_name(temporary: &Path, path: &Path) -> Result<(), ListenError> {
    for _ in 0..ATTEMPTS {
        match fs::hard_link(temporary, path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => remove_stale(path)?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ListenError::InUse)
}

/// Remove a socket that nobody serves.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let found = match SocketFile::at(path) {
        Ok(found) => found,
        Err(ListenError::System(Errno::ENOENT)) => return Ok(()),
        Err(other) => return Err(other),
    };
    if is_served(path)? {
        return Err(ListenError::InUse);
    }
    // another starting daemon may have replaced it meanwhile; that one is not ours to remove
    if SocketFile::at(path) == Ok(found) {
        eprintln!("Unlinking stale socket {}", path.display());
        fs::remove_file(path)?;
    }
    Ok(())
}

impl SocketFile {
    /// The socket at this path; anything else is an error that names it.
    fn at(path: &Path) -> Result<Self, ListenError> {
        let metadata = fs::symlink_metadata(path)?;
        if !metadata.file_type().is_socket() {
            return Err(ListenError::NotASocket(path.to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

/// Whether somebody answers a request on this socket. Who accepts it and stays silent is
/// busy, not gone.
fn is_served(path: &Path) -> Result<bool, ListenError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    match connect(fd.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) => {}
        Err(Errno::ECONNREFUSED | Errno::ENOENT) => return Ok(false),
        // its queue is full
        Err(Errno::EAGAIN) => return Ok(true),
        Err(other) => return Err(other.into()),
    }
    let mut stream = UnixStream::from(fd);
    stream.set_nonblocking(false)?;
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
