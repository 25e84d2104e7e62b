//! A connection, whatever kind of listener it came through.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::crowd::Guest;
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
    /// Who is connected.
    pub guest: Rc<Guest>,
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
    /// The connection of a guest.
    #[must_use]
    pub const fn new(io: Io, guest: Rc<Guest>) -> Self {
        Self { io, guest }
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
        match &mut $stream.get_mut().io {
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
        inside!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        inside!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inside!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Inet(stream) => stream.is_write_vectored(),
            Io::Unix(stream) => stream.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
