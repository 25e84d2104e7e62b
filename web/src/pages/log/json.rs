//! A part of a log for the browser's module.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde_json::json;

use super::Shown;
use crate::answer;
use crate::log_source::Absent;
use crate::log_view::Window;

/// The answer.
pub(super) fn respond(shown: Result<Shown, Absent>) -> HttpResponse {
    let (status, body) = match shown {
        Ok(Shown::Window(window)) => (StatusCode::OK, window_as_json(&window, true)),
        Ok(Shown::Untimed(window)) => (StatusCode::OK, window_as_json(&window, false)),
        Ok(Shown::Hits(_)) => (StatusCode::BAD_REQUEST, "{}".to_owned()),
        Err(absent) => {
            let body = json!({ "absent": absent.words(), "mayCome": absent.may_come() });
            (StatusCode::NOT_FOUND, body.to_string())
        }
    };
    answer::uncached(&mut HttpResponse::build(status))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
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
