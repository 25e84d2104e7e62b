//! `reread` and `update`: what changed in the configuration, and making it so.

mod plan;

use visord_model::fault::FaultCode;
use visord_xmlrpc::{Client, Value};

use super::{Command, Completes, Opt, means_all};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::json::{Json, json};
use crate::ctl::names::choose;
use crate::ctl::process::{ProcessInfo, items, number, refusable, sparable};
use crate::ctl::session::{Flow, Session};

pub(super) const REREAD: Command = Command {
    name: "reread",
    help: &[Part::Usage(
        "reread",
        "Have the configuration files read again and tell what changed in them",
    )],
    options: &[],
    completes: &[],
    needs: &["supervisor.reloadConfig"],
    addition: false,
    run: reread,
};

pub(super) const UPDATE: Command = Command {
    name: "update",
    help: &[
        Part::Usage(
            "update",
            "Read the configuration again and make groups as it says; what changed restarts",
        ),
        Part::Usage("update all", "The same"),
        Part::Usage("update <gname> [...]", "The same for some groups only"),
    ],
    options: &[Opt {
        name: DRY_RUN,
        value: None,
        text: "tell which processes would stop, start or restart, and touch none",
    }],
    completes: &[Completes::Groups],
    needs: &[
        "supervisor.reloadConfig",
        "supervisor.getAllProcessInfo",
        "supervisor.updateProcessGroup",
        "supervisor.stopProcessGroup",
        "supervisor.removeProcessGroup",
        "supervisor.addProcessGroup",
    ],
    addition: false,
    run: update,
};

/// Names of groups: what a new reading of the files says about them.
#[derive(Debug, Default)]
struct Difference {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

impl Difference {
    /// Take `[[added, changed, removed]]` apart.
    fn read(value: &Value) -> Result<Self, Failure> {
        const NAME: &str = "reloadConfig";
        let names = |list: &Value| -> Result<Vec<String>, Failure> {
            let text = |name: &Value| name.as_str().map(str::to_owned);
            let names = items(list)?.iter().map(text);
            names
                .collect::<Option<_>>()
                .ok_or(Failure::Incomplete(NAME))
        };
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

    /// A line for each group, by name.
    fn lines(&self) -> Vec<String> {
        let kinds = [
            (&self.added, "available"),
            (&self.changed, "changed"),
            (&self.removed, "disappeared"),
        ];
        let mut groups: Vec<(&str, &str)> = kinds
            .into_iter()
            .flat_map(|(names, kind)| names.iter().map(move |name| (name.as_str(), kind)))
            .collect();
        groups.sort_unstable();
        groups
            .into_iter()
            .map(|(name, kind)| format!("{name}: {kind}"))
            .collect()
    }
}

fn reread(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    if REREAD.refuses(session, argument)? {
        return Ok(Flow::Continue);
    }
    let result = session.client()?.call("supervisor.reloadConfig", &[]);
    match refusable(result)? {
        Ok(value) => {
            let difference = Difference::read(&value)?;
            let mut lines = difference.lines();
            if lines.is_empty() {
                lines.push("No config updates to processes".to_owned());
            }
            session.tell(&format!("{}\n", lines.join("\n")), || difference.json())?;
        }
        Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
            session.fail(ExitStatus::Generic, "ERROR: supervisor shutting down")?;
        }
        Err(fault) if is(FaultCode::CantReread, fault.code) => {
            session.fail(ExitStatus::Generic, &format!("ERROR: {}", fault.string))?;
        }
        Err(fault) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
    }
    Ok(Flow::Continue)
}

/// Anywhere among the arguments of `update`.
const DRY_RUN: &str = "--dry-run";

fn update(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let mut client = session.client()?;
    let result = client.call("supervisor.reloadConfig", &[]);
    let mut difference = match refusable(result)? {
        Ok(value) => Difference::read(&value)?,
        Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
            session.fail(ExitStatus::Generic, "ERROR: already shutting down")?;
            return Ok(Flow::Continue);
        }
        Err(fault) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
    };
    let mut names: Vec<&str> = argument.split_whitespace().collect();
    let count = names.len();
    names.retain(|name| *name != DRY_RUN);
    let dry_run = names.len() < count;
    if !names.is_empty() && !means_all(&names) {
        let known = known_groups(&mut client, &difference.added)?;
        let names: Vec<&str> = names.iter().flat_map(|name| choose(name, &known)).collect();
        check_groups(session, &names, &known)?;
        let Difference {
            added,
            changed,
            removed,
        } = &mut difference;
        for groups in [added, changed, removed] {
            groups.retain(|group| names.contains(&group.as_str()));
        }
    }
    session.tell("", || difference.json())?;
    if dry_run {
        for line in plan::lines(&mut client, &difference)? {
            session.say(&line)?;
        }
    } else {
        carry_out(session, &mut client, &difference)?;
    }
    Ok(Flow::Continue)
}

/// Groups that are active or new.
fn known_groups(client: &mut Client, added: &[String]) -> Result<Vec<String>, Failure> {
    let active = ProcessInfo::all(client)?;
    let mut known: Vec<String> = active.into_iter().map(|info| info.group).collect();
    known.extend_from_slice(added);
    known.sort_unstable();
    known.dedup();
    Ok(known)
}

/// Tell which of the names belong to no group, each once, by name.
fn check_groups(
    session: &mut Session<'_>,
    names: &[&str],
    known: &[String],
) -> Result<(), Failure> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if !known.iter().any(|group| group == name) {
            let line = format!("ERROR: no such group: {name}");
            session.fail(ExitStatus::Generic, &line)?;
        }
    }
    Ok(())
}

fn carry_out(
    session: &mut Session<'_>,
    client: &mut Client,
    difference: &Difference,
) -> Result<(), Failure> {
    for group in &difference.removed {
        if stop_group(session, client, group)? {
            client.call("supervisor.removeProcessGroup", &[group.into()])?;
            session.say(&format!("{group}: removed process group"))?;
        } else {
            let line = format!("{group}: has problems; not removing");
            session.fail(ExitStatus::Generic, &line)?;
        }
    }
    for group in &difference.changed {
        if update_group(session, client, group)? {
            session.say(&format!("{group}: updated process group"))?;
        }
    }
    for group in &difference.added {
        client.call("supervisor.addProcessGroup", &[group.into()])?;
        session.say(&format!("{group}: added process group"))?;
    }
    Ok(())
}

/// Make a changed group what the configuration says; false if that was not possible. visord
/// restarts what changed and nothing else; other daemons take the group down and add it again.
fn update_group(
    session: &mut Session<'_>,
    client: &mut Client,
    group: &str,
) -> Result<bool, Failure> {
    match sparable(client.call(plan::UPDATE_GROUP, &[group.into()]))? {
        None => {}
        Some(Ok(_)) => {
            session.say(&format!("{group}: stopped"))?;
            return Ok(true);
        }
        Some(Err(fault)) if is(FaultCode::Failed, fault.code) => {
            let line = format!("{group}: ERROR ({})", fault.string);
            session.fail(ExitStatus::Generic, &line)?;
            return Ok(false);
        }
        Some(Err(fault)) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
    }
    // Whether it stopped shows when it is removed.
    let _ = stop_group(session, client, group)?;
    client.call("supervisor.removeProcessGroup", &[group.into()])?;
    client.call("supervisor.addProcessGroup", &[group.into()])?;
    Ok(true)
}

/// Stop a group and say so; false if one of its processes could not be stopped.
fn stop_group(
    session: &mut Session<'_>,
    client: &mut Client,
    group: &str,
) -> Result<bool, Failure> {
    let results = client.call("supervisor.stopProcessGroup", &[group.into()])?;
    session.say(&format!("{group}: stopped"))?;
    for result in items(&results)? {
        if is(FaultCode::Failed, number(result, "status")?) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_by_name() {
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
