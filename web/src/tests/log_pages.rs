//! The pages of logs and events, as a browser without JavaScript gets them.

use actix_web::test::TestRequest;
use visord_actors::feed::News;
use visord_model::event::Event;
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

use super::fake::{Plan, board, info, site, state};
use crate::caller::Caller;
use crate::pages::Page;
use crate::site::Site;

/// A site whose process `x` has a log with this content.
fn with_log(content: impl AsRef<[u8]>) -> (Site, tempfile::NamedTempFile) {
    let log = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(log.path(), content).unwrap();
    let site = site(state(board(), Plan::default()).0);
    site.state
        .board
        .set_process(logging_to(log.path().to_str().unwrap()));
    (site, log)
}

fn logging_to(path: &str) -> ProcessInfo {
    ProcessInfo {
        stdout_logfile: path.into(),
        ..info("x", "x", ProcessState::Running)
    }
}

/// Status and body.
async fn get(site: &Site, page: Page, query: &str) -> (u16, String) {
    let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
    let response = page.answer(&request, b"", site, &Caller::UNNAMED).await;
    let status = response.status().as_u16();
    let body = actix_web::body::to_bytes(response.into_body()).await;
    (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
}

async fn log(site: &Site, query: &str) -> String {
    let (status, page) = get(site, Page::Log, &format!("name=x&{query}")).await;
    assert_eq!(status, 200, "{page}");
    page
}

/// What stands in the log itself.
fn lines(page: &str) -> &str {
    let (_, rest) = page
        .split_once("<pre>\n")
        .or(page.split_once("<pre>"))
        .unwrap();
    rest.split_once("</pre>").unwrap().0
}

#[actix::test]
async fn the_end_of_a_log_with_its_links() {
    let text: String = (0..5000).map(|n| format!("line {n:0>30}\n")).collect();
    let (site, _log) = with_log(&text);
    let end = log(&site, "").await;
    assert!(lines(&end).ends_with("4999\n") && lines(&end).starts_with("line "));
    assert!(end.contains("data-end=\"yes\"") && !end.contains("id=\"newer\""));
    assert!(
        end.contains("data-live=\"live/log?name=x&#38;channel=stdout\""),
        "{end}"
    );
    // one page back, and forth again
    let older = end.split("id=\"older\" href=\"").nth(1).unwrap();
    let older = older.split('"').next().unwrap().replace("&#38;", "&");
    let back = log(&site, older.split_once('?').unwrap().1).await;
    assert!(back.contains("id=\"older\"") && back.contains("id=\"newer\""));
    let joined = format!("{}{}", lines(&back), lines(&end));
    assert!(text.ends_with(&joined), "no gap and no double");
    let from: usize = text.len() - joined.len();
    let again = log(&site, &format!("from={from}")).await;
    assert!(joined.starts_with(lines(&again)) && lines(&again).len() > 60_000);
}

#[actix::test]
async fn old_files_are_a_link_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    for (name, text) in [
        ("x.log", "new\n"),
        ("x.log.1", "old\n"),
        ("x.log.2", "oldest\n"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let site = site(state(board(), Plan::default()).0);
    site.state
        .board
        .set_process(logging_to(path.to_str().unwrap()));
    let link = |page: &str, id: &str| {
        let rest = page.split(&format!("id=\"{id}\" href=\"")).nth(1)?;
        Some(rest.split('"').next()?.replace("&#38;", "&"))
    };
    let log = "log.html?name=x&channel=stdout";
    for (query, text, older, newer) in [
        ("", "new\n", Some("&old=1"), None),
        ("old=1", "old\n", Some("&old=2"), Some("&from=0")),
        ("old=2", "oldest\n", None, Some("&old=1&from=0")),
    ] {
        let page = self::log(&site, query).await;
        assert_eq!(lines(&page), text);
        assert_eq!(
            link(&page, "older"),
            older.map(|rest| format!("{log}{rest}"))
        );
        assert_eq!(
            link(&page, "newer"),
            newer.map(|rest| format!("{log}{rest}"))
        );
        assert_eq!(page.contains("data-end"), query.is_empty());
    }
    let (_, page) = get(&site, Page::Log, "name=x&old=3").await;
    assert!(page.contains("x.log.3 does not exist"), "{page}");
    let (_, page) = get(&site, Page::Log, "name=x&old=2&format=json").await;
    assert!(page.contains("\"text\":\"oldest\\n\""), "{page}");
}

#[actix::test]
async fn nothing_in_a_log_is_obeyed() {
    let mut hostile = b"<script>alert(1)</script>&lt;\0\x07\x1b]0;x\x07\xff\xfe\r\n".to_vec();
    hostile.extend_from_slice(b"\x1b[1;31mred\x1b[0m \x1b[38;5;196;48;2;0;0;10many\x1b[m\n</pre>");
    let (site, _log) = with_log(&hostile);
    let page = log(&site, "find=&at=").await;
    assert_eq!(
        lines(&page),
        "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;␀␇\u{fffd}\u{fffd}\n\
         <span class=\"sb f1\">red</span> <span class=\"f9 g0\">any</span>\n&lt;/pre&gt;\n"
    );
    let query = "name=x&find=%3Cscript%3E&at=%22%3E%3Cb%3E";
    let (_, page) = get(&site, Page::Log, query).await;
    assert!(
        !page.contains("<script>") && !page.contains("\"><b>"),
        "{page}"
    );
    let name = "%3Cimg%20src%3D1%3E";
    let (status, page) = get(&site, Page::Log, &format!("name={name}")).await;
    assert_eq!(status, 404);
    assert!(!page.contains("<img src=1"), "{page}");
    // one line of a megabyte
    let (site, _log) = with_log("x".repeat(1024 * 1024));
    assert_eq!(lines(&log(&site, "").await).len(), 65_536 + 1);
}

#[actix::test]
async fn searches_and_times() {
    let text: String = (0..3000)
        .map(|n| {
            format!(
                "2026-11-21T{:0>2}:{:0>2}:00Z request {n}\n",
                n / 60 % 24,
                n % 60
            )
        })
        .take(1440)
        .collect();
    let (site, _log) = with_log(text);
    let found = log(&site, "find=request+77").await;
    assert_eq!(lines(&found).lines().count(), 11);
    assert!(
        lines(&found).contains("<mark>request 77</mark>0"),
        "{found}"
    );
    assert!(
        found.contains("11 lines contain \u{201c}request 77\u{201d}.")
            && found.contains("data-hits")
    );
    let link = lines(&found)
        .split("href=\"")
        .nth(2)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let link = link.split_once('?').unwrap().1.replace("&amp;", "&");
    let there = log(&site, link.split('#').next().unwrap()).await;
    assert!(
        there.contains("<mark id=\"hit\">2026-11-21T12:50:00Z request 770</mark>"),
        "{link}"
    );
    let at = log(&site, "at=2026-11-21T08:30:00Z").await;
    assert!(
        lines(&at).starts_with("2026-11-21T08:30:00Z request 510\n"),
        "{at}"
    );
    let (site, _log) = with_log("no time\n");
    assert!(
        log(&site, "at=12:00")
            .await
            .contains("do not say from when")
    );
    assert!(log(&site, "at=noon").await.contains("is no time"));
}

#[actix::test]
async fn why_there_is_no_log() {
    let (site, log) = with_log("x");
    let fifo = tempfile::tempdir().unwrap();
    let fifo = fifo.path().join("f").display().to_string();
    nix::unistd::mkfifo(fifo.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let missing = log.path().with_extension("missing").display().to_string();
    for (path, words, status) in [
        ("", "is not stored in a file", 404),
        ("/dev/null", "The output goes to /dev/null, a device", 404),
        ("/dev/stdout", "The output goes to /dev/stdout", 404),
        (&fifo, "a pipe, which cannot be read back", 404),
        (&missing, "There is no log yet", 200),
    ] {
        site.state.board.set_process(logging_to(path));
        let (found, page) = get(&site, Page::Log, "name=x").await;
        assert!(
            page.contains(words) && page.contains("id=\"absent\""),
            "{path}: {page}"
        );
        assert_eq!(found, status, "{path}");
        let (found, json) = get(&site, Page::Log, "name=x&format=json").await;
        assert!(found == 404 && json.contains("\"absent\":"), "{json}");
        let (found, _) = get(&site, Page::Log, "name=x&download=1").await;
        assert_eq!(found, 404);
    }
    let (_, page) = get(&site, Page::Log, "name=x&channel=stderr").await;
    assert!(
        page.contains("redirect_stderr sends it to stdout"),
        "{page}"
    );
    let (_, page) = get(&site, Page::Activity, "").await;
    assert!(page.contains("The activity log goes to syslog."), "{page}");
}

#[actix::test]
async fn a_download_is_the_whole_file_under_a_tame_name() {
    let text = "line\n".repeat(200_000);
    let (site, log) = with_log(&text);
    let mut hostile = info("g", "a/../\"b\r\n", ProcessState::Running);
    hostile.stdout_logfile = log.path().display().to_string();
    site.state.board.set_process(hostile);
    let uri = "/?name=g:a%2F..%2F%22b%0D%0A&download=1";
    let request = TestRequest::with_uri(uri).to_http_request();
    let response = Page::Log
        .answer(&request, b"", &site, &Caller::UNNAMED)
        .await;
    let disposition = response.headers().get("content-disposition").unwrap();
    assert_eq!(
        disposition,
        "attachment; filename=\"g_a_..__b__-stdout.log\""
    );
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap();
    assert_eq!(body, text);
}

#[actix::test]
async fn levels_of_the_activity_log() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let text = "2026-11-21 06:06:32,777 DEBG 'x' stdout output:\nWARN no\n\n\
                2026-11-21 06:06:32,778 WARN careful\n2026-11-21 06:06:32,779 CRIT bad\n";
    std::fs::write(log.path(), text).unwrap();
    let board = visord_actors::board::Board::new(visord_actors::board::Identity {
        logfile: Some(log.path().into()),
        ..Default::default()
    });
    let site = site(state(board, Plan::default()).0);
    let (_, all) = get(&site, Page::Activity, "").await;
    assert_eq!(lines(&all).lines().count(), 5);
    let (_, warnings) = get(&site, Page::Activity, "level=WARN").await;
    assert_eq!(
        lines(&warnings),
        "2026-11-21 06:06:32,778 WARN careful\n2026-11-21 06:06:32,779 CRIT bad\n"
    );
    assert!(
        warnings.contains("<option value=\"WARN\" selected>"),
        "{warnings}"
    );
}

#[actix::test]
async fn events_with_their_filters() {
    let (site, _log) = with_log("");
    let publish = |event: Event| {
        let serial = Some(7);
        let event = std::sync::Arc::new(event);
        site.state
            .board
            .feed()
            .publish(News::Event { serial, event });
    };
    publish(Event::GroupAdded("g".into()));
    publish(Event::Remote {
        kind: "<b>".into(),
        data: "\0\x1b[31m<script>".into(),
    });
    let rows = |page: &str| page.matches("<tr data-type").count();
    let (_, page) = get(&site, Page::Events, "").await;
    assert_eq!(rows(&page), 2);
    assert!(
        page.contains("type:&lt;b&gt;\n␀<span class=\"f1\">&lt;script&gt;</span>"),
        "{page}"
    );
    assert!(page.find("REMOTE_COMMUNICATION</td>") < page.find("PROCESS_GROUP_ADDED</td>"));
    for (query, count) in [
        ("type=PROCESS_GROUP", 1),
        ("type=PROCESS_GROUP_REMOVED", 0),
        ("name=g", 1),
        ("text=SCRIPT", 1),
        ("text=script&name=g", 0),
        ("type=nonsense", 2),
    ] {
        let (_, page) = get(&site, Page::Events, query).await;
        assert_eq!(rows(&page), count, "{query}");
    }
}
