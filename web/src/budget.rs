//! A bound on the memory of responses that clients have not read yet.
//!
//! A small response is not counted: it is part of the cost of a connection. A large one reserves
//! its memory before it is made and returns it when it was sent. A response that gets no memory
//! waits, or the client is asked to try again later; the write timeout of `stream.rs` closes
//! connections of clients that do not read, so memory is always returned
//! (docs/decisions/0017-answers-in-pieces.md).

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody as _, SizedStream};
use actix_web::web::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::Refusal;

/// Bytes for large responses of all listeners.
pub const TOTAL: usize = 32 * 1024 * 1024;

/// Bytes of the largest response that is not counted.
pub const SMALL: usize = 64 * 1024;

/// Bytes of a response that is sent in pieces of [`PIECE`]: the piece that is being sent, one that
/// waits, one that is being made, with what it is made from.
pub const STREAM: usize = 256 * 1024;

/// About how many bytes a piece has.
pub const PIECE: usize = 32 * 1024;

/// Bytes of one permit.
const UNIT: usize = 1024;

/// Memory to reserve. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// Part of the budget, returned when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOTAL / UNIT)))
    }
}

/// Permits for a number of bytes; the largest response gets the whole budget.
fn permits(bytes: usize) -> u32 {
    let units = bytes.min(TOTAL).div_ceil(UNIT);
    u32::try_from(units).unwrap_or(u32::MAX)
}

impl Budget {
    /// Waits for memory; requests are served in order.
    pub async fn reserve(&self, bytes: usize) -> Reservation {
        let permit = Arc::clone(&self.0).acquire_many_owned(permits(bytes)).await;
        // it is never closed
        let _permit = permit.ok();
        Reservation { _permit }
    }

    /// Reserves memory if it is free now.
    #[must_use]
    pub fn try_reserve(&self, bytes: usize) -> Option<Reservation> {
        let permit = Arc::clone(&self.0).try_acquire_many_owned(permits(bytes));
        permit.ok().map(|permit| Reservation {
            _permit: Some(permit),
        })
    }
}

/// A complete response body with its memory. It is sent in pieces, so that the connection's buffer
/// does not hold it a second time.
pub fn whole(bytes: impl Into<Bytes>, share: Reservation) -> BoxBody {
    let mut rest = bytes.into();
    let size = rest.len() as u64;
    let pieces = std::iter::from_fn(move || {
        let _share = &share;
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some(Ok::<_, Infallible>(piece))
    });
    BoxBody::new(SizedStream::new(size, stream::iter(pieces)))
}

/// A response with its memory, which `reserve` gets if the response is large, unless its body has
/// some already.
///
/// # Errors
/// There is no memory for it now.
pub fn count_large(
    response: HttpResponse,
    reserve: impl FnOnce(usize) -> Option<Reservation>,
) -> Result<HttpResponse, Refusal> {
    let size = match response.body().size() {
        BodySize::Sized(size) => usize::try_from(size).unwrap_or(usize::MAX),
        BodySize::None | BodySize::Stream => 0,
    };
    if size <= SMALL {
        return Ok(response);
    }
    let (response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Err(counted) => counted,
        Ok(bytes) => whole(bytes, reserve(size).ok_or(Refusal::busy())?),
    };
    Ok(response.set_body(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Budget {
        /// Bytes that are not reserved.
        pub(crate) fn free(&self) -> usize {
            self.0.available_permits() * UNIT
        }
    }

    #[actix::test]
    async fn what_is_dropped_is_given_back() {
        let budget = Budget::default();
        let half = budget.try_reserve(TOTAL / 2).unwrap();
        let most = budget.try_reserve(TOTAL / 2 - UNIT).unwrap();
        assert!(budget.try_reserve(UNIT + 1).is_none());
        let waiting = budget.clone();
        let waiting = actix_web::rt::spawn(async move { waiting.reserve(TOTAL * 2).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(half);
        drop(most);
        let all = waiting.await.unwrap();
        assert!(budget.try_reserve(1).is_none());
        drop(all);
        assert_eq!(budget.free(), TOTAL);
    }

    #[actix::test]
    async fn a_whole_answer_is_handed_on_in_pieces() {
        let budget = Budget::default();
        let text = "x".repeat(PIECE * 2 + 5);
        let share = budget.try_reserve(text.len()).unwrap();
        let whole = whole(text.clone(), share);
        assert_eq!(whole.size(), BodySize::Sized(text.len() as u64));
        let bytes = actix_web::body::to_bytes(whole).await.unwrap();
        assert_eq!(bytes, text);
        assert_eq!(budget.free(), TOTAL);
    }
}
