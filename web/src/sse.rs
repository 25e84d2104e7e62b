//! Server-sent events: a response that ends when the client or the server does
//! (docs/decisions/0021-routing-and-events.md).
//!
//! The messages are made when the connection has room for them, so little memory is used for a
//! client that does not read; the write timeout of its connection closes it. It reconnects and
//! continues where it was. Other clients are not affected.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use tokio::time::sleep_until;

use crate::answer::{Refusal, in_pieces};
use crate::clock;
use crate::query::Parameters;
use crate::site::{ServerState, Site};

/// Between two comments on a silent stream: proxies close what is silent for a minute.
const SILENCE: Duration = Duration::from_secs(15);

/// Lets the browser reconnect soon: usually the server still runs.
const FIRST: &str = "retry: 1000\n: here\n\n";

/// The response with the messages of a source.
///
/// # Errors
/// The request is from a page of another site, or too many streams are open.
pub(crate) fn respond<S: MessageSource + 'static>(
    request: &HttpRequest,
    site: &Site,
    source: impl FnOnce() -> S,
) -> Result<HttpResponse, Refusal> {
    site.check_origin(request)?;
    let counted = site.enter_stream()?;
    let events = EventStream {
        source: source(),
        server: Arc::clone(&site.server),
        has_ended: false,
    };
    let first = stream::iter([Ok(Bytes::from_static(FIRST.as_bytes()))]);
    let rest = stream::unfold(events, |mut events| async move {
        let piece = events.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), events))
    });
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    let pieces = stream::StreamExt::chain(first, rest);
    Ok(in_pieces(request, &mut response, pieces, counted))
}

/// Where a client continues: after the last message that its browser has got, or as its URL says.
/// A browser that reconnects uses the URL of its first request.
pub(crate) fn cursor<'a>(request: &'a HttpRequest, query: &'a Parameters) -> Option<&'a str> {
    let last = request.headers().get("Last-Event-ID");
    let last = last.and_then(|id| id.to_str().ok());
    last.or(query.get("cursor"))
}

/// The messages for one client.
pub(crate) trait MessageSource {
    /// Whether [`take`](Self::take) has something to send.
    fn has_more(&self) -> bool;

    /// Waits until something changes; false at the end of the messages. May be dropped and called
    /// again at any time.
    async fn wait(&mut self) -> bool;

    /// The next messages, about [`PIECE`](crate::budget::PIECE) bytes; empty if there are none for this client.
    fn take(&mut self) -> String;

    /// The id of the last message.
    fn id(&self) -> String;
}

struct EventStream<S> {
    source: S,
    server: Arc<ServerState>,
    has_ended: bool,
}

impl<S: MessageSource> EventStream<S> {
    async fn next(&mut self) -> Option<String> {
        let due = clock::instant() + SILENCE;
        while !self.has_ended {
            if self.source.has_more() {
                let _turn = self.server.live.turn().await;
                let piece = self.source.take();
                if !piece.is_empty() {
                    return Some(piece);
                }
                continue;
            }
            tokio::select! {
                biased;
                () = self.server.closing.cancelled() => {
                    self.has_ended = true;
                    return Some(message(Some(&self.source.id()), "bye", "{}"));
                }
                has_changed = self.source.wait() => self.has_ended = !has_changed,
                () = sleep_until(due) => return Some(format!(": here\nid: {}\n\n", self.source.id())),
            }
        }
        None
    }
}

/// A message: `event` and its data, one line of JSON.
pub(crate) fn message(id: Option<&dyn Display>, event: &str, data: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    format!("{id}event: {event}\ndata: {data}\n\n")
}
