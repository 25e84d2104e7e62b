//! A small blocking HTTP/1.1 client over TCP (IPv4 and IPv6) and unix sockets.
//!
//! It knows what talking to a supervisor takes and nothing more: one connection, one
//! request at a time, kept open between requests; bodies by `Content-Length`, chunked or
//! until the server closes; answers read whole ([`Connection::exchange`]) or as they
//! arrive ([`Connection::follow`]). It does not redirect, retry or compress.
//! With the feature `tls` it speaks `https://` too and always verifies the server.
//!
//! Reading order: [`Address`] says where, [`head`] reads what comes before a body,
//! [`body`] the body itself.

mod address;
mod body;
mod collect;
mod head;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod tls_error;

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

pub use address::{Address, NotAnAddress, ServerUrl};
pub use body::Piece;
pub use collect::{Collector, request_bytes};
pub use head::{ANSWER_IS_TLS, Head};
pub use tls_error::TlsError;

use body::Body;
use stream::Stream;

/// Bytes asked for in one read; also the most a head may have.
const READ_SIZE: usize = 64 * 1024;
/// Capacity reserved up front for a body that announces its length; a lie costs no more.
const RESERVE_LIMIT: u64 = 1024 * 1024;

/// Why an exchange failed. Each case is something a user can act upon.
#[derive(Debug)]
pub enum HttpError {
    /// The host name has no address.
    Resolve(io::Error),
    /// No connection: refused, no such socket, no permission, unreachable.
    Connect(io::Error),
    /// No agreement on TLS.
    Tls(TlsError),
    /// The connection broke while a request or an answer was on its way.
    Io(io::Error),
    /// The server closed the connection without a word.
    Disconnected,
    /// What came is not HTTP; says what is wrong with it.
    Malformed(&'static str),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(error) | Self::Connect(error) | Self::Io(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Disconnected => f.write_str("remote end closed connection without response"),
            Self::Malformed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for HttpError {}

/// What is asked of the server. `Host` and `Content-Length` are added by the connection.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// Path and query, already percent-encoded.
    pub path: &'a str,
    /// Further headers; names and values must be free of line ends.
    pub headers: &'a [(&'a str, &'a str)],
    /// Sent with its length if there is one.
    pub body: Option<&'a [u8]>,
}

/// An answer read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status line and headers.
    pub head: Head,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

/// One connection to one server, opened when it is first needed and again after the
/// server closed it between two requests.
#[derive(Debug)]
pub struct Connection {
    address: Address,
    trust: Trust,
    identity: Option<Identity>,
    stream: Option<Stream>,
}

/// What a client shows to a TLS server that wants to know who it is: PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its certificate and those between it and its authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Whose word counts about who a TLS server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// That of the authorities the system trusts.
    #[default]
    System,
    /// That of the authorities in this PEM file only.
    File(PathBuf),
}

impl Connection {
    /// A connection that is not open yet.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            trust: Trust::System,
            identity: None,
            stream: None,
        }
    }

    /// Trust others than the system's authorities, from the next connection on.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// Show who we are to a TLS server that asks, from the next connection on.
    #[must_use]
    pub fn presenting(self, identity: Identity) -> Self {
        Self {
            identity: Some(identity),
            ..self
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Send a request and read the whole answer, whatever its status.
    ///
    /// # Errors
    /// See [`HttpError`]; the connection is dropped and the next call opens a new one.
    pub fn exchange(&mut self, request: &Request<'_>) -> Result<Response, HttpError> {
        let mut answer = self.send(request)?;
        let mut body = Vec::new();
        if let Some(length) = answer.body.announced() {
            body.reserve(usize::try_from(length.min(RESERVE_LIMIT)).unwrap_or(0));
        }
        while answer.advance(&mut |piece| body.extend_from_slice(piece.bytes))? {}
        if answer.reusable() {
            self.stream = Some(answer.stream);
        }
        Ok(Response {
            head: answer.head,
            body,
        })
    }

    /// Send a request and read only the head of the answer; the body follows by
    /// [`Answer::advance`]. The connection belongs to that answer from then on.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub fn follow(mut self, request: &Request<'_>) -> Result<Answer, HttpError> {
        self.send(request)
    }

    fn send(&mut self, request: &Request<'_>) -> Result<Answer, HttpError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => Stream::open(&self.address, &self.trust, self.identity.as_ref())?,
        };
        let bytes = encode(request, &self.address.host_header());
        stream.write_all(&bytes).map_err(broken)?;
        Answer::begin(stream)
    }
}

/// What a failure of an open connection means: TLS has things to say of its own.
#[cfg(feature = "tls")]
fn broken(error: io::Error) -> HttpError {
    let why = tls::reason(error);
    if let TlsError::Broken(error) = why {
        return HttpError::Io(error);
    }
    HttpError::Tls(why)
}

#[cfg(not(feature = "tls"))]
fn broken(error: io::Error) -> HttpError {
    HttpError::Io(error)
}

/// The bytes of a request: one write, so that the server sees it whole.
fn encode(request: &Request<'_>, host: &str) -> Vec<u8> {
    let mut text = format!(
        "{} {} HTTP/1.1\r\nHost: {host}\r\n",
        request.method, request.path
    );
    for (name, value) in request.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = request.body {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(request.body.unwrap_or_default());
    bytes
}

/// An answer whose body is still arriving.
#[derive(Debug)]
pub struct Answer {
    /// Status line and headers.
    pub head: Head,
    body: Body,
    stream: Stream,
    incoming: Incoming,
}

impl Answer {
    /// Read up to the end of the headers, skipping interim (1xx) answers.
    fn begin(mut stream: Stream) -> Result<Self, HttpError> {
        let mut incoming = Incoming::new();
        loop {
            let head = incoming.head(&mut stream)?;
            if !(100..200).contains(&head.status) {
                let body = Body::of(&head)?;
                return Ok(Self {
                    head,
                    body,
                    stream,
                    incoming,
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
    /// [`HttpError::Malformed`], except one that has no announced end.
    pub fn advance(&mut self, take: &mut dyn FnMut(Piece<'_>)) -> Result<bool, HttpError> {
        if self.body.is_done() {
            return Ok(false);
        }
        if self.incoming.bytes().is_empty() && !self.incoming.fill(&mut self.stream)? {
            self.body.end_of_stream()?;
            return Ok(false);
        }
        let used = self.body.feed(self.incoming.bytes(), take)?;
        self.incoming.consume(used);
        Ok(!self.body.is_done())
    }

    /// Whether bytes wait here that [`Answer::advance`] would take without reading; a
    /// caller that polls the descriptor must ask first.
    #[must_use]
    pub fn has_buffered(&self) -> bool {
        !self.incoming.bytes().is_empty()
    }

    /// A way to end the connection from another thread that blocks in
    /// [`Answer::advance`].
    ///
    /// # Errors
    /// The descriptor could not be duplicated.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        self.stream.try_clone().map(HangUp)
    }

    /// The connection may carry another request.
    fn reusable(&self) -> bool {
        self.body.is_framed() && !self.has_buffered() && self.head.keeps_alive()
    }
}

impl AsFd for Answer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Ends somebody else's connection.
#[derive(Debug)]
pub struct HangUp(Stream);

impl HangUp {
    /// Shut the connection down: a blocked reader sees its end.
    pub fn now(&self) {
        // It may have ended by itself already; that is what was wanted.
        let _ = self.0.shutdown();
    }
}

/// Bytes received and not yet given to anybody.
#[derive(Debug)]
struct Incoming {
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
}

impl Incoming {
    fn new() -> Self {
        Self {
            buffer: vec![0; READ_SIZE].into_boxed_slice(),
            from: 0,
            to: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    fn consume(&mut self, count: usize) {
        self.from += count;
    }

    /// Read once behind what is there; false at the end of the stream.
    fn fill(&mut self, stream: &mut Stream) -> Result<bool, HttpError> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.to == self.buffer.len() {
            return Err(HttpError::Malformed("the answer's headers are too long"));
        }
        loop {
            match stream.read(&mut self.buffer[self.to..]) {
                Ok(count) => {
                    self.to += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(error)),
            }
        }
    }

    /// Read until a head is complete and take it off.
    fn head(&mut self, stream: &mut Stream) -> Result<Head, HttpError> {
        loop {
            if let Some((head, used)) = head::parse(self.bytes())? {
                self.consume(used);
                return Ok(head);
            }
            if !self.fill(stream)? {
                return Err(if self.bytes().is_empty() {
                    HttpError::Disconnected
                } else {
                    HttpError::Malformed("the answer ends within its headers")
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
