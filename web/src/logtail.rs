//! `/logtail` and `/mainlogtail`: a log as it grows (spec interfaces 1.6).
//!
//! The file is read a piece at a time and only as fast as the client takes it; the writer merely
//! notifies of changes, so a slow client costs nothing. Deviations from the original (differences
//! Q10, Q11): data is sent at once whatever the HTTP version, a truncated log is announced and
//! continues from its new start, and the rest of a rotated file comes before the new one.

use std::time::Duration;

use actix_web::http::header::LastModified;
use actix_web::{HttpRequest, HttpResponse, web, web::Bytes};
use futures_util::{StreamExt as _, future};
use visord_logs::follow::{FollowEvent, FollowOptions, Start};
use visord_model::event::Stream;

use crate::answer::{Refusal, in_pieces};
use crate::connections::Connection;
use crate::log_follow;
use crate::log_source::LogSource;
use crate::site::Site;

/// Bytes shown of what is already in the log.
const BEFORE: u64 = 1024;

const OPTIONS: FollowOptions = FollowOptions {
    whole_characters: false,
    skip_beyond: None,
    pace: Duration::ZERO,
};

/// How long a client may take nothing before its connection is closed: a terminal may be stopped
/// for a while.
const PAUSE: Duration = Duration::from_secs(10 * 60);

const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// Responds with the log of a process: `/logtail/NAME[/CHANNEL]`.
pub async fn process(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    // what follows the prefix up to the next slash is ignored
    let rest = request.match_info().as_str().splitn(3, '/').nth(2);
    let source = rest.and_then(source_of).ok_or(Refusal::NOT_FOUND)?;
    respond(&request, &site, source).await
}

/// Responds with the daemon's own log.
pub async fn main(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    respond(&request, &site, LogSource::Activity).await
}

/// The log of `NAME`, `NAME/stdout` or `NAME/stderr`.
fn source_of(rest: &str) -> Option<LogSource> {
    let (name, channel) = match rest.split_once('/') {
        None => (rest, Stream::Stdout),
        Some((name, "stdout")) => (name, Stream::Stdout),
        Some((name, "stderr")) => (name, Stream::Stderr),
        Some(_) => return None,
    };
    Some(LogSource::Process(name.to_owned(), channel))
}

async fn respond(
    request: &HttpRequest,
    site: &Site,
    source: LogSource,
) -> Result<HttpResponse, Refusal> {
    let path = source.path(&site.state).map_err(|_| Refusal::NOT_FOUND)?;
    let counted = site.enter_stream()?;
    let is_process = source != LogSource::Activity;
    let start = Start::BeforeEnd(BEFORE);
    let log = log_follow::open(&site.state, source, path, start, OPTIONS).await;
    let log = log.map_err(|_| Refusal::NOT_FOUND)?;
    let mut response = HttpResponse::Ok();
    if let Some(modified) = log.modified {
        response.insert_header(LastModified(modified.into()));
    }
    if is_process {
        response.insert_header(("X-Accel-Buffering", "no"));
    }
    response.content_type("text/plain;charset=utf-8");
    if let Some(connection) = Connection::of(request) {
        connection.write_timeout.set(PAUSE);
    }
    let pieces = log.into_events().filter_map(|event| {
        let piece = event.map(|(event, _)| bytes(event));
        future::ready(piece.transpose())
    });
    let closing = site.server.closing.clone();
    let pieces = pieces.take_until(Box::pin(closing.cancelled_owned()));
    Ok(in_pieces(request, &mut response, pieces, counted))
}

/// What the client gets for a change of the log.
fn bytes(event: FollowEvent) -> Option<Bytes> {
    match event {
        FollowEvent::Text { bytes, .. } => Some(bytes.into()),
        FollowEvent::Truncated => Some(Bytes::from_static(TRUNCATED)),
        FollowEvent::Rotated | FollowEvent::Gone | FollowEvent::Skipped(_) => None,
    }
}
