//! Responses that are not pages: errors, redirections (spec interfaces 1.3), and the parts that
//! all responses share.

use std::borrow::Cow;

use actix_web::http::header;
use actix_web::http::{ConnectionType, StatusCode, Version};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use derive_more::Display;
use futures_util::{Stream, StreamExt as _};

use crate::connections::Connection;

/// An error as a response: a small page, with at most one sentence of explanation.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[display("{status}")]
pub struct Refusal {
    status: StatusCode,
    /// Empty, or HTML without a client's text.
    why: Cow<'static, str>,
    /// The client may try again soon.
    is_temporary: bool,
    /// Nothing else that the client sent on this connection is read.
    closes: bool,
}

impl Refusal {
    /// 404.
    pub const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND);

    /// Without an explanation.
    pub const fn new(status: StatusCode) -> Self {
        Self {
            status,
            why: Cow::Borrowed(""),
            is_temporary: false,
            closes: false,
        }
    }

    /// With an explanation, in HTML.
    pub fn because(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            why: why.into(),
            ..Self::new(status)
        }
    }

    /// Name and password are required. The connection is closed.
    pub fn unauthorized() -> Self {
        Self {
            closes: true,
            ..Self::new(StatusCode::UNAUTHORIZED)
        }
    }

    /// There is no memory for the response now.
    pub fn busy() -> Self {
        Self {
            why: Cow::Borrowed("The server is sending too many large answers. Try again soon."),
            is_temporary: true,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE)
        }
    }

    /// Too many logins wait to be verified. The connection is closed.
    pub fn too_many_logins() -> Self {
        Self {
            why: Cow::Borrowed("Too many logins wait to be verified. Try again soon."),
            closes: true,
            ..Self::busy()
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("text/html");
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"default\""));
        }
        if self.is_temporary {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        if self.closes {
            response.force_close();
        }
        response.body(page(self.status, &self.why))
    }
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Self::new(status)
    }
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        refusal.error_response()
    }
}

/// Its links begin at the root, as it may be shown at any path; behind a proxy's prefix it has no
/// style but is readable.
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

/// A redirection (difference Q24). `location` is relative and already encoded.
pub fn see_other(location: &str) -> HttpResponse {
    uncached(StatusCode::SEE_OTHER, "text/html")
        .insert_header((header::LOCATION, location))
        .body(page(StatusCode::SEE_OTHER, ""))
}

/// A response of this type that caches do not store: it shows the present moment only.
pub fn uncached(status: StatusCode, content_type: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::PRAGMA, "no-cache"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"))
        .insert_header((header::CONTENT_TYPE, content_type));
    response
}

/// A response whose length is not known when it begins. Until it ends, the client is being served
/// and `held` is kept.
pub fn in_pieces<E>(
    request: &HttpRequest,
    response: &mut HttpResponseBuilder,
    pieces: impl Stream<Item = Result<Bytes, E>> + 'static,
    held: impl Sized + 'static,
) -> HttpResponse
where
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    let held = (Connection::serve_request(request), held);
    let mut response = response.streaming(Box::pin(pieces.inspect(move |_| {
        let _held = &held;
    })));
    if request.version() < Version::HTTP_11 {
        // such a client knows no chunks: the end of the connection is the end of the response
        let head = response.head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    response
}
