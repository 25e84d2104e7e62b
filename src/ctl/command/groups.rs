//! `avail`, `add` and `remove`: what is configured, and which groups of it are active.

use std::collections::BTreeSet;

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_xmlrpc::{Client, Value, WireFault};

use super::{ExitStatus, Result, Session, is};
use crate::ctl::names::{choose, is_pattern};
use crate::ctl::process::{
    ProcessInfo, call, items, member, number, refusable, text, unless_shutting_down,
};
use crate::ctl::session::{Json, json};

pub(super) fn avail(session: &mut Session) -> Result {
    let all = ConfiguredProcess::all(&mut session.server.client()?);
    let all = unless_shutting_down(all, "ERROR: supervisor shutting down")?;
    let lines: String = all.iter().map(ConfiguredProcess::line).collect();
    session.tell(&lines, || all.iter().map(ConfiguredProcess::json).collect())
}

pub(super) fn add(session: &mut Session, names: &[&str]) -> Result {
    let mut client = session.server.client()?;
    for name in &expanded(&mut client, names, configured)? {
        let result = call(&mut client, "supervisor.addProcessGroup", &[name.into()]);
        match refusable(result)? {
            Ok(_) => session.say(&format!("{name}: added process group"))?,
            Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
                session.fail(ExitStatus::GENERIC, "ERROR: shutting down")?;
            }
            // An active group is what was wanted: not a failure (difference Q18).
            Err(fault) if is(FaultCode::AlreadyAdded, fault.code) => {
                session.say("ERROR: process group already active")?;
            }
            Err(fault) => refuse(session, name, fault)?,
        }
    }
    Ok(())
}

pub(super) fn remove(session: &mut Session, names: &[&str]) -> Result {
    let mut client = session.server.client()?;
    for name in &expanded(&mut client, names, active_groups)? {
        let result = call(&mut client, "supervisor.removeProcessGroup", &[name.into()]);
        match refusable(result)? {
            Ok(_) => session.say(&format!("{name}: removed process group"))?,
            Err(fault) if is(FaultCode::StillRunning, fault.code) => {
                let line = format!("ERROR: process/group still running: {name}");
                session.fail(ExitStatus::GENERIC, &line)?;
            }
            Err(fault) => refuse(session, name, fault)?,
        }
    }
    Ok(())
}

/// The names, with those of groups in place of patterns. The server is asked for its groups
/// only if there is a pattern.
fn expanded(
    client: &mut Client,
    names: &[&str],
    groups: fn(&mut Client) -> Result<BTreeSet<String>>,
) -> Result<Vec<String>> {
    let known = if names.iter().any(|name| is_pattern(name)) {
        groups(client)?.into_iter().collect()
    } else {
        Vec::new()
    };
    let names = names.iter().flat_map(|name| choose(name, &known));
    Ok(names.map(str::to_owned).collect())
}

/// The groups that the server could add.
fn configured(client: &mut Client) -> Result<BTreeSet<String>> {
    let all = ConfiguredProcess::all(client)?.into_iter();
    let unused = all.filter(|process| !process.in_use);
    Ok(unused.map(|process| process.group).collect())
}

pub(super) fn active_groups(client: &mut Client) -> Result<BTreeSet<String>> {
    let all = ProcessInfo::all(client)?.into_iter();
    Ok(all.map(|info| info.group).collect())
}

fn refuse(session: &mut Session, name: &str, fault: WireFault) -> Result {
    if !is(FaultCode::BadName, fault.code) {
        return Err(fault.into());
    }
    let line = format!("ERROR: no such process/group: {name}");
    session.fail(ExitStatus::GENERIC, &line)
}

/// A configured process as `getAllConfigInfo` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfiguredProcess {
    pub(super) group: String,
    pub(super) name: String,
    in_use: bool,
    pub(super) autostart: bool,
    group_priority: i64,
    priority: i64,
}

impl ConfiguredProcess {
    /// Every process of the configuration that the server has read.
    pub(super) fn all(client: &mut Client) -> Result<Vec<Self>> {
        let all = call(client, "supervisor.getAllConfigInfo", &[])?;
        items(&all)?.iter().map(Self::read).collect()
    }

    fn read(value: &Value) -> Result<Self> {
        let truth = |name| member(value, name, |truth| Some(truth.as_bool().unwrap_or(false)));
        Ok(Self {
            group: text(value, "group")?,
            name: text(value, "name")?,
            in_use: truth("inuse")?,
            autostart: truth("autostart")?,
            group_priority: number(value, "group_prio")?,
            priority: number(value, "process_prio")?,
        })
    }

    fn line(&self) -> String {
        let name = namespec(&self.group, &self.name);
        let used = if self.in_use { "in use" } else { "avail" };
        let start = if self.autostart { "auto" } else { "manual" };
        let (group, own) = (self.group_priority, self.priority);
        format!("{name:32} {used:9} {start:9} {group}:{own}\n")
    }

    fn json(&self) -> Json {
        json!({
            "namespec": namespec(&self.group, &self.name),
            "group": self.group,
            "name": self.name,
            "in_use": self.in_use,
            "autostart": self.autostart,
            "group_priority": self.group_priority,
            "priority": self.priority,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_avail() {
        let config = Value::structure([
            ("name", Value::from("p2")),
            ("group", "grp".into()),
            ("inuse", true.into()),
            ("autostart", true.into()),
            ("group_prio", 20.into()),
            ("process_prio", 5.into()),
        ]);
        assert_eq!(
            ConfiguredProcess::read(&config).expect("complete").line(),
            "grp:p2                           in use    auto      20:5\n"
        );
    }
}
