//! Sessions and form tokens, from one end of the server to the other.

use actix_web::http::header::SET_COOKIE;
use actix_web::test::{TestRequest, call_service, read_body};
use visord_config::Role;

use super::http::{app, login, open};
use crate::auth::Users;
use crate::auth::tests::server;
use crate::site::HttpListener;
use crate::site::Site;

/// The `name=value` of a cookie, and the token in the page.
async fn visit(site: &Site, user: Option<&str>, cookie: Option<&str>) -> (Option<String>, String) {
    let mut request = TestRequest::with_uri("/");
    if let Some(user) = user {
        request = request.insert_header(login(user, "secret"));
    }
    if let Some(cookie) = cookie {
        request = request.insert_header(("Cookie", cookie));
    }
    let app = app(site.clone()).await;
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status(), 200);
    let set = response.headers().get(SET_COOKIE).map(|value| {
        let value = value.to_str().unwrap();
        let (pair, flags) = value.split_once("; ").unwrap();
        assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax");
        pair.to_owned()
    });
    let body = read_body(response).await;
    let page = String::from_utf8(body.to_vec()).unwrap();
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
    (set, token.split('"').next().unwrap().to_owned())
}

/// What becomes of a form of a browser.
async fn post(site: &Site, user: Option<&str>, cookie: Option<&str>, token: &str) -> u16 {
    let form = format!("action=refresh&token={token}");
    let mut request = TestRequest::post()
        .uri("/index.html")
        .insert_header(("Sec-Fetch-Site", "same-origin"))
        .insert_header(("Content-Length", form.len()))
        .set_payload(form);
    if let Some(user) = user {
        request = request.insert_header(login(user, "secret"));
    }
    if let Some(cookie) = cookie {
        request = request.insert_header(("Cookie", cookie));
    }
    let app = app(site.clone()).await;
    let response = call_service(&app, request.to_request()).await;
    assert!(!response.headers().contains_key(SET_COOKIE));
    response.status().as_u16()
}

#[actix::test]
async fn a_token_works_in_its_session_only() {
    let site = open();
    let (cookie, token) = visit(&site, None, None).await;
    let cookie = cookie.expect("a first visit begins a session");
    assert!(cookie.starts_with("visord-9001="), "{cookie}");
    let (other, other_token) = visit(&site, None, None).await;
    assert_ne!(other.as_ref(), Some(&cookie));
    // a session goes on, with the same token
    let again = visit(&site, None, Some(&cookie)).await;
    assert_eq!(again, (None, token.clone()));
    let other_run = open();
    for (site, cookie, token, status) in [
        (&site, Some(cookie.as_str()), token.as_str(), 303),
        (&site, Some(&cookie), "", 403),
        (&site, Some(&cookie), &other_token, 403),
        (&site, other.as_deref(), &token, 403),
        (&site, None, &token, 403),
        (&other_run, Some(&cookie), &token, 403),
    ] {
        assert_eq!(post(site, None, cookie, token).await, status, "{cookie:?}");
    }
}

#[actix::test]
async fn a_token_works_for_its_user_only() {
    let mut site = open();
    let more = [
        ("anna", "secret", Role::Operate),
        ("bert", "secret", Role::Admin),
    ];
    site.listener = HttpListener {
        users: Users::of(&server(None, &more)),
        ..(*site.listener).clone()
    }
    .into();
    let (cookie, token) = visit(&site, Some("anna"), None).await;
    assert_eq!(
        post(&site, Some("anna"), cookie.as_deref(), &token).await,
        303
    );
    assert_eq!(
        post(&site, Some("bert"), cookie.as_deref(), &token).await,
        403
    );
}

/// What has no forms begins no session, and scripts need none.
#[actix::test]
async fn only_pages_begin_sessions() {
    let app = app(open()).await;
    for uri in [
        "/ok.html",
        "/stylesheets/supervisor.css",
        "/nope",
        "/?action=refresh",
    ] {
        let response = call_service(&app, TestRequest::with_uri(uri).to_request()).await;
        assert!(!response.headers().contains_key(SET_COOKIE), "{uri}");
    }
    let form = "action=refresh";
    let script = TestRequest::post()
        .uri("/index.html")
        .insert_header(("Content-Length", form.len()))
        .set_payload(form);
    assert_eq!(call_service(&app, script.to_request()).await.status(), 303);
}
