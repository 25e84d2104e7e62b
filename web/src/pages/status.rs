//! `index.html`: every process and what can be done with it (spec interfaces 5.3).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use slog::error;
use visord_model::name::namespec;
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

use super::html;
use crate::answer;
use crate::clock;
use crate::query;
use crate::site::Site;
use crate::state::STANDS_IN_FOR;

#[derive(Template)]
#[template(path = "status.html")]
struct Status<'a> {
    message: &'a str,
    rows: Vec<Row>,
    token: &'a str,
    build: &'a str,
    version: &'a str,
}

struct Row {
    state: String,
    class: &'static str,
    description: String,
    name: String,
    quoted: String,
    actions: &'static [(&'static str, &'static str)],
}

/// The page.
#[must_use]
pub fn page(site: &Site, message: Option<&str>) -> HttpResponse {
    let now = clock::now();
    let page = Status {
        message: message.unwrap_or_default(),
        rows: site
            .state
            .board
            .all()
            .iter()
            .map(|info| row(info, now))
            .collect(),
        token: site.shared.token(),
        build: &site.state.build,
        version: STANDS_IN_FOR,
    };
    match page.render() {
        Ok(page) => html::respond(page),
        Err(reason) => {
            error!(site.state.log, "could not render a page: {reason}");
            answer::error(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn row(info: &ProcessInfo, now: i64) -> Row {
    let name = namespec(&info.group, &info.name);
    Row {
        state: info.state.name().to_ascii_lowercase(),
        class: class(info.state),
        description: info.description(now, &clock::short),
        quoted: query::encoded(&name),
        name,
        actions: actions(info.state),
    }
}

const fn class(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Running => "statusrunning",
        ProcessState::Fatal | ProcessState::Backoff => "statuserror",
        ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::Unknown => "statusnominal",
    }
}

/// Label and action of the buttons that make sense in a state.
const fn actions(state: ProcessState) -> &'static [(&'static str, &'static str)] {
    match state {
        ProcessState::Running => &[
            ("Restart", "restart"),
            ("Stop", "stop"),
            ("Clear Log", "clearlog"),
        ],
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => {
            &[("Start", "start"), ("Clear Log", "clearlog")]
        }
        ProcessState::Starting
        | ProcessState::Backoff
        | ProcessState::Stopping
        | ProcessState::Unknown => &[("Clear Log", "clearlog")],
    }
}
