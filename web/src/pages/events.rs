//! `events.html`: the latest events, live with JavaScript (`web/assets/events.js`).

use actix_web::HttpResponse;
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use visord_actors::feed::{Entry, Feed, News};
use visord_model::event::{Event, EventKind};
use visord_model::name::namespec;

use super::frame::{self, Frame};
use super::{Page, Visit};
use crate::ansi::Painter;
use crate::answer::Refusal;
use crate::clock;
use crate::live;
use crate::query;

/// Events on one page; the feed keeps more, for searches.
const ROWS: usize = 300;

#[derive(Template)]
#[template(path = "events.html")]
struct Events<'a> {
    frame: Frame<'a>,
    /// Types one can choose, and whether it is the chosen one.
    kinds: Vec<(&'static str, bool)>,
    rows: Vec<EventRow>,
    note: String,
    /// Where the live events go on.
    cursor: String,
    /// Minutes that the daemon's clock is ahead of UTC.
    offset: i32,
}

struct EventRow {
    /// For machines and for people.
    instant: String,
    time: String,
    kind: &'static str,
    /// Of a process: its new state.
    state: &'static str,
    /// The process or group it is about, and a link to it.
    name: String,
    quoted: String,
    /// Escaped already.
    payload: String,
    serial: String,
}

/// Which events are shown.
struct Wanted<'a> {
    kind: Option<EventKind>,
    name: &'a str,
    text: String,
}

/// The page.
pub fn page(visit: &Visit<'_>) -> Result<HttpResponse, Refusal> {
    let wanted = Wanted {
        kind: EventKind::from_name(visit.query.text("type")),
        name: visit.query.text("name"),
        text: visit.query.text("text").to_lowercase(),
    };
    let (events, cursor) = visit.site.state.board.feed().events();
    let zone = TimeZone::system();
    let total = events.len();
    let all = events.iter().rev();
    let mut rows: Vec<EventRow> = all.filter_map(|entry| wanted.row(entry, &zone)).collect();
    let found = rows.len();
    rows.truncate(ROWS);
    let page = Events {
        frame: Frame::new(visit, Page::Events, "Events"),
        kinds: kinds(wanted.kind),
        note: match (found, rows.len()) {
            (0, _) if total == 0 => "Nothing has happened yet.".to_owned(),
            (0, _) => format!("None of the last {total} events is like that."),
            (found, shown) if found == shown => format!("{found} of the last {total} events."),
            (found, shown) => format!("The last {shown} of {found} events."),
        },
        rows,
        cursor: cursor.to_string(),
        offset: zone.to_offset(clock::timestamp()).seconds() / 60,
    };
    frame::respond(visit, &page)
}

/// The types that the feed has, with their families.
fn kinds(chosen: Option<EventKind>) -> Vec<(&'static str, bool)> {
    let known = EventKind::all().filter(|&kind| Feed::has(kind) && kind != EventKind::Event);
    known
        .map(|kind| (kind.name(), chosen == Some(kind)))
        .collect()
}

impl Wanted<'_> {
    fn row(&self, entry: &Entry, zone: &TimeZone) -> Option<EventRow> {
        let News::Event { serial, event } = &entry.news else {
            return None;
        };
        let kind = event.kind();
        let name = match live::named(event) {
            (Some(group), Some(process)) => namespec(group, process),
            (Some(group), None) => group.to_owned(),
            (None, _) => String::new(),
        };
        let payload = live::payload(event);
        let is_wanted = self.kind.is_none_or(|wanted| kind.is_a(wanted))
            && (self.name.is_empty() || name.contains(self.name))
            && (self.text.is_empty() || payload.to_lowercase().contains(&self.text));
        if !is_wanted {
            return None;
        }
        let mut state = "";
        if let Event::ProcessState { transition, .. } = &**event {
            state = transition.to.name();
        }
        let instant = Timestamp::from_millisecond(entry.at).ok()?;
        let local = instant.to_zoned(zone.clone());
        Some(EventRow {
            instant: format!("{instant:.3}"),
            time: local.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
            kind: kind.name(),
            state,
            quoted: query::encoded(&name),
            name,
            payload: shown(&payload),
            serial: serial.map_or_else(String::new, |serial| serial.to_string()),
        })
    }
}

/// A payload as HTML: any bytes may be in it.
fn shown(payload: &str) -> String {
    let mut out = String::new();
    for line in payload.trim_end_matches('\n').split('\n') {
        if !out.is_empty() {
            out.push('\n');
        }
        Painter::default().html(line, &mut out);
    }
    out
}
