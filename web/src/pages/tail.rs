//! `tail.html`: the last bytes of a process's standard output (spec interfaces 5.5).

use actix_web::HttpResponse;
use askama::Template;
use visord_model::fault::{Fault, FaultCode};

use super::{frame, html};
use crate::query;
use crate::rpc::logs::{self, Channel};
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
pub async fn page(site: &Site, name: Option<&str>, limit: Option<&str>) -> HttpResponse {
    let limit = limit
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        // more digits than a number holds are more than the most
        .map_or(LEAST, |digits| digits.parse().unwrap_or(MOST))
        .clamp(LEAST, MOST);
    let text = match name {
        None => "No process name found".to_owned(),
        Some(name) => match last_bytes(site, name, limit).await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(fault) if fault.code == FaultCode::NoFile => format!("No file for {name}"),
            Err(fault) => {
                let code = fault.code.code();
                format!("ERROR: unexpected rpc fault [{code}] {}", fault.text())
            }
        },
    };
    let page = Tail {
        name: name.unwrap_or("None"),
        text: html::escaped_like_the_original(&text),
        refresh: name.map(|name| {
            format!(
                "tail.html?processname={}&limit={limit}",
                query::encoded(name)
            )
        }),
    };
    frame::respond(site, &page)
}

async fn last_bytes(site: &Site, name: &str, limit: i64) -> Result<Vec<u8>, Fault> {
    let process = names::single(name)?;
    let info = site.state.board.process(&process);
    let info = info.ok_or_else(|| FaultCode::BadName.about(name))?;
    logs::read(&site.state, Channel::Stdout.path(&info), -limit, 0).await
}
