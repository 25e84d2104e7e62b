//! A part of a log for the browser's module.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde_json::json;

use super::read::{Found, Shown};
use crate::answer;
use crate::log_source::Absent;
use crate::log_view::Window;

/// The answer.
pub(super) fn respond(found: Result<Found, Absent>) -> HttpResponse {
    let (status, body) = match found {
        Ok(found) => match found.shown {
            Shown::Window(_) | Shown::Untimed(_) => (StatusCode::OK, found.text),
            Shown::Hits(_) => (StatusCode::BAD_REQUEST, found.text),
        },
        Err(absent) => {
            let body = json!({ "absent": absent.to_string(), "mayCome": absent.may_come() });
            (StatusCode::NOT_FOUND, body.to_string())
        }
    };
    answer::uncached(&mut HttpResponse::build(status))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}

/// A part of a log as JSON.
pub(super) fn body(shown: &Shown) -> String {
    match shown {
        Shown::Window(window) => window_as_json(window, true),
        Shown::Untimed(window) => window_as_json(window, false),
        // the module searches what it has itself
        Shown::Hits(_) => "{}".to_owned(),
    }
}

fn window_as_json(window: &Window, is_timed: bool) -> String {
    let place = window.place.to_string();
    json!({
        "file": place.split('-').next(),
        "from": window.from,
        "to": window.to,
        "size": window.size,
        "place": place,
        "timed": is_timed,
        "text": String::from_utf8_lossy(&window.bytes),
    })
    .to_string()
}
