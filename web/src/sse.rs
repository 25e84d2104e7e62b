//! Server-sent events: messages, and how a stream of them ends.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::route::serving;
use crate::site::Site;

/// How often a quiet stream says that it is still there. The only timer, and only while
/// somebody listens.
const HERE: Duration = Duration::from_secs(15);

/// One message. `data` is JSON on one line.
#[must_use]
pub fn message(event: &str, id: &str, data: &str) -> Bytes {
    format!("event: {event}\nid: {id}\ndata: {data}\n\n").into()
}

/// A text as JSON, quotes included.
#[must_use]
pub fn json_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + text.len() / 16 + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                // writing to a String cannot fail
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// These messages as an answer: with a sign of life while there are none, and `bye` when the
/// daemon ends. They are asked for only as fast as the client takes them.
pub fn respond(
    request: &HttpRequest,
    site: &Site,
    messages: impl Stream<Item = Bytes> + 'static,
) -> HttpResponse {
    let shared = site.shared.clone();
    let ending = shared.ending();
    let mut here = interval_at(Instant::now() + HERE, HERE);
    here.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // a quiet stream is no idle connection
    let serving = serving(request);
    let state = Some((Box::pin(messages), here, ending));
    let pieces = stream::unfold(state, move |state| {
        let (shared, _still) = (shared.clone(), &serving);
        async move {
            let (mut messages, mut here, mut ending) = state?;
            // whoever reads gets the farewell; nobody waits for one that does not
            let _busy = shared.enter();
            let piece = tokio::select! {
                biased;
                _ended = ending.wait_for(|ending| *ending) => None,
                next = messages.next() => Some(next?),
                _ = here.tick() => Some(Bytes::from_static(b": here\n\n")),
            };
            Some(match piece {
                Some(piece) => (piece, Some((messages, here, ending))),
                None => (Bytes::from_static(b"event: bye\ndata: {}\n\n"), None),
            })
        }
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(pieces.map(Ok::<_, actix_web::Error>))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_as_json() {
        let text = json_text("a\"\\\n\t\r\0\u{1b}é\u{2028}</script>");
        assert_eq!(
            text,
            "\"a\\\"\\\\\\n\\t\\r\\u0000\\u001bé\u{2028}</script>\""
        );
    }
}
