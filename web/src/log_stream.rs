//! `/live/log` and `/live/activity`: the text of a log as server-sent events.
//!
//! Every message's id is the [`Place`] after it; a client that reconnects with `Last-Event-ID` (or
//! `cursor=`, or `from=`) continues exactly there, over rotation and truncation. The file is read
//! when the client has received what was read before; at most one piece of it is in memory for
//! each client. A client that is more than [`FAR`] behind skips to near the end and learns how much
//! it missed: a log on a screen should show what happens now.
//!
//! | Event | Data |
//! | --- | --- |
//! | `at` | `{"offset":n}`: first, where the stream begins |
//! | `lines` | `{"from":n,"to":n,"text":"…"}`: the next bytes of the file, as text |
//! | `rotated` | `{}`: another file follows from its offset 0, which may have another name |
//! | `truncated` | `{}`: the same file follows from its offset 0 |
//! | `skipped` | `{"bytes":n}`: so much was left out, `null` if unknown |
//! | `gone` | `{}`: the file was removed; a new one will be `rotated` |
//! | `bye` | `{}`: the daemon ends |

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use serde_json::json;
use visord_logs::follow::{FollowEvent, FollowOptions, Place, Start};

use crate::answer::Refusal;
use crate::log_follow::{self, LogEvents};
use crate::log_source::LogSource;
use crate::query::Parameters;
use crate::site::Site;
use crate::sse::{self, MessageSource};

/// The path of the daemon's own log.
pub const ACTIVITY: &str = "/live/activity";

/// How far behind a client may be before it skips, in bytes.
pub const FAR: u64 = 16 * 1024 * 1024;

/// The least time between two messages of a client that keeps up: a hundred open pages and a
/// thousand lines a second must not make a hundred thousand messages.
const PACE: Duration = Duration::from_millis(100);

const OPTIONS: FollowOptions = FollowOptions {
    whole_characters: true,
    skip_beyond: Some(FAR),
    pace: PACE,
};

/// Responds to `GET /live/log` with the log that `name=` and `channel=` name, to
/// `GET /live/activity` with the daemon's own log.
pub async fn respond(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let parameters = Parameters::of(request.query_string(), "");
    let source = match request.match_info().as_str() {
        ACTIVITY => LogSource::Activity,
        _ => LogSource::from_parameters(&parameters),
    };
    let cursor = sse::cursor(&request, &parameters);
    let start = match cursor.or(parameters.get("from")) {
        None => Start::BeforeEnd(0),
        Some(text) => start(text).ok_or_else(|| {
            Refusal::because(StatusCode::BAD_REQUEST, "This is no place in a log.")
        })?,
    };
    let path = source.file(&site, 0).await;
    let path = path.map_err(|_| Refusal::NOT_FOUND)?;
    // it may have been removed since
    let log = log_follow::open(&site.state, source, path, start, OPTIONS).await;
    let log = log.map_err(|_| Refusal::NOT_FOUND)?;
    sse::respond(&request, &site, || LogMessages {
        first: true,
        event: None,
        place: log.place,
        events: log.into_events(),
    })
}

/// The messages for one client.
struct LogMessages {
    /// `at` was not sent yet.
    first: bool,
    /// What was read and not sent.
    event: Option<FollowEvent>,
    /// The place after `event`.
    place: Place,
    events: LogEvents,
}

impl MessageSource for LogMessages {
    fn has_more(&self) -> bool {
        self.first || self.event.is_some()
    }

    async fn wait(&mut self) -> bool {
        match self.events.next().await {
            Some(Ok((event, place))) => {
                (self.event, self.place) = (Some(event), place);
                true
            }
            // it can no longer be read: the client reconnects and gets the reason
            Some(Err(_)) | None => false,
        }
    }

    fn take(&mut self) -> String {
        let (event, data) = if std::mem::take(&mut self.first) {
            ("at", json!({ "offset": self.place.offset }))
        } else {
            match self.event.take() {
                None => return String::new(),
                Some(FollowEvent::Text { from, bytes }) => {
                    let text = String::from_utf8_lossy(&bytes);
                    let data = json!({ "from": from, "to": self.place.offset, "text": text });
                    ("lines", data)
                }
                Some(FollowEvent::Truncated) => ("truncated", json!({})),
                Some(FollowEvent::Rotated) => ("rotated", json!({})),
                Some(FollowEvent::Gone) => ("gone", json!({})),
                Some(FollowEvent::Skipped(bytes)) => ("skipped", json!({ "bytes": bytes })),
            }
        };
        sse::message(Some(&self.place), event, &data.to_string())
    }

    fn id(&self) -> String {
        self.place.to_string()
    }
}

/// A place, an offset, or, negative, bytes before the end.
fn start(text: &str) -> Option<Start> {
    if let Some(place) = Place::parse(text) {
        return Some(Start::Place(place));
    }
    let number: i64 = text.parse().ok()?;
    Some(match u64::try_from(number) {
        Ok(offset) => Start::Offset(offset),
        Err(_) => Start::BeforeEnd(number.unsigned_abs()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts() {
        for (text, expected) in [
            ("0", Some(Start::Offset(0))),
            ("17", Some(Start::Offset(17))),
            ("-17", Some(Start::BeforeEnd(17))),
            ("", None),
            ("x", None),
            ("1a.0-5", None),
        ] {
            assert_eq!(start(text), expected, "{text}");
        }
        assert!(matches!(start("1a.ff-5-0"), Some(Start::Place(place)) if place.offset == 5));
    }
}
