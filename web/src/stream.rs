//! A connection, whatever kind of listener it came through.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{Sleep, sleep};

use crate::connections::{Connection, Peer};
use crate::listen::Socket;
use crate::tls::{Secured, Tls};

/// A listener in the reactor.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Inet(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// An accepted connection.
#[derive(Debug)]
pub struct Stream {
    io: Io,
    /// What the listener knows of it.
    pub connection: Rc<Connection>,
    /// Runs while the client does not take what is sent to it.
    write_timer: Option<Pin<Box<Sleep>>>,
}

/// The two kinds of connection.
#[derive(Debug)]
pub enum Io {
    /// TCP.
    Inet(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
    /// TCP with TLS.
    Tls(Box<Secured>),
}

impl Io {
    /// Where the client connects from, given its address.
    #[must_use]
    pub fn peer(&self, address: Option<SocketAddr>) -> Peer {
        match self {
            Self::Unix(stream) => stream
                .peer_cred()
                .map_or(Peer::Unknown, |who| Peer::User(who.uid())),
            Self::Inet(_) | Self::Tls(_) => {
                address.map_or(Peer::Unknown, |address| Peer::Address(address.ip()))
            }
        }
    }

    /// The connection after a handshake, where the listener asks for one.
    ///
    /// # Errors
    /// The handshake failed.
    pub async fn secured(self, tls: Option<&Tls>) -> io::Result<Self> {
        match (tls, self) {
            (Some(tls), Self::Inet(stream)) => Ok(Self::Tls(tls.accept(stream).await?)),
            (_, other) => Ok(other),
        }
    }
}

impl Stream {
    /// A connection that a listener knows.
    #[must_use]
    pub const fn new(io: Io, connection: Rc<Connection>) -> Self {
        Self {
            io,
            connection,
            write_timer: None,
        }
    }

    /// What came of writing, or an error for a client that has taken nothing for too long.
    fn timed(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.write_timer = None;
            return written;
        }
        let timeout = self.connection.write_timeout();
        let timer = self
            .write_timer
            .get_or_insert_with(|| Box::pin(sleep(timeout)));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Listener {
    /// Put a socket into the reactor of this thread.
    ///
    /// # Errors
    /// The system refuses to watch it.
    pub fn new(socket: Socket) -> io::Result<Self> {
        Ok(match socket {
            Socket::Inet(listener) => {
                listener.set_nonblocking(true)?;
                Self::Inet(TcpListener::from_std(listener)?)
            }
            Socket::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Self::Unix(UnixListener::from_std(listener)?)
            }
        })
    }

    /// The next connection and, for TCP, where it comes from.
    ///
    /// # Errors
    /// Those of `accept(2)`.
    pub async fn accept(&self) -> io::Result<(Io, Option<SocketAddr>)> {
        match self {
            Self::Inet(listener) => {
                let (stream, peer) = listener.accept().await?;
                // answers are written whole: nothing is gained by waiting for more
                stream.set_nodelay(true)?;
                Ok((Io::Inet(stream), Some(peer)))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Io::Unix(stream), None))
            }
        }
    }
}

/// Run an expression on the stream inside, pinned.
macro_rules! inside {
    ($stream:expr, $inner:ident => $call:expr) => {
        match &mut $stream.io {
            Io::Inet(stream) => {
                let $inner = Pin::new(stream);
                $call
            }
            Io::Unix(stream) => {
                let $inner = Pin::new(stream);
                $call
            }
            Io::Tls(stream) => {
                let $inner = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        inside!(stream, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        let written = inside!(stream, stream => stream.poll_write(cx, buf));
        stream.timed(written, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        inside!(stream, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        inside!(stream, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        let written = inside!(stream, stream => stream.poll_write_vectored(cx, bufs));
        stream.timed(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Inet(stream) => stream.is_write_vectored(),
            Io::Unix(stream) => stream.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
