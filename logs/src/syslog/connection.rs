//! The connection to one syslog: made when the first message is sent, and again after it broke.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use visord_config::SyslogAddress;

/// How long a stream may take to be connected, and how long no new attempt is made after resolving
/// a name or connecting failed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connection to one syslog.
#[derive(Debug)]
pub(super) struct Connection {
    address: SyslogAddress,
    socket: Option<Socket>,
    /// The last failure to connect over the network.
    failed: Option<(Instant, String)>,
}

#[derive(Debug)]
enum Socket {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// What became of a message.
#[derive(Debug)]
#[must_use = "an earlier message may be lost"]
pub(super) enum Receipt {
    /// The system took it.
    Taken,
    /// The system took it, and says that the one before was not taken.
    EarlierRefused(io::Error),
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

    /// Sends a message; `wait` waits for room and may give up.
    ///
    /// # Errors
    /// No syslog there, `wait` gave up, or the message is too long for a datagram. The message is
    /// lost.
    pub(super) fn send(
        &mut self,
        message: &[u8],
        mut wait: impl FnMut(BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<Receipt> {
        let mut receipt = Receipt::Taken;
        if let Some(socket) = &mut self.socket {
            match push(socket, message, &mut wait) {
                Err(broken) if is_broken(&broken) => {
                    // of datagrams only the next one tells that this one was not taken
                    if matches!(socket, Socket::Udp(_)) {
                        receipt = Receipt::EarlierRefused(broken.error);
                    }
                    self.socket = None;
                }
                sent => return self.settle(sent, Receipt::Taken),
            }
        }
        let mut socket = self.connect()?;
        let sent = push(&mut socket, message, &mut wait);
        self.socket = Some(socket);
        self.settle(sent, receipt)
    }

    fn settle(&mut self, sent: Result<(), Broken>, receipt: Receipt) -> io::Result<Receipt> {
        match sent {
            Ok(()) => Ok(receipt),
            Err(Broken { error, midway }) => {
                if midway {
                    // the other side would take the next message for the rest of this one
                    self.socket = None;
                }
                Err(error)
            }
        }
    }

    fn connect(&mut self) -> io::Result<Socket> {
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

/// A message that could not be sent.
struct Broken {
    error: io::Error,
    /// A part of it was.
    midway: bool,
}

/// Whether the other end went away, so that connecting again may help.
fn is_broken(broken: &Broken) -> bool {
    let gone = [
        libc::ECONNREFUSED,
        libc::ENOTCONN,
        libc::ECONNRESET,
        libc::EPIPE,
        libc::ENOENT,
    ];
    let error = broken.error.raw_os_error();
    error.is_some_and(|errno| gone.contains(&errno))
}

fn push(
    socket: &mut Socket,
    message: &[u8],
    wait: &mut impl FnMut(BorrowedFd<'_>) -> io::Result<()>,
) -> Result<(), Broken> {
    let mut rest = message;
    let broken = |error, rest: &[u8]| Broken {
        error,
        midway: rest.len() < message.len(),
    };
    if socket.has_ended() {
        return Err(broken(io::Error::from_raw_os_error(libc::EPIPE), rest));
    }
    while !rest.is_empty() {
        match socket.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(socket.fd()).map_err(|error| broken(error, rest))?;
            }
            Err(error) => return Err(broken(error, rest)),
        }
    }
    Ok(())
}

impl Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            // a datagram is sent whole or not at all
            Self::Unix(socket) => socket.send(bytes).map(|_| bytes.len()),
            Self::Udp(socket) => socket.send(bytes).map(|_| bytes.len()),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    /// A stream that the other side closed would take one message more and lose it.
    fn has_ended(&mut self) -> bool {
        match self {
            Self::Unix(_) | Self::Udp(_) => false,
            Self::Tcp(stream) => matches!(stream.read(&mut [0; 64]), Ok(0)),
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(socket) => socket.as_fd(),
            Self::Udp(socket) => socket.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

fn connect_unix(path: &Path) -> io::Result<Socket> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_nonblocking(true)?;
    Ok(Socket::Unix(socket))
}

fn first(
    host: &str,
    port: u16,
    connect: fn(SocketAddr) -> io::Result<Socket>,
) -> io::Result<Socket> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match connect(address) {
            Ok(link) => return Ok(link),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn connect_udp(address: SocketAddr) -> io::Result<Socket> {
    let any = match address {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(Socket::Udp(socket))
}

fn connect_tcp(address: SocketAddr) -> io::Result<Socket> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    Ok(Socket::Tcp(stream))
}
