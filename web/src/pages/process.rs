//! `index.html?process=N`: all that is known of one process, and all that can be done with it.

use actix_web::HttpResponse;
use askama::Template;
use visord_actors::usage::Sample;
use visord_model::name::{ProcessName, namespec};
use visord_model::process::ProcessInfo;

use super::figures::{self, Curve, WIDTH};
use super::frame::{self, Frame, Message};
use super::order::Verb;
use super::status::{self, Badge};
use super::{Page, Visit, action, work};
use crate::answer::{self, Refusal};
use crate::caller::Right;
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
    /// If samples were taken.
    curve: Option<Curve>,
    verbs: Vec<Verb>,
}

/// A line about a process: its term, what scripts and tests call it, its value.
type Fact = (&'static str, &'static str, Option<String>);

/// The page; a process that is gone leads back to all of them.
pub fn page(visit: &Visit<'_>, given: &str) -> Result<HttpResponse, Refusal> {
    let Visit { site, caller, .. } = visit;
    let Ok(info) = names::info(&site.state.board, given) else {
        let gone = format!("There is no program {}.", work::name(given));
        let gone = Message::failure(gone).parameters();
        return Ok(answer::see_other(&action::index(&gone)));
    };
    let (process, name) = (info.full_name(), namespec(&info.group, &info.name));
    let mut verbs = Vec::new();
    if caller.may(Right::Operate) {
        verbs.extend_from_slice(status::verbs(info.state));
        verbs.extend([Verb::Signal, Verb::ClearLog]);
    }
    let page = One {
        frame: Frame::new(visit, Page::Status, &name).with_message(),
        name: &name,
        quoted: query::encoded(&name),
        badge: Badge(info.state),
        now: clock::now(),
        facts: facts(site, &process, &info),
        curve: figures::curve(&site.state.usage.curve(&process), WIDTH),
        verbs,
    };
    frame::respond(visit, &page)
}

fn facts(site: &Site, process: &ProcessName, info: &ProcessInfo) -> Vec<Fact> {
    let sample = status::fresh_usage(site).and_then(|usage| usage.now(process));
    let figure = |f: fn(&Sample) -> String| sample.as_ref().map(f);
    let lost = (site.state.lost)(process);
    let bytes = |count: u64| (count > 0).then(|| format!("{count} bytes"));
    let moment = |unix: i64| (unix != 0).then(|| clock::long(unix));
    let path = |path: &str| Some(if path.is_empty() { "not kept" } else { path }.to_owned());
    let description = info.description(clock::now(), &clock::short);
    let facts = [
        ("Description", "description", Some(description)),
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
        ("Restarts", "restarts", Some(info.restarts.to_string())),
        ("Last exit", "why", Some(info.why())),
        ("Group", "group", Some(info.group.to_string())),
        ("Standard output", "stdout", path(&info.stdout_logfile)),
        ("Lost of it", "lost-stdout", bytes(lost.stdout)),
        ("Standard error", "stderr", path(&info.stderr_logfile)),
        ("Lost of it", "lost-stderr", bytes(lost.stderr)),
    ];
    let mut facts = Vec::from(facts);
    for (_, _, value) in &mut facts {
        *value = value.take().filter(|text| !text.is_empty());
    }
    facts.retain(|(_, field, value)| !field.starts_with("lost") || value.is_some());
    facts
}
