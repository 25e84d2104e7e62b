//! The asynchronous client: one connection for each call, so that a call that takes long delays
//! no other.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
#[cfg(feature = "tls")]
use {crate::error::TlsError, crate::http::tls, std::sync::Arc, tokio_rustls::TlsConnector};

use crate::client::result_of;
use crate::error::CallError;
use crate::http::{Address, Endpoint, Head, READ_SIZE, broken, head};
use crate::value::Value;

const HEADERS: &str = "User-Agent: visord\r\nConnection: close\r\n";

/// Calls one server over TCP, TLS (with the feature `tls`) or a unix socket.
#[derive(Debug)]
pub struct AsyncClient {
    endpoint: Endpoint,
    limits: CallLimits,
    /// Of an `https://` server.
    tls: Option<TlsConfig>,
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
        let tls = match endpoint.address {
            Address::Tls { .. } => Some(tls_config(&endpoint)?),
            Address::Tcp { .. } | Address::Unix(_) => None,
        };
        Ok(Self {
            tls,
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
        let (head, body) = match &self.endpoint.address {
            Address::Unix(path) => {
                let connecting =
                    async { UnixStream::connect(path).await.map_err(CallError::connect) };
                let stream = self.timely(connecting).await?;
                self.exchange(stream, &request).await?
            }
            Address::Tcp { host, port } => {
                let stream = self.connect(host, *port, resolve).await?;
                self.exchange(stream, &request).await?
            }
            Address::Tls { host, port } => {
                let stream = self.connect(host, *port, resolve).await?;
                let handshake = handshake(self.tls.as_ref(), stream, host);
                let stream = self.timely(handshake).await?;
                self.exchange(stream, &request).await?
            }
        };
        Ok((result_of(&head, &body)?, body.len()))
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
    ) -> Result<(Head, Vec<u8>), CallError> {
        stream.write_all(request).await.map_err(broken)?;
        // TLS may keep the end of a request back until it is flushed
        stream.flush().await.map_err(broken)?;
        receive(&mut stream, self.limits.answer).await
    }
}

/// The whole answer, whose body has at most `longest` bytes.
async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    longest: usize,
) -> Result<(Head, Vec<u8>), CallError> {
    let mut buffer = vec![0; READ_SIZE];
    let mut received = Vec::new();
    let (head, mut body) = loop {
        let count = stream.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            return Err(head::ended(&received));
        }
        received.extend_from_slice(&buffer[..count]);
        if let Some(found) = head::take(&mut received)? {
            break found;
        }
    };
    let mut content = Vec::new();
    loop {
        let mut fits = true;
        body.feed(&received, &mut |piece| {
            fits = fits && content.len() + piece.bytes.len() <= longest;
            if fits {
                content.extend_from_slice(piece.bytes);
            }
        })?;
        if !fits {
            return Err(CallError::NotHttp("the answer is too long"));
        }
        if body.is_done() {
            return Ok((head, content));
        }
        let count = stream.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            body.end_of_stream()?;
            return Ok((head, content));
        }
        received.clear();
        received.extend_from_slice(&buffer[..count]);
    }
}

#[cfg(feature = "tls")]
type TlsConfig = Arc<rustls::ClientConfig>;

#[cfg(feature = "tls")]
fn tls_config(endpoint: &Endpoint) -> Result<TlsConfig, CallError> {
    Ok(Arc::new(tls::config(endpoint)?))
}

/// The secured connection to a server that has proved to be `host`.
#[cfg(feature = "tls")]
async fn handshake(
    config: Option<&TlsConfig>,
    stream: TcpStream,
    host: &str,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + use<>, CallError> {
    let none = || TlsError::Other("no TLS configuration".to_owned());
    let config = config.ok_or_else(none)?;
    let connector = TlsConnector::from(Arc::clone(config));
    let secured = connector.connect(tls::server_name(host)?, stream).await;
    secured.map_err(broken)
}

#[cfg(not(feature = "tls"))]
type TlsConfig = std::convert::Infallible;

#[cfg(not(feature = "tls"))]
fn tls_config(_: &Endpoint) -> Result<TlsConfig, CallError> {
    Err(crate::http::without_tls())
}

#[cfg(not(feature = "tls"))]
async fn handshake(_: Option<&TlsConfig>, _: TcpStream, _: &str) -> Result<TcpStream, CallError> {
    Err(crate::http::without_tls())
}

#[cfg(test)]
mod tests;
