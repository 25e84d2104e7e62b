//! One call over one connection of its own.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use visord_actors::workers::Workers;
use visord_xmlrpc::http::{Address, Collector, HttpError, Request, Response, request_bytes};
use visord_xmlrpc::{CallError, Value, decode_reply, encode_call};

use super::{Remote, SOON};

/// Bytes of the longest answer.
const LONGEST: usize = 16 * 1024 * 1024;

/// The answer and its size in bytes.
pub(super) async fn call(
    remote: &Remote,
    method: &str,
    params: &[Value],
    workers: &Workers,
) -> Result<(Value, usize), CallError> {
    let body = encode_call(method, params);
    let login =
        remote.url.credentials.as_ref().map(|(user, password)| {
            format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
        });
    let mut headers = vec![
        ("User-Agent", "visord"),
        ("Content-Type", "text/xml"),
        ("Connection", "close"),
    ];
    headers.extend(login.as_deref().map(|login| ("Authorization", login)));
    let request = Request {
        method: "POST",
        path: &remote.path,
        headers: &headers,
        body: Some(body.as_bytes()),
    };
    let bytes = request_bytes(&request, &remote.url.address);
    let response = match &remote.url.address {
        Address::Tcp { host, port } => {
            let stream = opened(connect(host.clone(), *port, workers)).await?;
            exchange(stream, &bytes).await?
        }
        // refused by `Remotes::new`
        Address::Tls { .. } => return Err(HttpError::Malformed("https is not forwarded").into()),
        Address::Unix(path) => exchange(opened(UnixStream::connect(path)).await?, &bytes).await?,
    };
    match response.head.status {
        200 => {}
        401 => return Err(CallError::Unauthorized),
        code => {
            let reason = response.head.reason;
            return Err(CallError::Status { code, reason });
        }
    }
    let size = response.body.len();
    let value = decode_reply(&response.body)
        .map_err(CallError::NotXmlRpc)?
        .map_err(CallError::Fault)?;
    Ok((value, size))
}

/// The name is looked up by a worker: tokio would start a thread for it.
async fn connect(host: String, port: u16, workers: &Workers) -> io::Result<TcpStream> {
    let found = workers.run(move || (host, port).to_socket_addrs().map(Vec::from_iter));
    let addresses: Vec<SocketAddr> = found.await??;
    TcpStream::connect(&*addresses).await
}

async fn opened<T>(connecting: impl Future<Output = io::Result<T>>) -> Result<T, CallError> {
    match timeout(SOON, connecting).await {
        Ok(connected) => connected.map_err(|error| HttpError::Connect(error).into()),
        Err(_) => Err(HttpError::Connect(io::ErrorKind::TimedOut.into()).into()),
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
) -> Result<Response, HttpError> {
    stream.write_all(request).await.map_err(HttpError::Io)?;
    let mut collector = Collector::new(LONGEST);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer).await.map_err(HttpError::Io)?;
        if count == 0 || collector.feed(&buffer[..count])? {
            return collector.finish();
        }
    }
}
