//! A small HTTP/1.1 client over TCP (IPv4 and IPv6), TLS and unix sockets.
//!
//! It can do what talking to a supervisor takes and nothing more: one request at a time, bodies by
//! `Content-Length`, chunked or until the server closes. It does not redirect, retry or compress.
//! With the feature `tls` it speaks `https://` and always verifies the server. Why it is not one
//! of the HTTP crates: `docs/decisions/0023-http-client.md`.
//!
//! Reading order: [`Address`] and [`Endpoint`] say where and how, `head.rs` and `body.rs` read what
//! arrives without reading from a connection themselves; both clients use them. [`Answer`] is the
//! blocking client's answer, whole or as it arrives.

mod address;
mod body;
mod endpoint;
pub(crate) mod head;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

pub use address::{Address, NotAnAddress, ServerUrl};
pub(crate) use body::Body;
pub use body::Piece;
pub use endpoint::{ClientCertificate, Endpoint, Login};
pub use head::{ANSWER_IS_TLS, Head};

use crate::error::CallError;

/// Bytes asked for in one read. A command asks only a few questions: a larger buffer costs it more
/// in page faults than it saves in calls.
pub(crate) const READ_SIZE: usize = 16 * 1024;

/// The meaning of a failure of an open connection: TLS has errors of its own.
#[cfg(feature = "tls")]
pub(crate) fn broken(error: io::Error) -> CallError {
    tls::reason(error)
}

#[cfg(not(feature = "tls"))]
pub(crate) fn broken(error: io::Error) -> CallError {
    CallError::Io(error)
}

#[cfg(not(feature = "tls"))]
pub(crate) fn without_tls() -> CallError {
    let error = io::Error::new(io::ErrorKind::Unsupported, "this build has no TLS");
    CallError::connect(error)
}

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
    tls::secure(stream, host, endpoint)
}

#[cfg(not(feature = "tls"))]
fn secure(_: &str, _: u16, _: &Endpoint) -> Result<Box<dyn Socket>, CallError> {
    Err(without_tls())
}

/// Read once; 0 at the end.
fn read(stream: &mut dyn Socket, buffer: &mut [u8]) -> Result<usize, CallError> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done.map_err(broken),
        }
    }
}

/// An answer whose body is still arriving.
#[derive(Debug)]
pub struct Answer {
    /// Status line and headers.
    pub head: Head,
    body: Body,
    stream: Box<dyn Socket>,
    buffer: Box<[u8]>,
    /// Received and not used yet.
    received: Vec<u8>,
}

impl Answer {
    /// Send a request and read up to the end of the headers.
    pub(crate) fn begin(mut stream: Box<dyn Socket>, request: &[u8]) -> Result<Self, CallError> {
        stream.write_all(request).map_err(broken)?;
        let mut buffer = vec![0; READ_SIZE].into_boxed_slice();
        let mut received = Vec::new();
        loop {
            let count = read(&mut *stream, &mut buffer)?;
            if count == 0 {
                return Err(head::ended(&received));
            }
            received.extend_from_slice(&buffer[..count]);
            if let Some((head, body)) = head::take(&mut received)? {
                return Ok(Self {
                    head,
                    body,
                    stream,
                    buffer,
                    received,
                });
            }
        }
    }

    /// Take what has arrived, reading once from the connection if nothing is left over;
    /// that read blocks unless the connection is readable. Gives each piece of the body to
    /// `take`. Returns whether more may come.
    ///
    /// # Errors
    /// The connection broke, or the framing is wrong. A body that ends early is
    /// [`CallError::NotHttp`], except one that has no announced end.
    pub fn advance(&mut self, take: &mut dyn FnMut(Piece<'_>)) -> Result<bool, CallError> {
        if self.body.is_done() {
            return Ok(false);
        }
        if self.has_buffered() {
            let used = self.body.feed(&self.received, take)?;
            self.received.drain(..used);
        } else {
            let count = read(&mut *self.stream, &mut self.buffer)?;
            if count == 0 {
                self.body.end_of_stream()?;
                return Ok(false);
            }
            let used = self.body.feed(&self.buffer[..count], take)?;
            self.received.extend_from_slice(&self.buffer[used..count]);
        }
        Ok(!self.body.is_done())
    }

    /// Whether bytes wait here that [`Answer::advance`] would take without reading; a
    /// caller that polls the descriptor must ask first.
    pub fn has_buffered(&self) -> bool {
        !self.received.is_empty()
    }

    /// Lets another thread end the connection while this one blocks in [`Answer::advance`].
    ///
    /// # Errors
    /// The descriptor could not be duplicated.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        let socket = self.stream.descriptor().try_clone_to_owned()?;
        Ok(HangUp(socket.into()))
    }

    /// The head, and the connection if it can carry another request.
    pub(crate) fn finish(self) -> (Head, Option<Box<dyn Socket>>) {
        let is_reusable = self.body.is_framed() && !self.has_buffered() && self.head.keeps_alive();
        (self.head, is_reusable.then_some(self.stream))
    }
}

impl AsFd for Answer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.descriptor()
    }
}

/// Ends a connection that another thread reads. Sockets of every kind are shut down alike, so it
/// does not matter that this one may be none of a unix socket.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// Shut the connection down: a blocked reader sees its end.
    pub fn now(&self) {
        // it may have ended by itself already; that is what was wanted
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests;
