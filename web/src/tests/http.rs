//! Which requests are admitted, and which handler answers each path.

use actix_http::Request;
use actix_web::Error;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use visord_model::state::ProcessState;

use super::fake::{Plan, board, info, site, state, unix};
use crate::auth::Users;
use crate::auth::tests::server;
use crate::routes;
use crate::site::{HttpListener, Site};

pub(super) fn open() -> Site {
    site(state(board(), Plan::default()).0)
}

pub(super) fn protected() -> Site {
    let mut site = open();
    site.listener = HttpListener {
        users: Users::of(&server(Some(("user", "secret")), &[])),
        ..(*site.listener).clone()
    }
    .into();
    site
}

pub(super) async fn app(
    site: Site,
) -> impl Service<Request, Response = ServiceResponse, Error = Error> {
    init_service(routes::app(site)).await
}

async fn status(site: Site, request: TestRequest) -> u16 {
    let app = app(site).await;
    call_service(&app, request.to_request())
        .await
        .status()
        .as_u16()
}

pub(super) fn login(user: &str, password: &str) -> (&'static str, String) {
    let both = STANDARD.encode(format!("{user}:{password}"));
    ("Authorization", format!("Basic {both}"))
}

const PATHS: [(&str, &str); 10] = [
    ("GET", "/live"),
    ("GET", "/metrics"),
    ("POST", "/RPC2"),
    ("GET", "/"),
    ("GET", "/stylesheets/supervisor.css"),
    ("GET", "/nope"),
    ("GET", "/logtail/x"),
    ("GET", "/mainlogtail"),
    ("GET", "/tail.html?processname=x"),
    ("GET", "/?action=stopall"),
];

#[actix::test]
async fn a_password_protects_every_path() {
    let app = app(protected()).await;
    for (method, uri) in PATHS {
        let request = TestRequest::with_uri(uri).method(method.parse().unwrap());
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), 401, "{uri}");
        let asked = response.headers().get("WWW-Authenticate").unwrap();
        assert_eq!(asked, "Basic realm=\"default\"", "{uri}");
    }
}

#[actix::test]
async fn logins() {
    for ((name, value), expected) in [
        (login("user", "secret"), 200),
        (login("user", "wrong"), 401),
        (login("", ""), 401),
        (("Authorization", "Bearer x".into()), 401),
        (("Authorization", "Basic YQ".into()), 400),
    ] {
        let request = TestRequest::with_uri("/ok.html").insert_header((name, value.as_str()));
        assert_eq!(status(protected(), request).await, expected, "{value}");
    }
    // an open server takes no notice
    for value in ["Basic Og==", "Basic ?", "nonsense"] {
        let request = TestRequest::with_uri("/ok.html").insert_header(("Authorization", value));
        assert_eq!(status(open(), request).await, 200, "{value}");
    }
}

#[actix::test]
async fn paths_and_methods() {
    for (method, uri, expected) in [
        ("GET", "/RPC2", 400),
        ("PUT", "/RPC2", 400),
        ("HEAD", "/RPC2", 400),
        ("POST", "/rpc2", 400),
        ("POST", "//RPC2", 400),
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "//index.html", 200),
        ("GET", "/%69ndex.html", 200),
        ("GET", "/index.html;a=b", 200),
        ("GET", "/index.html/", 404),
        ("PUT", "/", 400),
        ("DELETE", "/index.html", 400),
        ("GET", "/ok.html", 200),
        ("GET", "/status.html", 404),
        ("GET", "/nope.html", 404),
        ("POST", "/nope.html", 400),
        ("GET", "/images", 303),
        ("GET", "/images/", 404),
        ("GET", "/images/../../../etc/passwd", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/%ff", 400),
        ("HEAD", "/stylesheets/supervisor.css", 200),
        ("POST", "/stylesheets/supervisor.css", 400),
        ("POST", "/logtail/x", 400),
        ("GET", "/logtail", 404),
        ("GET", "/logtail/", 404),
        ("GET", "/logtail/nope", 404),
        ("GET", "/logtail/x", 404),
        ("GET", "/logtail/x/stdlog", 404),
        ("GET", "/logtail/g:*", 404),
        ("GET", "/mainlogtail", 404),
        ("POST", "/mainlogtail", 400),
    ] {
        let request = TestRequest::with_uri(uri).method(method.parse().unwrap());
        assert_eq!(status(open(), request).await, expected, "{method} {uri}");
    }
}

/// Whether the path of a call, of a log, of a page or of nothing.
#[actix::test]
async fn routes_of_odd_paths() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let site = open();
    let mut x = info("x", "x", ProcessState::Running);
    x.stderr_logfile = log.path().display().to_string();
    site.state.board.set_process(x);
    let app = app(site).await;
    for (method, uri, expected) in [
        ("POST", "/RPC2", "text/xml"),
        ("POST", "/RPC2/", "text/xml"),
        ("POST", "/RPC2foo", "text/xml"),
        ("POST", "/%52PC2", "text/xml"),
        ("POST", "/RPC2%2Ffoo;x=y", "text/xml"),
        ("GET", "/logtail/x/stderr", "text/plain;charset=utf-8"),
        ("GET", "/logtailxyz/x/stderr", "text/plain;charset=utf-8"),
        ("GET", "/logtail/x%2Fstderr", "text/plain;charset=utf-8"),
        ("GET", "/logtail/%78/stderr;x", "text/plain;charset=utf-8"),
        ("GET", "/logtail/%2578/stderr", "text/html"),
        ("GET", "//logtail/x/stderr", "text/html"),
        ("GET", "/live", "text/event-stream"),
        ("GET", "/live%3Ftopics=state", "text/html"),
        (
            "GET",
            "/live/log?name=x&channel=stderr",
            "text/event-stream",
        ),
        ("GET", "/live/", "text/html"),
        ("GET", "/", "text/html;charset=utf-8"),
        ("GET", "//index.html", "text/html;charset=utf-8"),
        ("GET", "/INDEX.html", "text/html"),
        ("GET", "/index.html/", "text/html"),
        ("GET", "/%2Findex%2Ehtml", "text/html;charset=utf-8"),
        ("GET", "/tail.html", "text/html;charset=utf-8"),
        ("GET", "/ok.html", "text/plain"),
    ] {
        let mut request = TestRequest::with_uri(uri).method(method.parse().unwrap());
        if method == "POST" {
            request = request.insert_header(("Content-Length", CALL.len()));
            request = request.set_payload(CALL);
        }
        let response = call_service(&app, request.to_request()).await;
        let kind = response.headers().get("Content-Type").unwrap();
        assert_eq!(kind, expected, "{method} {uri}");
    }
}

#[actix::test]
async fn files_are_sent_once() {
    let app = app(open()).await;
    for (uri, kind) in [
        ("/stylesheets/supervisor.css", "text/css"),
        ("/images/supervisor.gif", "image/gif"),
        ("/images/icon.png", "image/png"),
    ] {
        let response = call_service(&app, TestRequest::with_uri(uri).to_request()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().get("Content-Type").unwrap(), kind);
        let date = response.headers().get("Last-Modified").unwrap().clone();
        let again = TestRequest::with_uri(uri).insert_header(("If-Modified-Since", date));
        let response = call_service(&app, again.to_request()).await;
        assert_eq!(response.status(), 304);
        assert!(read_body(response).await.is_empty());
    }
}

#[actix::test]
async fn errors_have_a_small_page() {
    let app = app(open()).await;
    let response = call_service(&app, TestRequest::with_uri("/nope").to_request()).await;
    assert_eq!(response.headers().get("Content-Type").unwrap(), "text/html");
    let body = read_body(response).await;
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.contains("404 Not Found"), "{text}");
}

pub(super) const CALL: &str = "<methodCall><methodName>supervisor.getPID</methodName></methodCall>";

#[actix::test]
async fn another_site_changes_nothing() {
    for (name, value, expected) in [
        ("X", "y", 200),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Origin", "http://localhost", 200),
        ("Origin", "http://evil.example", 403),
        ("Referer", "http://evil.example/x", 403),
    ] {
        let header = || (name, value);
        let request = TestRequest::post()
            .uri("/RPC2")
            .insert_header(("Host", "localhost"))
            .insert_header(("Content-Length", CALL.len()))
            .insert_header(header())
            .set_payload(CALL);
        assert_eq!(status(open(), request).await, expected, "{name}: {value}");
        for method in [Method::GET, Method::POST] {
            let post = method == Method::POST;
            let request = TestRequest::with_uri("/index.html?action=refresh")
                .method(method)
                .insert_header(("Host", "localhost"))
                .insert_header(("Content-Length", 0))
                .insert_header(header());
            // a browser's form carries the token of the page
            let expected = match expected {
                200 if post && name != "X" => 403,
                200 => 303,
                other => other,
            };
            assert_eq!(status(open(), request).await, expected, "{name}: {value}");
        }
        let request = TestRequest::with_uri("/index.html")
            .insert_header(("Host", "localhost"))
            .insert_header(header());
        assert_eq!(
            status(open(), request).await,
            200,
            "reading is free: {name}: {value}"
        );
    }
}

#[actix::test]
async fn an_open_server_answers_to_its_own_names() {
    let request = |host: &str| TestRequest::with_uri("/").insert_header(("Host", host));
    assert_eq!(status(open(), request("10.1.2.3:9001")).await, 200);
    assert_eq!(status(open(), request("evil.example")).await, 403);
    let on_unix = || {
        let mut site = open();
        let mut listener = (*site.listener).clone();
        listener.config.address = unix("/s.sock");
        site.listener = listener.into();
        site
    };
    assert_eq!(status(on_unix(), request("evil.example")).await, 200);
    let with_password = request("super.example").insert_header(login("user", "secret"));
    assert_eq!(status(protected(), with_password).await, 200);
}

#[actix::test]
async fn a_call_needs_its_length() {
    let chunked = TestRequest::post()
        .uri("/RPC2")
        .insert_header((header::TRANSFER_ENCODING, "chunked"))
        .set_payload(CALL);
    assert_eq!(status(open(), chunked).await, 200);
    let app = app(open()).await;
    for (length, expected) in [
        (None, StatusCode::LENGTH_REQUIRED),
        (Some("0"), StatusCode::BAD_REQUEST),
        (Some("99999999"), StatusCode::PAYLOAD_TOO_LARGE),
        (
            Some("99999999999999999999999"),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let mut request = TestRequest::post().uri("/RPC2");
        if let Some(length) = length {
            request = request.insert_header(("Content-Length", length));
        }
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), expected, "{length:?}");
    }
}
