//! Headers that tell browsers what an answer of ours may do: on every answer, errors too.
//!
//! They stand in one place because the one answer that lacks them is the one that matters.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// On every answer: what it is, is what we say, and other sites may not take it into theirs.
pub const ALWAYS: [(HeaderName, &str); 2] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// On all that a browser may show. Nothing from elsewhere, no script or style inside a page, no
/// frame around us.
pub const SHOWN: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (X_FRAME_OPTIONS, "DENY"),
    // older browsers say with it where a form comes from (decision Q25)
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Put them on an answer, but for those it has set itself.
pub fn cover(response: &mut HttpResponse) {
    let headers = response.headers_mut();
    let is_call = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/xml");
    add(headers, &ALWAYS);
    // answers to calls are for programs, and many
    if !is_call {
        add(headers, &SHOWN);
    }
}

/// Keep an answer out of every cache, that of the browser's disk too: it holds logs or the
/// configuration.
pub fn keep_out_of_caches(response: &mut HttpResponse) {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, value);
}

fn add(headers: &mut HeaderMap, all: &[(HeaderName, &'static str)]) {
    for (name, value) in all {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
    }
}
