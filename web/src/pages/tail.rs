//! `tail.html`: the last bytes of a process's standard output (spec interfaces 5.5).

use std::io;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use futures_util::{Stream, stream};
use visord_actors::log::reader::Section;
use visord_actors::workers::Workers;
use visord_model::fault::{Fault, FaultCode};

use super::html::Escaper;
use super::{frame, html};
use crate::answer;
use crate::budget::{PIECE, STREAM};
use crate::query;
use crate::route::in_pieces;
use crate::rpc::logs::{self, Begun, Channel};
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
pub async fn page(
    request: &HttpRequest,
    site: &Site,
    name: Option<&str>,
    limit: Option<&str>,
) -> HttpResponse {
    let limit = limit
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        // more digits than a number holds are more than the most
        .map_or(LEAST, |digits| digits.parse().unwrap_or(MOST))
        .clamp(LEAST, MOST);
    let shown = match name {
        None => Err("No process name found".to_owned()),
        Some(name) => last_bytes(site, name, limit).await.map_err(|fault| {
            if fault.code == FaultCode::NoFile {
                return format!("No file for {name}");
            }
            let code = fault.code.code();
            format!("ERROR: unexpected rpc fault [{code}] {}", fault.text())
        }),
    };
    let (text, rest) = match shown {
        Err(why) => (html::escaped_like_the_original(&why), None),
        Ok(Begun { first, rest: None }) => (Escaper::default().last(&first), None),
        Ok(Begun {
            first,
            rest: Some(section),
        }) => {
            let mut escaper = Escaper::default();
            let text = escaper.push(&first);
            (text, Some(Rest { section, escaper }))
        }
    };
    let page = Tail {
        name: name.unwrap_or("None"),
        text,
        refresh: name.map(|name| {
            format!(
                "tail.html?processname={}&limit={limit}",
                query::encoded(name)
            )
        }),
    };
    match rest {
        None => frame::respond(site, &page),
        Some(rest) => respond_in_pieces(request, site, &page, rest).await,
    }
}

/// What is left of the log.
struct Rest {
    section: Section,
    escaper: Escaper,
}

impl Rest {
    /// The next piece, and what is left. Blocks.
    fn advance(mut self) -> io::Result<(String, Option<Self>)> {
        let bytes = self.section.piece(PIECE)?;
        Ok(if self.section.is_at_end() {
            (self.escaper.last(&bytes), None)
        } else {
            (self.escaper.push(&bytes), Some(self))
        })
    }
}

/// A page that is longer than one piece: the log is read while the page is sent.
async fn respond_in_pieces(
    request: &HttpRequest,
    site: &Site,
    page: &Tail<'_>,
    rest: Rest,
) -> HttpResponse {
    const AFTER_TEXT: &str = "</pre>";
    let Some(share) = site.state.share(STREAM).await else {
        return answer::busy();
    };
    let Ok(page) = page.render() else {
        return frame::respond(site, page);
    };
    // all text in it is escaped
    let (before, after) = page.split_at(page.rfind(AFTER_TEXT).unwrap_or(page.len()));
    let workers = site.state.workers.clone();
    let pieces = pieces(before.to_owned(), rest, after.to_owned(), workers);
    let mut response = HttpResponse::Ok();
    answer::uncached(&mut response).insert_header((CONTENT_TYPE, "text/html;charset=utf-8"));
    in_pieces(request, &mut response, pieces, share)
}

/// What comes before the rest of the text, that, and what comes after it.
fn pieces(
    before: String,
    rest: Rest,
    after: String,
    workers: Workers,
) -> impl Stream<Item = io::Result<Bytes>> {
    enum Next {
        Begin(String, Rest),
        Read(Rest),
        End,
    }
    let begin = (Next::Begin(before, rest), after, workers);
    let pieces = stream::try_unfold(begin, |(next, after, workers)| async move {
        let (piece, next) = match next {
            Next::End => return Ok(None),
            Next::Begin(text, rest) => (text, Next::Read(rest)),
            Next::Read(rest) => {
                let read = workers.run(move || rest.advance()).await;
                match read.map_err(io::Error::other)?? {
                    (text, Some(rest)) => (text, Next::Read(rest)),
                    (text, None) => (text + &after, Next::End),
                }
            }
        };
        Ok(Some((Bytes::from(piece), (next, after, workers))))
    });
    Box::pin(pieces)
}

async fn last_bytes(site: &Site, name: &str, limit: i64) -> Result<Begun, Fault> {
    let process = names::single(name)?;
    let info = site.state.board.process(&process);
    let info = info.ok_or_else(|| FaultCode::BadName.about(name))?;
    logs::read(&site.state, Channel::Stdout.path(&info), -limit, 0).await
}
