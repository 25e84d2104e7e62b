//! `/live/log` and `/live/activity`: the text of a log as server-sent events.
//!
//! Every message's id is the [`Place`] after it; a client that comes back with
//! `Last-Event-ID` (or `cursor=`, or `from=`) goes on exactly there, over rotation and truncation. The file
//! is read when the client has taken what was read before; no more than one piece of it is in
//! memory for each client. One that is more than [`FAR`] behind skips to near the end and is
//! told how much it missed: a log that is looked at should show what happens now.
//!
//! | Event | Data |
//! | --- | --- |
//! | `at` | `{"offset":n}`: first, where the stream begins |
//! | `lines` | `{"from":n,"to":n,"text":"…"}`: the next bytes of the file, as text |
//! | `rotated` | `{}`: another file goes on from its offset 0, which may have another name |
//! | `truncated` | `{}`: the same file goes on from its offset 0 |
//! | `skipped` | `{"bytes":n}`: so much was left out, `null` if nobody knows |
//! | `gone` | `{}`: the file was removed; a new one will be `rotated` |
//! | `bye` | `{}`: the daemon ends |

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _};
use serde_json::json;
use tokio::time::sleep;
use visord_actors::log::follow::{Follower, Manner, News, Place, Start};

use crate::answer;
use crate::log_follow;
use crate::log_source::Source;
use crate::query;
use crate::site::{Shared, Site};
use crate::sse::{self, Gone, Outlet, SILENCE};
use crate::state::AppState;

/// How far behind a client may be before it skips, in bytes.
pub const FAR: u64 = 16 * 1024 * 1024;

/// The least time between two messages of a client that keeps up: a hundred open pages and a
/// thousand lines a second must not make a hundred thousand messages.
const PACE: Duration = Duration::from_millis(100);

const MANNER: Manner = Manner {
    whole_characters: true,
    skip_beyond: Some(FAR),
    pace: PACE,
};

/// Stream the log that `name=` and `channel=` name.
pub async fn process(request: &HttpRequest, site: &Site) -> HttpResponse {
    let parameters = query::parameters(request.query_string(), "");
    let source = Source::asked(&parameters);
    stream(request, site, &source, begin(&parameters)).await
}

/// Stream the daemon's own log.
pub async fn activity(request: &HttpRequest, site: &Site) -> HttpResponse {
    let parameters = query::parameters(request.query_string(), "");
    stream(request, site, &Source::Activity, begin(&parameters)).await
}

fn begin(parameters: &BTreeMap<String, String>) -> Option<&String> {
    parameters.get("cursor").or(parameters.get("from"))
}

async fn stream(
    request: &HttpRequest,
    site: &Site,
    source: &Source,
    from: Option<&String>,
) -> HttpResponse {
    let last = request
        .headers()
        .get(header::HeaderName::from_static("last-event-id"));
    let last = last.and_then(|id| id.to_str().ok());
    let Some(start) = last.or(from.map(String::as_str)).map_or(Some(END), start) else {
        return answer::explained(StatusCode::BAD_REQUEST, "This is no place in a log.");
    };
    let path = match source.file(site, 0).await {
        Ok(path) => path,
        Err(_) => return answer::error(StatusCode::NOT_FOUND),
    };
    let growth = site.state.follow.follow(&path);
    let own = path.clone();
    let open = move || Follower::open(&own, start, MANNER);
    let opened = site.state.workers.run(open).await;
    // it may have gone since it was looked at
    let Ok(Ok(follower)) = opened else {
        return answer::error(StatusCode::NOT_FOUND);
    };
    let place = follower.place();
    let source = source.clone();
    let current = move |state: &AppState| source.path(state).ok();
    let news = log_follow::follow(&site.state, path, (follower, growth), MANNER, current);
    let shared = Arc::clone(&site.shared);
    sse::open(request, site, move |outlet| {
        talk(outlet, place, news, shared)
    })
}

/// Tells one client what is new, until it or the daemon goes.
async fn talk(
    mut outlet: Outlet,
    mut place: Place,
    news: impl Stream<Item = io::Result<(News, Place)>>,
    shared: Arc<Shared>,
) -> Result<(), Gone> {
    let begin = json!({ "offset": place.offset }).to_string();
    let first = sse::message(Some(&place), "at", &begin);
    outlet.send(RETRY.to_owned() + &first).await?;
    let mut news = pin!(news);
    loop {
        let cue = tokio::select! {
            biased;
            () = outlet.closing() => Cue::End,
            told = news.next() => Cue::News(told),
            () = sleep(SILENCE) => Cue::Silence,
        };
        match cue {
            Cue::News(Some(Ok((news, now)))) => {
                place = now;
                // whoever has a turn must not wait for their client
                outlet.room().await?;
                let _turn = shared.live.turn().await;
                outlet.send(message(news, place)).await?;
            }
            // it cannot be read any more: the client comes back and is told why
            Cue::News(Some(Err(_)) | None) => return Ok(()),
            Cue::Silence => outlet.send(sse::here(&place)).await?,
            Cue::End => {
                let bye = sse::message(Some(&place), "bye", "{}");
                return outlet.send(bye).await;
            }
        }
    }
}

/// What there is to say.
enum Cue {
    News(Option<io::Result<(News, Place)>>),
    Silence,
    End,
}

/// Let the browser come back at once: the server is usually still there.
const RETRY: &str = "retry: 1000\n";

const END: Start = Start::BeforeEnd(0);

/// A place, an offset, or, negative, bytes before the end.
fn start(text: &str) -> Option<Start> {
    if let Ok(place) = text.parse() {
        return Some(Start::Place(place));
    }
    let number: i64 = text.parse().ok()?;
    Some(match u64::try_from(number) {
        Ok(offset) => Start::Offset(offset),
        Err(_) => Start::BeforeEnd(number.unsigned_abs()),
    })
}

fn message(news: News, place: Place) -> String {
    let (event, data) = match news {
        News::Text { from, bytes } => {
            let text = String::from_utf8_lossy(&bytes);
            let data = json!({ "from": from, "to": place.offset, "text": text });
            ("lines", data)
        }
        News::Truncated => ("truncated", json!({})),
        News::Rotated => ("rotated", json!({})),
        News::Gone => ("gone", json!({})),
        News::Skipped(bytes) => ("skipped", json!({ "bytes": bytes })),
    };
    sse::message(Some(&place), event, &data.to_string())
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
