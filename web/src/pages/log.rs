//! `log.html` and `activity.html`: a log for people. Complete without JavaScript; with it
//! (`web/assets/log.js`) the same page follows, searches and scrolls.
//!
//! [`read`] finds, reads and renders a part of the log on a worker thread. [`LogLinks`] is what
//! a page says of the log whatever was found, [`View`] what it shows of that part.

mod download;
mod read;
mod render;

use std::io;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;
use visord_model::event::Stream;
use visord_model::log_line::Level;

use self::read::{Asked, Found, FoundPart};
use super::frame::{self, Frame};
use super::{Page, Visit};
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
    /// This page without any of what it shows.
    here: String,
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
                let why = html(&absent.to_string());
                Err(Refusal::because(StatusCode::NOT_FOUND, why))
            }
        };
    }
    let is_json = visit.query.text("format") == "json";
    let length = length(visit, is_json);
    let share = visit.site.state.share(cost(length)).await;
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
            found.map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    Absent::NotYet(path)
                } else {
                    Absent::Unreadable(path, error.to_string())
                }
            })
        }
        Err(absent) => Err(absent),
    };
    if is_json {
        return Ok(budget::counted(respond_json(found), share));
    }
    let is_error = match (&found, source) {
        (Err(absent), LogSource::Process(..)) => !absent.may_come(),
        (Err(_), LogSource::Activity) | (Ok(_), _) => false,
    };
    let shown = found.map(|found| {
        log.turn_to(old);
        View::new(visit, &log, found)
    });
    let mut response = frame::respond(visit, &log_page(visit, source, log, shown))?;
    if is_error {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(budget::counted(response, share))
}

/// A part of a log for the browser's module.
fn respond_json(found: Result<Found, Absent>) -> HttpResponse {
    let (status, body) = match found {
        Ok(found) if matches!(found.shown, FoundPart::Hits(_)) => {
            (StatusCode::BAD_REQUEST, found.text)
        }
        Ok(found) => (StatusCode::OK, found.text),
        Err(absent) => {
            let body = json!({ "absent": absent.to_string(), "mayCome": absent.may_come() });
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

/// About how many bytes an answer with so many bytes of a log takes.
fn cost(length: u64) -> usize {
    usize::try_from(length.saturating_mul(2)).unwrap_or(usize::MAX)
}

/// How much of the log: of the activity log with a level more, as most lines will not count.
fn length(visit: &Visit<'_>, is_json: bool) -> u64 {
    if is_json {
        return visit
            .query
            .number("bytes")
            .unwrap_or(CHUNK)
            .clamp(1024, CHUNK);
    }
    if visit.query.get("level").is_some() {
        log_view::MOST
    } else {
        log_view::PAGE
    }
}

fn html(text: &str) -> String {
    let mut out = String::new();
    crate::ansi::escape(text, &mut out);
    out
}

impl View {
    fn new(visit: &Visit<'_>, log: &LogLinks, found: Found) -> Self {
        let Found {
            shown,
            text,
            has_older,
        } = found;
        let view = Self {
            text,
            older_file: has_older.then(|| log.file(log.old + 1)),
            newer_file: (log.old > 0).then(|| log.file(log.old - 1) + "&from=0"),
            ..Self::default()
        };
        // what a link must bring along to stay at this level
        let kept = level(visit).map_or_else(String::new, |it| format!("&level={}", it.code()));
        let here = |more: String| Some(format!("{}{kept}&{more}", log.here));
        let before = |at: u64| {
            if at > 0 {
                here(format!("to={at}"))
            } else {
                None
            }
        };
        match shown {
            FoundPart::Hits(hits) => {
                let find = visit.query.text("find");
                let text = query::encoded(find);
                Self {
                    note: render::about_hits(&hits, find),
                    older: match hits.from {
                        0 => None,
                        from => here(format!("find={text}&to={from}")),
                    },
                    is_hits: true,
                    ..view
                }
            }
            FoundPart::Window(window) => {
                let newer = match window.to < window.size {
                    true => here(format!("from={}", window.to)),
                    false => view.newer_file.clone(),
                };
                let is_chosen = |name| visit.query.get(name).is_some();
                Self {
                    note: render::about(&window),
                    older: before(window.from).or_else(|| view.older_file.clone()),
                    newer,
                    is_end: !["from", "to", "at", "old"].into_iter().any(is_chosen),
                    ..view
                }
            }
            FoundPart::Untimed(window) => Self {
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
        match source {
            LogSource::Activity => Self {
                heading: "Activity log".to_owned(),
                action: "activity.html",
                hidden: Vec::new(),
                tabs: Vec::new(),
                here: "activity.html?channel=main".to_owned(),
                end: "activity.html?channel=main".to_owned(),
                live: "live/activity?channel=main".to_owned(),
                plain: "mainlogtail".to_owned(),
                old: 0,
            },
            LogSource::Process(name, stream) => Self::of_process(name, *stream),
        }
    }

    fn of_process(name: &str, stream: Stream) -> Self {
        let quoted = query::encoded(name);
        let at = |stream: Stream| format!("log.html?name={quoted}&channel={}", stream.name());
        let tab = |one: Stream| (at(one), one.name(), one == stream);
        let word = stream.name();
        Self {
            heading: name.to_owned(),
            action: "log.html",
            hidden: vec![("name", name.to_owned()), ("channel", word.to_owned())],
            tabs: [Stream::Stdout, Stream::Stderr].map(tab).into(),
            here: at(stream),
            end: at(stream),
            live: format!("live/log?name={quoted}&channel={word}"),
            plain: format!("logtail/{quoted}/{word}"),
            old: 0,
        }
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
        self.here = self.file(old);
        if old > 0 {
            self.hidden.push(("old", old.to_string()));
            self.heading += &format!(", old file {old}");
        }
    }
}
