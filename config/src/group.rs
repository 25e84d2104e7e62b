//! `[group:x]`, and the group that every other program-type section is (spec core 1.12).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use visord_model::log_line::Level;

use crate::context::{Context, Reader};
use crate::dialect::Section;
use crate::program::{self, name_and_priority, name_of, own_processes, unique};
use crate::types::{GroupConfig, GroupKind, ProcessConfig};
use crate::value::{parse_int, parse_list};
use crate::{eventlistener, fcgi};

const PREFIX: &str = "group:";

type ReadGroup = fn(&Context<'_>, &Section) -> Option<GroupConfig>;

/// Every group, sorted by (priority, name). All sections are read kind after kind, as in
/// the original; of several groups of one name the first stays (difference C32).
pub(crate) fn read_all(context: &Context<'_>) -> Vec<GroupConfig> {
    let mut taken = BTreeSet::new();
    let mut groups = Vec::new();
    for section in context.sections_with(PREFIX) {
        let group = read(context, section, &mut taken);
        groups.extend(group.map(|group| (group, section)));
    }
    let kinds: [(&str, ReadGroup); 3] = [
        (program::PREFIX, of_program),
        (eventlistener::PREFIX, eventlistener::read),
        (fcgi::PREFIX, fcgi::read),
    ];
    for (prefix, read) in kinds {
        for section in context.sections_with(prefix) {
            if !taken.contains(section.name.as_str()) {
                let group = read(context, section);
                groups.extend(group.map(|group| (group, section)));
            }
        }
    }
    sort_and_drop(context, groups)
}

fn sort_and_drop<'a>(
    context: &Context<'_>,
    mut groups: Vec<(GroupConfig, &'a Section)>,
) -> Vec<GroupConfig> {
    groups.sort_by(|(a, _), (b, _)| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    let mut kept = Vec::with_capacity(groups.len());
    let mut first_of: HashMap<String, &'a str> = HashMap::new();
    for (group, section) in groups {
        let (name, second) = (&group.name, &section.name);
        let Some(first) = first_of.get(name) else {
            first_of.insert(name.clone(), second);
            kept.push(group);
            continue;
        };
        let text = format!(
            "[{first}] and [{second}] both make a group named {name}, [{second}] has been ignored"
        );
        context.remark(Level::Warn, text);
    }
    kept
}

/// A `[group:x]`; the sections it lists are `taken` from being groups of their own.
fn read<'a>(
    context: &'a Context<'_>,
    section: &'a Section,
    taken: &mut BTreeSet<&'a str>,
) -> Option<GroupConfig> {
    let reader = context.reader(section);
    let name = name_of(&reader);
    let programs = reader.text("programs").unwrap_or_default();
    let priority = reader.value("priority", parse_int)?;
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
    Some(GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Programs,
        processes: unique(processes),
    })
}

/// The section that an item of `programs` names.
fn member<'a>(reader: &Reader<'a>, item: &str, blamed: &str) -> Option<&'a Section> {
    let find = |prefix: &str| reader.context.document.section(&format!("{prefix}{item}"));
    let message = match (find(program::PREFIX), find(fcgi::PREFIX)) {
        (Some(section), None) | (None, Some(section)) => return Some(section),
        (Some(_), Some(_)) => {
            format!("[{blamed}] name {item} is ambiguous (exists as program and fcgi-program)")
        }
        (None, None) => format!("[{blamed}] names unknown program or fcgi-program {item}"),
    };
    reader.fail("programs", message);
    None
}

/// The processes of a listed section. A FastCGI program keeps its socket (difference C21)
/// if it has one; 4.3.0 does not even look.
fn of_member(context: &Context<'_>, section: &Section, group: &str) -> Vec<Arc<ProcessConfig>> {
    let (socket, problems) = fcgi::socket_of_member(context, section);
    let reader = context.program_reader(section);
    let processes = program::read(&reader, name_of(&reader), group, socket);
    for problem in problems {
        context.push(problem);
    }
    processes
}

/// A program that is a group of its own.
fn of_program(context: &Context<'_>, section: &Section) -> Option<GroupConfig> {
    let (name, priority) = name_and_priority(context, section)?;
    Some(GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Programs,
        processes: own_processes(context, section, name, None),
    })
}
