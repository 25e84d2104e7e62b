//! `/metrics` and `/healthz` as clients see them.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, read_body};
use visord_model::process::ProcessInfo;
use visord_model::state::{ProcessState, SupervisorState};

use super::fake::{Plan, board, info, site, state};
use super::http::app;
use crate::site::Site;

async fn get(site: Site, path: &str, accept: &str) -> (u16, String, String) {
    let app = app(site).await;
    let request = TestRequest::get().uri(path);
    let request = request.insert_header((header::ACCEPT, accept)).to_request();
    let response = call_service(&app, request).await;
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let body = read_body(response).await;
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

fn hostile() -> Site {
    let (state, _) = state(board(), Plan::default());
    let name = "a\"} 1\n# EOF\n\\";
    state.board.set_process(ProcessInfo {
        start: 1000,
        restarts: 3,
        ..info(name, name, ProcessState::Running)
    });
    let meter = state.meters.of("supervisor", "getState");
    meter.called(Duration::from_millis(3), false);
    site(state)
}

/// What every reader of such a page relies on.
fn check(page: &str, openmetrics: bool) -> BTreeSet<String> {
    let mut families = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, word) = rest.split_once(' ').unwrap();
            assert!(families.insert(name.to_owned()), "{name} twice");
            (family, kind) = (name.into(), word.into());
            continue;
        }
        if line.starts_with("# ") {
            let mut words = line.splitn(4, ' ').skip(1);
            let what = words.next().unwrap();
            assert!(["HELP", "UNIT"].contains(&what), "{line}");
            assert!(openmetrics || what == "HELP", "{line}");
            assert_eq!(words.next(), Some(family.as_str()), "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(series.to_owned()), "{series} twice");
        let name = series.split('{').next().unwrap();
        let suffix = name.strip_prefix(family.as_str()).expect(line);
        let lawful: &[&str] = match (kind.as_str(), openmetrics) {
            ("histogram", _) => &["_bucket", "_count", "_sum"],
            ("counter", true) => &["_total"],
            ("info", true) => &["_info"],
            _ => &[""],
        };
        assert!(lawful.contains(&suffix), "{line} in {family} ({kind})");
    }
    families
}

#[actix::test]
async fn both_formats_say_the_same() {
    let (status, kind, old) = get(hostile(), "/metrics", "*/*").await;
    assert_eq!(status, 200);
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let asked = "application/openmetrics-text; version=1.0.0";
    let (_, kind, new) = get(hostile(), "/metrics", asked).await;
    assert_eq!(
        kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(new.ends_with("\n# EOF\n") && !old.contains("\n# EOF\n"));
    assert_eq!(check(&old, false).len(), check(&new, true).len());
    let escaped = "a\\\"} 1\\n# EOF\\n\\\\";
    for sample in [
        format!(
            "visord_process_state{{group=\"{escaped}\",process=\"{escaped}\",state=\"RUNNING\"}} 1"
        ),
        format!("visord_process_restarts_total{{group=\"{escaped}\",process=\"{escaped}\"}} 3"),
        "visord_process_state{group=\"g\",process=\"b\",state=\"FATAL\"} 1".into(),
        "visord_process_state{group=\"g\",process=\"b\",state=\"RUNNING\"} 0".into(),
        "visord_log_stored_bytes_total{group=\"x\",process=\"x\",channel=\"stderr\"} 34".into(),
        "visord_log_lost_bytes_total{group=\"x\",process=\"x\",channel=\"stdout\"} 3000000000"
            .into(),
        "visord_rpc_duration_seconds_bucket{method=\"supervisor.getState\",le=\"0.0025\"} 0".into(),
        "visord_rpc_duration_seconds_bucket{method=\"supervisor.getState\",le=\"0.005\"} 1".into(),
        "visord_rpc_duration_seconds_count{method=\"supervisor.getState\"} 1".into(),
        "visord_mood{mood=\"RUNNING\"} 1".into(),
        "visord_build_info{build=\"visord test\",supervisor_version=\"4.3.0\",\
         identifier=\"nörth\"} 1"
            .into(),
    ] {
        assert!(old.contains(&format!("\n{sample}\n")), "{sample} in {old}");
        assert!(new.contains(&format!("\n{sample}\n")), "{sample} in {new}");
    }
}

#[actix::test]
async fn health_needs_no_password_and_tells_nothing() {
    let protected = |mood| {
        let mut site = super::http::protected();
        let mut state = (*site.state).clone();
        state.board.set_state(mood);
        // it would be waited for
        state.limits.failure_delay = Duration::from_secs(3600);
        site.state = state.into();
        site
    };
    let (status, kind, body) = get(protected(SupervisorState::Running), "/healthz", "").await;
    assert_eq!((status, &*kind, &*body), (200, "text/plain", "OK\n"));
    let (status, _, body) = get(protected(SupervisorState::Shutdown), "/healthz", "").await;
    assert_eq!((status, &*body), (503, "closing\n"));
    let (status, ..) = get(protected(SupervisorState::Running), "/metrics", "").await;
    assert_eq!(status, 401);
    let (status, ..) = get(protected(SupervisorState::Running), "/healthz/", "").await;
    assert_eq!(status, 401);
}
