//! Orders of the processes page: what needs confirmation, what reaches the Supervisor, which
//! messages come of it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::test::TestRequest;
use visord_model::fault::FaultCode;
use visord_model::state::ProcessState;

use super::fake::{Asked, Plan, board, info, site, state};
use crate::caller::{Caller, Right};
use crate::pages::Page;
use crate::site::Site;

fn daemon(plan: Plan) -> (Site, Asked) {
    let (state, asked) = state(board(), plan);
    (site(state), asked)
}

async fn post_as(site: &Site, caller: &Caller, form: &str, accept: &str) -> HttpResponse {
    let request = TestRequest::post()
        .uri("/index.html")
        .insert_header(("Accept", accept))
        .to_http_request();
    Page::Status
        .answer(&request, form.as_bytes(), site, caller)
        .await
}

async fn post(site: &Site, form: &str) -> HttpResponse {
    post_as(site, &Caller::UNNAMED, form, "text/html").await
}

async fn body(response: HttpResponse) -> String {
    let body = actix_web::body::to_bytes(response.into_body()).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

async fn page(site: &Site, caller: &Caller, query: &str) -> String {
    let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
    let response = Page::Status.answer(&request, b"", site, caller).await;
    assert_eq!(response.status(), 200, "{query}");
    body(response).await
}

/// Where a form leads, decoded.
fn location(response: &HttpResponse) -> String {
    assert_eq!(response.status(), 303);
    let location = response.headers().get(LOCATION).unwrap().to_str().unwrap();
    percent_encoding::percent_decode_str(location)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

fn names(names: &[(&str, &str)]) -> String {
    let name = |(group, process): &(&str, &str)| {
        format!("ProcessName {{ group: {group:?}, process: {process:?} }}")
    };
    let names: Vec<String> = names.iter().map(name).collect();
    format!("These({{{}}})", names.join(", "))
}

#[actix::test]
async fn orders_go_out_in_bulk() {
    let (site, asked) = daemon(Plan::default());
    let (one, some) = (names(&[("y", "y")]), names(&[("g", "a"), ("x", "x")]));
    for (form, expected) in [
        (
            "start=y",
            vec![format!("StartMany {{ scope: {one}, wait: true }}")],
        ),
        (
            "stop=y",
            vec![format!("StopMany {{ scope: {one}, wait: true }}")],
        ),
        (
            "selected=start&pick=x&pick=g%3Aa",
            vec![format!("StartMany {{ scope: {some}, wait: true }}")],
        ),
        (
            "group=restart+g&confirmed=yes",
            vec![
                "StopMany { scope: Group(\"g\"), wait: true }".to_owned(),
                "StartMany { scope: Group(\"g\"), wait: true }".to_owned(),
            ],
        ),
        (
            "all=clearlog&confirmed=yes",
            vec!["ClearManyLogs { scope: All }".to_owned()],
        ),
        (
            "all=signal&which=hup&confirmed=yes",
            vec!["SignalMany { scope: All, signal: Ok(Signal(1)) }".to_owned()],
        ),
        ("signal=y&which=BOGUS", vec![]),
        ("start=nope", vec![]),
        ("selected=stop", vec![]),
    ] {
        assert_eq!(post(&site, form).await.status(), 303, "{form}");
        let asked: Vec<String> = asked.lock().unwrap().drain(..).collect();
        assert_eq!(asked, expected, "{form}");
    }
}

#[actix::test]
async fn what_came_of_it() {
    // of every bulk request the fake says: g:a succeeded, g:b found no command
    let (site, _) = daemon(Plan::default());
    for (form, expected) in [
        (
            "all=start",
            "index.html?message=Could not start g:b: can't find command 'b'.\nStarted g:a.\n\
             Already running: 2 programs: x, y.&failed=yes",
        ),
        (
            "group=stop+g&confirmed=yes&q=a+b&state=running",
            "index.html?message=Could not stop g:b: can't find command 'b'.\n\
             Stopped g:a.&failed=yes&q=a b&state=RUNNING",
        ),
        (
            "selected=start&pick=g:a&pick=z&process=g:a",
            "index.html?process=g:a&message=Could not start g:b: can't find command 'b'.\n\
             Could not start z: there is no such program.\nStarted g:a.&failed=yes",
        ),
        (
            "selected=stop",
            "index.html?message=Nothing is selected.&failed=yes",
        ),
        (
            "signal=x&which=nope",
            "index.html?message=Nothing was done: there is no such signal.&failed=yes",
        ),
    ] {
        assert_eq!(location(&post(&site, form).await), expected, "{form}");
    }
    let (site, _) = daemon(Plan {
        fault: Some(FaultCode::ShutdownState.bare()),
        ..Plan::default()
    });
    let expected = "index.html?message=Nothing was done: the daemon is ending.&failed=yes";
    assert_eq!(location(&post(&site, "start=y").await), expected);
}

#[actix::test]
async fn a_script_gets_plain_text() {
    let (site, _) = daemon(Plan::default());
    let answer = post_as(&site, &Caller::UNNAMED, "start=y", "text/plain").await;
    assert_eq!(answer.status(), 409);
    let kind = answer.headers().get("Content-Type").unwrap();
    assert_eq!(kind, "text/plain;charset=utf-8");
    assert!(body(answer).await.starts_with("Could not start g:b"));
}

#[actix::test]
async fn no_client_waits_for_hours() {
    let (site, asked) = daemon(Plan {
        delay: Duration::from_secs(3600),
        ..Plan::default()
    });
    tokio::time::pause();
    let shown = location(&post(&site, "all=restart&confirmed=yes").await);
    let expected = "index.html?message=Restarting goes on: it takes longer than 15 seconds.";
    assert_eq!(shown, expected);
    // it goes on to its end all the same
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[actix::test]
async fn messages_fit_into_a_url() {
    let (site, _) = daemon(Plan::default());
    let picks: Vec<String> = (0..500)
        .map(|n| format!("pick={}{n}", "%E2%82%AC".repeat(100)))
        .collect();
    let form = format!("selected=start&{}", picks.join("&"));
    let answer = post(&site, &form).await;
    let raw = answer.headers().get(LOCATION).unwrap().len();
    assert!(raw < 8000, "{raw}");
    assert!(location(&answer).contains("Nor 494 more."));
    // of a message from a link a page shows only the start
    let shown = page(
        &site,
        &Caller::UNNAMED,
        &format!("message={}", "x".repeat(50_000)),
    )
    .await;
    assert!(shown.len() < 30_000, "{}", shown.len());
}

#[actix::test]
async fn confirmation() {
    let (site, asked) = daemon(Plan::default());
    site.state.board.add_group("<i>");
    site.state
        .board
        .set_process(info("<i>", "\"'&", ProcessState::Running));
    for (form, parts) in [
        (
            "all=stop&q=%22%3Cb&state=fatal",
            vec![
                "<h1>Stop all 5 programs?</h1>",
                "name=\"all\" value=\"stop\"",
                "name=\"q\" value=\"&#34;&#60;b\"",
                "name=\"state\" value=\"FATAL\"",
                "&#60;i&#62;:&#34;&#39;&#38;</span>",
                "href=\"index.html?q=%22%3Cb&#38;state=FATAL\">Cancel",
            ],
        ),
        (
            "group=clearlog+%3Ci%3E",
            vec![
                "<h1>Clear the logs of group &#60;i&#62;: 1 program?</h1>",
                "value=\"clearlog &#60;i&#62;\"",
            ],
        ),
        (
            "selected=restart&pick=x&pick=g:*&pick=%3Cz",
            vec![
                "<h1>Restart 3 selected programs?</h1>",
                "name=\"pick\" value=\"g:*\"",
                "<span>&#60;z</span> <span>there is no such program</span>",
            ],
        ),
        (
            "signal=x&process=x",
            vec![
                "<h1>Send a signal to x?</h1>",
                "<option value=\"HUP\">",
                "name=\"process\" value=\"x\"",
                "href=\"index.html?process=x\">Cancel",
            ],
        ),
    ] {
        let answer = post(&site, form).await;
        assert_eq!(answer.status(), 200, "{form}");
        let page = body(answer).await;
        for part in parts {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(
            page.contains("name=\"confirmed\" value=\"yes\"") && page.contains("name=\"token\"")
        );
        assert!(!page.contains("<i>") && !page.contains("<z"), "{page}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[actix::test]
async fn viewers_get_no_buttons() {
    let (site, asked) = daemon(Plan::default());
    let viewer = Caller {
        right: Right::View,
        ..Caller::UNNAMED
    };
    for query in ["", "process=x", "state=running"] {
        let page = page(&site, &viewer, query).await;
        for word in [
            "name=start",
            "name=\"all\"",
            "name=pick",
            "name=\"group\"",
            "name=\"stop\"",
        ] {
            assert!(!page.contains(word), "{word} in {page}");
        }
        let ways = ["form=l name=name value=\"x\">Log<", "log.html?name=x"];
        assert!(ways.iter().any(|way| page.contains(way)), "{page}");
    }
    for form in ["start=y", "all=stop", "action=stopall"] {
        let answer = post_as(&site, &viewer, form, "text/html").await;
        assert_eq!(answer.status(), 403, "{form}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[actix::test]
async fn search_and_state_without_javascript() {
    let (site, _) = daemon(Plan::default());
    for (query, shown, hidden) in [
        ("q=G:", "g:a g:b", "x y"),
        ("state=RUNNING", "x g:a", "y g:b"),
        ("q=g&state=fatal", "g:b", "x y g:a"),
        ("q=zzz", "", "x y g:a g:b"),
    ] {
        let page = page(&site, &Caller::UNNAMED, query).await;
        let row = |name: &str| page.contains(&format!("<tr data-name=\"{name}\">"));
        assert!(shown.split_whitespace().all(row), "{query}: {page}");
        assert!(!hidden.split_whitespace().any(row), "{query}: {page}");
    }
    let page = page(&site, &Caller::UNNAMED, "q=%22%3E%3Cb&state=FATAL").await;
    for part in [
        "name=\"q\" value=\"&#34;&#62;&#60;b\"",
        "value=\"FATAL\" data-state=\"FATAL\" aria-pressed=\"true\">fatal <b>0</b>",
        "aria-pressed=\"false\">all <b>0</b>",
        "No program fits the search.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<b>&") && !page.contains("\"><b"), "{page}");
}

#[actix::test]
async fn one_process() {
    let (site, _) = daemon(Plan::default());
    site.state.board.add_group("<i>");
    let mut hostile = info("<i>", "\"'&", ProcessState::Fatal);
    hostile.spawnerr = "<script>".into();
    hostile.stdout_logfile = "/tmp/<b>".into();
    site.state.board.set_process(hostile);
    let shown = page(&site, &Caller::UNNAMED, "process=%3Ci%3E:%22%27%26").await;
    for part in [
        "<h1>&#60;i&#62;:&#34;&#39;&#38; <span class=\"statuserror\" data-field=\"state\" data-state=\"FATAL\">fatal</span></h1>",
        "<button name=\"start\" value=\"&#60;i&#62;:&#34;&#39;&#38;\">Start</button>",
        "<dd data-field=\"stdout\">/tmp/&#60;b&#62;</dd>",
        "href=\"logtail/%3Ci%3E%3A%22%27%26/stderr\"",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(
        !shown.contains("<i>") && !shown.contains("<script>"),
        "{shown}"
    );
    let request = TestRequest::with_uri("/?process=gone").to_http_request();
    let answer = Page::Status
        .answer(&request, b"", &site, &Caller::UNNAMED)
        .await;
    let expected = "index.html?message=There is no program gone.&failed=yes";
    assert_eq!(location(&answer), expected);
}

/// A page with 100 processes has less than 60 kB (issue 8).
#[actix::test]
async fn a_hundred_processes_make_a_small_page() {
    let (site, _) = daemon(Plan::default());
    for group in ["x", "y", "g"] {
        site.state.board.remove_group(group);
    }
    for group in 0..5 {
        let group = format!("billing{group}");
        site.state.board.add_group(&group);
        for number in 0..20 {
            let mut info = info(
                &group,
                &format!("invoice-worker_{number:03}"),
                ProcessState::Running,
            );
            info.pid = 1_234_567;
            info.start = 1;
            info.restarts = 123;
            info.spawnerr = "exited with code 1".into();
            site.state.board.set_process(info);
        }
    }
    let page = page(&site, &Caller::UNNAMED, "").await;
    assert_eq!(page.matches("<tr data-name=").count(), 100);
    // there are no samples yet: to come are figures, and curves where there is still room
    let figures = "100.0%1234 MiB".len() * 100;
    assert!(page.len() + figures < 60_000, "{} bytes", page.len());
    let (around, rows) = page.split_once("<tr data-name=").unwrap();
    assert!(around.len() < 5000, "{} bytes", around.len());
    let texts = "billing0:invoice-worker_000".len() * 4
        + "pid 1234567, uptime 20000 days, 0:00:00 exited with code 1".len();
    assert!(rows.len() / 100 - texts <= 385, "the estimate of status.rs");
}
