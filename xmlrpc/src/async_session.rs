//! One connection that carries call after call, for a client that calls the same server again and
//! again.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use crate::async_client::receive;
use crate::client::result_of;
use crate::error::{CallError, WireFault};
use crate::http::{Endpoint, broken};
use crate::value::Value;

const HEADERS: &str = "User-Agent: visord\r\n";

/// A connection to a server, between two calls.
#[derive(Debug)]
pub struct AsyncSession<S>(S);

/// What a call gave, and the session if it can carry another one.
pub type SessionAnswer<S> = (Result<Value, WireFault>, Option<AsyncSession<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncSession<S> {
    /// A session over a connection that was just opened.
    pub const fn new(stream: S) -> Self {
        Self(stream)
    }

    /// Whether the server has neither closed the connection nor said something unasked, as far as
    /// is known without waiting.
    pub async fn is_idle(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let peek = poll_fn(|cx| {
            let polled = Pin::new(&mut self.0).poll_read(cx, &mut buffer);
            Poll::Ready(polled.is_pending())
        });
        peek.await
    }

    /// Call a method. A session is used up by a failure, and if this is dropped before it ends: the
    /// rest of an answer must not be taken for the answer to the next call. How long it may take is
    /// for the caller to limit; the answer's body has at most `longest` bytes.
    ///
    /// # Errors
    /// See [`CallError`]; a fault is none, since the connection lives on. Nothing is tried twice.
    pub async fn call(
        mut self,
        endpoint: &Endpoint,
        longest: usize,
        method: &str,
        params: &[Value],
    ) -> Result<SessionAnswer<S>, CallError> {
        let request = endpoint.call(HEADERS, method, params);
        let stream = &mut self.0;
        stream.write_all(&request).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let (head, body, is_reusable) = receive(stream, longest).await?;
        let result = match result_of(&head, &body) {
            Ok(value) => Ok(value),
            Err(CallError::Fault(fault)) => Err(fault),
            Err(error) => return Err(error),
        };
        Ok((result, is_reusable.then_some(self)))
    }
}

#[cfg(test)]
mod tests;
