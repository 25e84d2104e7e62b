//! `/metrics`: the state of the daemon in numbers, for Prometheus and compatible readers.
//! `/healthz`: whether it runs.
//!
//! Nearly all numbers are read from their owners for each request; only calls and requests are
//! counted for it ([`crate::meters`]). The text is made by a worker thread
//! (docs/decisions/0011-metrics.md).

mod collect;
mod text;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use self::text::{Format, Text};
use crate::answer::{Refusal, uncached};
use crate::site::Site;

/// Responds to `GET /metrics`.
pub async fn respond(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let format = Format::accepted(&request);
    let (state, streams) = (Arc::clone(&site.state), site.server.streams.clone());
    let text = site.state.workers.run(move || {
        state.usage.sample_once();
        let mut text = Text::new(format);
        collect::everything(&mut text, &state, streams.len());
        text.finish()
    });
    // it panicked, or too many jobs wait
    let text = text.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(uncached(StatusCode::OK, format.content_type())
        .insert_header((header::VARY, "Accept"))
        .body(text))
}

/// Responds to `GET /healthz`: 200 while the daemon runs, 503 once it is closing. It needs no
/// login, so it reveals nothing else.
pub async fn health(site: web::Data<Site>) -> HttpResponse {
    let (status, text) = if site.state.board.state().is_closing() {
        (StatusCode::SERVICE_UNAVAILABLE, "closing\n")
    } else {
        (StatusCode::OK, "OK\n")
    };
    uncached(status, "text/plain").body(text)
}
