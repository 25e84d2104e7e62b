//! The files of the web interface, compiled into the program.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::header::{Header as _, IfModifiedSince, LastModified};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::answer::{self, Refusal};
use crate::clock;

/// A file of `web/assets` in a folder of the web interface.
macro_rules! asset {
    ($folder:literal $name:literal) => {
        (
            concat!($folder, $name),
            include_bytes!(concat!("../assets/", $name)),
        )
    };
}

/// Path and content. The paths of sheet and images are the original's, the files are not.
const FILES: &[(&str, &[u8])] = &[
    asset!("stylesheets/" "supervisor.css"),
    asset!("images/" "supervisor.gif"),
    asset!("images/" "icon.png"),
    asset!("scripts/" "ansi.js"),
    asset!("scripts/" "events.js"),
    asset!("scripts/" "log.js"),
    asset!("scripts/" "logview.js"),
    asset!("scripts/" "links.js"),
    asset!("scripts/" "live.js"),
    asset!("scripts/" "figures.js"),
    asset!("scripts/" "process.js"),
    asset!("scripts/" "orders.js"),
    asset!("scripts/" "processes.js"),
];

/// When the files were made: with the program file, or, if that is unknown, now. Whole seconds, as
/// HTTP has no others.
static MODIFIED: LazyLock<SystemTime> = LazyLock::new(|| {
    let program = std::env::current_exe().and_then(std::fs::metadata);
    let modified = program.and_then(|program| program.modified()).ok();
    let age = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let seconds = age.map_or(clock::now().unsigned_abs(), |age| age.as_secs());
    UNIX_EPOCH + Duration::from_secs(seconds)
});

/// A file, 304 if the client has it, a redirection for a folder without slash.
///
/// # Errors
/// 404.
pub fn answer(request: &HttpRequest, path: &str) -> Result<HttpResponse, Refusal> {
    if ["stylesheets", "images"].contains(&path) {
        return Ok(answer::see_other(&format!("/{path}/")));
    }
    let file = FILES.iter().find(|(name, _)| *name == path);
    let (name, content) = file.ok_or(Refusal::NOT_FOUND)?;
    let since = IfModifiedSince::parse(request).ok();
    if since.is_some_and(|IfModifiedSince(date)| SystemTime::from(date) >= *MODIFIED) {
        return Ok(HttpResponse::NotModified().finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header(LastModified((*MODIFIED).into()))
        .content_type(content_type(name))
        .body(web::Bytes::from_static(content)))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css",
        Some((_, "gif")) => "image/gif",
        Some((_, "png")) => "image/png",
        _ => "text/javascript",
    }
}
