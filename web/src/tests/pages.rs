//! The pages and their actions.

use actix_web::http::header::LOCATION;
use actix_web::test::TestRequest;
use visord_model::fault::{Fault, FaultCode};
use visord_model::state::{ProcessState, SupervisorState};

use super::fake::{Asked, Plan, board, info, site, state};
use crate::caller::Caller;
use crate::pages::Page;
use crate::site::Site;

fn daemon(fault: Option<Fault>) -> (Site, Asked) {
    let (state, asked) = state(
        board(),
        Plan {
            fault,
            ..Plan::default()
        },
    );
    (site(state), asked)
}

async fn text(site: &Site, page: Page, query: &str) -> String {
    let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
    let response = page.answer(&request, b"", site, &Caller::UNNAMED).await;
    assert_eq!(response.status(), 200);
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The message an action ends with.
async fn message(site: &Site, query: &str) -> String {
    let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
    let response = Page::Status
        .answer(&request, b"", site, &Caller::UNNAMED)
        .await;
    assert_eq!(response.status(), 303, "{query}");
    let location = response.headers().get(LOCATION).unwrap().to_str().unwrap();
    let message = location.strip_prefix("/?message=").unwrap();
    percent_encoding::percent_decode_str(message)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

#[actix::test]
async fn every_process_has_its_row() {
    let (site, _) = daemon(None);
    site.state.board.add_group("<i>");
    let mut hostile = info("<i>", "\"a&b", ProcessState::Fatal);
    hostile.spawnerr = "<script>".into();
    site.state.board.set_process(hostile);
    let page = text(&site, Page::Status, "message=%3Cb%3Ehi").await;
    for part in [
        "<title>Supervisor Status</title>",
        "<div class=\"status_msg\" role=\"status\">&#60;b&#62;hi</div>",
        "<td class=status data-field=state><span class=statusrunning data-state=RUNNING>running</span>",
        "<span class=statusnominal data-state=STOPPED>stopped</span>",
        "<span class=statuserror data-state=FATAL>fatal</span>",
        "<button form=p name=process value=\"g:a\">g:a</button>",
        "href=\"tail.html?processname=g%3Aa\" target=_blank",
        "href=\"logtail/g%3Aa/stderr\"",
        "href=\"logtail/%3Ci%3E%3A%22a%26b\"",
        "<button name=start value=\"&#60;i&#62;:&#34;a&#38;b\">Start</button>",
        "visord test, in place of Supervisor 4.3.0",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(
        !page.contains("<script>") && !page.contains("<i>"),
        "{page}"
    );
    assert_eq!(page.matches("name=restart ").count(), 2);
    assert_eq!(page.matches("name=start ").count(), 3);
    // still readable while the daemon closes
    site.state.board.set_state(SupervisorState::Shutdown);
    assert!(text(&site, Page::Status, "").await.contains("g:a"));
}

#[actix::test]
async fn without_programs() {
    let (site, _) = daemon(None);
    for group in ["x", "y", "g"] {
        site.state.board.remove_group(group);
    }
    let page = text(&site, Page::Status, "").await;
    assert!(
        page.contains("No programs to manage") && !page.contains("id=\"processes\""),
        "{page}"
    );
    assert!(!page.contains("status_msg"), "{page}");
}

#[actix::test]
async fn actions_and_their_messages() {
    let (site, asked) = daemon(None);
    for (query, expected, count) in [
        ("action=start&processname=y", "Process y started", 1),
        ("action=stop&processname=g:a", "Process g:a stopped", 1),
        ("action=restart&processname=x", "Process x restarted", 2),
        ("action=clearlog&processname=x:x", "Log for x:x cleared", 1),
        (
            "action=start&processname=nope",
            "No such process named nope",
            0,
        ),
        (
            "action=stop&processname=g:*",
            "No such process named g:*",
            0,
        ),
    ] {
        assert_eq!(message(&site, query).await, expected);
        assert_eq!(asked.lock().unwrap().drain(..).count(), count, "{query}");
    }
    for (query, begin, count) in [
        ("action=refresh", "Page refreshed at ", 0),
        ("action=stopall", "All stopped at ", 1),
        ("action=restartall", "All restarted at ", 2),
    ] {
        assert!(message(&site, query).await.starts_with(begin));
        assert_eq!(asked.lock().unwrap().drain(..).count(), count, "{query}");
    }
}

#[actix::test]
async fn failures_and_their_messages() {
    for (code, action, expected) in [
        (FaultCode::NoFile, "start", "ERROR: Process x: no such file"),
        (
            FaultCode::NotExecutable,
            "start",
            "ERROR: Process x: file not executable",
        ),
        (
            FaultCode::AlreadyStarted,
            "start",
            "ERROR: Process x: already started",
        ),
        (
            FaultCode::SpawnError,
            "start",
            "ERROR: Process x: spawn error",
        ),
        (
            FaultCode::AbnormalTermination,
            "start",
            "ERROR: Process x: abnormal termination",
        ),
        (
            FaultCode::Failed,
            "start",
            "ERROR: Process x: unexpected rpc fault [30] FAILED: x",
        ),
        (
            FaultCode::NotRunning,
            "stop",
            "unexpected rpc fault [70] NOT_RUNNING: x",
        ),
        (
            FaultCode::Failed,
            "clearlog",
            "unexpected rpc fault [30] FAILED: x",
        ),
        (
            FaultCode::NoFile,
            "restart",
            "ERROR: Process x: no such file",
        ),
    ] {
        let (site, _) = daemon(Some(code.about("x")));
        let query = format!("action={action}&processname=x");
        assert_eq!(message(&site, &query).await, expected);
    }
}

#[actix::test]
async fn what_is_no_action() {
    let (site, asked) = daemon(None);
    for query in [
        "action=bogus&processname=x",
        "action=start",
        "action=start&processname=",
    ] {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let response = Page::Status
            .answer(&request, b"", &site, &Caller::UNNAMED)
            .await;
        assert_eq!(response.status(), 400, "{query}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[actix::test]
async fn forms_of_the_page() {
    let (site, asked) = daemon(None);
    let caller = Caller {
        token: "of-this-session".into(),
        ..Caller::UNNAMED
    };
    let request = TestRequest::with_uri("/").to_http_request();
    let page = Page::Status.answer(&request, b"", &site, &caller).await;
    let page = actix_web::body::to_bytes(page.into_body()).await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap();
    for (form, expected) in [
        (format!("start=y&token={token}"), 303),
        (format!("processname=y&action=start&token={token}"), 303),
        ("start=y&token=x".to_owned(), 403),
        ("start=y".to_owned(), 403),
    ] {
        let request = TestRequest::post()
            .uri("/index.html")
            .insert_header(("Sec-Fetch-Site", "same-origin"))
            .to_http_request();
        let response = Page::Status
            .answer(&request, form.as_bytes(), &site, &caller)
            .await;
        assert_eq!(response.status(), expected, "{form}");
    }
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert!(
        text(&site, Page::Status, "start=y")
            .await
            .contains("<table")
    );
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[actix::test]
async fn tails() {
    let (site, _) = daemon(None);
    let log = tempfile::NamedTempFile::new().unwrap();
    let lines: String = (0..400)
        .map(|n| format!("line {n:04} <b>&amp;&\n"))
        .collect();
    std::fs::write(log.path(), &lines).unwrap();
    let mut x = info("x", "x", ProcessState::Running);
    x.stdout_logfile = log.path().display().to_string();
    site.state.board.set_process(x);
    for (query, title, limit, bytes) in [
        ("processname=x", "x", 1024, 1024),
        ("processname=x&limit=2000", "x", 2000, 2000),
        ("processname=x&limit=5", "x", 1024, 1024),
        ("processname=x&limit=abc", "x", 1024, 1024),
        ("processname=x&limit=-3", "x", 1024, 1024),
        (
            "processname=x&limit=99999999999999999999",
            "x",
            16_777_216,
            lines.len(),
        ),
    ] {
        let page = text(&site, Page::Tail, query).await;
        assert!(
            page.contains(&format!("Supervisor tail of process {title}</title>")),
            "{page}"
        );
        let link = format!("href=\"tail.html?processname=x&#38;limit={limit}\"");
        assert!(page.contains(&link), "{link} in {page}");
        let text = page
            .split("<pre>")
            .nth(1)
            .unwrap()
            .split("</pre>")
            .next()
            .unwrap();
        let shown = &lines[lines.len() - bytes..];
        let expected = shown
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace("&\n", "&amp;\n");
        assert_eq!(text, expected, "{query}");
    }
}

#[actix::test]
async fn tails_that_cannot_be_shown() {
    let (site, _) = daemon(None);
    for (query, expected) in [
        ("", "No process name found"),
        ("processname=", "No process name found"),
        ("processname=y", "No file for y"),
        (
            "processname=nope",
            "ERROR: unexpected rpc fault [10] BAD_NAME: nope",
        ),
        (
            "processname=g:*",
            "ERROR: unexpected rpc fault [10] BAD_NAME: g:*",
        ),
    ] {
        let page = text(&site, Page::Tail, query).await;
        assert!(page.contains(&format!("<pre>{expected}</pre>")), "{page}");
    }
}
