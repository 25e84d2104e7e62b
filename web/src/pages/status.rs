//! `index.html`: every process and what can be done with it (spec interfaces 5.3, and more).
//!
//! The page stays under 60 kB with 100 processes: from [`ROOMY`] rows on, what can be done with
//! one process is on its own page ([`super::process`]) instead of in its row. With JavaScript
//! both look the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use askama::Template;
use tokio::time::timeout;
use visord_actors::usage::{Sample, Usage};
use visord_model::name::namespec;
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

use super::figures::{self, Curve, WIDTH};
use super::filter::Filter;
use super::frame::{self, Frame};
use super::order::Verb;
use super::{Page, Visit, process};
use crate::answer::Refusal;
use crate::caller::Right;
use crate::clock;
use crate::query;
use crate::site::Site;

/// Time to sample what the processes use before a page is shown without it.
const PATIENCE: Duration = Duration::from_millis(3);

/// Samples of this age are taken again.
const FRESH: Duration = Duration::from_millis(500);

/// Samples of this age are not shown.
const STALE: Duration = Duration::from_secs(10);

/// Bytes of a page that are not rows, of a row without its texts, and of a curve without its
/// path: enough for an estimate.
const AROUND: usize = 6000;
const ROW: usize = 385;
const CURVE: usize = 42;

/// Bytes that a page should have at most: where there is no room, curves are shorter.
const ENOUGH: usize = 60_000;

/// How many samples a curve has then, the longest that fits. With JavaScript it grows again.
const LENGTHS: [usize; 5] = [WIDTH, 30, 15, 8, 0];

/// Rows up to which each has its own buttons and links.
const ROOMY: usize = 40;

#[derive(Template)]
#[template(path = "status.html")]
struct Status<'a> {
    frame: Frame<'a>,
    filter: Filter,
    /// Unix seconds, for the clock of uptimes.
    now: i64,
    may: bool,
    roomy: bool,
    /// Whether there is any process, shown or not.
    any: bool,
    chips: Vec<Chip>,
    sections: Vec<Section>,
}

/// A button that shows only the processes in a state.
struct Chip {
    /// `all` or the state's name.
    value: &'static str,
    badge: Option<Badge>,
    count: usize,
    pressed: bool,
}

/// A group, or the programs that belong to none.
#[derive(Default)]
struct Section {
    /// Empty for programs that are a group of their own.
    group: String,
    tally: String,
    rows: Vec<StatusRow>,
}

struct StatusRow {
    name: String,
    quoted: String,
    badge: Badge,
    description: String,
    cpu: String,
    memory: String,
    curve: Option<Curve>,
    /// What it is drawn from.
    samples: Vec<Sample>,
    restarts: u32,
    why: String,
    verbs: &'static [Verb],
}

/// How a state is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge(pub ProcessState);

impl Badge {
    /// The class that the original gives it.
    pub const fn class(self) -> &'static str {
        match self.0 {
            ProcessState::Running => "statusrunning",
            ProcessState::Fatal | ProcessState::Backoff => "statuserror",
            ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::Stopping
            | ProcessState::Exited
            | ProcessState::Unknown => "statusnominal",
        }
    }

    /// Lower case, as the original shows it.
    pub fn word(self) -> String {
        self.0.name().to_lowercase()
    }
}

/// What can be done at once with a process in a state. The same in `scripts/processes.js`.
pub const fn verbs(state: ProcessState) -> &'static [Verb] {
    match state {
        ProcessState::Running => &[Verb::Restart, Verb::Stop],
        ProcessState::Starting | ProcessState::Backoff => &[Verb::Stop],
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => &[Verb::Start],
        ProcessState::Stopping | ProcessState::Unknown => &[],
    }
}

/// The page of every process, or of the one that `process=` names.
pub async fn answer(visit: &Visit<'_>) -> Result<HttpResponse, Refusal> {
    let state = &visit.site.state;
    if state.usage.age().is_none_or(|age| age > FRESH) {
        // what comes too late is for the next page
        let _ = timeout(PATIENCE, state.sample()).await;
    }
    match visit.query.get("process") {
        Some(process) => process::page(visit, process),
        None => page(visit),
    }
}

/// What the processes use, if the samples are worth showing.
pub fn fresh_usage(site: &Site) -> Option<&Usage> {
    let usage = &site.state.usage;
    let is_fresh = usage.age().is_some_and(|age| age <= STALE);
    is_fresh.then_some(usage)
}

fn page(visit: &Visit<'_>) -> Result<HttpResponse, Refusal> {
    let (site, filter) = (visit.site, Filter::of(visit));
    let all = site.state.board.all();
    let now = clock::now();
    let page = Status {
        frame: Frame::new(visit, Page::Status, "Supervisor Status").with_message(),
        now,
        may: visit.caller.may(Right::Operate),
        roomy: all.iter().filter(|info| filter.shows(info)).count() <= ROOMY,
        any: !all.is_empty(),
        chips: chips(&all, &filter),
        sections: sections(&all, &filter, now, fresh_usage(site)),
        filter,
    };
    frame::respond(visit, &page)
}

/// All, and each state that some process is in or that is looked for.
fn chips(all: &[Arc<ProcessInfo>], filter: &Filter) -> Vec<Chip> {
    let found: Vec<_> = all.iter().filter(|info| filter.finds(info)).collect();
    let states = [None].into_iter().chain(ProcessState::ALL.map(Some));
    let chips = states.map(|state| Chip {
        value: state.map_or("all", ProcessState::name),
        badge: state.map(Badge),
        count: found
            .iter()
            .filter(|info| state.is_none_or(|state| info.state == state))
            .count(),
        pressed: filter.state == state,
    });
    chips
        .filter(|chip| chip.badge.is_none() || chip.count > 0 || chip.pressed)
        .collect()
}

/// First the programs that are a group of their own, then each group, all by name.
fn sections(
    all: &[Arc<ProcessInfo>],
    filter: &Filter,
    now: i64,
    usage: Option<&Usage>,
) -> Vec<Section> {
    let mut groups: BTreeMap<&str, Vec<&Arc<ProcessInfo>>> = BTreeMap::new();
    for info in all {
        groups.entry(&info.group).or_default().push(info);
    }
    let is_alone = |members: &[&Arc<ProcessInfo>]| {
        members.len() == 1 && members.iter().all(|info| info.name == info.group)
    };
    let mut sections = vec![Section::default()];
    for (group, members) in groups {
        let shown = members.iter().filter(|info| filter.shows(info));
        let rows = shown.map(|info| row(info, now, usage));
        if is_alone(&members) {
            sections[0].rows.extend(rows);
        } else {
            sections.push(Section {
                group: group.to_owned(),
                tally: tally(&members),
                rows: rows.collect(),
            });
        }
    }
    sections.retain(|section| !section.rows.is_empty());
    draw(&mut sections);
    sections
}

/// As much of the curves as there is room for.
fn draw(sections: &mut [Section]) {
    let rows = || sections.iter().flat_map(|section| &section.rows);
    let texts = |row: &StatusRow| {
        3 * row.name.len() + row.quoted.len() + row.description.len() + row.why.len()
    };
    let taken = rows().map(|row| ROW + texts(row)).sum::<usize>() + AROUND;
    let room = ENOUGH.saturating_sub(taken);
    for most in LENGTHS {
        let mut bytes = 0;
        for row in sections.iter_mut().flat_map(|section| &mut section.rows) {
            let curve = figures::curve(&row.samples, most);
            bytes += curve.as_ref().map_or(0, |curve| CURVE + curve.path.len());
            row.curve = curve;
        }
        if bytes <= room {
            return;
        }
    }
}

/// `3 running, 1 fatal`.
fn tally(members: &[&Arc<ProcessInfo>]) -> String {
    let counts = ProcessState::ALL.into_iter().filter_map(|state| {
        let count = members.iter().filter(|info| info.state == state).count();
        (count > 0).then(|| format!("{count} {}", Badge(state).word()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn row(info: &ProcessInfo, now: i64, usage: Option<&Usage>) -> StatusRow {
    let (process, name) = (info.full_name(), namespec(&info.group, &info.name));
    let sample = usage.and_then(|usage| usage.now(&process));
    let samples = usage.map(|usage| usage.curve(&process));
    let description = info.description(now, &clock::short);
    // a failed start describes itself
    let why = Some(info.why()).filter(|why| *why != description);
    StatusRow {
        quoted: query::encoded(&name),
        name,
        badge: Badge(info.state),
        cpu: sample.map_or_else(String::new, |sample| figures::cpu(sample.cpu)),
        memory: sample.map_or_else(String::new, |sample| figures::memory(sample.rss)),
        curve: None,
        samples: samples.unwrap_or_default(),
        restarts: info.restarts,
        why: why.unwrap_or_default(),
        description,
        verbs: verbs(info.state),
    }
}
