//! What an update would do, process by process.

use std::collections::BTreeMap;

use visord_model::name::namespec;
use visord_model::state::ProcessState;
use visord_xmlrpc::{Client, Value};

use super::Difference;
use crate::ctl::command::groups::ConfiguredProcess;
use crate::ctl::failure::Result;
use crate::ctl::process::{ProcessInfo, call, items, member, optional, text};

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
            stops: member(value, "stops", Value::as_bool)?,
            starts: member(value, "starts", Value::as_bool)?,
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
            match optional(call(client, UPDATE_GROUP, &[group.into(), true.into()]))? {
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

/// What a daemon that updates whole groups does, by group and namespec: everything in a group that
/// runs is stopped, everything with `autostart` is started.
#[derive(Debug, Default)]
struct WholeGroups(BTreeMap<(String, String), PlannedStep>);

impl WholeGroups {
    fn look(client: &mut Client) -> Result<Self> {
        let mut whole = Self::default();
        let mut infos = ProcessInfo::all(client)?;
        infos.retain(|info| info.known_state().is_some_and(ProcessState::is_running));
        for info in infos {
            whole.step(&info.group, &info.name).stops = true;
        }
        let mut configured = ConfiguredProcess::all(client)?;
        configured.retain(|process| process.autostart);
        for process in configured {
            whole.step(&process.group, &process.name).starts = true;
        }
        Ok(whole)
    }

    fn step(&mut self, group: &str, name: &str) -> &mut PlannedStep {
        let name = namespec(group, name);
        let entry = self.0.entry((group.to_owned(), name.clone()));
        entry.or_insert(PlannedStep {
            name,
            stops: false,
            starts: false,
        })
    }

    fn steps(&self, group: &str) -> Vec<PlannedStep> {
        let all = self.0.iter();
        let own = all.filter(|((of, _), _)| of == group);
        own.map(|(_, step)| step.clone()).collect()
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
        let mut whole = WholeGroups::default();
        for (name, stops, starts) in [("a", true, false), ("b", true, true), ("c", false, true)] {
            let step = whole.step("g", name);
            (step.stops, step.starts) = (stops, starts);
        }
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
