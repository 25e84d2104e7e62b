//! Answers that are not pages: errors, redirections (spec interfaces 1.3).

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// The small page of an error.
#[must_use]
pub fn error(status: StatusCode) -> HttpResponse {
    explained(status, "")
}

/// The same with a sentence for people.
#[must_use]
pub fn explained(status: StatusCode, why: &str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("text/html")))
        .body(page(status, why))
}

/// Stands at any depth of path, so its links begin at the root; behind a proxy's prefix it is
/// plain but readable. `why` is ours, never a client's text.
fn page(status: StatusCode, why: &str) -> String {
    let code = status.as_u16();
    let reason = status.canonical_reason().unwrap_or_default();
    let why = if why.is_empty() {
        String::new()
    } else {
        format!("<p>{why}</p>\n")
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{code} {reason}</title>\n\
         <link rel=\"stylesheet\" href=\"/stylesheets/supervisor.css\">\n</head>\n\
         <body>\n<main id=\"wrapper\">\n<h1>{code} {reason}</h1>\n{why}\
         <p><a href=\"/\">To the processes</a></p>\n</main>\n</body>\n</html>\n"
    )
}

/// Come in only with name and password. The connection is closed: what else it brought was
/// not asked for politely.
#[must_use]
pub fn unauthorized() -> HttpResponse {
    HttpResponse::Unauthorized()
        .insert_header((
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"default\""),
        ))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("text/html")))
        .force_close()
        .body(page(StatusCode::UNAUTHORIZED, ""))
}

/// There is no room for the answer: come back later.
#[must_use]
pub fn busy() -> HttpResponse {
    later("The server is sending too many large answers. Try again soon.")
}

/// Too many logins wait to be verified: come back later. The connection is closed, as with
/// [`unauthorized`].
#[must_use]
pub fn too_many_logins() -> HttpResponse {
    let mut response = later("Too many logins wait to be verified. Try again soon.");
    let head = response.head_mut();
    head.set_connection_type(ConnectionType::Close);
    response
}

fn later(why: &str) -> HttpResponse {
    let mut response = explained(StatusCode::SERVICE_UNAVAILABLE, why);
    let soon = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// Look there instead (decision Q24). `location` is relative and already encoded.
#[must_use]
pub fn see_other(location: &str) -> HttpResponse {
    uncached(&mut HttpResponse::SeeOther())
        .insert_header((header::LOCATION, location))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("text/html")))
        .body(page(StatusCode::SEE_OTHER, ""))
}

/// What a page shows is of this moment only.
pub fn uncached(builder: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    builder
        .insert_header((header::PRAGMA, HeaderValue::from_static("no-cache")))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .insert_header((
            header::EXPIRES,
            HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"),
        ))
}
