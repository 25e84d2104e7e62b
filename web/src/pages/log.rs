//! `log.html` and `activity.html`: a log for people. Complete without JavaScript; with it
//! (`web/assets/log.js`) the same page follows, searches and scrolls.
//!
//! [`read`] finds, reads and renders a part of the log on a worker thread. [`LogLinks`] is what
//! a page says of the log whatever was found, [`View`] what it shows of that part.

mod download;
mod read;
mod render;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;
use visord_model::event::Stream;
use visord_model::log_line::Level;

use self::read::{Asked, Found, FoundPart};
use super::frame::{self, Frame};
use super::{Page, Visit};
use crate::ansi::escape;
use crate::answer::{self, Refusal};
use crate::budget;
use crate::log_source::{Absent, LogSource};
use crate::log_view;
use crate::log_view::time::LogClock;
use crate::query;

/// Bytes that the browser's module may ask for at once.
const CHUNK: u64 = 512 * 1024;

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage<'a> {
    frame: Frame<'a>,
    log: LogLinks,
    find: &'a str,
    at: &'a str,
    /// Levels of the activity log, and whether it is the one that is shown.
    levels: Vec<(&'static str, bool)>,
    shown: Result<View, Absent>,
}

/// Where a log, or an old file of it, is on this site.
struct LogLinks {
    heading: String,
    /// Where forms go, and what they bring along.
    action: &'static str,
    hidden: Vec<(&'static str, String)>,
    /// Link, name, and whether it is this one.
    tabs: Vec<(String, &'static str, bool)>,
    /// The end of the log itself, whichever file is shown.
    end: String,
    /// Where its stream is.
    live: String,
    plain: String,
    /// Which old file this is, 0 for the log itself.
    old: u32,
}

/// A part of a log.
#[derive(Default)]
struct View {
    note: String,
    /// Links to the parts before and after it.
    older: Option<String>,
    newer: Option<String>,
    /// Links to the files before and after this one.
    older_file: Option<String>,
    newer_file: Option<String>,
    is_end: bool,
    is_hits: bool,
    /// Escaped already.
    text: String,
}

/// The page of a log, a part of it for the browser's module, or all of it as a file.
pub async fn page(visit: &Visit<'_>, source: &LogSource) -> Result<HttpResponse, Refusal> {
    let old = visit.query.number("old").unwrap_or(0);
    let path = source.file(visit.site, old).await;
    if visit.query.text("download") == "1" {
        return match path {
            Ok(path) => download::respond(visit, path, &download::name(source)).await,
            Err(absent) => {
                let mut why = String::new();
                escape(&absent.why, &mut why);
                Err(Refusal::because(StatusCode::NOT_FOUND, why))
            }
        };
    }
    let is_json = visit.query.text("format") == "json";
    let length = length(visit, is_json);
    // about as many bytes as an answer with this part of a log takes
    let cost = usize::try_from(length * 2).unwrap_or(usize::MAX);
    let share = visit.site.state.share(cost).await;
    let share = share.ok_or_else(Refusal::busy)?;
    let mut log = LogLinks::of(source);
    let found = match path {
        Ok(path) => {
            let asked = Asked {
                path: path.clone(),
                query: visit.query.clone(),
                here: log.file(old),
                length,
                old,
                is_json,
            };
            let found = read::read(visit.site, asked).await;
            found.map_err(|error| Absent::unreadable(&path, &error))
        }
        Err(absent) => Err(absent),
    };
    if is_json {
        return Ok(budget::counted(respond_json(found), share));
    }
    let is_missing = found.as_ref().is_err_and(|absent| !absent.may_come);
    let shown = found.map(|found| {
        log.turn_to(old);
        View::new(visit, &log, found)
    });
    let mut response = frame::respond(visit, &log_page(visit, source, log, shown))?;
    if is_missing && *source != LogSource::Activity {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(budget::counted(response, share))
}

/// A part of a log for the browser's module.
fn respond_json(found: Result<Found, Absent>) -> HttpResponse {
    let (status, body) = match found {
        Ok(Found { shown, text, .. }) => match shown {
            FoundPart::Window(..) => (StatusCode::OK, text),
            FoundPart::Hits(_) => (StatusCode::BAD_REQUEST, text),
        },
        Err(absent) => {
            let body = json!({ "absent": absent.why, "mayCome": absent.may_come });
            (StatusCode::NOT_FOUND, body.to_string())
        }
    };
    answer::uncached(status, "application/json").body(body)
}

fn log_page<'a>(
    visit: &'a Visit<'_>,
    source: &LogSource,
    log: LogLinks,
    shown: Result<View, Absent>,
) -> LogPage<'a> {
    let (page, title, levels) = match source {
        LogSource::Process(..) => (Page::Log, "Log", [].iter()),
        LogSource::Activity => (Page::Activity, "Activity log", Level::ALL.iter()),
    };
    let chosen = level(visit);
    LogPage {
        frame: Frame::new(visit, page, title),
        log,
        find: visit.query.text("find"),
        at: visit.query.text("at"),
        levels: levels
            .map(|level| (level.code(), chosen == Some(*level)))
            .collect(),
        shown,
    }
}

/// The least level that is shown.
fn level(visit: &Visit<'_>) -> Option<Level> {
    Level::from_code(visit.query.text("level"))
}

/// How much of the log: of the activity log with a level more, as most lines will not count.
fn length(visit: &Visit<'_>, is_json: bool) -> u64 {
    if is_json {
        let bytes = visit.query.number("bytes");
        return bytes.unwrap_or(CHUNK).clamp(1024, CHUNK);
    }
    if visit.query.get("level").is_some() {
        log_view::MOST
    } else {
        log_view::PAGE
    }
}

impl View {
    fn new(visit: &Visit<'_>, log: &LogLinks, found: Found) -> Self {
        let view = Self {
            text: found.text,
            older_file: found.has_older.then(|| log.file(log.old + 1)),
            newer_file: (log.old > 0).then(|| log.file(log.old - 1) + "&from=0"),
            ..Self::default()
        };
        // what a link must bring along to stay at this level
        let kept = level(visit).map_or_else(String::new, |it| format!("&level={}", it.code()));
        let here = |more: String| format!("{}{kept}&{more}", log.here());
        let before = |at: u64| (at > 0).then(|| here(format!("to={at}")));
        match found.shown {
            FoundPart::Hits(hits) => {
                let find = visit.query.text("find");
                let further = |from: u64| format!("find={}&to={from}", query::encoded(find));
                Self {
                    note: render::about_hits(&hits, find),
                    older: (hits.from > 0).then(|| here(further(hits.from))),
                    is_hits: true,
                    ..view
                }
            }
            FoundPart::Window(window, true) => {
                let after = |at: u64| (at < window.size).then(|| here(format!("from={at}")));
                let is_chosen = |name| visit.query.get(name).is_some();
                Self {
                    note: render::about(&window),
                    older: before(window.from).or_else(|| view.older_file.clone()),
                    newer: after(window.to).or_else(|| view.newer_file.clone()),
                    is_end: !["from", "to", "at", "old"].into_iter().any(is_chosen),
                    ..view
                }
            }
            FoundPart::Window(window, false) => Self {
                note: untimed(visit.query.text("at")),
                older: before(window.from),
                ..view
            },
        }
    }
}

/// Why the lines at a time are not shown.
fn untimed(at: &str) -> String {
    match LogClock::system().meant(at) {
        Some(_) => "The lines of this log do not say from when they are.".to_owned(),
        None => format!("\u{201c}{at}\u{201d} is no time that is understood here."),
    }
}

impl LogLinks {
    fn of(source: &LogSource) -> Self {
        let LogSource::Process(name, stream) = source else {
            return Self {
                heading: "Activity log".to_owned(),
                action: "activity.html",
                hidden: Vec::new(),
                tabs: Vec::new(),
                end: "activity.html?channel=main".to_owned(),
                live: "live/activity?channel=main".to_owned(),
                plain: "mainlogtail".to_owned(),
                old: 0,
            };
        };
        let (quoted, word) = (query::encoded(name), stream.name());
        let at = |stream: Stream| format!("log.html?name={quoted}&channel={}", stream.name());
        let tab = |one: Stream| (at(one), one.name(), one == *stream);
        Self {
            heading: name.clone(),
            action: "log.html",
            hidden: vec![("name", name.clone()), ("channel", word.to_owned())],
            tabs: [Stream::Stdout, Stream::Stderr].map(tab).into(),
            end: at(*stream),
            live: format!("live/log?name={quoted}&channel={word}"),
            plain: format!("logtail/{quoted}/{word}"),
            old: 0,
        }
    }

    /// This page without any of what it shows.
    fn here(&self) -> String {
        self.file(self.old)
    }

    /// An old file of it, or with 0 the log itself.
    fn file(&self, old: u32) -> String {
        match old {
            0 => self.end.clone(),
            old => format!("{}&old={old}", self.end),
        }
    }

    /// Show this old file.
    fn turn_to(&mut self, old: u32) {
        self.old = old;
        if old > 0 {
            self.hidden.push(("old", old.to_string()));
            self.heading += &format!(", old file {old}");
        }
    }
}
