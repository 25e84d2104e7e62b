//! The files of the web interface, inside the program.

use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HttpDate, IfModifiedSince};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::answer;
use crate::clock;

/// Path, type and content. The paths of sheet and images are the original's, the files are not.
const FILES: &[(&str, &str, &[u8])] = &[
    (
        "stylesheets/supervisor.css",
        "text/css",
        include_bytes!("../assets/supervisor.css"),
    ),
    (
        "images/supervisor.gif",
        "image/gif",
        include_bytes!("../assets/supervisor.gif"),
    ),
    (
        "images/icon.png",
        "image/png",
        include_bytes!("../assets/icon.png"),
    ),
    (
        "scripts/ansi.js",
        "text/javascript",
        include_bytes!("../assets/ansi.js"),
    ),
    (
        "scripts/events.js",
        "text/javascript",
        include_bytes!("../assets/events.js"),
    ),
    (
        "scripts/log.js",
        "text/javascript",
        include_bytes!("../assets/log.js"),
    ),
    (
        "scripts/logview.js",
        "text/javascript",
        include_bytes!("../assets/logview.js"),
    ),
    (
        "scripts/links.js",
        "text/javascript",
        include_bytes!("../assets/links.js"),
    ),
    (
        "scripts/live.js",
        "text/javascript",
        include_bytes!("../assets/live.js"),
    ),
    (
        "scripts/figures.js",
        "text/javascript",
        include_bytes!("../assets/figures.js"),
    ),
    (
        "scripts/process.js",
        "text/javascript",
        include_bytes!("../assets/process.js"),
    ),
    (
        "scripts/orders.js",
        "text/javascript",
        include_bytes!("../assets/orders.js"),
    ),
    (
        "scripts/processes.js",
        "text/javascript",
        include_bytes!("../assets/processes.js"),
    ),
];

/// When these files came to be: with the program file, or, if nobody knows, now.
static SINCE: LazyLock<i64> = LazyLock::new(|| {
    std::env::current_exe()
        .and_then(std::fs::metadata)
        .and_then(|program| program.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|age| i64::try_from(age.as_secs()).ok())
        .unwrap_or_else(clock::now)
});

/// A file, 304 if the client has it, a redirection for a folder without slash, or 404.
#[must_use]
pub fn answer(request: &HttpRequest, path: &str) -> HttpResponse {
    if ["stylesheets", "images"].contains(&path) {
        return answer::see_other(&format!("/{path}/"));
    }
    let Some((_, kind, content)) = FILES.iter().find(|(name, _, _)| *name == path) else {
        return answer::error(StatusCode::NOT_FOUND);
    };
    if is_known(request) {
        return HttpResponse::NotModified().finish();
    }
    HttpResponse::Ok()
        .insert_header((header::LAST_MODIFIED, clock::http_date(*SINCE)))
        .insert_header((header::CONTENT_TYPE, *kind))
        .body(web::Bytes::from_static(content))
}

/// Whether the client has what there is, by `If-Modified-Since`.
fn is_known(request: &HttpRequest) -> bool {
    let since = header::Header::parse(request).ok();
    since.is_some_and(|IfModifiedSince(date): IfModifiedSince| seconds(date) >= *SINCE)
}

fn seconds(date: HttpDate) -> i64 {
    std::time::SystemTime::from(date)
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| i64::try_from(age.as_secs()).ok())
        .unwrap_or(0)
}
