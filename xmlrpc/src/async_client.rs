//! The asynchronous client: one connection for each call, so that a call that takes long delays
//! no other.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
#[cfg(feature = "tls")]
use {crate::http::tls, std::sync::Arc, tokio_rustls::TlsConnector};

use crate::client::result_of;
use crate::error::CallError;
use crate::http::{Address, Endpoint, Head, Incoming, READ_SIZE, broken};
use crate::value::Value;

const HEADERS: &str = "User-Agent: visord\r\nConnection: close\r\n";

/// Calls one server over TCP, TLS (with the feature `tls`) or a unix socket.
#[derive(Debug)]
pub struct AsyncClient {
    endpoint: Endpoint,
    limits: CallLimits,
    /// Of an `https://` server.
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ClientConfig>>,
}

/// What a call may cost. How long its answer may take is for the caller to limit.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// To look up the name, connect and agree on TLS, each.
    pub connect: Duration,
    /// Bytes of the answer's body.
    pub answer: usize,
}

impl AsyncClient {
    /// A client that opens a connection for each call. For an `https://` server it reads the files
    /// that the endpoint names: only where a thread may block.
    ///
    /// # Errors
    /// One of these files cannot be used; or this build has no TLS.
    pub fn new(endpoint: Endpoint, limits: CallLimits) -> Result<Self, CallError> {
        let is_tls = matches!(endpoint.address, Address::Tcp { tls: true, .. });
        #[cfg(not(feature = "tls"))]
        if is_tls {
            return Err(crate::http::without_tls());
        }
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: match is_tls {
                true => Some(Arc::new(tls::config(&endpoint)?)),
                false => None,
            },
            endpoint,
            limits,
        })
    }

    /// Call a method; returns its result and the length of the answer's body in bytes. `resolve`
    /// looks up the addresses of a host, without blocking.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing is tried twice.
    pub async fn call(
        &self,
        method: &str,
        params: &[Value],
        resolve: impl AsyncFnOnce(String, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<(Value, usize), CallError> {
        let request = self.endpoint.call(HEADERS, method, params);
        match &self.endpoint.address {
            Address::Unix(path) => {
                let connecting =
                    async { UnixStream::connect(path).await.map_err(CallError::connect) };
                let stream = self.timely(connecting).await?;
                self.exchange(stream, &request).await
            }
            Address::Tcp { host, port, .. } => {
                let stream = self.connect(host, *port, resolve).await?;
                #[cfg(feature = "tls")]
                if let Some(config) = &self.tls {
                    let connector = TlsConnector::from(Arc::clone(config));
                    let secured = connector.connect(tls::server_name(host)?, stream);
                    let handshake = async { secured.await.map_err(broken) };
                    let stream = self.timely(handshake).await?;
                    return self.exchange(stream, &request).await;
                }
                self.exchange(stream, &request).await
            }
        }
    }

    async fn connect(
        &self,
        host: &str,
        port: u16,
        resolve: impl AsyncFnOnce(String, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<TcpStream, CallError> {
        let connecting = async {
            let addresses = resolve(host.to_owned(), port).await;
            let addresses = addresses.map_err(CallError::Resolve)?;
            let stream = TcpStream::connect(&*addresses).await;
            stream.map_err(CallError::connect)
        };
        self.timely(connecting).await
    }

    async fn timely<T>(
        &self,
        step: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        match timeout(self.limits.connect, step).await {
            Ok(done) => done,
            Err(_) => Err(CallError::Io(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn exchange(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        request: &[u8],
    ) -> Result<(Value, usize), CallError> {
        stream.write_all(request).await.map_err(broken)?;
        // TLS may keep the end of a request back until it is flushed
        stream.flush().await.map_err(broken)?;
        let (head, body, _) = receive(&mut stream, self.limits.answer).await?;
        Ok((result_of(&head, &body)?, body.len()))
    }
}

/// The whole answer, whose body has at most `longest` bytes, and whether the connection can carry
/// another request.
pub(crate) async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    longest: usize,
) -> Result<(Head, Vec<u8>, bool), CallError> {
    let mut buffer = vec![0; READ_SIZE];
    let mut incoming = Incoming::default();
    let mut head = None;
    loop {
        let count = stream.read(&mut buffer).await.map_err(broken)?;
        head = incoming.push(&buffer[..count])?.or(head);
        if incoming.content.bytes.len() > longest {
            return Err(CallError::NotHttp("the answer is too long"));
        }
        if let Some(head) = head.take_if(|_| incoming.is_closed()) {
            let is_reusable = incoming.is_reusable(&head);
            return Ok((head, incoming.content.bytes, is_reusable));
        }
    }
}

#[cfg(test)]
mod tests;
