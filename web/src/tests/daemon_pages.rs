//! `about.html` and `config.html`.

use std::path::Path;
use std::sync::Arc;

use actix_web::test::TestRequest;
use tokio::sync::watch;
use visord_config::{HostContext, Listing, Overrides};

use super::fake::{Plan, board, site, state};
use crate::caller::{Caller, Right};
use crate::pages::Page;
use crate::site::Site;

fn daemon() -> Site {
    site(state(board(), Plan::default()).0)
}

/// A daemon that was started with one text and has read another one since.
fn configured(at_start: &str, latest: &str) -> Site {
    let (mut state, _) = state(board(), Plan::default());
    state.setup.at_start = Arc::new(listing(at_start));
    state.setup.latest = watch::Sender::new(Arc::new(listing(latest))).subscribe();
    site(state)
}

fn listing(text: &str) -> Listing {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.conf"), text).unwrap();
    let surroundings = HostContext {
        environment: std::collections::BTreeMap::new(),
        node_name: "node".to_owned(),
        cwd: folder.path().to_owned(),
    };
    let path = Path::new("s.conf");
    let loaded = visord_config::read(path, &Overrides::default(), &surroundings);
    loaded.unwrap().listing
}

async fn text(site: &Site, page: Page, query: &str, right: Right) -> (u16, String) {
    let caller = Caller {
        right,
        ..Caller::UNNAMED
    };
    let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
    let response = page.answer(&request, b"", site, &caller).await;
    let status = response.status().as_u16();
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[actix::test]
async fn about_says_which_daemon_this_is() {
    let site = daemon();
    for right in [Right::View, Right::Operate, Right::Admin] {
        let (status, page) = text(&site, Page::About, "", right).await;
        assert_eq!(status, 200);
        for part in [
            "<dt>Program</dt><dd>visord test</dd>",
            "<dt>In place of</dt><dd>Supervisor 4.3.0</dd>",
            "<dt>Identifier</dt><dd>nörth</dd>",
            "<dt>Process id</dt><dd>4711</dd>",
            "<dt>Started</dt><dd>",
            "<dt>Programs</dt><dd>4 processes in 3 groups, 2 of them active</dd>",
            "<th scope=\"row\">inet_http_server <span class=\"note\">(you came through it)</span></th>\
             <td class=\"mono\">127.0.0.1:9001</td><td>no</td><td>no</td><td>1 MiB</td>",
            "inet_http_server:secure</th><td class=\"mono\">*:9443</td>\
             <td>yes, with certificates of clients</td><td>yes</td><td>5000 bytes</td>",
            "<dt>Open files of the daemon</dt><dd>",
            "<dt>Connections for each listener</dt><dd>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        // viewers do not see where files are
        for part in ["/etc/visord test.conf", "/run/inside.sock", "<dt>Platform"] {
            assert_eq!(page.contains(part), right > Right::View, "{part} in {page}");
        }
        // nor links to pages that are closed to them
        let link = "formaction=\"config.html\"";
        assert_eq!(page.contains(link), right > Right::View, "{page}");
    }
}

#[actix::test]
async fn the_configuration_and_its_places() {
    let site = configured(
        "[supervisord]\nidentifier=<b>\nenvironment=A=1,TOKEN=sesame\n[unix_http_server]\n\
         file=%(here)s/s.sock\nusername=me\npassword=sesame\n[program:x]\ncommand=old\n",
        "[supervisord]\nidentifier=other\nenvironment=A=1,TOKEN=sesame\n\n[program:x]\n\
         command=cat %(program_name)s\nfoo=bar\n[program:y]\ncommand=y\n[inet_http_server]\nport=1\n",
    );
    let (status, _) = text(&site, Page::Config, "", Right::View).await;
    assert_eq!(status, 403);
    let (status, page) = text(&site, Page::Config, "", Right::Operate).await;
    assert_eq!(status, 200);
    for part in [
        "<code>/etc/visord test.conf</code>",
        // of the daemon itself that of its start
        "<tr data-option=\"identifier\"><th scope=\"row\" class=\"mono\">identifier</th><td>\
         <code>&#60;b&#62;</code></td><td class=\"note\">s.conf:2</td></tr>",
        "The file says something else by now; that holds after a restart.",
        "It is gone from the file; that holds after a restart.",
        "It is new in the file; it holds after a restart.",
        "<tr data-option=\"minfds\" class=\"unset\"><th scope=\"row\" class=\"mono\">minfds</th>\
         <td><code>1024</code></td><td class=\"note\">default</td></tr>",
        "TOKEN=[hidden]",
        "<td><code>[hidden]</code></td><td class=\"note\">s.conf:7</td>",
        "<span class=\"note\">not set</span>",
        // of programs the latest
        "<code>cat x</code><br><span class=\"note\">written:</span> \
         <code>cat %(program_name)s</code></td><td class=\"note\">s.conf:6</td>",
        "Not as at the start of the daemon",
        "<strong>Nobody reads this option.</strong>",
        "<a href=\"config.html?section=program%3Ay\">[program:y] with ",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for part in ["sesame", "<b>", "data-option=\"startsecs\"", "<code>old"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    // administrators see no more secrets
    let (_, again) = text(&site, Page::Config, "", Right::Admin).await;
    assert_eq!(again, page);
}

#[actix::test]
async fn one_section_with_everything() {
    let text_of = "[supervisord]\n[program:x]\ncommand=x\n";
    let site = configured(text_of, text_of);
    let query = "section=program%3Ax";
    let (status, page) = text(&site, Page::Config, query, Right::Operate).await;
    assert_eq!(status, 200);
    let row = "<tr data-option=\"startsecs\" class=\"unset\"><th scope=\"row\" \
               class=\"mono\">startsecs</th><td><code>1</code></td><td class=\"note\">default</td>";
    assert!(page.contains(row), "{page}");
    assert!(!page.contains("[supervisord]"), "{page}");
    let (status, _) = text(&site, Page::Config, "section=program%3Ay", Right::Operate).await;
    assert_eq!(status, 404);
}

#[actix::test]
async fn of_very_many_programs_the_names() {
    let programs: String = (0..150)
        .map(|n| format!("[program:p{n}]\ncommand=x\n"))
        .collect();
    let all = format!("[supervisord]\n{programs}");
    let site = configured(&all, &all);
    let (_, page) = text(&site, Page::Config, "", Right::Operate).await;
    assert!(page.contains("data-option=\"logfile\""), "{page}");
    assert!(!page.contains("data-option=\"command\""), "{page}");
    assert_eq!(
        page.matches("<li><a href=\"config.html?section=program%3Ap")
            .count(),
        150
    );
}
