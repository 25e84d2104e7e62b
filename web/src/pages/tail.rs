//! `tail.html`: the last bytes of a process's standard output (spec interfaces 5.5).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use askama::Template;
use futures_util::{StreamExt as _, stream};
use visord_logs::follow::unfinished;
use visord_model::event::Stream;
use visord_model::fault::{Fault, FaultCode};

use super::{Visit, frame};
use crate::answer::{self, Refusal, in_pieces};
use crate::budget::STREAM;
use crate::query;
use crate::rpc::logs::{self, LogPart};
use crate::rpc::names;
use crate::site::Site;

/// Bytes shown at least.
const LEAST: i64 = 1024;

/// Bytes shown at most: a page is for reading; logs are for `/logtail` and the RPCs.
const MOST: i64 = 16 * 1024 * 1024;

#[derive(Template)]
#[template(path = "tail.html")]
struct Tail<'a> {
    name: &'a str,
    /// Escaped already.
    text: String,
    refresh: Option<String>,
}

/// The page. What is wrong is shown where the text would be.
pub async fn page(visit: &Visit<'_>) -> Result<HttpResponse, Refusal> {
    let name = visit.query.get("processname");
    let limit = visit
        .query
        .get("limit")
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        // more digits than a number holds are more than the most
        .map_or(LEAST, |digits| digits.parse().unwrap_or(MOST))
        .clamp(LEAST, MOST);
    let mut escaper = Escaper::default();
    let mut part = LogPart::default();
    let text = match name {
        None => "No process name found".to_owned(),
        Some(name) => match last_bytes(visit.site, name, limit).await {
            Ok(read) => {
                part = read;
                escaper.push(&part.first, part.rest.is_none())
            }
            Err(fault) => escaped_like_the_original(&failure(&fault, name)),
        },
    };
    let refresh = |name| {
        let name = query::encoded(name);
        format!("tail.html?processname={name}&limit={limit}")
    };
    let page = Tail {
        name: name.unwrap_or("None"),
        text,
        refresh: name.map(refresh),
    };
    if part.rest.is_some() {
        return respond_in_pieces(visit, &page, part, escaper).await;
    }
    frame::respond(visit, &page)
}

async fn last_bytes(site: &Site, name: &str, limit: i64) -> Result<LogPart, Fault> {
    let info = names::info(&site.state.board, name)?;
    let path = logs::path(&info, Stream::Stdout);
    logs::read(&site.state, path, -limit, 0).await
}

fn failure(fault: &Fault, name: &str) -> String {
    if fault.code == FaultCode::NoFile {
        return format!("No file for {name}");
    }
    let (code, text) = (fault.code.code(), fault.to_string());
    format!("ERROR: unexpected rpc fault [{code}] {text}")
}

/// A page that is longer than one piece: the log is read while the page is sent.
async fn respond_in_pieces(
    visit: &Visit<'_>,
    page: &Tail<'_>,
    log: LogPart,
    mut escaper: Escaper,
) -> Result<HttpResponse, Refusal> {
    const AFTER_TEXT: &str = "</pre>";
    let state = &visit.site.state;
    let share = state.share(STREAM).await.ok_or_else(Refusal::busy)?;
    let page = frame::render(visit, page)?;
    // all text in it is escaped
    let (before, after) = page.split_at(page.rfind(AFTER_TEXT).unwrap_or(page.len()));
    let part = |text: &str| stream::iter([Ok(Bytes::from(text.to_owned()))]);
    let text = log.rest(state.workers.clone(), move |bytes, is_last| {
        Bytes::from(escaper.push(bytes, is_last))
    });
    let pieces = part(before).chain(text).chain(part(after));
    let mut response = answer::uncached(StatusCode::OK, frame::HTML);
    Ok(in_pieces(visit.request, &mut response, pieces, share))
}

/// Text for a page as the original escapes it: `&` is left alone where it looks like the start
/// of an entity (spec interfaces 5.6), so `&lt;` in a log shows as `<`. Nothing that is left
/// alone can open a tag.
pub fn escaped_like_the_original(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for (at, character) in text.char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' if !is_entity(&text[at + 1..]) => out.push_str("&amp;"),
            '\n' | '\t' => out.push(character),
            // a carriage return would become a line end, other controls are not for HTML
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Whether a text after `&` ends an entity: word characters or `#`, then `;`.
fn is_entity(rest: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '#';
    rest.trim_start_matches(is_word).starts_with(';')
}

/// Longest entity that is left alone, in bytes. The longest name in HTML has 31 letters.
const ENTITY: usize = 64;

/// [`escaped_like_the_original`] for bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Escaper {
    /// What the next piece may complete: a character or an entity.
    kept: Vec<u8>,
}

impl Escaper {
    /// The next bytes. Of the last ones nothing is kept.
    pub fn push(&mut self, bytes: &[u8], is_last: bool) -> String {
        self.kept.extend_from_slice(bytes);
        let kept = if is_last { 0 } else { undecided(&self.kept) };
        let rest = self.kept.split_off(self.kept.len() - kept);
        let complete = std::mem::replace(&mut self.kept, rest);
        escaped_like_the_original(&String::from_utf8_lossy(&complete))
    }
}

/// How many bytes at the end may mean something else once more is known.
fn undecided(bytes: &[u8]) -> usize {
    let near = bytes.len().saturating_sub(ENTITY);
    let start = bytes[near..].iter().rposition(|&byte| byte == b'&');
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_#".contains(byte) || *byte > 0x7f;
    match start.map(|at| &bytes[near + at..]) {
        Some(entity) if entity[1..].iter().all(is_word) => entity.len(),
        Some(_) | None => unfinished(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (text, html) in [
            ("<b>&\"'", "&lt;b&gt;&amp;\"'"),
            ("&amp; &#60; &lt", "&amp; &#60; &amp;lt"),
            ("\x1b[1m\r\n", "\u{fffd}[1m\u{fffd}\n"),
        ] {
            assert_eq!(escaped_like_the_original(text), html);
        }
    }

    #[test]
    fn pieces_are_escaped_like_the_whole() {
        let text = "a&lt;&#60;&€;&no entity€&x;\r&".as_bytes();
        let broken = [text, &[0xE2, 0x82], b"&amp", &[0xF0, 0x9F], b"&"].concat();
        let whole = escaped_like_the_original(&String::from_utf8_lossy(&broken));
        for first in 0..=broken.len() {
            for second in first..=broken.len() {
                let mut escaper = Escaper::default();
                let mut pieces = escaper.push(&broken[..first], false);
                pieces += &escaper.push(&broken[first..second], false);
                pieces += &escaper.push(&broken[second..], true);
                assert_eq!(pieces, whole, "{first} {second}");
            }
        }
    }
}
