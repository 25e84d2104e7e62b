//! What an update would do, process by process.

use std::collections::{BTreeMap, BTreeSet};

use visord_model::name::namespec;
use visord_model::state::ProcessState;
use visord_xmlrpc::{Client, Value};

use super::Difference;
use crate::ctl::command::groups::ConfiguredProcess;
use crate::ctl::failure::Result;
use crate::ctl::process::{ProcessInfo, items, optional, text, truth};

/// visord's own method; the original does not have it.
pub(super) const UPDATE_GROUP: &str = "supervisor.updateProcessGroup";

/// One process and what an update does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PlannedStep {
    name: String,
    stops: bool,
    starts: bool,
}

impl PlannedStep {
    fn read(value: &Value) -> Result<Self> {
        Ok(Self {
            name: namespec(&text(value, "group")?, &text(value, "name")?),
            stops: truth(value, "stops")?,
            starts: truth(value, "starts")?,
        })
    }

    /// Nothing for a process that is left alone.
    fn line(&self) -> Option<String> {
        let what = match (self.stops, self.starts) {
            (true, true) => "restarted",
            (true, false) => "stopped",
            (false, true) => "started",
            (false, false) => return None,
        };
        Some(format!("{}: would be {what}", self.name))
    }
}

/// A line for each process that an update would stop, start or restart, in the order in which
/// the groups would be updated.
pub(super) fn lines(client: &mut Client, difference: &Difference) -> Result<Vec<String>> {
    let groups = difference.removed.iter().chain(&difference.changed);
    let mut steps = Vec::new();
    let mut original: Option<WholeGroups> = None;
    for group in groups.chain(&difference.added) {
        if original.is_none() {
            // The daemon says it itself, unless it is the original's.
            match optional(client.call(UPDATE_GROUP, &[group.into(), true.into()]))? {
                Some(plan) => {
                    for step in items(&plan?)? {
                        steps.push(PlannedStep::read(step)?);
                    }
                }
                None => original = Some(WholeGroups::look(client)?),
            }
        }
        steps.extend(original.iter().flat_map(|whole| whole.steps(group)));
    }
    Ok(steps.iter().filter_map(PlannedStep::line).collect())
}

/// The processes of a daemon that updates whole groups: everything in a group that runs is
/// stopped, everything with `autostart` is started. Namespecs by group.
#[derive(Debug, Default)]
struct WholeGroups {
    running: BTreeMap<String, BTreeSet<String>>,
    starting: BTreeMap<String, BTreeSet<String>>,
}

impl WholeGroups {
    fn look(client: &mut Client) -> Result<Self> {
        let mut whole = Self::default();
        for info in ProcessInfo::all(client)? {
            if info.known_state().is_some_and(ProcessState::is_running) {
                let name = info.namespec();
                whole.running.entry(info.group).or_default().insert(name);
            }
        }
        let configured = ConfiguredProcess::all(client)?.into_iter();
        for process in configured.filter(|process| process.autostart) {
            let name = namespec(&process.group, &process.name);
            let group = whole.starting.entry(process.group).or_default();
            group.insert(name);
        }
        Ok(whole)
    }

    fn steps(&self, group: &str) -> Vec<PlannedStep> {
        let none = BTreeSet::new();
        let running = self.running.get(group).unwrap_or(&none);
        let starting = self.starting.get(group).unwrap_or(&none);
        let step = |name: &String| PlannedStep {
            name: name.clone(),
            stops: running.contains(name),
            starts: starting.contains(name),
        };
        running.union(starting).map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_alone_is_not_mentioned() {
        let line = |stops, starts| {
            let name = "g:x".to_owned();
            PlannedStep {
                name,
                stops,
                starts,
            }
            .line()
        };
        assert_eq!(line(true, true).as_deref(), Some("g:x: would be restarted"));
        assert_eq!(line(true, false).as_deref(), Some("g:x: would be stopped"));
        assert_eq!(line(false, true).as_deref(), Some("g:x: would be started"));
        assert_eq!(line(false, false), None);
    }

    #[test]
    fn a_whole_group_stops_and_starts() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let whole = WholeGroups {
            running: BTreeMap::from([("g".to_owned(), set(&["g:a", "g:b"]))]),
            starting: BTreeMap::from([("g".to_owned(), set(&["g:b", "g:c"]))]),
        };
        let lines: Vec<String> = whole
            .steps("g")
            .iter()
            .filter_map(PlannedStep::line)
            .collect();
        assert_eq!(
            lines,
            [
                "g:a: would be stopped",
                "g:b: would be restarted",
                "g:c: would be started"
            ]
        );
        assert!(whole.steps("other").is_empty());
    }
}
