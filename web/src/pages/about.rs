//! `about.html`: which daemon this is, where it listens and what it may use up.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use askama::Template;
use jiff::Timestamp;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use visord_config::{HttpConfig, ListenAddress};
use visord_model::process::uptime;

use super::frame::{self, Frame};
use super::{Page, Visit};
use crate::answer::Refusal;
use crate::caller::Right;
use crate::clock;
use crate::site::Site;
use crate::state::STANDS_IN_FOR;

#[derive(Template)]
#[template(path = "about.html")]
struct About<'a> {
    frame: Frame<'a>,
    facts: Vec<(&'static str, String)>,
    listeners: Vec<ListenerRow<'a>>,
    limits: Vec<(&'static str, String)>,
}

/// A listener as a row of the table.
struct ListenerRow<'a> {
    section: &'a str,
    address: String,
    tls: &'static str,
    asks: &'static str,
    max_body: String,
    here: bool,
}

/// The page. Where files are and which system this is, is shown only to those who may operate.
pub fn page(visit: &Visit<'_>) -> Result<HttpResponse, Refusal> {
    let site = visit.site;
    let may_operate = visit.caller.may(Right::Operate);
    let listeners = site.server.listeners.iter();
    let page = About {
        frame: Frame::new(visit, Page::About, "About this daemon"),
        facts: facts(site, may_operate),
        listeners: listeners
            .map(|config| row(site, config, may_operate))
            .collect(),
        limits: limits(site),
    };
    frame::respond(visit, &page)
}

fn facts(site: &Site, may_operate: bool) -> Vec<(&'static str, String)> {
    let (state, setup) = (&site.state, &site.state.setup);
    let identity = state.board.identity();
    // a clock before 1970 is not set
    let started = Timestamp::try_from(setup.started).map_or(0, |it| it.as_second().max(0));
    let since = uptime((clock::now() - started).max(0));
    let all = state.board.all();
    let groups: BTreeSet<&str> = all.iter().map(|info| &*info.group).collect();
    let (count, groups) = (all.len(), groups.len());
    let run = all.iter().filter(|info| info.state.is_running()).count();
    let mut facts = vec![
        ("Program", state.build.clone()),
        ("In place of", format!("Supervisor {STANDS_IN_FOR}")),
        ("Identifier", identity.identifier.clone()),
        ("Process id", identity.pid.to_string()),
        ("Started", clock::long(started)),
        ("Up for", since),
        (
            "Programs",
            format!("{count} processes in {groups} groups, {run} of them active"),
        ),
    ];
    if may_operate {
        let config = setup.config_file.display().to_string();
        let log = identity.logfile.as_ref();
        let log = log.map_or("the system log".to_owned(), |it| it.display().to_string());
        facts.extend([
            ("Configuration file", config),
            ("Log file", log),
            ("Platform", platform()),
        ]);
    }
    facts
}

fn row<'a>(site: &Site, config: &'a HttpConfig, may_operate: bool) -> ListenerRow<'a> {
    let address = match &config.address {
        ListenAddress::Unix { path, .. } if may_operate => path.display().to_string(),
        ListenAddress::Unix { .. } => "a unix socket".to_owned(),
        ListenAddress::Inet { host, port } if host.is_empty() => format!("*:{port}"),
        ListenAddress::Inet { host, port } => format!("{host}:{port}"),
    };
    ListenerRow {
        section: &config.section,
        address,
        tls: match config.tls.as_ref().map(|tls| tls.client_ca.is_some()) {
            None => "no",
            Some(false) => "yes",
            Some(true) => "yes, with certificates of clients",
        },
        asks: ["no", "yes"][usize::from(!config.users.is_empty())],
        max_body: bytes(config.max_body),
        here: config.section == site.listener.config.section,
    }
}

fn limits(site: &Site) -> Vec<(&'static str, String)> {
    let rlimit = |resource| match getrlimit(resource) {
        Ok((RLIM_INFINITY, _)) => "unlimited".to_owned(),
        Ok((soft, _)) => soft.to_string(),
        Err(errno) => format!("unknown: {}", errno.desc()),
    };
    let limits = &site.state.limits;
    let connections = limits.connections().to_string();
    let patience = format!("{} s", limits.patience.as_secs());
    vec![
        ("Open files of the daemon", rlimit(Resource::RLIMIT_NOFILE)),
        ("Processes of its user", rlimit(Resource::RLIMIT_NPROC)),
        ("Connections for each listener", connections),
        ("Live streams together", limits.streams().to_string()),
        ("Time for a request to arrive", patience),
    ]
}

/// `Linux 6.1.0 x86_64`.
fn platform() -> String {
    match nix::sys::utsname::uname() {
        Ok(name) => [name.sysname(), name.release(), name.machine()]
            .map(|part| part.to_string_lossy().into_owned())
            .join(" "),
        Err(_) => format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// In the largest unit that divides it.
fn bytes(count: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.iter().find(|(size, _)| count.is_multiple_of(*size));
    match unit {
        Some((size, name)) if count > 0 => format!("{} {name}", count / size),
        Some(_) | None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes() {
        for (count, text) in [
            (0, "0 bytes"),
            (1000, "1000 bytes"),
            (1024, "1 KiB"),
            (1_048_576, "1 MiB"),
            (1_572_864, "1536 KiB"),
            (3 << 30, "3 GiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
