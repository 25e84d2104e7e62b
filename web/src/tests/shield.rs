//! No answer lacks the headers that protect browsers.

use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service};
use visord_model::state::ProcessState;

use super::fake::info;
use super::http::{CALL, app, login, open, protected};
use crate::pages::Page;
use crate::shield::{ALWAYS, SHOWN};

/// Of every kind of route, and what is wrong in every way.
const REQUESTS: &[(&str, &str, u16)] = &[
    ("GET", "/", 200),
    ("HEAD", "/", 200),
    ("GET", "/index.html?message=x", 200),
    ("GET", "/index.html?action=refresh", 303),
    ("GET", "/index.html?action=bogus", 400),
    ("POST", "/index.html", 411),
    ("GET", "/tail.html?processname=x", 200),
    ("GET", "/ok.html", 200),
    ("GET", "/about.html", 200),
    ("GET", "/config.html", 200),
    ("GET", "/config.html?section=nope", 404),
    ("GET", "/stylesheets/supervisor.css", 200),
    ("GET", "/images/icon.png", 200),
    ("GET", "/live?topics=state", 200),
    ("GET", "/metrics", 200),
    ("GET", "/healthz", 200),
    ("GET", "/images", 303),
    ("GET", "/nope", 404),
    ("PUT", "/", 400),
    ("GET", "/%ff", 400),
    ("GET", "/RPC2", 400),
    ("POST", "/RPC2", 411),
    ("GET", "/logtail/nope", 404),
    ("GET", "/logtail/x", 200),
    ("GET", "/log.html?name=x", 200),
    ("GET", "/log.html?name=x&download=1", 200),
    ("GET", "/log.html?name=x&format=json", 200),
    ("GET", "/log.html?name=nope", 404),
    ("GET", "/activity.html", 200),
    ("GET", "/events.html", 200),
    ("GET", "/live/log?name=x", 200),
    ("GET", "/live/log?name=nope", 404),
    ("GET", "/live/activity", 404),
    ("GET", "/mainlogtail", 404),
];

fn check(headers: &HeaderMap, what: &str) {
    for (name, value) in ALWAYS.iter().chain(&SHOWN) {
        let found: Vec<_> = headers.get_all(name).collect();
        assert_eq!(found, [value], "{name} of {what}");
    }
}

#[actix::test]
async fn every_answer_is_covered() {
    let site = open();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut x = info("x", "x", ProcessState::Running);
    x.stdout_logfile = log.path().display().to_string();
    site.state.board.set_process(x);
    let app = app(site).await;
    for (method, uri, status) in REQUESTS {
        let request = TestRequest::with_uri(uri).method(method.parse().unwrap());
        let response = call_service(&app, request.to_request()).await;
        let what = format!("{method} {uri}");
        assert_eq!(response.status(), *status, "{what}");
        check(response.headers(), &what);
        let is_private = ["tail", "log", "activity", "config"]
            .iter()
            .any(|page| uri.starts_with(&format!("/{page}.html")));
        let cache = response.headers().get("Cache-Control");
        let is_kept_out = cache.is_some_and(|value| value == "no-store");
        if !uri.starts_with("/live") {
            assert_eq!(is_kept_out, is_private, "{what}");
        }
    }
    for page in Page::ALL {
        let walked = |(_, uri, _): &&(&str, &str, u16)| {
            let path = uri.split('?').next().unwrap_or_default();
            Page::of(path.trim_start_matches('/')) == Some(page)
        };
        assert!(REQUESTS.iter().any(|it| walked(&it)), "{page:?}");
    }
}

#[actix::test]
async fn refusals_are_covered() {
    let closed = app(protected()).await;
    for (header, status) in [
        (("X", "y".to_owned()), 401),
        (login("user", "wrong"), 401),
        (("Authorization", "Basic YQ".to_owned()), 400),
    ] {
        let request = TestRequest::with_uri("/").insert_header((header.0, header.1.as_str()));
        let response = call_service(&closed, request.to_request()).await;
        assert_eq!(response.status(), status, "{header:?}");
        check(response.headers(), &format!("{header:?}"));
    }
    let open = app(open()).await;
    for (uri, name, value) in [
        ("/", "Host", "evil.example"),
        ("/?action=stopall", "Sec-Fetch-Site", "cross-site"),
    ] {
        let request = TestRequest::with_uri(uri).insert_header((name, value));
        let response = call_service(&open, request.to_request()).await;
        assert_eq!(response.status(), 403, "{value}");
        check(response.headers(), value);
    }
    // a file that is known already
    let css = "/stylesheets/supervisor.css";
    let later = ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT");
    let request = TestRequest::with_uri(css).insert_header(later);
    let response = call_service(&open, request.to_request()).await;
    assert_eq!(response.status(), 304);
    check(response.headers(), css);
}

#[actix::test]
async fn answers_to_calls_carry_what_counts_for_them() {
    let app = app(open()).await;
    let request = TestRequest::post()
        .uri("/RPC2")
        .insert_header(("Content-Length", CALL.len()))
        .set_payload(CALL);
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    for (name, value) in &ALWAYS {
        assert_eq!(headers.get(name).unwrap(), value);
    }
    for (name, _) in &SHOWN {
        assert!(!headers.contains_key(name));
    }
}
