//! `/metrics`: what the daemon knows in numbers, for Prometheus and whatever reads the same.
//! `/healthz`: whether it is there at all.
//!
//! Nearly all numbers are read from where they are kept when somebody asks; only calls and
//! requests are counted here ([`meters`]). All of it happens beside the HTTP thread.

pub mod format;
pub mod meters;

mod collect;
mod text;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use self::format::Format;
use self::text::Text;
use crate::answer;
use crate::site::Site;
use crate::state::AppState;

/// Answer `GET /metrics`.
pub async fn answer(request: &HttpRequest, site: &Site) -> HttpResponse {
    let accept = request.headers().get(header::ACCEPT);
    let format = Format::asked(accept.and_then(|value| value.to_str().ok()));
    let (state, audience) = (Arc::clone(&site.state), site.shared.audience.clone());
    let written = site.state.workers.run(move || {
        state.usage.sample_once();
        let mut text = Text::new(format);
        collect::everything(&mut text, &state, audience.len());
        text.finish()
    });
    // the thread panicked, or the daemon is going away
    let Ok(text) = written.await else {
        return answer::error(StatusCode::INTERNAL_SERVER_ERROR);
    };
    answer::uncached(&mut HttpResponse::Ok())
        .insert_header((
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.content_type()),
        ))
        .insert_header((header::VARY, HeaderValue::from_static("Accept")))
        .insert_header((
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .body(text)
}

/// Answer `GET /healthz`: 200 while the daemon runs, 503 once it is closing. Whoever can connect
/// may ask, so it says nothing else.
pub fn health(state: &AppState) -> HttpResponse {
    let (status, word) = if state.board.mood().is_closing() {
        (StatusCode::SERVICE_UNAVAILABLE, "closing\n")
    } else {
        (StatusCode::OK, "OK\n")
    };
    answer::uncached(&mut HttpResponse::build(status))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("text/plain")))
        .body(word)
}
