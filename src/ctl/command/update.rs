//! `reread` and `update`: what changed in the configuration, applying it, and what that would do to
//! each process.

use std::collections::{BTreeMap, BTreeSet};

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_model::state::ProcessState;
use visord_xmlrpc::{Client, Value};

use super::groups::{ConfiguredProcess, active_groups};
use super::{ExitStatus, Failure, Result, Session, is};
use crate::ctl::names::{choose, means_all};
use crate::ctl::process::{
    ProcessInfo, call, items, member, number, optional, refusable, text, unless_shutting_down,
};
use crate::ctl::session::{Json, json};

pub(super) const DRY_RUN: &str = "--dry-run";

/// Names of groups: what reading the files again changed.
#[derive(Debug, Default)]
struct Difference {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

impl Difference {
    /// Read `[[added, changed, removed]]`.
    fn read(value: &Value) -> Result<Self> {
        const NAME: &str = "reloadConfig";
        let name = |name: &Value| {
            let name = name.as_str().map(str::to_owned);
            name.ok_or(Failure::Incomplete(NAME))
        };
        let names = |list| -> Result<Vec<String>> { items(list)?.iter().map(name).collect() };
        let lists = items(value)?.first().ok_or(Failure::Incomplete(NAME))?;
        let [added, changed, removed] = items(lists)? else {
            return Err(Failure::Incomplete(NAME));
        };
        Ok(Self {
            added: names(added)?,
            changed: names(changed)?,
            removed: names(removed)?,
        })
    }

    fn json(&self) -> Json {
        json!({ "added": self.added, "changed": self.changed, "removed": self.removed })
    }

    fn lines(&self) -> Vec<String> {
        let mut groups = Vec::new();
        for (names, kind) in [
            (&self.added, "available"),
            (&self.changed, "changed"),
            (&self.removed, "disappeared"),
        ] {
            groups.extend(names.iter().map(|name| (name.as_str(), kind)));
        }
        groups.sort_unstable();
        let groups = groups.into_iter();
        groups
            .map(|(name, kind)| format!("{name}: {kind}"))
            .collect()
    }
}

pub(super) fn reread(session: &mut Session) -> Result {
    let mut client = session.server.client()?;
    let result = call(&mut client, "supervisor.reloadConfig", &[]);
    let result = unless_shutting_down(result, "ERROR: supervisor shutting down");
    let difference = match refusable(result)? {
        Err(fault) if is(FaultCode::CantReread, fault.code) => {
            return Err(Failure::refused(format!("ERROR: {}", fault.string)));
        }
        result => Difference::read(&result?)?,
    };
    let mut lines = difference.lines();
    if lines.is_empty() {
        lines.push("No config updates to processes".to_owned());
    }
    session.tell(&format!("{}\n", lines.join("\n")), || difference.json())
}

pub(super) fn update(session: &mut Session, arguments: &[&str]) -> Result {
    let mut client = session.server.client()?;
    let result = call(&mut client, "supervisor.reloadConfig", &[]);
    let result = unless_shutting_down(result, "ERROR: already shutting down")?;
    let mut difference = Difference::read(&result)?;
    let is_dry_run = arguments.contains(&DRY_RUN);
    let names = arguments.iter().copied().filter(|word| *word != DRY_RUN);
    let names: Vec<&str> = names.collect();
    if !names.is_empty() && !means_all(&names) {
        restrict(session, &mut client, &mut difference, &names)?;
    }
    session.tell("", || difference.json())?;
    if is_dry_run {
        let lines = planned(&mut client, &difference)?;
        return lines.iter().try_for_each(|line| session.say(line));
    }
    apply(session, &mut client, &difference)
}

/// Leave only the groups with these names, and report each name without a group.
fn restrict(
    session: &mut Session,
    client: &mut Client,
    difference: &mut Difference,
    names: &[&str],
) -> Result {
    let mut known = active_groups(client)?;
    known.extend(difference.added.iter().cloned());
    let known = Vec::from_iter(known);
    let names: BTreeSet<&str> = names.iter().flat_map(|name| choose(name, &known)).collect();
    let is_unknown = |name: &&&str| known.iter().all(|group| group != **name);
    for name in names.iter().filter(is_unknown) {
        let line = format!("ERROR: no such group: {name}");
        session.fail(ExitStatus::GENERIC, &line)?;
    }
    let is_named = |group: &String| names.contains(group.as_str());
    difference.added.retain(is_named);
    difference.changed.retain(is_named);
    difference.removed.retain(is_named);
    Ok(())
}

fn apply(session: &mut Session, client: &mut Client, difference: &Difference) -> Result {
    for group in &difference.removed {
        if stop_group(session, client, group)? {
            call(client, "supervisor.removeProcessGroup", &[group.into()])?;
            session.say(&format!("{group}: removed process group"))?;
        } else {
            let line = format!("{group}: has problems; not removing");
            session.fail(ExitStatus::GENERIC, &line)?;
        }
    }
    for group in &difference.changed {
        update_group(session, client, group)?;
    }
    for group in &difference.added {
        call(client, "supervisor.addProcessGroup", &[group.into()])?;
        session.say(&format!("{group}: added process group"))?;
    }
    Ok(())
}

/// Apply the configuration to a changed group. visord restarts what changed and nothing else;
/// for other daemons the group is removed and added again.
fn update_group(session: &mut Session, client: &mut Client, group: &str) -> Result {
    match optional(call(client, UPDATE_GROUP, &[group.into()]))? {
        Some(Ok(_)) => session.say(&format!("{group}: stopped"))?,
        Some(Err(fault)) if is(FaultCode::Failed, fault.code) => {
            let line = format!("{group}: ERROR ({})", fault.string);
            return session.fail(ExitStatus::GENERIC, &line);
        }
        Some(Err(fault)) => return Err(fault.into()),
        None => {
            // Whether it stopped shows when it is removed.
            let _ = stop_group(session, client, group)?;
            call(client, "supervisor.removeProcessGroup", &[group.into()])?;
            call(client, "supervisor.addProcessGroup", &[group.into()])?;
        }
    }
    session.say(&format!("{group}: updated process group"))
}

/// Stop a group and say so; false if one of its processes could not be stopped.
fn stop_group(session: &mut Session, client: &mut Client, group: &str) -> Result<bool> {
    let results = call(client, "supervisor.stopProcessGroup", &[group.into()])?;
    session.say(&format!("{group}: stopped"))?;
    for result in items(&results)? {
        if is(FaultCode::Failed, number(result, "status")?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// visord's own method; the original does not have it.
const UPDATE_GROUP: &str = "supervisor.updateProcessGroup";

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
fn planned(client: &mut Client, difference: &Difference) -> Result<Vec<String>> {
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

    #[test]
    fn a_difference_is_listed_by_name() {
        let list = |names: &[&str]| Value::from_iter(names.iter().copied());
        let lists = Value::Array(vec![list(&["zz", "aa"]), list(&["x"]), list(&["b"])]);
        let difference = Difference::read(&Value::Array(vec![lists.clone()])).expect("complete");
        assert_eq!(
            difference.lines(),
            [
                "aa: available",
                "b: disappeared",
                "x: changed",
                "zz: available"
            ]
        );
        assert!(Difference::read(&lists).is_err(), "three levels");
    }
}
