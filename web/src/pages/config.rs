//! `config.html`: what the configuration says and where, without its secrets.
//!
//! Nothing is read for it: it shows what was read at the start and, of programs, by the last
//! `reread`. What is newer in the files is not in it, as it is not in effect.

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
    options: Vec<Row<'a>>,
    /// Options at their defaults that are not shown.
    left_out: usize,
}

struct Row<'a> {
    key: &'a str,
    values: Vec<&'a str>,
    more: usize,
    /// Only where it differs from the value.
    written: Option<&'a str>,
    place: String,
    is_set: bool,
    known: bool,
}

/// The page; with the name of a section that section alone.
#[must_use]
pub fn page(site: &Site, caller: &Caller, only: Option<&str>) -> HttpResponse {
    let setup = &site.state.setup;
    let latest = setup.latest.borrow().clone();
    let all = effective(&setup.at_start, &latest);
    let chosen: Vec<&(&ListedSection, &str)> = all
        .iter()
        .filter(|(section, _)| only.is_none_or(|only| section.name == only))
        .collect();
    if only.is_some() && chosen.is_empty() {
        return answer::explained(StatusCode::NOT_FOUND, "There is no such section.");
    }
    let programs = |section: &ListedSection| is_reread(&section.name);
    let many = all.iter().filter(|(it, _)| programs(it)).count() > MOST && only.is_none();
    let (named, shown): (Vec<_>, Vec<_>) = chosen
        .into_iter()
        .partition(|(section, _)| many && programs(section));
    let page = Configuration {
        frame: Frame::new(site, caller, Page::Config, "Configuration"),
        file: setup.config_file.display().to_string(),
        hidden: HIDDEN,
        sections: shown
            .iter()
            .map(|(section, remark)| self::shown(section, remark, only.is_some()))
            .collect(),
        names: named
            .iter()
            .map(|(section, _)| (section.name.as_str(), query::encoded(&section.name)))
            .collect(),
        alone: only.is_some(),
    };
    frame::respond(site, &page)
}

fn is_reread(name: &str) -> bool {
    REREAD.iter().any(|prefix| name.starts_with(prefix))
}

/// Of programs what was read last, of everything else what was read at the start; with remarks
/// where the two differ.
fn effective<'a>(
    at_start: &'a Listing,
    latest: &'a Listing,
) -> Vec<(&'a ListedSection, &'static str)> {
    let same = |one: &ListedSection, other: &ListedSection| {
        let values = |it: &ListedSection| {
            let pairs = it.options.iter();
            pairs
                .map(|option| (option.key.clone(), option.effective.clone()))
                .collect::<Vec<_>>()
        };
        values(one) == values(other)
    };
    let fixed = at_start.sections.iter().filter(|it| !is_reread(&it.name));
    let fixed = fixed.map(|old| {
        let new = latest.sections.iter().find(|it| it.name == old.name);
        let remark = match new {
            Some(new) if same(old, new) => "",
            Some(_) => "The file says something else by now; that holds after a restart.",
            None => "It is gone from the file; that holds after a restart.",
        };
        (old, remark)
    });
    let is_new = |it: &&ListedSection| !at_start.sections.iter().any(|old| old.name == it.name);
    let added = latest.sections.iter().filter(|it| !is_reread(&it.name));
    let added = added.filter(is_new);
    let added = added.map(|new| (new, "It is new in the file; it holds after a restart."));
    let programs = latest.sections.iter().filter(|it| is_reread(&it.name));
    let programs = programs.map(|new| {
        let old = at_start.sections.iter().find(|it| it.name == new.name);
        let remark = match old {
            Some(old) if same(old, new) => "",
            Some(_) | None => {
                "Not as at the start of the daemon: it holds for what was updated since it was \
                 read."
            }
        };
        (new, remark)
    });
    fixed.chain(added).chain(programs).collect()
}

fn shown<'a>(section: &'a ListedSection, remark: &'static str, all: bool) -> Shown<'a> {
    // what the daemon as a whole may do is worth a look, even where nothing is set
    let all = all || !is_reread(&section.name);
    let is_set = |option: &ListedOption| option.source != Source::Default;
    let options = section.options.iter().filter(|it| all || is_set(it));
    let options: Vec<Row<'a>> = options.map(row).collect();
    Shown {
        name: &section.name,
        quoted: query::encoded(&section.name),
        place: format!("{}:{}", section.file.display(), section.line),
        remark: match (section.known, remark) {
            (false, "") => "Nobody reads this section.",
            (_, remark) => remark,
        },
        left_out: section.options.len() - options.len(),
        options,
    }
}

fn row(option: &ListedOption) -> Row<'_> {
    let written = option.written.as_deref();
    Row {
        key: &option.key,
        values: option.effective.iter().map(String::as_str).collect(),
        more: option.more,
        written: written.filter(|text| option.effective != [*text]),
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
