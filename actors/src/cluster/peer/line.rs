//! The connection to a peer: opened when it is needed, kept, one call at a time.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use visord_logs::workers::Workers;
use visord_xmlrpc::http::Endpoint;
use visord_xmlrpc::{AsyncSession, CallError, Value, WireFault};

/// How long looking up a name and connecting may take: until the next TICK.
const CONNECT: Duration = Duration::from_secs(5);

/// Longest answer that is read, bytes: the list of some ten thousand processes.
const LONGEST: usize = 32 * 1024 * 1024;

/// Names that are looked up at a time, for all peers: workers have other work too.
const LOOKUPS: usize = 2;

/// Looks up names without blocking. Clones share a limit.
#[derive(Clone)]
pub struct Resolver {
    workers: Workers,
    turns: Arc<Semaphore>,
}

impl Resolver {
    /// One that lets these workers do it.
    pub fn new(workers: Workers) -> Self {
        let turns = Arc::new(Semaphore::new(LOOKUPS));
        Self { workers, turns }
    }

    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let host = host.to_owned();
        let lookup = move || {
            // until the lookup ends, even if nothing waits for it any more; never closed
            let _turn = turn.ok();
            (host, port).to_socket_addrs().map(Vec::from_iter)
        };
        self.workers.run(lookup).await?
    }
}

/// A way to open a connection.
pub trait Dial: Send + 'static {
    /// The connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// Open it. How long that may take is limited by the caller.
    fn dial(&self) -> impl Future<Output = Result<Self::Stream, CallError>> + Send;
}

/// A connection over TCP.
pub struct Tcp {
    /// Name or address.
    pub host: Arc<str>,
    /// Of its HTTP server.
    pub port: u16,
    /// Looks up the name.
    pub resolver: Resolver,
}

impl Dial for Tcp {
    type Stream = TcpStream;

    async fn dial(&self) -> Result<TcpStream, CallError> {
        let addresses = self.resolver.lookup(&self.host, self.port).await;
        let addresses = addresses.map_err(CallError::Resolve)?;
        let stream = TcpStream::connect(&*addresses).await;
        let stream = stream.map_err(CallError::connect)?;
        // requests are written whole, so waiting to fill a packet only delays
        stream.set_nodelay(true).map_err(CallError::connect)?;
        Ok(stream)
    }
}

/// A peer's connection, whatever state it is in.
pub(super) struct Line<D: Dial> {
    dial: D,
    endpoint: Endpoint,
    /// For an answer.
    patience: Duration,
    kept: Option<AsyncSession<D::Stream>>,
}

impl<D: Dial> Line<D> {
    pub(super) const fn new(dial: D, endpoint: Endpoint, patience: Duration) -> Self {
        Self {
            dial,
            endpoint,
            patience,
            kept: None,
        }
    }

    /// Call a method. After a failure there is no connection; the next call opens one. A connection
    /// that the peer closed between two calls is opened again without ado.
    pub(super) async fn call(
        &mut self,
        method: &str,
        params: &[Value],
    ) -> Result<Result<Value, WireFault>, CallError> {
        let session = match self.kept.take() {
            Some(mut kept) => kept.is_idle().await.then_some(kept),
            None => None,
        };
        let session = match session {
            Some(session) => session,
            None => AsyncSession::new(timely(CONNECT, self.dial.dial()).await?),
        };
        let calling = session.call(&self.endpoint, LONGEST, method, params);
        let (result, kept) = timely(self.patience, calling).await?;
        self.kept = kept;
        Ok(result)
    }
}

async fn timely<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let late = || CallError::Io(io::ErrorKind::TimedOut.into());
    timeout(limit, step).await.unwrap_or_else(|_| Err(late()))
}
