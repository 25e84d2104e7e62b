//! The connection to one syslog: made when the first message is sent, and again after it broke.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send};
use visord_config::SyslogAddress;

/// How long a stream may take to be connected, and how long no new attempt is made after resolving
/// a name or connecting failed.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Connection {
    address: SyslogAddress,
    socket: Option<OwnedFd>,
    /// The last failure to connect over the network.
    failed: Option<(Instant, String)>,
}

impl Connection {
    /// To this address; nothing is connected yet.
    pub(super) fn new(address: SyslogAddress) -> Self {
        Self {
            address,
            socket: None,
            failed: None,
        }
    }

    /// Sends a message; `wait` waits for room and may give up. The system took it; perhaps it also
    /// says why it did not take the one before.
    /// Errors: no syslog there, `wait` gave up, or the message is too long for a datagram. The
    /// message is lost.
    pub(super) fn send(
        &mut self,
        message: &[u8],
        mut wait: impl FnMut(BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<Option<io::Error>> {
        let is_stream = matches!(self.address, SyslogAddress::Tcp(..));
        let mut refused = None;
        loop {
            let is_new = self.socket.is_none();
            let socket = match self.socket.take() {
                Some(socket) => socket,
                None => self.connect()?,
            };
            let mut rest = message;
            let error = match push(&socket, is_stream, &mut rest, &mut wait) {
                Ok(()) => {
                    self.socket = Some(socket);
                    return Ok(refused);
                }
                Err(error) => error,
            };
            if is_new || !is_gone(&error) {
                // in the middle of a message the other side would take the next for its rest
                self.socket = (rest.len() == message.len()).then_some(socket);
                return Err(error);
            }
            // of these datagrams only the next one tells that this one was not taken
            if matches!(self.address, SyslogAddress::Udp(..)) {
                refused = Some(error);
            }
        }
    }

    fn connect(&mut self) -> io::Result<OwnedFd> {
        if let Some((when, reason)) = &self.failed
            && when.elapsed() < PATIENCE
        {
            return Err(io::Error::other(reason.clone()));
        }
        let made = match &self.address {
            SyslogAddress::Local => connect_unix(super::LOCAL.as_ref()),
            SyslogAddress::Unix(path) => return connect_unix(path),
            SyslogAddress::Udp(host, port) => first(host, *port, connect_udp),
            SyslogAddress::Tcp(host, port) => first(host, *port, connect_tcp),
        };
        let failure = made.as_ref().err().map(ToString::to_string);
        self.failed = failure.map(|reason| (Instant::now(), reason));
        made
    }
}

/// Whether the other end went away, so that connecting again may help.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ECONNREFUSED | libc::ENOTCONN | libc::ECONNRESET | libc::EPIPE | libc::ENOENT)
    )
}

/// Sends what is left of a message; `rest` is what is left after that.
fn push(
    socket: &OwnedFd,
    is_stream: bool,
    rest: &mut &[u8],
    wait: &mut impl FnMut(BorrowedFd<'_>) -> io::Result<()>,
) -> io::Result<()> {
    if is_stream && has_ended(socket) {
        return Err(Errno::EPIPE.into());
    }
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    while !rest.is_empty() {
        // a datagram is sent whole or not at all
        match send(socket.as_raw_fd(), rest, flags) {
            Ok(count) => *rest = &rest[count..],
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => wait(socket.as_fd())?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A stream that the other side closed would take one message more and lose it.
fn has_ended(stream: &OwnedFd) -> bool {
    recv(stream.as_raw_fd(), &mut [0; 64], MsgFlags::MSG_DONTWAIT) == Ok(0)
}

fn connect_unix(path: &Path) -> io::Result<OwnedFd> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(socket.into())
}

fn first(
    host: &str,
    port: u16,
    connect: fn(SocketAddr) -> io::Result<OwnedFd>,
) -> io::Result<OwnedFd> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match connect(address) {
            Ok(link) => return Ok(link),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn connect_udp(address: SocketAddr) -> io::Result<OwnedFd> {
    let any = match address {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket.into())
}

fn connect_tcp(address: SocketAddr) -> io::Result<OwnedFd> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    Ok(stream.into())
}
