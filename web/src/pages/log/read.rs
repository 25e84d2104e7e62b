//! The part of a log that a page shows: found, read and made into text on a worker thread.

use std::io;
use std::path::PathBuf;

use serde_json::json;
use visord_logs::numbered;
use visord_model::log_line::Level;

use super::file;
use crate::ansi::{Painter, escape};
use crate::log_source::Absent;
use crate::log_view::find::{self, HITS, Hits};
use crate::log_view::time::LogClock;
use crate::log_view::{self, Part, Window, jump, lines};
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
                note: about_hits(&hits, text),
                older: (hits.from > 0).then(|| further(hits.from)),
                is_hits: true,
                text: hits_html(&hits, text, &here),
                ..self.files()
            });
        }
        let (window, untimed) = self.window()?;
        let mark = query.number("mark").filter(|_| untimed.is_none());
        let view = View {
            older: (window.from > 0).then(|| link(format!("to={}", window.from))),
            text: lines_html(&window, mark, level(query)),
            ..self.files()
        };
        if let Some(note) = untimed {
            return Ok(View { note, ..view });
        }
        let newer = (window.to < window.size).then(|| link(format!("from={}", window.to)));
        let is_chosen = |name| query.get(name).is_some();
        Ok(View {
            note: about(&window),
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

/// Bytes before a line that was found which are shown with it.
const CONTEXT: u64 = 8 * 1024;

/// The level of a line: `2026-11-21 06:06:32,777 WARN …`. A line without one belongs to
/// the line before it.
fn level_of(line: &str) -> Option<Level> {
    let code = line.get(24..28)?;
    Level::from_code(code).filter(|_| line.as_bytes().get(19) == Some(&b','))
}

/// The lines, of this level and above if one is given; the marked one is highlighted.
fn lines_html(window: &Window, mark: Option<u64>, least: Option<Level>) -> String {
    let mut out = String::with_capacity(window.bytes.len() * 5 / 4);
    let mut painter = Painter::default();
    let mut is_shown = true;
    for (at, line) in lines(window) {
        let line = String::from_utf8_lossy(line);
        if let Some((least, level)) = least.zip(level_of(&line)) {
            is_shown = level <= least;
        }
        if !is_shown {
            continue;
        }
        let (before, after) = match mark == Some(at) {
            true => ("<mark id=\"hit\">", "</mark>"),
            false => ("", ""),
        };
        out.push_str(before);
        painter.html(&line, &mut out);
        out.push_str(after);
        out.push('\n');
    }
    out
}

/// What a search found, each line with a link to its place.
fn hits_html(hits: &Hits, text: &str, here: &str) -> String {
    let mut out = String::new();
    for (at, line) in &hits.lines {
        let from = at.saturating_sub(CONTEXT);
        let link = format!("{here}&from={from}&mark={at}#hit");
        out.push_str("<a class=\"at\" href=\"");
        escape(&link, &mut out);
        out += &format!("\">{}</a> ", grouped(*at));
        marked(line, text, &mut out);
        out.push('\n');
    }
    out
}

/// A line with every occurrence of a text highlighted.
fn marked(line: &str, text: &str, out: &mut String) {
    let any_case = !text.chars().any(char::is_uppercase);
    let lower = line.to_lowercase();
    // some letters have another length in lower case: then nothing is highlighted
    let searched = if any_case && lower.len() == line.len() {
        &lower
    } else {
        line
    };
    let plain = |text: &str, out: &mut String| Painter::default().html(text, out);
    let mut done = 0;
    for (at, found) in searched.match_indices(text) {
        let (Some(before), Some(own)) = (line.get(done..at), line.get(at..at + found.len())) else {
            continue;
        };
        plain(before, out);
        out.push_str("<mark>");
        plain(own, out);
        out.push_str("</mark>");
        done = at + found.len();
    }
    plain(line.get(done..).unwrap_or_default(), out);
}

/// Where a window is.
fn about(window: &Window) -> String {
    if window.size == 0 {
        return "The log is empty.".to_owned();
    }
    format!(
        "Bytes {} to {} of {}.",
        grouped(window.from),
        grouped(window.to),
        grouped(window.size)
    )
}

/// How many lines a search found, and where it searched.
fn about_hits(hits: &Hits, text: &str) -> String {
    let count = hits.lines.len();
    let lines = match count {
        0 => "No line".to_owned(),
        1 => "1 line".to_owned(),
        HITS => format!("The last {HITS} lines"),
        _some => format!("{count} lines"),
    };
    let verb = if count > 1 { "contain" } else { "contains" };
    let searched = if hits.from == 0 {
        String::new()
    } else {
        format!(
            " Searched were the bytes from {} to {}.",
            grouped(hits.from),
            grouped(hits.to)
        )
    };
    format!("{lines} {verb} \u{201c}{text}\u{201d}.{searched}")
}

/// A number with narrow blanks between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}
