//! Headers that tell browsers what a response may do, on every response, errors too.
//!
//! They are added in one place, so that no response can lack them.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// On every response: its type is not guessed, and other sites may not include it.
pub static ALWAYS: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, value("nosniff")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        value("same-origin"),
    ),
];

/// On all that a browser may show: no content from other sites, no script or style inside a page,
/// no frame around it.
pub static SHOWN: [(HeaderName, HeaderValue); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        value(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ),
    (X_FRAME_OPTIONS, value("DENY")),
    // with it older browsers name the page of a form (difference Q25)
    (REFERRER_POLICY, value("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        value("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        value("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

const fn value(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// Adds them to a response, except those that it has already.
pub fn add_headers(response: &mut HttpResponse) {
    let headers = response.headers_mut();
    let is_call = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/xml");
    // responses to calls are for programs, and many
    let shown = if is_call { &[][..] } else { &SHOWN };
    for (name, value) in ALWAYS.iter().chain(shown) {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// Keeps a response out of every cache, that on the browser's disk too: it contains logs or the
/// configuration.
pub fn keep_out_of_caches(response: &mut HttpResponse) {
    response
        .headers_mut()
        .insert(CACHE_CONTROL, value("no-store"));
}
