//! The part of a log that a page shows: found, read and made into text on a worker thread.

use std::io;
use std::path::PathBuf;

use serde_json::json;
use visord_model::log_line::Level;

use super::{file, render};
use crate::log_source::{Absent, numbered};
use crate::log_view::find;
use crate::log_view::time::LogClock;
use crate::log_view::{self, Part, Window, jump};
use crate::query::{Parameters, encoded};
use crate::site::Site;

/// What was asked for.
pub(super) struct Asked {
    pub(super) path: PathBuf,
    pub(super) query: Parameters,
    /// Where the log is on this site, whichever old file of it is shown.
    pub(super) end: String,
    /// Which old file is shown, 0 for the log itself.
    pub(super) old: u32,
    /// In bytes.
    pub(super) length: u64,
}

/// A part of a log.
#[derive(Default)]
pub(super) struct View {
    pub(super) note: String,
    /// Links to the parts before and after it.
    pub(super) older: Option<String>,
    pub(super) newer: Option<String>,
    /// Links to the files before and after this one.
    pub(super) older_file: Option<String>,
    pub(super) newer_file: Option<String>,
    pub(super) is_end: bool,
    pub(super) is_hits: bool,
    /// Escaped already.
    pub(super) text: String,
}

/// The least level that is shown.
pub(super) fn level(query: &Parameters) -> Option<Level> {
    Level::from_code(query.text("level"))
}

/// Does a job with what was asked for on another thread.
///
/// # Errors
/// Why there is no log.
pub(super) async fn on_worker<T: Send + 'static>(
    site: &Site,
    asked: Result<Asked, Absent>,
    job: fn(&Asked) -> io::Result<T>,
) -> Result<T, Absent> {
    let (asked, workers) = (asked?, &site.state.workers);
    let path = asked.path.clone();
    let is_search = asked.query.get("find").or(asked.query.get("at")).is_some();
    let done = if is_search {
        workers.search(move || job(&asked)).await
    } else {
        workers.run(move || job(&asked)).await
    };
    let done = done.unwrap_or_else(|not_done| Err(not_done.into()));
    done.map_err(|error| Absent::unreadable(&path, &error))
}

impl Asked {
    /// For the browser's module, which searches what it has itself. Blocks.
    pub(super) fn json(&self) -> io::Result<String> {
        let (window, untimed) = self.window()?;
        let place = window.place.to_string();
        let json = json!({
            "file": place.split('-').next(),
            "from": window.from,
            "to": window.to,
            "size": window.size,
            "place": place,
            "timed": untimed.is_none(),
            "text": String::from_utf8_lossy(&window.bytes),
        });
        Ok(json.to_string())
    }

    /// For the page. Blocks.
    pub(super) fn view(&self) -> io::Result<View> {
        let (query, here) = (&self.query, file(&self.end, self.old));
        // what a link must bring along to stay at this level
        let kept = level(query).map_or_else(String::new, |it| format!("&level={}", it.code()));
        let link = |more: String| format!("{here}{kept}&{more}");
        if let Some(text) = query.get("find") {
            let hits = find::find(&self.path, text, query.number("to"))?;
            let further = |from: u64| link(format!("find={}&to={from}", encoded(text)));
            return Ok(View {
                note: render::about_hits(&hits, text),
                older: (hits.from > 0).then(|| further(hits.from)),
                is_hits: true,
                text: render::hits(&hits, text, &here),
                ..self.files()
            });
        }
        let (window, untimed) = self.window()?;
        let mark = query.number("mark").filter(|_| untimed.is_none());
        let view = View {
            older: (window.from > 0).then(|| link(format!("to={}", window.from))),
            text: render::window(&window, mark, level(query)),
            ..self.files()
        };
        if let Some(note) = untimed {
            return Ok(View { note, ..view });
        }
        let newer = (window.to < window.size).then(|| link(format!("from={}", window.to)));
        let is_chosen = |name| query.get(name).is_some();
        Ok(View {
            note: render::about(&window),
            older: view.older.or_else(|| view.older_file.clone()),
            newer: newer.or_else(|| view.newer_file.clone()),
            is_end: !["from", "to", "at", "old"].into_iter().any(is_chosen),
            ..view
        })
    }

    /// A view that has only the links to other files.
    fn files(&self) -> View {
        // the name of an old file ends with its number
        let next = match self.old {
            0 => numbered(&self.path, 1),
            old => self.path.with_extension((old + 1).to_string()),
        };
        let has_older = visord_files::open_regular(&next).is_ok();
        View {
            older_file: has_older.then(|| file(&self.end, self.old + 1)),
            newer_file: (self.old > 0).then(|| file(&self.end, self.old - 1) + "&from=0"),
            ..View::default()
        }
    }

    /// The lines that were asked for; with a time, also why they are not those of that time, if so.
    fn window(&self) -> io::Result<(Window, Option<String>)> {
        let clock = LogClock::system();
        let at = self.query.get("at");
        let time = at.and_then(|text| clock.meant(text));
        let jumped = match time {
            Some(time) => jump::jump(&self.path, time, &clock)?,
            None => None,
        };
        let from = jumped.or(self.query.number("from"));
        let part = match (from, self.query.number("to")) {
            (Some(from), _) => Part::After(from),
            (None, Some(to)) => Part::Before(to),
            (None, None) => Part::End,
        };
        let untimed = at.filter(|_| jumped.is_none()).map(|at| match time {
            Some(_) => "The lines of this log do not say from when they are.".to_owned(),
            None => format!("\u{201c}{at}\u{201d} is no time that is understood here."),
        });
        Ok((log_view::read(&self.path, part, self.length)?, untimed))
    }
}
