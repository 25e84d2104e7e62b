//! Which handler answers a request, and what is done for every request (spec interfaces 1.5).
//!
//! Every request passes [`serve`]: login, path, memory, headers, counters and log are handled there
//! once. Then actix-web's router chooses by path and method (docs/decisions/0021-routing-and-events.md).

use std::fmt;

use actix_router::{Quoter, Url};
use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Payload, ReqData};
use actix_web::{
    App, Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, guard,
};
use slog::trace;

use crate::answer::{Refusal, in_pieces};
use crate::budget::{count_large, whole};
use crate::caller::Caller;
use crate::connections::{Connection, Peer};
use crate::pages::Page;
use crate::rpc::transmit::Answer;
use crate::site::Site;
use crate::{
    assets, body, clock, live, log_stream, logtail, metrics, origin, rpc, session, shield,
};

const HEALTH: &str = "/healthz";

/// The application of a listener.
pub fn app(
    site: Site,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    >,
> {
    let get_or_head = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let at = |path, route| web::resource::<&str>(path).route(route);
    // no patterns: the router leaks the name in a pattern whenever an application is made, and that
    // is done for the first connection after none
    App::new()
        .app_data(Data::new(site))
        .service(at("/RPC2", web::post().to(call)))
        .service(at("/live", web::get().to(live::respond)))
        .service(at("/live/log", web::get().to(log_stream::respond)))
        .service(at(log_stream::ACTIVITY, web::get().to(log_stream::respond)))
        .service(at("/metrics", get_or_head().to(metrics::respond)))
        .service(at(HEALTH, get_or_head().to(metrics::health)))
        .default_service(web::to(other_paths))
        .wrap(from_fn(serve))
}

/// What is done for every request, whatever its path.
async fn serve(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let Some(site) = request.app_data::<Data<Site>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError()));
    };
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    // it needs no login
    let admitted = if reads && request.path() == HEALTH {
        Ok(Caller::UNNAMED)
    } else {
        admit(&request, &site).await
    };
    let admitted = admitted.and_then(|caller| decode_path(&mut request).map(|()| caller));
    let response = match admitted {
        Err(refusal) => request.into_response(refusal.error_response()),
        Ok(caller) => {
            // only now: the end of the server does not wait for refusals, and a client that
            // guesses passwords can be closed
            let _counted = site.server.requests.token();
            let _serving = Connection::serve_request(request.request());
            request.extensions_mut().insert(caller);
            next.call(request).await?
        }
    };
    let (request, mut response) = response.into_parts();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // as the original
        response = Refusal::new(StatusCode::BAD_REQUEST).into();
    }
    let reserve = |size| site.state.budget.try_reserve(size);
    let mut response = count_large(response, reserve).unwrap_or_else(Into::into);
    shield::add_headers(&mut response);
    site.state.meters.answered(response.status().as_u16());
    trace!(site.state.log, "{}", Access(&request, &response));
    Ok(ServiceResponse::new(request, response))
}

/// The caller of a request.
///
/// # Errors
/// The refusal of a client that may not use this listener.
async fn admit(request: &ServiceRequest, site: &Site) -> Result<Caller, Refusal> {
    let (state, server, listener) = (&site.state, &site.server, &site.listener);
    let headers = request.headers();
    if let Some(users) = &listener.users {
        let connection = Connection::of(request.request());
        let peer = connection.map_or(Peer::Unknown, |connection| connection.peer);
        let delay = state.limits.failure_delay;
        return users
            .log_in(headers, peer, &server.throttle, delay, &state.workers)
            .await;
    }
    let hosts = &listener.config.allowed_hosts;
    // DNS cannot lead a browser to a unix socket
    if listener.is_unix() || origin::may_be_called(headers, &server.host_name, hosts) {
        return Ok(Caller::UNNAMED);
    }
    Err(Refusal::because(
        StatusCode::FORBIDDEN,
        "This server asks for no password, so it answers only to IP addresses, localhost, its own \
         name and the names in its option allowed_hosts.",
    ))
}

/// Lets the router see the path as the original does: without `;params`, and decoded once and
/// completely, so that what is encoded is not syntax (difference Q26).
///
/// # Errors
/// 400 for a path that is not UTF-8.
fn decode_path(request: &mut ServiceRequest) -> Result<(), Refusal> {
    let path = request.path();
    if !path.contains(['%', ';']) {
        return Ok(());
    }
    let path = path.split(';').next().unwrap_or_default();
    percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    let uri = Uri::try_from(path).map_err(|_| StatusCode::BAD_REQUEST)?;
    let decoded = Url::new_with_quoter(uri, &Quoter::new(b"", b""));
    request.match_info_mut().set(decoded);
    Ok(())
}

/// Responds to a call.
async fn call(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Refusal> {
    site.check_origin(&request)?;
    let (bytes, share) = body::read(&request, payload, &site).await?;
    if bytes.is_empty() {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static("text/xml")));
    Ok(
        match rpc::answer(&site.state, caller.right, &bytes).await? {
            Answer::Whole(document) => response.body(document),
            Answer::Large(document, own) => response.body(whole(document, own)),
            Answer::Stream(pieces) => in_pieces(&request, &mut response, pieces.stream(), share),
            Answer::Busy => return Err(Refusal::busy()),
        },
    )
}

/// Responds to paths that begin with the name of a service, whatever follows it, to pages and to
/// files of the web interface, whatever number of slashes is before them.
async fn other_paths(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Refusal> {
    let path = request.match_info().as_str().to_owned();
    let services = ["/RPC2", "/logtail", "/mainlogtail"];
    let service = services.into_iter().find(|prefix| path.starts_with(prefix));
    match (service, request.method()) {
        (Some("/RPC2"), &Method::POST) => return call(request, payload, site, caller).await,
        (Some("/logtail"), &Method::GET) => return logtail::process(request, site).await,
        (Some("/mainlogtail"), &Method::GET) => return logtail::main(request, site).await,
        (Some(_), _) => return Err(StatusCode::BAD_REQUEST.into()),
        (None, _) => {}
    }
    let path = path.trim_start_matches('/');
    let page = Page::of(path);
    let may_post = page.is_some() && request.method() == Method::POST;
    if !may_post && ![Method::GET, Method::HEAD].contains(request.method()) {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let Some(page) = page else {
        return assets::answer(&request, path);
    };
    let (form, _share) = if may_post {
        body::read(&request, payload, &site).await?
    } else {
        Default::default()
    };
    let (sessions, cookie) = (&site.server.sessions, &site.listener.cookie);
    let session = sessions.of(request.headers(), cookie);
    let mut caller = caller.into_inner();
    caller.token = sessions.token(&session, caller.user.as_deref());
    let mut response = page.answer(&request, &form, &site, &caller).await;
    // this page has forms, which belong to a session
    if page == Page::Status
        && response.status() == StatusCode::OK
        && let Some(begin) = session::set_cookie(&session, cookie)
        && let Ok(begin) = HeaderValue::try_from(begin)
    {
        response.headers_mut().append(SET_COOKIE, begin);
    }
    Ok(response)
}

/// The line of the log about a request (spec interfaces 1.7).
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
