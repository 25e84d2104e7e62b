//! Asking back before work is lost, and which signal to send.

use actix_web::HttpResponse;
use askama::Template;

use super::Page;
use super::filter::Filter;
use super::frame::{self, Frame};
use super::order::{Order, Target, Targets, Verb};
use super::status::{self, Badge, named};
use crate::caller::Caller;
use crate::site::Site;

/// The signals offered, the most harmless first, and what programs commonly do about them.
/// The same as in `scripts/processes.js`.
pub const SIGNALS: [(&str, &str); 10] = [
    ("HUP", "hang up; many read their configuration again"),
    ("USR1", "what the program makes of it"),
    ("USR2", "what the program makes of it"),
    ("WINCH", "window changed"),
    ("INT", "interrupt, as Ctrl-C"),
    ("TERM", "end"),
    ("QUIT", "end and leave a core file"),
    ("STOP", "freeze"),
    ("CONT", "go on after STOP"),
    ("KILL", "end at once, unheard"),
];

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    frame: Frame<'a>,
    question: String,
    label: &'static str,
    signals: &'static [(&'static str, &'static str)],
    fields: Vec<(&'static str, String)>,
    filter: &'a Filter,
    /// The page of one process that is to be shown afterwards, or empty.
    process: &'a str,
    targets: Vec<(String, Badge)>,
    unknown: &'a [String],
    /// Where Cancel leads.
    back: String,
}

/// The page that asks.
#[must_use]
pub fn page(
    site: &Site,
    caller: &Caller,
    order: &Order,
    targets: &Targets,
    filter: &Filter,
    process: &str,
) -> HttpResponse {
    let question = question(order, targets);
    let page = Confirm {
        frame: Frame::new(site, caller, Page::Status, &question),
        label: label(order.verb),
        signals: if order.verb == Verb::Signal {
            &SIGNALS
        } else {
            &[]
        },
        fields: order.fields(),
        filter,
        process,
        back: status::place(filter, process, None),
        targets: targets
            .found
            .iter()
            .map(|info| (named(info), Badge::of(info.state)))
            .collect(),
        unknown: &targets.unknown,
        question: question.clone(),
    };
    frame::respond(site, &page)
}

const fn label(verb: Verb) -> &'static str {
    match verb {
        Verb::Start => "Start",
        Verb::Stop => "Stop",
        Verb::Restart => "Restart",
        Verb::Signal => "Send the signal",
        Verb::ClearLog => "Clear logs",
    }
}

fn question(order: &Order, targets: &Targets) -> String {
    let verb = match order.verb {
        Verb::Start => "Start",
        Verb::Stop => "Stop",
        Verb::Restart => "Restart",
        Verb::Signal => "Send a signal to",
        Verb::ClearLog => "Clear the logs of",
    };
    let count = targets.found.len();
    let programs = if count == 1 { "program" } else { "programs" };
    match &order.target {
        Target::One(name) => format!("{verb} {name}?"),
        Target::Selected(_) => format!("{verb} {count} selected {programs}?"),
        Target::Group(group) => format!("{verb} group {group}: {count} {programs}?"),
        Target::All => format!("{verb} all {count} {programs}?"),
    }
}
