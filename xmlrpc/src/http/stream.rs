//! A connected socket of any kind.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use super::{Address, HttpError, Identity, Trust};

#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(super::tls::Secured),
}

impl Stream {
    pub(super) fn open(
        address: &Address,
        trust: &Trust,
        identity: Option<&Identity>,
    ) -> Result<Self, HttpError> {
        match address {
            Address::Tcp { host, port } => connect(host, *port).map(Self::Tcp),
            Address::Tls { host, port } => secure(host, *port, trust, identity),
            Address::Unix(path) => UnixStream::connect(path)
                .map(Self::Unix)
                .map_err(HttpError::Connect),
        }
    }

    /// Another handle of the connection, to shut it down with.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref().try_clone().map(Self::Tcp),
        }
    }

    pub(super) fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref().shutdown(Shutdown::Both),
        }
    }
}

fn connect(host: &str, port: u16) -> Result<TcpStream, HttpError> {
    let found: Vec<_> = (host, port)
        .to_socket_addrs()
        .map_err(HttpError::Resolve)?
        .collect();
    let stream = TcpStream::connect(&found[..]).map_err(HttpError::Connect)?;
    // Requests are written whole, so waiting to fill a packet only delays.
    stream.set_nodelay(true).map_err(HttpError::Connect)?;
    Ok(stream)
}

#[cfg(feature = "tls")]
fn secure(
    host: &str,
    port: u16,
    trust: &Trust,
    identity: Option<&Identity>,
) -> Result<Stream, HttpError> {
    super::tls::secure(connect(host, port)?, host, trust, identity)
        .map(Stream::Tls)
        .map_err(HttpError::Tls)
}

#[cfg(not(feature = "tls"))]
fn secure(_: &str, _: u16, _: &Trust, _: Option<&Identity>) -> Result<Stream, HttpError> {
    let error = io::Error::new(io::ErrorKind::Unsupported, "this build has no TLS");
    Err(HttpError::Connect(error))
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Unix(stream) => stream.flush(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref().as_fd(),
        }
    }
}
