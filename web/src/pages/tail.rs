//! `tail.html`: the last bytes of a process's standard output (spec interfaces 5.5).

use std::io;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use askama::Template;
use futures_util::{Stream, StreamExt as _, stream};
use visord_actors::log::reader::Section;
use visord_actors::workers::Workers;
use visord_model::event;
use visord_model::fault::{Fault, FaultCode};

use super::html::{self, Escaper};
use super::{Visit, frame};
use crate::answer::{self, Refusal, in_pieces};
use crate::budget::{PIECE, STREAM};
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
    let (text, rest) = match name {
        None => ("No process name found".to_owned(), None),
        Some(name) => match last_bytes(visit.site, name, limit).await {
            Ok(part) => (escaper.push(&part.first), part.rest),
            Err(fault) => (
                html::escaped_like_the_original(&failure(&fault, name)),
                None,
            ),
        },
    };
    let refresh = |name| {
        let name = query::encoded(name);
        format!("tail.html?processname={name}&limit={limit}")
    };
    let mut page = Tail {
        name: name.unwrap_or("None"),
        text,
        refresh: name.map(refresh),
    };
    match rest {
        Some(rest) => respond_in_pieces(visit, &page, rest, escaper).await,
        None => {
            page.text += &escaper.last(&[]);
            frame::respond(visit, &page)
        }
    }
}

async fn last_bytes(site: &Site, name: &str, limit: i64) -> Result<LogPart, Fault> {
    let info = names::info(&site.state.board, name)?;
    logs::read(
        &site.state,
        logs::path(&info, event::Stream::Stdout),
        -limit,
        0,
    )
    .await
}

fn failure(fault: &Fault, name: &str) -> String {
    if fault.code == FaultCode::NoFile {
        return format!("No file for {name}");
    }
    let (code, text) = (fault.code.code(), fault.text());
    format!("ERROR: unexpected rpc fault [{code}] {text}")
}

/// A page that is longer than one piece: the log is read while the page is sent.
async fn respond_in_pieces(
    visit: &Visit<'_>,
    page: &Tail<'_>,
    rest: Section,
    escaper: Escaper,
) -> Result<HttpResponse, Refusal> {
    const AFTER_TEXT: &str = "</pre>";
    let state = &visit.site.state;
    let share = state.share(STREAM).await.ok_or_else(Refusal::busy)?;
    let page = frame::render(visit, page)?;
    // all text in it is escaped
    let (before, after) = page.split_at(page.rfind(AFTER_TEXT).unwrap_or(page.len()));
    let part = |text: &str| stream::iter([Ok(Bytes::from(text.to_owned()))]);
    let text = escaped(rest, escaper, state.workers.clone());
    let pieces = part(before).chain(text).chain(part(after));
    let mut response = answer::uncached(StatusCode::OK, frame::HTML);
    Ok(in_pieces(visit.request, &mut response, pieces, share))
}

/// The rest of the text, read and escaped on worker threads.
fn escaped(
    rest: Section,
    escaper: Escaper,
    workers: Workers,
) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(Some((rest, escaper)), move |rest| {
        let read = rest.map(|(mut section, mut escaper)| {
            workers.run(move || {
                let bytes = section.piece(PIECE)?;
                io::Result::Ok(if section.is_at_end() {
                    (Bytes::from(escaper.last(&bytes)), None)
                } else {
                    (Bytes::from(escaper.push(&bytes)), Some((section, escaper)))
                })
            })
        });
        async move {
            match read {
                Some(read) => read.await?.map(Some),
                None => Ok(None),
            }
        }
    })
}
