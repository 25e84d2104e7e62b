//! `tail.html`: the last bytes of a process's standard output (spec interfaces 5.5).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use askama::Template;
use futures_util::{StreamExt as _, stream};
use visord_model::event;
use visord_model::fault::{Fault, FaultCode};

use super::html::{self, Escaper};
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
                escaper.push(&part.first)
            }
            Err(fault) => html::escaped_like_the_original(&failure(&fault, name)),
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
    if part.rest.is_some() {
        return respond_in_pieces(visit, &page, part, escaper).await;
    }
    page.text += &escaper.last(&[]);
    frame::respond(visit, &page)
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
        Bytes::from(if is_last {
            std::mem::take(&mut escaper).last(bytes)
        } else {
            escaper.push(bytes)
        })
    });
    let pieces = part(before).chain(text).chain(part(after));
    let mut response = answer::uncached(StatusCode::OK, frame::HTML);
    Ok(in_pieces(visit.request, &mut response, pieces, share))
}
