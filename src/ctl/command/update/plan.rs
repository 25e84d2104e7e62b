//! What an update would do, or did, process by process.

use std::collections::{BTreeMap, BTreeSet};

use visord_model::name::namespec;
use visord_model::state::ProcessState;
use visord_xmlrpc::{CallError, Client, Value};

use super::Difference;
use crate::ctl::failure::Failure;
use crate::ctl::process::{ProcessInfo, items, sparable, text};

/// visord's own method; the original has none like it.
pub(super) const UPDATE_GROUP: &str = "supervisor.updateProcessGroup";

/// One process and what an update does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: String,
    stops: bool,
    starts: bool,
}

impl Step {
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
///
/// # Errors
/// A call failed.
pub(super) fn lines(client: &mut Client, difference: &Difference) -> Result<Vec<String>, Failure> {
    let Difference {
        added,
        changed,
        removed,
    } = difference;
    let mut steps = Vec::new();
    let mut original = None;
    for group in removed.iter().chain(changed).chain(added) {
        match &original {
            None => match asked(client, group)? {
                Some(told) => steps.extend(told),
                None => {
                    let whole = WholeGroups::look(client)?;
                    steps.extend(whole.steps(group));
                    original = Some(whole);
                }
            },
            Some(whole) => steps.extend(whole.steps(group)),
        }
    }
    Ok(steps.iter().filter_map(Step::line).collect())
}

/// What the daemon itself says; nothing if it cannot say it.
fn asked(client: &mut Client, group: &str) -> Result<Option<Vec<Step>>, Failure> {
    let result = client.call(UPDATE_GROUP, &[group.into(), true.into()]);
    match sparable(result)? {
        Some(Ok(told)) => {
            let steps: Result<_, _> = items(&told)?.iter().map(told_step).collect();
            steps.map(Some)
        }
        None => Ok(None),
        Some(Err(fault)) => Err(CallError::Fault(fault).into()),
    }
}

fn told_step(value: &Value) -> Result<Step, Failure> {
    Ok(Step {
        name: namespec(&text(value, "group")?, &text(value, "name")?),
        stops: truth(value, "stops")?,
        starts: truth(value, "starts")?,
    })
}

fn truth(value: &Value, name: &'static str) -> Result<bool, Failure> {
    let member = value.get(name).and_then(Value::as_bool);
    member.ok_or(Failure::Incomplete(name))
}

/// What is active and configured at a daemon that updates whole groups: everything in a group
/// that runs is stopped, everything in it that is to start by itself is started.
#[derive(Debug, Default)]
struct WholeGroups {
    /// Namespecs by group.
    running: BTreeMap<String, BTreeSet<String>>,
    starting: BTreeMap<String, BTreeSet<String>>,
}

impl WholeGroups {
    fn look(client: &mut Client) -> Result<Self, Failure> {
        let mut whole = Self::default();
        for info in ProcessInfo::all(client)? {
            let runs = |state: &ProcessState| i64::from(state.code()) == info.state;
            if ProcessState::ALL
                .iter()
                .find(|s| runs(s))
                .is_some_and(|s| s.is_running())
            {
                let name = info.namespec();
                whole.running.entry(info.group).or_default().insert(name);
            }
        }
        let configured = client.call("supervisor.getAllConfigInfo", &[])?;
        for process in items(&configured)? {
            if truth(process, "autostart")? {
                let group = text(process, "group")?;
                let name = namespec(&group, &text(process, "name")?);
                whole.starting.entry(group).or_default().insert(name);
            }
        }
        Ok(whole)
    }

    fn steps(&self, group: &str) -> Vec<Step> {
        let nobody = BTreeSet::new();
        let running = self.running.get(group).unwrap_or(&nobody);
        let starting = self.starting.get(group).unwrap_or(&nobody);
        let step = |name: &String| Step {
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
            Step {
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
        let lines: Vec<String> = whole.steps("g").iter().filter_map(Step::line).collect();
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
