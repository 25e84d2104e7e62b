//! `add` and `remove`: which groups of the loaded configuration are active.

use std::collections::BTreeSet;

use visord_model::fault::FaultCode;
use visord_xmlrpc::{CallError, Client, Value, WireFault};

use super::{Command, Completes};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::names::{choose, is_pattern};
use crate::ctl::process::{ProcessInfo, items, refusable, text};
use crate::ctl::session::{Flow, Session};

pub(super) const ADD: Command = Command {
    name: "add",
    help: &[Part::Usage(
        "add <name> [...]",
        "Make configured groups active (reread first)",
    )],
    options: &[],
    completes: &[Completes::Groups],
    needs: &["supervisor.addProcessGroup", "supervisor.getAllConfigInfo"],
    addition: false,
    run: add,
};

pub(super) const REMOVE: Command = Command {
    name: "remove",
    help: &[Part::Usage(
        "remove <name> [...]",
        "Make groups inactive whose processes are stopped",
    )],
    options: &[],
    completes: &[Completes::Groups],
    needs: &[
        "supervisor.removeProcessGroup",
        "supervisor.getAllProcessInfo",
    ],
    addition: false,
    run: remove,
};

fn add(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let mut client = session.client()?;
    for name in &expanded(argument, || configured(&mut client))? {
        let result = client.call("supervisor.addProcessGroup", &[name.into()]);
        match refusable(result)? {
            Ok(_) => session.say(&format!("{name}: added process group"))?,
            Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
                session.fail(ExitStatus::Generic, "ERROR: shutting down")?;
            }
            // Being active is what was wanted: no failure (decision Q18).
            Err(fault) if is(FaultCode::AlreadyAdded, fault.code) => {
                session.say("ERROR: process group already active")?;
            }
            Err(fault) => refuse(session, name, fault)?,
        }
    }
    Ok(Flow::Continue)
}

fn remove(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let mut client = session.client()?;
    for name in &expanded(argument, || active(&mut client))? {
        let result = client.call("supervisor.removeProcessGroup", &[name.into()]);
        match refusable(result)? {
            Ok(_) => session.say(&format!("{name}: removed process group"))?,
            Err(fault) if is(FaultCode::StillRunning, fault.code) => {
                let line = format!("ERROR: process/group still running: {name}");
                session.fail(ExitStatus::Generic, &line)?;
            }
            Err(fault) => refuse(session, name, fault)?,
        }
    }
    Ok(Flow::Continue)
}

/// The names, with those of groups in the place of patterns. The server is asked for its
/// groups only if there is a pattern.
fn expanded(
    argument: &str,
    groups: impl FnOnce() -> Result<Vec<String>, Failure>,
) -> Result<Vec<String>, Failure> {
    let names: Vec<&str> = argument.split_whitespace().collect();
    let known = if names.iter().any(|name| is_pattern(name)) {
        groups()?
    } else {
        Vec::new()
    };
    let names = names.iter().flat_map(|name| choose(name, &known));
    Ok(names.map(str::to_owned).collect())
}

/// The groups that the server could add, by name.
fn configured(client: &mut Client) -> Result<Vec<String>, Failure> {
    let configured = client.call("supervisor.getAllConfigInfo", &[])?;
    let mut groups = BTreeSet::new();
    for process in items(&configured)? {
        if process.get("inuse").and_then(Value::as_bool) == Some(false) {
            groups.insert(text(process, "group")?);
        }
    }
    Ok(groups.into_iter().collect())
}

/// The groups that are active, by name.
fn active(client: &mut Client) -> Result<Vec<String>, Failure> {
    let all = ProcessInfo::all(client)?.into_iter();
    let groups: BTreeSet<String> = all.map(|info| info.group).collect();
    Ok(groups.into_iter().collect())
}

fn refuse(session: &mut Session<'_>, name: &str, fault: WireFault) -> Result<(), Failure> {
    if !is(FaultCode::BadName, fault.code) {
        return Err(CallError::Fault(fault).into());
    }
    let line = format!("ERROR: no such process/group: {name}");
    session.fail(ExitStatus::Generic, &line)
}
