//! `index.html`: every process and what can be done with it (spec interfaces 5.3).

use actix_web::HttpResponse;
use askama::Template;
use visord_model::name::namespec;
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

use super::Page;
use super::frame::{self, Frame};
use crate::caller::Caller;
use crate::clock;
use crate::query;
use crate::site::Site;

#[derive(Template)]
#[template(path = "status.html")]
struct Status<'a> {
    frame: Frame<'a>,
    rows: Vec<Row>,
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
pub fn page(site: &Site, caller: &Caller, message: Option<&str>) -> HttpResponse {
    let now = clock::now();
    let mut frame = Frame::new(site, caller, Page::Status, "Supervisor Status");
    frame.message = message.unwrap_or_default();
    let all = site.state.board.all();
    let rows = all.iter().map(|info| row(info, now)).collect();
    frame::respond(site, &Status { frame, rows })
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
