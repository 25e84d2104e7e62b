//! `index.html?process=N`: all that is known of one process, and all that can be done with it.

use actix_web::HttpResponse;
use askama::Template;
use visord_actors::messages::supervisor::ProcessName;
use visord_actors::usage::Sample;
use visord_model::process::ProcessInfo;

use super::Page;
use super::figures::{self, Curve, WIDTH};
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
    now: i64,
    facts: Vec<Fact>,
    /// Unless nobody watches.
    curve: Option<Curve>,
    verbs: Vec<Verb>,
}

/// One line about a process.
struct Fact {
    term: &'static str,
    value: String,
    /// What scripts and tests call it.
    field: &'static str,
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
        now: clock::now(),
        facts: facts(site, &process, &info),
        curve: figures::curve(&site.state.usage.curve(&process), WIDTH),
        verbs,
    };
    frame::respond(site, &page)
}

fn facts(site: &Site, process: &ProcessName, info: &ProcessInfo) -> Vec<Fact> {
    let sample = status::sample(site, process);
    let figure = |f: fn(&Sample) -> String| sample.as_ref().map_or_else(String::new, f);
    let lost = (site.state.lost)(process);
    let facts = [
        (
            "Description",
            "description",
            info.description(clock::now(), &clock::short),
        ),
        ("CPU", "cpu", figure(|sample| figures::cpu(sample.cpu))),
        (
            "Memory",
            "rss",
            figure(|sample| figures::memory(sample.rss)),
        ),
        (
            "Processes in its tree",
            "processes",
            figure(|sample| sample.processes.to_string()),
        ),
        ("Started", "started", moment(info.start)),
        ("Stopped", "stopped", moment(info.stop)),
        ("Restarts", "restarts", info.restarts.to_string()),
        ("Last exit", "why", info.why()),
        ("Group", "group", info.group.clone()),
        ("Standard output", "stdout", path(&info.stdout_logfile)),
        ("Lost of it", "lost-stdout", bytes(lost.stdout)),
        ("Standard error", "stderr", path(&info.stderr_logfile)),
        ("Lost of it", "lost-stderr", bytes(lost.stderr)),
    ];
    let told = |(term, field, value): (&'static str, &'static str, String)| {
        let value = if value.is_empty() {
            "–".to_owned()
        } else {
            value
        };
        Fact { term, value, field }
    };
    let is_loss = |fact: &Fact| fact.field.starts_with("lost");
    let facts = facts.into_iter().map(told);
    facts
        .filter(|fact| !is_loss(fact) || fact.value != "–")
        .collect()
}

fn moment(unix: i64) -> String {
    if unix == 0 {
        String::new()
    } else {
        clock::long(unix)
    }
}

fn path(path: &str) -> String {
    if path.is_empty() {
        "not kept".to_owned()
    } else {
        path.to_owned()
    }
}

fn bytes(bytes: u64) -> String {
    if bytes == 0 {
        String::new()
    } else {
        format!("{bytes} bytes")
    }
}
