//! Lines of a log as HTML.

use crate::ansi::{Painter, escape};
use crate::log_view::find::{HITS, Hits};
use crate::log_view::{Window, lines};
use visord_model::log_line::Level;

/// Bytes before a line that was found which are shown with it.
const CONTEXT: u64 = 8 * 1024;

/// The level of a line: `2026-11-21 06:06:32,777 WARN …`. A line without one belongs to
/// the line before it.
fn level_of(line: &str) -> Option<Level> {
    let code = line.get(24..28)?;
    Level::from_code(code).filter(|_| line.as_bytes().get(19) == Some(&b','))
}

/// The lines, of this level and above if one is given; the marked one is highlighted.
pub(super) fn window(window: &Window, mark: Option<u64>, least: Option<Level>) -> String {
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
pub(super) fn hits(hits: &Hits, text: &str, here: &str) -> String {
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
pub(super) fn about(window: &Window) -> String {
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
pub(super) fn about_hits(hits: &Hits, text: &str) -> String {
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
pub(super) fn grouped(number: u64) -> String {
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
