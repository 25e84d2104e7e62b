//! The body of a request, bounded in size, memory and time.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::answer::Refusal;
use crate::budget::{self, Reservation};
use crate::site::Site;

/// A complete body.
#[derive(Debug, Default)]
pub struct RequestBody {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its memory, if it is large.
    pub share: Option<Reservation>,
}

impl RequestBody {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// 411 without a length, 413 if it is too long, 408 if it takes too long, 503 if there are too
    /// many large ones.
    pub async fn read(
        request: &HttpRequest,
        payload: Payload,
        site: &Site,
    ) -> Result<Self, Refusal> {
        let most = site.listener.config.max_body;
        let announced = match request.headers().get(CONTENT_LENGTH) {
            Some(value) => value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .filter(|length| *length <= most)
                .ok_or(StatusCode::PAYLOAD_TOO_LARGE)?,
            None if request.headers().contains_key(TRANSFER_ENCODING) => most,
            None => return Err(StatusCode::LENGTH_REQUIRED.into()),
        };
        let share = if announced > budget::SMALL {
            let share = site.state.uploads.try_reserve(announced);
            Some(share.ok_or(StatusCode::SERVICE_UNAVAILABLE)?)
        } else {
            None
        };
        let bytes = timeout(site.state.limits.patience, collect(payload, most))
            .await
            .map_err(|_| StatusCode::REQUEST_TIMEOUT)??;
        Ok(Self { bytes, share })
    }
}

async fn collect(mut payload: Payload, most: usize) -> Result<Bytes, StatusCode> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if first.len() + rest.len() + chunk.len() > most {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    // nearly every call comes in one piece, which is not copied
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    whole.unsplit(rest);
    Ok(whole.freeze())
}
