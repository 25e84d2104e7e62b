//! `[group:x]`, and the group that every other program-type section is (spec core 1.12).

use std::collections::BTreeSet;
use std::sync::Arc;

use visord_model::log_line::Level;

use crate::context::{Context, Reader};
use crate::dialect::Section;
use crate::program::{self, Membership};
use crate::types::{FcgiSocket, GroupConfig, GroupKind, ProcessConfig};
use crate::value::{parse_int, parse_list};
use crate::{eventlistener, fcgi};

const PREFIX: &str = "group:";

/// A group and the section that made it.
struct Origin<'a> {
    group: GroupConfig,
    section: &'a Section,
}

/// Every group, sorted by (priority, name). All sections are read kind after kind, as in
/// the original; of several groups of one name the first stays (decision C32).
pub(crate) fn read_all(context: &Context<'_>) -> Vec<GroupConfig> {
    let mut taken = BTreeSet::new();
    let mut groups = Vec::new();
    for section in context.sections_with(PREFIX) {
        let group = read(context, section, &mut taken);
        groups.push(Origin { group, section });
    }
    for section in context.sections_with(program::PREFIX) {
        if !taken.contains(section.name.as_str()) {
            let group = of_program(context, section);
            groups.push(Origin { group, section });
        }
    }
    for section in context.sections_with(eventlistener::PREFIX) {
        if let Some(group) = eventlistener::read(context, section) {
            groups.push(Origin { group, section });
        }
    }
    for section in context.sections_with(fcgi::PREFIX) {
        if !taken.contains(section.name.as_str())
            && let Some(group) = fcgi::read(context, section)
        {
            groups.push(Origin { group, section });
        }
    }
    sort_and_drop(context, groups)
}

fn sort_and_drop(context: &Context<'_>, mut groups: Vec<Origin<'_>>) -> Vec<GroupConfig> {
    groups
        .sort_by(|a, b| (a.group.priority, &a.group.name).cmp(&(b.group.priority, &b.group.name)));
    let mut kept: Vec<Origin<'_>> = Vec::with_capacity(groups.len());
    let mut names = std::collections::HashMap::new();
    for origin in groups {
        match names.get(&origin.group.name) {
            None => {
                names.insert(origin.group.name.clone(), kept.len());
                kept.push(origin);
            }
            Some(&first) => {
                let name = &origin.group.name;
                let (first, second) = (&kept[first].section.name, &origin.section.name);
                context.remark(
                    Level::Warn,
                    format!(
                        "[{first}] and [{second}] both make a group named {name}, [{second}] has \
                         been ignored"
                    ),
                );
            }
        }
    }
    kept.into_iter().map(|origin| origin.group).collect()
}

/// A `[group:x]`; the sections it lists are `taken` from being groups of their own.
fn read<'a>(
    context: &'a Context<'_>,
    section: &'a Section,
    taken: &mut BTreeSet<&'a str>,
) -> GroupConfig {
    let reader = context.reader(section);
    let scope = context.scope();
    let name = program::name_of(&reader);
    let programs = reader.text(&scope, "programs").unwrap_or_default();
    let priority = reader.value_or(&scope, "priority", 999, parse_int);
    let mut processes = Vec::new();
    // 4.3.0 blames the program before the one it does not find (spec core 1.12 note 2)
    let mut blamed = section.name.clone();
    for item in parse_list(&programs) {
        if let Some(member) = member(&reader, item, &blamed) {
            taken.insert(&member.name);
            processes.extend(of_member(context, member, name));
        }
        blamed = format!("{}{item}", program::PREFIX);
    }
    GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Programs,
        processes: unique(processes),
    }
}

/// The section that an item of `programs` names.
fn member<'a>(reader: &Reader<'a>, item: &str, blamed: &str) -> Option<&'a Section> {
    let find = |prefix: &str| reader.context.document.section(&format!("{prefix}{item}"));
    match (find(program::PREFIX), find(fcgi::PREFIX)) {
        (Some(section), None) | (None, Some(section)) => Some(section),
        (Some(_), Some(_)) => {
            let text = "is ambiguous (exists as program and fcgi-program)";
            reader.fail("programs", format!("[{blamed}] name {item} {text}"));
            None
        }
        (None, None) => {
            let text = "names unknown program or fcgi-program";
            reader.fail("programs", format!("[{blamed}] {text} {item}"));
            None
        }
    }
}

/// The processes of a listed section. A FastCGI program keeps its socket (decision C21)
/// if it has one; 4.3.0 does not even look.
fn of_member(context: &Context<'_>, section: &Section, group: &str) -> Vec<Arc<ProcessConfig>> {
    let (socket, problems) = fcgi::socket_of_member(context, section);
    let processes = of_section(context, section, group, socket);
    for problem in problems {
        context.push(problem);
    }
    processes
}

fn of_section(
    context: &Context<'_>,
    section: &Section,
    group: &str,
    socket: Option<Arc<FcgiSocket>>,
) -> Vec<Arc<ProcessConfig>> {
    let membership = Membership {
        group,
        socket,
        name_checked: false,
    };
    program::read(context, section, &membership)
}

/// A program that is a group of its own.
fn of_program(context: &Context<'_>, section: &Section) -> GroupConfig {
    let (name, priority) = name_and_priority(context, section, 999);
    let membership = Membership {
        group: name,
        socket: None,
        name_checked: true,
    };
    GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Programs,
        processes: unique(program::read(context, section, &membership)),
    }
}

/// How a program-type section is read as a group, before it is read as a program: errors
/// carry no place, and `priority` knows fewer names (spec core 1.5.3, 1.7).
pub(crate) fn name_and_priority<'a>(
    context: &'a Context<'_>,
    section: &'a Section,
    default: i64,
) -> (&'a str, i64) {
    let reader = context.reader(section);
    let name = program::name_of(&reader);
    let priority = reader.value_or(&context.scope(), "priority", default, parse_int);
    (name, priority)
}

/// Of several processes of one name the last counts, in the place of the first.
pub(crate) fn unique(processes: Vec<Arc<ProcessConfig>>) -> Vec<Arc<ProcessConfig>> {
    let mut at = std::collections::HashMap::new();
    let mut kept: Vec<Arc<ProcessConfig>> = Vec::with_capacity(processes.len());
    for process in processes {
        match at.get(&process.name) {
            None => {
                at.insert(process.name.clone(), kept.len());
                kept.push(process);
            }
            Some(&first) => kept[first] = process,
        }
    }
    kept
}
