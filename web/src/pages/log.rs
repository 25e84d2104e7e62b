//! `log.html` and `activity.html`: a log for people. Complete without JavaScript; with it
//! (`web/assets/log.js`) the same page follows, searches and scrolls.

mod download;
mod json;
mod read;
mod render;

use std::collections::BTreeMap;
use std::io;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use self::read::{Asked, Found, Shown};
use super::{Page, frame, frame::Frame};
use crate::answer;
use crate::budget;
use crate::caller::Caller;
use crate::log_source::{Absent, Source};
use crate::log_view;
use crate::log_view::time::Clock;
use crate::query;
use crate::rpc::logs::Channel;
use crate::site::Site;
use visord_model::log_line::Level;

/// Bytes that the browser's module may ask for at once.
const CHUNK: u64 = 512 * 1024;

type Parameters = BTreeMap<String, String>;

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage<'a> {
    frame: Frame<'a>,
    heading: String,
    /// Where forms go, and what they bring along.
    action: &'static str,
    hidden: Vec<(&'static str, String)>,
    /// Link, name, and whether it is this one.
    tabs: Vec<(String, &'static str, bool)>,
    /// This page without any of what it shows.
    here: String,
    /// Where its stream is.
    live: String,
    plain: String,
    find: &'a str,
    at: &'a str,
    /// Levels of the activity log, and whether it is the one that is shown.
    levels: Vec<(&'static str, bool)>,
    /// Instead of a log.
    absent: Option<String>,
    may_come: bool,
    note: String,
    /// Links: older, newer, the end.
    older: Option<String>,
    newer: Option<String>,
    /// The end of the log itself, whichever file is shown.
    end: String,
    /// Which old file this is, 0 for none; those before and after it.
    old: u32,
    older_file: Option<String>,
    newer_file: Option<String>,
    is_end: bool,
    is_hits: bool,
    /// Escaped already.
    text: String,
}

/// The log of a process.
pub async fn process(
    request: &HttpRequest,
    site: &Site,
    caller: &Caller,
    parameters: &Parameters,
) -> HttpResponse {
    let source = Source::asked(parameters);
    answer(request, site, caller, &source, parameters).await
}

/// The daemon's own log.
pub async fn activity(
    request: &HttpRequest,
    site: &Site,
    caller: &Caller,
    parameters: &Parameters,
) -> HttpResponse {
    answer(request, site, caller, &Source::Activity, parameters).await
}

async fn answer(
    request: &HttpRequest,
    site: &Site,
    caller: &Caller,
    source: &Source,
    parameters: &Parameters,
) -> HttpResponse {
    let is = |name: &str, value: &str| parameters.get(name).is_some_and(|text| text == value);
    let old = parameters.get("old").and_then(|old| old.parse().ok());
    let old: u32 = old.unwrap_or(0);
    let path = source.file(site, old).await;
    if is("download", "1") {
        return match path {
            Ok(path) => {
                let from = parameters.get("from").and_then(|from| from.parse().ok());
                let name = download::name(source);
                download::respond(request, site, path, &name, from.unwrap_or(0)).await
            }
            Err(absent) => answer::explained(StatusCode::NOT_FOUND, &html(&absent.words())),
        };
    }
    let is_json = is("format", "json");
    let length = length(parameters, is_json);
    let Some(share) = site.state.share(cost(length)).await else {
        return answer::busy();
    };
    let read = match path {
        Ok(path) => {
            let asked = Asked {
                path: path.clone(),
                parameters: parameters.clone(),
                here: match old {
                    0 => place(source),
                    old => format!("{}&old={old}", place(source)),
                },
                length,
                old,
                is_json,
            };
            read::read(site, asked).await.map_err(|error| {
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
        return budget::counted(json::respond(read), share);
    }
    let page = page(site, caller, source, parameters, read);
    let mut response = frame::respond(site, &page);
    if page.absent.is_some() && !page.may_come && matches!(source, Source::Process(..)) {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    budget::counted(response, share)
}

/// About how many bytes an answer with so many bytes of a log takes.
fn cost(length: u64) -> usize {
    usize::try_from(length.saturating_mul(2)).unwrap_or(usize::MAX)
}

/// How much of the log: of the activity log with a level more, as most lines will not count.
fn length(parameters: &Parameters, is_json: bool) -> u64 {
    if is_json {
        let asked = parameters.get("bytes").and_then(|bytes| bytes.parse().ok());
        return asked.unwrap_or(CHUNK).clamp(1024, CHUNK);
    }
    if parameters.contains_key("level") {
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

fn page<'a>(
    site: &'a Site,
    caller: &'a Caller,
    source: &Source,
    parameters: &'a Parameters,
    read: Result<Found, Absent>,
) -> LogPage<'a> {
    let get = |name: &str| parameters.get(name).map_or("", String::as_str);
    let level = Level::from_code(get("level"));
    let mut page = empty(site, caller, source, level);
    (page.find, page.at) = (get("find"), get("at"));
    let found = read.map(|found| {
        page.turn_to(found.old, found.has_older);
        page.text = found.text;
        found.shown
    });
    // what a link must bring along to stay at this level
    let kept = level.map_or_else(String::new, |level| format!("&level={}", level.code()));
    let here = |more: String| format!("{}{kept}&{more}", page.here);
    match found {
        Err(absent) => {
            page.may_come = absent.may_come();
            page.absent = Some(absent.words());
        }
        Ok(Shown::Hits(hits)) => {
            page.note = render::about_hits(&hits, page.find);
            let earlier = (hits.from > 0).then(|| {
                let text = query::encoded(page.find);
                here(format!("find={text}&to={}", hits.from))
            });
            page.older = earlier;
            page.is_hits = true;
        }
        Ok(Shown::Window(window)) => {
            page.note = render::about(&window);
            let older = (window.from > 0).then(|| here(format!("to={}", window.from)));
            let newer = (window.to < window.size).then(|| here(format!("from={}", window.to)));
            (page.older, page.newer) = (
                older.or(page.older_file.clone()),
                newer.or(page.newer_file.clone()),
            );
            let is_chosen = |name: &&str| !get(name).is_empty();
            page.is_end = !["from", "to", "at", "old"].iter().any(is_chosen);
        }
        Ok(Shown::Untimed(window)) => {
            page.note = if Clock::system().meant(page.at).is_none() {
                format!(
                    "\u{201c}{}\u{201d} is no time that is understood here.",
                    page.at
                )
            } else {
                "The lines of this log do not say from when they are.".to_owned()
            };
            page.older = (window.from > 0).then(|| here(format!("to={}", window.from)));
        }
    }
    page
}

impl LogPage<'_> {
    /// It shows this old file, or, with 0, the log; there may be one before it.
    fn turn_to(&mut self, old: u32, has_older: bool) {
        self.old = old;
        self.older_file = has_older.then(|| format!("{}&old={}", self.end, old + 1));
        self.newer_file = match old {
            0 => None,
            1 => Some(format!("{}&from=0", self.end)),
            _more => Some(format!("{}&old={}&from=0", self.end, old - 1)),
        };
        if old > 0 {
            self.here = format!("{}&old={old}", self.end);
            self.hidden.push(("old", old.to_string()));
            self.heading += &format!(", old file {old}");
        }
    }
}

/// This page without any of what it shows.
fn place(source: &Source) -> String {
    match source {
        Source::Activity => "activity.html?channel=main".to_owned(),
        Source::Process(name, channel) => format!("log.html?{}", parameters_of(name, *channel)),
    }
}

fn parameters_of(name: &str, channel: Channel) -> String {
    format!("name={}&channel={}", query::encoded(name), word(channel))
}

fn word(channel: Channel) -> &'static str {
    match channel {
        Channel::Stdout => "stdout",
        Channel::Stderr => "stderr",
    }
}

/// The page of a log of which nothing is known yet.
fn empty<'a>(
    site: &'a Site,
    caller: &'a Caller,
    source: &Source,
    level: Option<Level>,
) -> LogPage<'a> {
    let mut page = LogPage {
        frame: Frame::new(site, caller, Page::Activity, "Activity log"),
        heading: "Activity log".to_owned(),
        action: "activity.html",
        hidden: Vec::new(),
        tabs: Vec::new(),
        here: place(source),
        live: "live/activity?channel=main".to_owned(),
        plain: "mainlogtail".to_owned(),
        find: "",
        at: "",
        levels: Level::ALL
            .iter()
            .map(|one| (one.code(), level == Some(*one)))
            .collect(),
        absent: None,
        may_come: false,
        note: String::new(),
        older: None,
        newer: None,
        end: String::new(),
        old: 0,
        older_file: None,
        newer_file: None,
        is_end: false,
        is_hits: false,
        text: String::new(),
    };
    if let Source::Process(name, channel) = source {
        let quoted = query::encoded(name);
        let place = |channel| parameters_of(name, channel);
        page.frame = Frame::new(site, caller, Page::Log, "Log");
        page.heading.clone_from(name);
        page.action = "log.html";
        page.hidden = vec![
            ("name", name.clone()),
            ("channel", word(*channel).to_owned()),
        ];
        let tab = |one| {
            (
                format!("log.html?{}", place(one)),
                word(one),
                one == *channel,
            )
        };
        page.tabs = [Channel::Stdout, Channel::Stderr].map(tab).into();
        page.live = format!("live/log?{}", place(*channel));
        page.plain = format!("logtail/{quoted}/{}", word(*channel));
        page.levels = Vec::new();
    }
    page.end.clone_from(&page.here);
    page
}
