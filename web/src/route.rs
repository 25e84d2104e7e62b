//! Where a request goes: first whether it may come in, then by its path (spec interfaces 1.5).

use std::fmt;
use std::rc::Rc;

use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::http::header::{CONTENT_LENGTH, HeaderValue, SET_COOKIE, TRANSFER_ENCODING};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::web::{self, Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::{Stream, StreamExt as _};
use slog::trace;
use tokio::time::{Instant, sleep, timeout};
use visord_actors::vigil::Vigil;

use crate::answer;
use crate::auth::Verdict;
use crate::auth::throttle::Throttle;
use crate::budget::{self, Reservation, Whole};
use crate::caller::Caller;
use crate::clock;
use crate::connections::{Connection, Peer, Serving};
use crate::origin;
use crate::query;
use crate::rpc::transmit::Answer;
use crate::site::Site;
use crate::{assets, live, log_stream, logtail, metrics, pages, rpc, session, shield};

/// What a path leads to. Tried in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    /// XML-RPC.
    Rpc,
    /// The log of a process; the rest of the path.
    Logtail(String),
    /// The daemon's own log.
    MainLogtail,
    /// What changes, as it changes.
    Live,
    /// The text of a process's log, as it grows.
    LiveLog,
    /// That of the daemon's own log.
    LiveActivity,
    /// Numbers for machines.
    Metrics,
    /// A page.
    Page(pages::Page),
    /// A file of the web interface, or nothing.
    File(String),
}

impl Route {
    /// The route of a path that has been decoded once.
    fn of(path: &str) -> Self {
        if path.starts_with("/RPC2") {
            return Self::Rpc;
        }
        if let Some(rest) = path.strip_prefix("/logtail") {
            return Self::Logtail(rest.to_owned());
        }
        if path.starts_with("/mainlogtail") {
            return Self::MainLogtail;
        }
        match path {
            "/live" => return Self::Live,
            "/live/log" => return Self::LiveLog,
            "/live/activity" => return Self::LiveActivity,
            "/metrics" => return Self::Metrics,
            _ => {}
        }
        let bare = path.trim_start_matches('/');
        pages::Page::of(bare).map_or_else(|| Self::File(bare.to_owned()), Self::Page)
    }

    /// Whether this method means anything here; if not, the original answers 400.
    fn takes(&self, method: &Method) -> bool {
        match self {
            Self::Rpc => *method == Method::POST,
            Self::Logtail(_)
            | Self::MainLogtail
            | Self::Live
            | Self::LiveLog
            | Self::LiveActivity => *method == Method::GET,
            Self::Page(_) => [Method::GET, Method::POST, Method::HEAD].contains(method),
            Self::Metrics | Self::File(_) => [Method::GET, Method::HEAD].contains(method),
        }
    }
}

/// Answer one request.
pub async fn handle(request: HttpRequest, payload: Payload, site: web::Data<Site>) -> HttpResponse {
    let vigil = request.app_data::<Vigil>().cloned();
    vigil.iter().for_each(Vigil::came);
    let mut response = match for_anybody(&request, &site) {
        Some(response) => response,
        None => match caller(&request, &site).await {
            Err(refusal) => refusal,
            Ok(caller) => {
                // only now: a client that guesses passwords is not being served, and the end of
                // the server does not wait for its refusal
                let _busy = (site.shared.enter(), serving(&request));
                lead(&request, payload, &site, caller).await
            }
        },
    };
    response = within_budget(response, &site);
    shield::cover(&mut response);
    site.state.meters.answered(response.status().as_u16());
    trace!(site.state.log, "{}", Access(&request, &response));
    // a client that calls in a row is about to call again
    vigil.iter().for_each(Vigil::sent);
    response
}

/// The answer to what needs no leave to come in.
fn for_anybody(request: &HttpRequest, site: &Site) -> Option<HttpResponse> {
    let asks = [Method::GET, Method::HEAD].contains(request.method());
    (asks && request.path() == "/healthz").then(|| metrics::health(&site.state))
}

/// Keeps the client's connection from being closed for lack of activity.
pub fn serving(request: &HttpRequest) -> Option<Serving> {
    connection(request).map(Connection::serve)
}

/// The connection that a request came over; tests have none.
pub fn connection(request: &HttpRequest) -> Option<&Rc<Connection>> {
    request.conn_data::<Rc<Connection>>()
}

/// Who asks, or the refusal of a client that may not come in at all.
async fn caller(request: &HttpRequest, site: &Site) -> Result<Caller, HttpResponse> {
    let headers = request.headers();
    let Some(users) = &site.door.users else {
        let (own, allowed) = (&site.shared.host_name, &site.door.allowed_hosts);
        // DNS cannot lead a browser to a unix socket
        let welcome = site.door.socket.is_some() || origin::may_be_called(headers, own, allowed);
        return welcome.then_some(Caller::ANYBODY).ok_or_else(|| {
            answer::explained(
                StatusCode::FORBIDDEN,
                "This server asks for no password, so it answers only to IP addresses, \
                 localhost, its own name and the names in its option allowed_hosts.",
            )
        });
    };
    let peer = connection(request).map_or(Peer::Unknown, |connection| connection.peer());
    let (throttle, delay) = (&site.shared.throttle, site.state.limits.failure_delay);
    let workers = &site.state.workers;
    let refusal = match users.check(headers, peer, throttle, workers).await {
        Verdict::Welcome(caller) => return Ok(caller),
        Verdict::Unknown => return Err(answer::unauthorized()),
        Verdict::Garbled => return Err(answer::error(StatusCode::BAD_REQUEST)),
        Verdict::Wrong(key) => throttle.refuse(key, delay, Instant::now()),
        Verdict::Busy => Throttle::busy(delay),
    };
    sleep(refusal.wait).await;
    Err(if refusal.is_busy {
        answer::too_many_logins()
    } else {
        answer::unauthorized()
    })
}

/// Answer a client that may come in.
async fn lead(
    request: &HttpRequest,
    payload: Payload,
    site: &Site,
    caller: Caller,
) -> HttpResponse {
    // `;params` are ignored; what is encoded is not syntax (decision Q26)
    let path = request.path().split(';').next().unwrap_or_default();
    let Ok(path) = String::from_utf8(query::decoded(path)) else {
        return answer::error(StatusCode::BAD_REQUEST);
    };
    let route = Route::of(&path);
    if !route.takes(request.method()) {
        return answer::error(StatusCode::BAD_REQUEST);
    }
    match route {
        Route::Rpc => call(request, payload, site, &caller).await,
        Route::Logtail(rest) => logtail::process(request, site, &rest).await,
        Route::MainLogtail => logtail::main(request, site).await,
        Route::Live => live::answer(request, site),
        Route::LiveLog => log_stream::process(request, site).await,
        Route::LiveActivity => log_stream::activity(request, site).await,
        Route::Metrics => metrics::answer(request, site).await,
        Route::Page(page) => show(request, payload, site, caller, page).await,
        Route::File(path) => assets::answer(request, &path),
    }
}

/// A page, in the session of its reader.
async fn show(
    request: &HttpRequest,
    payload: Payload,
    site: &Site,
    mut caller: Caller,
    page: pages::Page,
) -> HttpResponse {
    let form = match body_if_posted(request, payload, site).await {
        Ok(form) => form,
        Err(status) => return answer::error(status),
    };
    let (sessions, cookie) = (&site.shared.sessions, &site.door.cookie);
    let session = sessions.of(request.headers(), cookie);
    caller.token = sessions.token(&session, caller.user.as_deref());
    let mut response = page.answer(request, &form.body, site, &caller).await;
    if page.has_forms()
        && response.status() == StatusCode::OK
        && let Some(begin) = session::set_cookie(&session, cookie)
        && let Ok(begin) = HeaderValue::try_from(begin)
    {
        response.headers_mut().append(SET_COOKIE, begin);
    }
    response
}

/// The refusal of what a browser asks on behalf of another site (decision Q25).
pub fn refusal_if_foreign(request: &HttpRequest, site: &Site) -> Option<HttpResponse> {
    origin::is_foreign(request.headers(), &site.door.allowed_hosts)
        .then(|| answer::explained(StatusCode::FORBIDDEN, "Another web site asked for this."))
}

async fn call(
    request: &HttpRequest,
    payload: Payload,
    site: &Site,
    caller: &Caller,
) -> HttpResponse {
    if let Some(refusal) = refusal_if_foreign(request, site) {
        return refusal;
    }
    let Posted { body, share } = match body(request, payload, site).await {
        Ok(posted) if posted.body.is_empty() => return answer::error(StatusCode::BAD_REQUEST),
        Ok(posted) => posted,
        Err(status) => return answer::error(status),
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/xml");
    match rpc::answer(&site.state, caller.right, &body).await {
        Ok(Answer::Whole(document)) => response.body(document),
        Ok(Answer::Large(document, own)) => response.body(Whole::new(document, own)),
        Ok(Answer::Stream(pieces)) => in_pieces(request, &mut response, pieces.stream(), share),
        Ok(Answer::Busy) => answer::busy(),
        Err(status) => answer::error(status),
    }
}

/// An answer whose length is not known when it begins; `held` is dropped at its end.
pub fn in_pieces<E>(
    request: &HttpRequest,
    response: &mut HttpResponseBuilder,
    pieces: impl Stream<Item = Result<Bytes, E>> + 'static,
    held: impl Sized + 'static,
) -> HttpResponse
where
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    let still = (serving(request), held);
    let mut response = response.streaming(pieces.inspect(move |_| {
        let _still = &still;
    }));
    if request.version() < Version::HTTP_11 {
        // such a client knows no chunks: the end of the connection is the end of the answer
        let head = response.head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    response
}

/// Have an answer that is large count in the budget, if it does not already.
fn within_budget(response: HttpResponse, site: &Site) -> HttpResponse {
    let size = match response.body().size() {
        BodySize::Sized(size) => usize::try_from(size).unwrap_or(usize::MAX),
        BodySize::None | BodySize::Stream => 0,
    };
    if size <= budget::SMALL {
        return response;
    }
    let (response, body) = response.into_parts();
    match body.try_into_bytes() {
        Err(counted) => response.set_body(counted),
        Ok(bytes) => match site.state.budget.try_reserve(size) {
            Some(share) => response.set_body(BoxBody::new(Whole::new(bytes, share))),
            None => answer::busy(),
        },
    }
}

async fn body_if_posted(
    request: &HttpRequest,
    payload: Payload,
    site: &Site,
) -> Result<Posted, StatusCode> {
    if request.method() == Method::POST {
        body(request, payload, site).await
    } else {
        Ok(Posted::default())
    }
}

/// The body of a request, with its share of the budget if it is a large one.
#[derive(Debug, Default)]
struct Posted {
    body: Bytes,
    share: Option<Reservation>,
}

/// The whole body. 411 if its length is not told, 413 if it is too long, 408 if it takes too
/// long to come, 503 if there are too many large ones.
async fn body(request: &HttpRequest, payload: Payload, site: &Site) -> Result<Posted, StatusCode> {
    let most = site.door.max_body;
    let announced = match request.headers().get(CONTENT_LENGTH) {
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok()),
        None if request.headers().contains_key(TRANSFER_ENCODING) => Some(most),
        None => return Err(StatusCode::LENGTH_REQUIRED),
    };
    let announced: usize = announced.ok_or(StatusCode::PAYLOAD_TOO_LARGE)?;
    if announced > most {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let share = if announced > budget::SMALL {
        let share = site.state.uploads.try_reserve(announced);
        Some(share.ok_or(StatusCode::SERVICE_UNAVAILABLE)?)
    } else {
        None
    };
    let body = timeout(site.state.limits.patience, collect(payload, most)).await;
    let body = body.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))?;
    Ok(Posted { body, share })
}

async fn collect(mut payload: Payload, most: usize) -> Result<Bytes, StatusCode> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if first.len() + rest.len() + chunk.len() > most {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    // nearly every call comes in one piece, which is not copied
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    whole.unsplit(rest);
    Ok(whole.freeze())
}

/// A line of the log about a request (spec interfaces 1.7).
struct Access<'a>(&'a HttpRequest, &'a HttpResponse);

impl fmt::Display for Access<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(request, response) = self;
        match request.peer_addr() {
            Some(peer) => write!(f, "{peer}")?,
            None => f.write_str("localhost:0")?,
        }
        let size = match response.body().size() {
            BodySize::Sized(size) => size,
            BodySize::None | BodySize::Stream => 0,
        };
        write!(
            f,
            " - - [{}] \"{} {} {:?}\" {} {size}",
            clock::access(clock::now()),
            request.method(),
            request.uri(),
            request.version(),
            response.status().as_u16(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Page;

    #[test]
    fn routes() {
        for (path, route) in [
            ("/RPC2", Route::Rpc),
            ("/RPC2foo", Route::Rpc),
            ("//RPC2", Route::File("RPC2".into())),
            ("/logtail", Route::Logtail(String::new())),
            ("/logtail/x/stderr", Route::Logtail("/x/stderr".into())),
            ("/logtailxyz/x", Route::Logtail("xyz/x".into())),
            ("//logtail/x", Route::File("logtail/x".into())),
            ("/mainlogtail/foo", Route::MainLogtail),
            ("/live", Route::Live),
            ("/metrics", Route::Metrics),
            ("/live/", Route::File("live/".into())),
            ("/", Route::Page(Page::Status)),
            ("//index.html", Route::Page(Page::Status)),
            ("/tail.html", Route::Page(Page::Tail)),
            ("/ok.html", Route::Page(Page::Ok)),
            ("/INDEX.html", Route::File("INDEX.html".into())),
            ("/index.html/", Route::File("index.html/".into())),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
