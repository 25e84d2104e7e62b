//! `config.html`: what the configuration says and where, without its secrets.
//!
//! Nothing is read for it: it shows what was read at the start and, of programs, by the last
//! `reread`. What is newer in the files is not in it, as it is not in effect.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use visord_config::{ListedOption, ListedSection, Listing, Source};

use super::frame::{self, Frame};
use super::{Page, Visit};
use crate::answer::Refusal;
use crate::query;

/// Sections of programs that are shown one after the other; of more, only the names.
const MOST: usize = 100;

/// What is read again by `reread`; everything else holds from the start of the daemon.
const REREAD: [&str; 4] = ["program:", "eventlistener:", "fcgi-program:", "group:"];

#[derive(Template)]
#[template(path = "config.html")]
struct Configuration<'a> {
    frame: Frame<'a>,
    file: String,
    sections: Vec<SectionView<'a>>,
    /// Only names, each with its place in a URL.
    names: Vec<(&'a str, String)>,
    /// Whether one section is shown, with all its options.
    is_only: bool,
}

struct SectionView<'a> {
    name: &'a str,
    quoted: String,
    place: String,
    remark: &'static str,
    options: Vec<ListedOption>,
    /// Options at their defaults that are not shown.
    left_out: usize,
}

/// The page; with the name of a section that section alone.
pub fn page(visit: &Visit<'_>) -> Result<HttpResponse, Refusal> {
    let only = visit.query.get("section");
    let setup = &visit.site.state.setup;
    let latest = setup.latest.borrow().clone();
    let mut chosen = sections(&setup.at_start, &latest);
    chosen.retain(|(it, _)| only.is_none_or(|only| it.name == only));
    if only.is_some() && chosen.is_empty() {
        let why = "There is no such section.";
        return Err(Refusal::because(StatusCode::NOT_FOUND, why));
    }
    let programs = chosen.iter().filter(|(it, _)| is_reread(&it.name));
    let has_many = programs.count() > MOST;
    let (named, shown): (Vec<_>, Vec<_>) = chosen
        .into_iter()
        .partition(|(it, _)| has_many && is_reread(&it.name));
    let is_only = only.is_some();
    let page = Configuration {
        frame: Frame::new(visit, Page::Config, "Configuration"),
        file: setup.config_file.display().to_string(),
        sections: shown
            .into_iter()
            .map(|(section, remark)| self::shown(section, remark, is_only))
            .collect(),
        names: named
            .iter()
            .map(|(section, _)| (section.name.as_str(), query::encoded(&section.name)))
            .collect(),
        is_only,
    };
    frame::respond(visit, &page)
}

fn is_reread(name: &str) -> bool {
    REREAD.iter().any(|prefix| name.starts_with(prefix))
}

/// What is shown, each with a remark or an empty one: of the daemon itself what was read at the
/// start, then what is new in the file, then of programs what was read last.
fn sections<'a>(
    at_start: &'a Listing,
    latest: &'a Listing,
) -> Vec<(&'a ListedSection, &'static str)> {
    let by_name = |listing: &'a Listing| -> HashMap<&str, &ListedSection> {
        let sections = listing.sections.iter();
        sections.map(|it| (it.name.as_str(), it)).collect()
    };
    let (old, new) = (by_name(at_start), by_name(latest));
    let (programs, others): (Vec<_>, Vec<_>) =
        latest.sections.iter().partition(|it| is_reread(&it.name));
    let fixed = at_start.sections.iter().filter(|it| !is_reread(&it.name));
    let fixed = fixed.map(|it| match new.get(it.name.as_str()) {
        Some(new) if same(it, new) => (it, ""),
        Some(_) => (
            it,
            "The file says something else by now; that holds after a restart.",
        ),
        None => (it, "It is gone from the file; that holds after a restart."),
    });
    let added = others
        .into_iter()
        .filter(|it| !old.contains_key(it.name.as_str()))
        .map(|it| (it, "It is new in the file; it holds after a restart."));
    let programs = programs.into_iter().map(|it| match old.get(it.name.as_str()) {
        Some(old) if same(old, it) => (it, ""),
        Some(_) | None => (
            it,
            "Not as at the start of the daemon: it holds for what was updated since it was read.",
        ),
    });
    fixed.chain(added).chain(programs).collect()
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

fn shown<'a>(section: &'a ListedSection, remark: &'static str, all: bool) -> SectionView<'a> {
    // of the daemon itself every option is shown, even where nothing is set
    let all = all || !is_reread(&section.name);
    SectionView {
        name: &section.name,
        quoted: query::encoded(&section.name),
        place: format!("{}:{}", section.file.display(), section.line),
        remark: match (section.known, remark) {
            (false, "") => "Nobody reads this section.",
            (_, remark) => remark,
        },
        left_out: if all { 0 } else { section.unset_count() },
        options: match all {
            true => section.complete(),
            false => section.options.clone(),
        },
    }
}

/// What is written, where it differs from the value.
fn written(option: &ListedOption) -> Option<&str> {
    let written = option.written.as_deref();
    written.filter(|text| option.effective != [*text])
}

fn place(option: &ListedOption) -> String {
    match &option.source {
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
    }
}
