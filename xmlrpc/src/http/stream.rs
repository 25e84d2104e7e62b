//! A connected socket of any kind, for the blocking client.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use super::{Address, Endpoint};
use crate::error::CallError;

/// What the client needs of a connection.
pub(crate) trait Socket: Read + Write + Debug + Send {
    /// To be polled, and shut down by others.
    fn descriptor(&self) -> BorrowedFd<'_>;
}

impl Socket for TcpStream {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl Socket for UnixStream {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

pub(crate) fn open(endpoint: &Endpoint) -> Result<Box<dyn Socket>, CallError> {
    Ok(match &endpoint.address {
        Address::Tcp { host, port } => Box::new(connect(host, *port)?),
        Address::Tls { host, port } => secure(host, *port, endpoint)?,
        Address::Unix(path) => Box::new(UnixStream::connect(path).map_err(CallError::connect)?),
    })
}

fn connect(host: &str, port: u16) -> Result<TcpStream, CallError> {
    let found: Vec<_> = (host, port)
        .to_socket_addrs()
        .map_err(CallError::Resolve)?
        .collect();
    let stream = TcpStream::connect(&found[..]).map_err(CallError::connect)?;
    // requests are written whole, so waiting to fill a packet only delays
    stream.set_nodelay(true).map_err(CallError::connect)?;
    Ok(stream)
}

#[cfg(feature = "tls")]
fn secure(host: &str, port: u16, endpoint: &Endpoint) -> Result<Box<dyn Socket>, CallError> {
    let stream = connect(host, port)?;
    super::tls::secure(stream, host, endpoint)
}

#[cfg(not(feature = "tls"))]
fn secure(_: &str, _: u16, _: &Endpoint) -> Result<Box<dyn Socket>, CallError> {
    Err(super::without_tls())
}

/// Read once; 0 at the end.
pub(crate) fn read(stream: &mut dyn Socket, buffer: &mut [u8]) -> Result<usize, CallError> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done.map_err(super::broken),
        }
    }
}
