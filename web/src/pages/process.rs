//! `index.html?process=N`: all that is known of one process, and all that can be done with it.

use actix_web::HttpResponse;
use askama::Template;
use visord_actors::messages::supervisor::ProcessName;
use visord_model::process::ProcessInfo;

use super::Page;
use super::filter::Filter;
use super::frame::{self, Frame};
use super::order::Verb;
use super::status::{self, Badge};
use super::work::Report;
use crate::answer;
use crate::caller::{Caller, Right};
use crate::clock;
use crate::query;
use crate::rpc::names;
use crate::site::Site;

#[derive(Template)]
#[template(path = "process.html")]
struct One<'a> {
    frame: Frame<'a>,
    name: &'a str,
    quoted: String,
    badge: Badge,
    facts: Vec<(&'static str, String)>,
    verbs: Vec<Verb>,
}

/// The page; a process that is gone leads back to all of them.
#[must_use]
pub fn page(
    site: &Site,
    caller: &Caller,
    given: &str,
    message: Option<&str>,
    failed: bool,
) -> HttpResponse {
    let board = &site.state.board;
    let known = names::active(board, given).ok();
    let Some((process, info)) = known.and_then(|name| Some((name.clone(), board.process(&name)?)))
    else {
        let gone = Report::refusal(format!("There is no program {}.", super::work::name(given)));
        return answer::see_other(&status::place(&Filter::default(), "", Some(&gone)));
    };
    let name = status::named(&info);
    let mut frame = Frame::new(site, caller, Page::Status, &name);
    frame.message = message.unwrap_or_default();
    frame.failed = failed;
    let mut verbs = Vec::new();
    if caller.may(Right::Operate) {
        verbs.extend_from_slice(status::verbs(info.state));
        verbs.extend([Verb::Signal, Verb::ClearLog]);
    }
    let page = One {
        frame,
        name: &name,
        quoted: query::encoded(&name),
        badge: Badge::of(info.state),
        facts: facts(site, &process, &info),
        verbs,
    };
    frame::respond(site, &page)
}

fn facts(site: &Site, process: &ProcessName, info: &ProcessInfo) -> Vec<(&'static str, String)> {
    let moment = |unix: i64| {
        if unix == 0 {
            String::new()
        } else {
            clock::long(unix)
        }
    };
    let path = |path: &str| {
        if path.is_empty() {
            "none".to_owned()
        } else {
            path.to_owned()
        }
    };
    let lost = (site.state.lost)(process);
    let bytes = |bytes: u64| {
        if bytes == 0 {
            String::new()
        } else {
            format!("{bytes} bytes")
        }
    };
    let number = |number: i32| {
        if number == 0 {
            String::new()
        } else {
            number.to_string()
        }
    };
    let mut facts = vec![
        ("Description", info.description(clock::now(), &clock::short)),
        ("Group", info.group.clone()),
        ("Process id", number(info.pid)),
        ("Started", moment(info.start)),
        ("Stopped", moment(info.stop)),
        ("Restarts", info.restarts.to_string()),
        ("Last exit", info.why()),
        ("Standard output", path(&info.stdout_logfile)),
        ("Lost of it", bytes(lost.stdout)),
        ("Standard error", path(&info.stderr_logfile)),
        ("Lost of it", bytes(lost.stderr)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}
