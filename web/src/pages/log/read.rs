//! The part of a log that a page shows: found, read and made into text on a worker thread.

use std::io;
use std::path::PathBuf;

use serde_json::json;
use visord_logs::numbered;
use visord_model::log_line::Level;

use super::render;
use crate::log_view::find::{self, Hits};
use crate::log_view::time::LogClock;
use crate::log_view::{self, Part, Window, jump};
use crate::query::Parameters;
use crate::site::Site;

/// What a page shows.
pub(super) enum FoundPart {
    /// Lines; whether they are those at the time that was asked for, if one was.
    Window(Window, bool),
    Hits(Hits),
}

/// What was asked for.
pub(super) struct Asked {
    pub(super) path: PathBuf,
    pub(super) query: Parameters,
    /// Where links lead back to this log.
    pub(super) here: String,
    pub(super) length: u64,
    pub(super) old: u32,
    pub(super) is_json: bool,
}

/// What was found.
pub(super) struct Found {
    /// Without the bytes of a window.
    pub(super) shown: FoundPart,
    /// For the page or the browser's module.
    pub(super) text: String,
    /// Whether there is a file before it.
    pub(super) has_older: bool,
}

/// What was asked for, read and made into text on another thread.
///
/// # Errors
/// Those of opening and reading.
pub(super) async fn read(site: &Site, asked: Asked) -> io::Result<Found> {
    let workers = &site.state.workers;
    if asked.query.get("find").or(asked.query.get("at")).is_some() {
        workers.search(move || found(&asked)).await?
    } else {
        workers.run(move || found(&asked)).await?
    }
}

/// What was asked for, as it will be shown. Blocks.
fn found(asked: &Asked) -> io::Result<Found> {
    // the name of an old file ends with its number
    let next = match asked.old {
        0 => numbered(&asked.path, 1),
        old => asked.path.with_extension((old + 1).to_string()),
    };
    let mut shown = part(asked)?;
    let text = if asked.is_json {
        json_of(&shown)
    } else {
        html_of(&shown, asked)
    };
    if let FoundPart::Window(window, _) = &mut shown {
        window.bytes = Vec::new();
    }
    Ok(Found {
        shown,
        text,
        has_older: visord_files::open_regular(&next).is_ok(),
    })
}

fn html_of(shown: &FoundPart, asked: &Asked) -> String {
    let level = Level::from_code(asked.query.text("level"));
    match shown {
        FoundPart::Hits(hits) => render::hits(hits, asked.query.text("find"), &asked.here),
        FoundPart::Window(window, is_timed) => {
            let mark = asked.query.number("mark").filter(|_| *is_timed);
            render::window(window, mark, level)
        }
    }
}

/// For the browser's module, which searches what it has itself.
fn json_of(shown: &FoundPart) -> String {
    let FoundPart::Window(window, is_timed) = shown else {
        return "{}".to_owned();
    };
    let place = window.place.to_string();
    json!({
        "file": place.split('-').next(),
        "from": window.from,
        "to": window.to,
        "size": window.size,
        "place": place,
        "timed": is_timed,
        "text": String::from_utf8_lossy(&window.bytes),
    })
    .to_string()
}

/// The part that was asked for. Blocks.
fn part(asked: &Asked) -> io::Result<FoundPart> {
    let (path, length) = (&asked.path, asked.length);
    if let Some(text) = asked.query.get("find") {
        return find::find(path, text, asked.query.number("to")).map(FoundPart::Hits);
    }
    let clock = LogClock::system();
    let at = asked.query.get("at");
    let jumped = match at.and_then(|text| clock.meant(text)) {
        Some(time) => jump::jump(path, time, &clock)?,
        None => None,
    };
    let from = jumped.or(asked.query.number("from"));
    let part = match (from, asked.query.number("to")) {
        (Some(from), _) => Part::After(from),
        (None, Some(to)) => Part::Before(to),
        (None, None) => Part::End,
    };
    let window = log_view::read(path, part, length)?;
    let is_timed = at.is_none() || jumped.is_some();
    Ok(FoundPart::Window(window, is_timed))
}
