//! Listening sockets in the reactor, and the connections that they accept.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio::time::{Sleep, sleep};

use crate::connections::{Connection, Io, Peer};

/// A listening socket in the reactor.
#[derive(Debug)]
pub enum Acceptor {
    /// TCP.
    Inet(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

impl Acceptor {
    /// Registers a socket with the reactor of this thread.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn new(socket: OwnedFd, is_unix: bool) -> io::Result<Self> {
        if is_unix {
            let listener = std::os::unix::net::UnixListener::from(socket);
            listener.set_nonblocking(true)?;
            return UnixListener::from_std(listener).map(Self::Unix);
        }
        let listener = std::net::TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self::Inet)
    }

    /// The next connection: its bytes without TLS, its origin, and the client's address for TCP.
    ///
    /// # Errors
    /// Those of `accept(2)`.
    pub async fn accept(&self) -> io::Result<(Box<dyn Io>, Peer, Option<SocketAddr>)> {
        match self {
            Self::Inet(listener) => {
                let (stream, address) = listener.accept().await?;
                // responses are written whole: nothing is gained by waiting for more
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), Peer::Address(address.ip()), Some(address)))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let user = stream.peer_cred();
                let peer = user.map_or(Peer::Unknown, |user| Peer::User(user.uid()));
                Ok((Box::new(stream), peer, None))
            }
        }
    }
}

/// A connection that fails when the client takes nothing for the connection's write timeout.
pub struct ClientStream {
    io: Box<dyn Io>,
    /// Its entry in the listener.
    pub connection: Rc<Connection>,
    /// Runs while the client does not take what is sent to it.
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl ClientStream {
    /// A stream of a registered connection.
    pub fn new(io: Box<dyn Io>, connection: Rc<Connection>) -> Self {
        Self {
            io,
            connection,
            write_timer: None,
        }
    }

    /// The result of a write, or an error when the write timeout has passed.
    fn timed(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.write_timer = None;
            return written;
        }
        let timeout = self.connection.write_timeout.get();
        let timer = self
            .write_timer
            .get_or_insert_with(|| Box::pin(sleep(timeout)));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.timed(written, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.timed(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
