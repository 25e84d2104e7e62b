//! `config.html`: what the configuration says and where, without its secrets.
//!
//! Nothing is read for it: it shows what was read at the start and, of programs, by the last
//! `reread`. What is newer in the files is not in it, as it is not in effect.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use visord_config::{HIDDEN, ListedOption, ListedSection, Listing, Source};

use super::Page;
use super::frame::{self, Frame};
use crate::answer;
use crate::caller::Caller;
use crate::query;
use crate::site::Site;

/// Sections of programs that are shown one after the other; of more, only the names.
const MOST: usize = 100;

/// What is read again by `reread`; everything else holds from the start of the daemon.
const REREAD: [&str; 4] = ["program:", "eventlistener:", "fcgi-program:", "group:"];

#[derive(Template)]
#[template(path = "config.html")]
struct Configuration<'a> {
    frame: Frame<'a>,
    file: String,
    hidden: &'static str,
    sections: Vec<Shown<'a>>,
    /// Only names, each with its place in a URL.
    names: Vec<(&'a str, String)>,
    /// Whether one section is shown, with all its options.
    alone: bool,
}

struct Shown<'a> {
    name: &'a str,
    quoted: String,
    place: String,
    remark: &'static str,
    options: Vec<Row>,
    /// Options at their defaults that are not shown.
    left_out: usize,
}

struct Row {
    key: String,
    values: Vec<String>,
    more: usize,
    /// Only where it differs from the value.
    written: Option<String>,
    place: String,
    is_set: bool,
    known: bool,
}

/// The page; with the name of a section that section alone.
#[must_use]
pub fn page(site: &Site, caller: &Caller, only: Option<&str>) -> HttpResponse {
    let setup = &site.state.setup;
    let latest = setup.latest.borrow().clone();
    let state = State::new(&setup.at_start, &latest);
    let is_wanted = |it: &&ListedSection| only.is_none_or(|only| it.name == only);
    let chosen: Vec<&ListedSection> = state.sections().filter(is_wanted).collect();
    if only.is_some() && chosen.is_empty() {
        return answer::explained(StatusCode::NOT_FOUND, "There is no such section.");
    }
    let is_program = |it: &&ListedSection| is_reread(&it.name);
    let many = chosen.iter().copied().filter(is_program).count() > MOST;
    let (named, shown): (Vec<&ListedSection>, Vec<_>) =
        chosen.into_iter().partition(|it| many && is_program(it));
    let alone = only.is_some();
    let page = Configuration {
        frame: Frame::new(site, caller, Page::Config, "Configuration"),
        file: setup.config_file.display().to_string(),
        hidden: HIDDEN,
        sections: shown
            .into_iter()
            .map(|section| self::shown(section, state.remark(section), alone))
            .collect(),
        names: named
            .iter()
            .map(|section| (section.name.as_str(), query::encoded(&section.name)))
            .collect(),
        alone,
    };
    frame::respond(site, &page)
}

fn is_reread(name: &str) -> bool {
    REREAD.iter().any(|prefix| name.starts_with(prefix))
}

/// Of programs what was read last, of everything else what was read at the start.
struct State<'a> {
    at_start: &'a Listing,
    latest: &'a Listing,
    old: HashMap<&'a str, &'a ListedSection>,
    new: HashMap<&'a str, &'a ListedSection>,
}

impl<'a> State<'a> {
    fn new(at_start: &'a Listing, latest: &'a Listing) -> Self {
        let by_name = |listing: &'a Listing| {
            let sections = listing.sections.iter();
            sections.map(|it| (it.name.as_str(), it)).collect()
        };
        Self {
            at_start,
            latest,
            old: by_name(at_start),
            new: by_name(latest),
        }
    }

    /// What is shown: what holds, and what will.
    fn sections(&self) -> impl Iterator<Item = &'a ListedSection> {
        let fixed = |it: &&ListedSection| !is_reread(&it.name);
        let is_new = |it: &&ListedSection| !self.old.contains_key(it.name.as_str());
        let running = self.at_start.sections.iter().filter(fixed);
        let (programs, others): (Vec<_>, Vec<_>) = self
            .latest
            .sections
            .iter()
            .partition(|it| is_reread(&it.name));
        let added: Vec<_> = others.into_iter().filter(is_new).collect();
        running.chain(added).chain(programs)
    }

    /// What to know about one of them; empty for nothing.
    fn remark(&self, section: &ListedSection) -> &'static str {
        let name = section.name.as_str();
        let (old, new) = (self.old.get(name), self.new.get(name));
        let is_same = matches!((old, new), (Some(old), Some(new)) if same(old, new));
        match (is_reread(name), old, new) {
            _ if is_same => "",
            (true, _, _) => {
                "Not as at the start of the daemon: it holds for what was updated since it was \
                 read."
            }
            (false, Some(_), Some(_)) => {
                "The file says something else by now; that holds after a restart."
            }
            (false, _, None) => "It is gone from the file; that holds after a restart.",
            (false, None, Some(_)) => "It is new in the file; it holds after a restart.",
        }
    }
}

/// Whether two sections come to the same.
fn same(one: &ListedSection, other: &ListedSection) -> bool {
    one.options.len() == other.options.len()
        && one
            .options
            .iter()
            .zip(&other.options)
            .all(|(one, other)| (&one.key, &one.effective) == (&other.key, &other.effective))
}

fn shown<'a>(section: &'a ListedSection, remark: &'static str, all: bool) -> Shown<'a> {
    // what the daemon as a whole may do is worth a look, even where nothing is set
    let all = all || !is_reread(&section.name);
    let options = if all {
        section.complete()
    } else {
        section.options.clone()
    };
    Shown {
        name: &section.name,
        quoted: query::encoded(&section.name),
        place: format!("{}:{}", section.file.display(), section.line),
        remark: match (section.known, remark) {
            (false, "") => "Nobody reads this section.",
            (_, remark) => remark,
        },
        left_out: if all { 0 } else { section.unset_count() },
        options: options.into_iter().map(row).collect(),
    }
}

fn row(option: ListedOption) -> Row {
    let written = option.written;
    Row {
        written: written.filter(|text| option.effective != [text.as_str()]),
        key: option.key,
        values: option.effective,
        more: option.more,
        place: match &option.source {
            Source::Default => "default".to_owned(),
            Source::CommandLine => "command line".to_owned(),
            Source::File {
                file,
                line,
                inherited,
            } => {
                let from = if *inherited { " in [DEFAULT]" } else { "" };
                format!("{}:{line}{from}", file.display())
            }
        },
        is_set: option.source != Source::Default,
        known: option.known,
    }
}
