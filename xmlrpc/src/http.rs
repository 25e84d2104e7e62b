//! A small HTTP/1.1 client over TCP (IPv4 and IPv6), TLS and unix sockets.
//!
//! It can do what talking to a supervisor takes and nothing more: one request at a time, bodies by
//! `Content-Length`, chunked or until the server closes. It does not redirect, retry or compress.
//! With the feature `tls` it speaks `https://` and always verifies the server. Why it is not one
//! of the HTTP crates: `docs/decisions/0023-http-client.md`.
//!
//! Reading order: [`Address`] and [`Endpoint`] say where and how; `Incoming`, made of `head.rs` and
//! `body.rs`, understands what arrives without reading from a connection itself, for both clients.
//! [`Answer`] is the blocking client's answer, whole or as it arrives.

mod address;
mod body;
mod endpoint;
pub(crate) mod head;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

pub use address::{Address, ServerUrl};
use body::{Body, Content};
pub use endpoint::{ClientCertificate, Endpoint, Login};
pub use head::{ANSWER_IS_TLS, Head};

use crate::error::CallError;

/// Bytes asked for in one read. A command asks only a few questions: a larger buffer costs it more
/// in page faults than it saves in calls.
pub(crate) const READ_SIZE: usize = 16 * 1024;

/// The meaning of a failure of an open connection: TLS has errors of its own.
pub(crate) fn broken(error: io::Error) -> CallError {
    #[cfg(feature = "tls")]
    return tls::reason(error);
    #[cfg(not(feature = "tls"))]
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
    match &endpoint.address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).map_err(CallError::connect)?;
            Ok(Box::new(stream))
        }
        Address::Tcp { host, port, tls } => {
            let stream = connect(host, *port)?;
            if !*tls {
                return Ok(Box::new(stream));
            }
            #[cfg(feature = "tls")]
            return tls::secure(stream, host, endpoint);
            #[cfg(not(feature = "tls"))]
            Err(without_tls())
        }
    }
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

/// Read once; 0 at the end.
fn read(stream: &mut dyn Socket, buffer: &mut [u8]) -> Result<usize, CallError> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done.map_err(broken),
        }
    }
}

/// An answer as far as it has arrived. It reads nothing itself: both clients hand over what they
/// have read.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// A head or a line between chunks that is not complete, or what follows the body.
    rest: Vec<u8>,
    /// `None` until the head is complete.
    body: Option<Body>,
    pub(crate) content: Content,
    /// The connection has ended.
    has_ended: bool,
}

impl Incoming {
    /// Take what one read gave: nothing at the end of the connection. Returns the head once it is
    /// complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Head>, CallError> {
        if bytes.is_empty() {
            self.has_ended = true;
            return match &self.body {
                Some(body) => body.end_of_stream().map(|()| None),
                None => Err(head::ended(&self.rest)),
            };
        }
        self.rest.extend_from_slice(bytes);
        let mut head = None;
        if self.body.is_none()
            && let Some((found, body)) = head::take(&mut self.rest)?
        {
            (head, self.body) = (Some(found), Some(body));
        }
        if let Some(body) = &mut self.body {
            let used = body.feed(&self.rest, &mut self.content)?;
            self.rest.drain(..used);
        }
        Ok(head)
    }

    /// Whether nothing more will come.
    pub(crate) fn is_closed(&self) -> bool {
        self.has_ended || self.body.as_ref().is_some_and(Body::is_done)
    }

    /// Whether the connection of this answer, all of which has arrived, can carry another request.
    pub(crate) fn is_reusable(&self, head: &Head) -> bool {
        !self.has_ended && self.rest.is_empty() && head.keeps_alive()
    }
}

/// An answer whose body may still be arriving.
#[derive(Debug)]
pub struct Answer {
    /// Status line and headers.
    pub head: Head,
    incoming: Incoming,
    stream: Box<dyn Socket>,
    buffer: Box<[u8]>,
}

impl Answer {
    /// Send a request and read up to the end of the headers.
    pub(crate) fn begin(mut stream: Box<dyn Socket>, request: &[u8]) -> Result<Self, CallError> {
        stream.write_all(request).map_err(broken)?;
        let mut buffer = vec![0; READ_SIZE].into_boxed_slice();
        let mut incoming = Incoming::default();
        loop {
            let count = read(&mut *stream, &mut buffer)?;
            if let Some(head) = incoming.push(&buffer[..count])? {
                return Ok(Self {
                    head,
                    incoming,
                    stream,
                    buffer,
                });
            }
        }
    }

    /// Read once from the connection, which blocks unless it is readable.
    ///
    /// # Errors
    /// The connection broke, or the framing is wrong; nothing more will come then. A body that ends
    /// early is [`CallError::NotHttp`], except one that has no announced end.
    pub fn read(&mut self) -> Result<(), CallError> {
        if self.is_closed() {
            return Ok(());
        }
        let count = read(&mut *self.stream, &mut self.buffer);
        let taken = count.and_then(|count| self.incoming.push(&self.buffer[..count]));
        self.incoming.has_ended |= taken.is_err();
        taken.map(drop)
    }

    /// Whether nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.incoming.is_closed()
    }

    /// What has arrived of the body since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.incoming.content).bytes
    }

    /// The chunks of the server that have arrived completely since the last time. Without chunks
    /// everything is complete.
    pub fn take_chunks(&mut self) -> Vec<u8> {
        let content = &mut self.incoming.content;
        let rest = content
            .bytes
            .split_off(std::mem::take(&mut content.complete));
        std::mem::replace(&mut content.bytes, rest)
    }

    /// The same connection for another thread, which may shut it down while this one blocks in
    /// [`Answer::read`]. The type only serves to shut it down, which works alike for every kind of
    /// socket: the connection may be TCP.
    ///
    /// # Errors
    /// The descriptor could not be duplicated.
    pub fn try_clone_socket(&self) -> io::Result<UnixStream> {
        Ok(self.stream.descriptor().try_clone_to_owned()?.into())
    }

    /// The head, the body, and the connection if it can carry another request.
    pub(crate) fn finish(self) -> (Head, Vec<u8>, Option<Box<dyn Socket>>) {
        let incoming = self.incoming;
        let is_reusable = incoming.is_reusable(&self.head);
        let connection = is_reusable.then_some(self.stream);
        (self.head, incoming.content.bytes, connection)
    }
}

impl AsFd for Answer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.descriptor()
    }
}

#[cfg(test)]
mod tests;
