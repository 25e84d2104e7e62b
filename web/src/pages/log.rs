//! `log.html` and `activity.html`: a log for people. Complete without JavaScript; with it
//! (`web/assets/log.js`) the same page follows, searches and scrolls.
//!
//! [`read`] finds, reads and renders a part of the log on a worker thread. [`LogLinks`] is what
//! a page says of the log whatever was found, [`View`] what it shows of that part.

mod download;
mod read;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;
use visord_model::event::Stream;
use visord_model::log_line::Level;

use self::read::{Asked, View, level, on_worker};
use super::frame::{self, Frame};
use super::{Page, Visit};
use crate::ansi::escape;
use crate::answer::{self, Refusal};
use crate::budget::count_large;
use crate::log_source::{Absent, LogSource};
use crate::log_view;
use crate::query;

/// Bytes that the browser's module may ask for at once.
const CHUNK: u64 = 512 * 1024;

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage<'a> {
    frame: Frame<'a>,
    log: LogLinks,
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
    let asked = path.map(|path| Asked {
        path,
        query: visit.query.clone(),
        end: log.end.clone(),
        old,
        length,
    });
    if is_json {
        let json = on_worker(visit.site, asked, Asked::json).await;
        return count_large(respond_json(visit, json), |_| Some(share));
    }
    let shown = on_worker(visit.site, asked, Asked::view).await;
    let is_missing = shown.as_ref().is_err_and(|absent| !absent.may_come);
    if shown.is_ok() {
        log.turn_to(old);
    }
    let mut response = frame::respond(visit, &log_page(visit, source, log, shown))?;
    if is_missing && *source != LogSource::Activity {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    count_large(response, |_| Some(share))
}

/// A part of a log for the browser's module.
fn respond_json(visit: &Visit<'_>, json: Result<String, Absent>) -> HttpResponse {
    let (status, body) = match json {
        Ok(_) if visit.query.get("find").is_some() => (StatusCode::BAD_REQUEST, "{}".to_owned()),
        Ok(body) => (StatusCode::OK, body),
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
    let chosen = level(&visit.query);
    LogPage {
        frame: Frame::new(visit, page, title),
        log,
        levels: levels
            .map(|level| (level.code(), chosen == Some(*level)))
            .collect(),
        shown,
    }
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
        file(&self.end, self.old)
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

/// An old file of a log, or with 0 the log itself.
fn file(end: &str, old: u32) -> String {
    match old {
        0 => end.to_owned(),
        old => format!("{end}&old={old}"),
    }
}
