//! The body of a request, bounded in size, memory and time.

use actix_web::HttpRequest;
use actix_web::body::{SizedStream, to_bytes_limited};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use tokio::time::timeout;

use crate::answer::Refusal;
use crate::budget::{self, Reservation};
use crate::site::Site;

/// Reads the body of a request; a large one comes with its memory.
///
/// # Errors
/// 411 without a length, 413 if it is too long, 408 if it takes too long, 503 if there are too
/// many large ones.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    site: &Site,
) -> Result<(Bytes, Option<Reservation>), Refusal> {
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
    let bytes = to_bytes_limited(SizedStream::new(announced as u64, payload), most);
    let bytes = timeout(site.state.limits.patience, bytes)
        .await
        .map_err(|_| StatusCode::REQUEST_TIMEOUT)?
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok((bytes, share))
}
