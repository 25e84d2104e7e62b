//! `/logtail` and `/mainlogtail`: a log as it grows (spec interfaces 1.6).
//!
//! The file is read here, a piece at a time and only as fast as the client takes it; the
//! writer merely says that there is more. A slow client costs nobody anything. Deviations from
//! the original, all decided (Q10, Q11): data flows at once whatever the HTTP version, a
//! truncated log is announced and continues from its new start, and what an old file still
//! held when it was rotated away comes before the new one.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::{StreamExt as _, future};
use visord_actors::log::follow::{Follower, Manner, News, Start};

use crate::answer;
use crate::clock;
use crate::log_follow;
use crate::log_source::Source;
use crate::route::{connection, serving};
use crate::rpc::logs::Channel;
use crate::site::Site;
use crate::state::AppState;

/// Bytes shown of what was there before (rule T2).
const BEFORE: u64 = 1024;

const MANNER: Manner = Manner {
    whole_characters: false,
    skip_beyond: None,
    pace: Duration::ZERO,
};

/// How long a client may take nothing of a log before its connection is closed.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Rule T7 as decided by Q11.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// The log of a process. `rest` is what follows `/logtail` in the path, decoded.
pub async fn process(request: &HttpRequest, site: &Site, rest: &str) -> HttpResponse {
    // what stands between the prefix and the first slash does not matter
    let Some((_, rest)) = rest.split_once('/') else {
        return answer::error(StatusCode::NOT_FOUND);
    };
    match source_of(rest) {
        Some(source) => stream(request, site, source, true).await,
        None => answer::error(StatusCode::NOT_FOUND),
    }
}

/// The daemon's own log.
pub async fn main(request: &HttpRequest, site: &Site) -> HttpResponse {
    stream(request, site, Source::Activity, false).await
}

/// The log of `NAME`, `NAME/stdout` or `NAME/stderr`.
fn source_of(rest: &str) -> Option<Source> {
    let (name, channel) = match rest.split_once('/') {
        None | Some((_, "stdout")) => (rest.split('/').next()?, Channel::Stdout),
        Some((name, "stderr")) => (name, Channel::Stderr),
        Some(_) => return None,
    };
    Some(Source::Process(name.to_owned(), channel))
}

async fn stream(
    request: &HttpRequest,
    site: &Site,
    source: Source,
    unbuffered: bool,
) -> HttpResponse {
    let Ok(path) = source.path(&site.state) else {
        return answer::error(StatusCode::NOT_FOUND);
    };
    let Some(place) = site.shared.audience.enter(site.state.limits.streams()) else {
        return answer::explained(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many live streams are open.",
        );
    };
    let growth = site.state.follow.follow(&path);
    let own = path.clone();
    let open = move || Follower::open(&own, Start::BeforeEnd(BEFORE), MANNER);
    // without an answer there is no log to show
    let opened = site.state.workers.run(open).await;
    let Ok(Ok(follower)) = opened else {
        return answer::error(StatusCode::NOT_FOUND);
    };
    let modified = follower
        .modified()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|age| i64::try_from(age.as_secs()).ok());
    let mut response = HttpResponse::Ok();
    if let Some(modified) = modified {
        response.insert_header((header::LAST_MODIFIED, clock::http_date(modified)));
    }
    if unbuffered {
        response.insert_header(("X-Accel-Buffering", "no"));
    }
    // a terminal may be stopped for a while
    if let Some(connection) = connection(request) {
        connection.set_write_timeout(PAUSE);
    }
    // a quiet log is no idle connection
    let serving = (serving(request), place);
    let current = move |state: &AppState| source.path(state).ok();
    let news = log_follow::follow(&site.state, path, (follower, growth), MANNER, current);
    let pieces = news.filter_map(move |told| {
        let _still = &serving;
        future::ready(told.map(|(news, _)| bytes(news)).transpose())
    });
    let mut closing = site.shared.closing();
    let end = async move {
        // a server that is gone altogether closes, too
        let _ = closing.wait_for(|closing| *closing).await;
    };
    headers(&mut response).streaming(Box::pin(pieces.take_until(Box::pin(end))))
}

/// What a follower of the plain text sees of this.
fn bytes(news: News) -> Option<Bytes> {
    match news {
        News::Text { bytes, .. } => Some(bytes.into()),
        News::Truncated => Some(Bytes::from_static(TRUNCATED)),
        News::Rotated | News::Gone | News::Skipped(_) => None,
    }
}

fn headers(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response.insert_header((header::CONTENT_TYPE, "text/plain;charset=utf-8"))
}
