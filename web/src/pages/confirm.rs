//! The page that asks before work is lost, or which signal to send.

use actix_web::HttpResponse;
use askama::Template;
use visord_model::name::namespec;

use super::filter::Filter;
use super::frame::{self, Frame};
use super::order::{Order, Target, Targets, Verb};
use super::status::Badge;
use super::{Page, Visit, action};
use crate::answer::Refusal;

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
    question: &'a str,
    label: &'static str,
    signals: &'static [(&'static str, &'static str)],
    fields: Vec<(&'static str, String)>,
    filter: Filter,
    targets: Vec<(String, Badge)>,
    unknown: &'a [String],
    /// Where Cancel leads.
    back: String,
}

/// The page.
pub fn page(visit: &Visit<'_>, order: &Order, targets: &Targets) -> Result<HttpResponse, Refusal> {
    let question = question(order, targets);
    let found = targets.found.iter();
    let page = Confirm {
        frame: Frame::new(visit, Page::Status, &question),
        question: &question,
        label: order.verb.texts().confirm,
        signals: match order.verb {
            Verb::Signal => &SIGNALS,
            Verb::Start | Verb::Stop | Verb::Restart | Verb::ClearLog => &[],
        },
        fields: order.fields(),
        filter: Filter::of(visit),
        targets: found
            .map(|info| (namespec(&info.group, &info.name), Badge(info.state)))
            .collect(),
        unknown: &targets.unknown,
        back: action::place(visit, None),
    };
    frame::respond(visit, &page)
}

fn question(order: &Order, targets: &Targets) -> String {
    let verb = order.verb.texts().question;
    let count = targets.found.len();
    let programs = if count == 1 { "program" } else { "programs" };
    match &order.target {
        Target::One(name) => format!("{verb} {name}?"),
        Target::Selected(_) => format!("{verb} {count} selected {programs}?"),
        Target::Group(group) => format!("{verb} group {group}: {count} {programs}?"),
        Target::All => format!("{verb} all {count} {programs}?"),
    }
}
