//! `add` and `remove`: which groups of the loaded configuration are active.

use std::collections::BTreeSet;

use visord_model::fault::FaultCode;
use visord_xmlrpc::{Client, Value, WireFault};

use super::{Command, Completes, ExitStatus, Failure, Handler, Session, is};
use crate::ctl::names::{choose, is_pattern};
use crate::ctl::process::{ProcessInfo, items, refusable, text};

pub(super) const ADD: Command = Command {
    completes: &[Completes::Groups],
    needs: "addProcessGroup getAllConfigInfo",
    ..Command::new(
        "add",
        "add <name> [...]\tActivate groups found by the last reread",
        Handler::Arguments(add),
    )
};

pub(super) const REMOVE: Command = Command {
    completes: &[Completes::Groups],
    needs: "removeProcessGroup getAllProcessInfo",
    ..Command::new(
        "remove",
        "remove <name> [...]\tRemove groups whose processes are all stopped",
        Handler::Arguments(remove),
    )
};

fn add(session: &mut Session<'_>, names: &[&str]) -> Result<(), Failure> {
    let mut client = session.server.client()?;
    for name in &expanded(&mut client, names, configured)? {
        match refusable(client.call("supervisor.addProcessGroup", &[name.into()]))? {
            Ok(_) => session.say(&format!("{name}: added process group"))?,
            Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
                session.fail(ExitStatus::Generic, "ERROR: shutting down")?;
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

fn remove(session: &mut Session<'_>, names: &[&str]) -> Result<(), Failure> {
    let mut client = session.server.client()?;
    for name in &expanded(&mut client, names, active)? {
        match refusable(client.call("supervisor.removeProcessGroup", &[name.into()]))? {
            Ok(_) => session.say(&format!("{name}: removed process group"))?,
            Err(fault) if is(FaultCode::StillRunning, fault.code) => {
                let line = format!("ERROR: process/group still running: {name}");
                session.fail(ExitStatus::Generic, &line)?;
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
    groups: fn(&mut Client) -> Result<BTreeSet<String>, Failure>,
) -> Result<Vec<String>, Failure> {
    let known = if names.iter().any(|name| is_pattern(name)) {
        groups(client)?.into_iter().collect()
    } else {
        Vec::new()
    };
    let names = names.iter().flat_map(|name| choose(name, &known));
    Ok(names.map(str::to_owned).collect())
}

/// The groups that the server could add.
fn configured(client: &mut Client) -> Result<BTreeSet<String>, Failure> {
    let configured = client.call("supervisor.getAllConfigInfo", &[])?;
    let configured = items(&configured)?.iter();
    configured
        .filter(|process| process.get("inuse").and_then(Value::as_bool) == Some(false))
        .map(|process| text(process, "group"))
        .collect()
}

fn active(client: &mut Client) -> Result<BTreeSet<String>, Failure> {
    let all = ProcessInfo::all(client)?.into_iter();
    Ok(all.map(|info| info.group).collect())
}

fn refuse(session: &mut Session<'_>, name: &str, fault: WireFault) -> Result<(), Failure> {
    if !is(FaultCode::BadName, fault.code) {
        return Err(fault.into());
    }
    let line = format!("ERROR: no such process/group: {name}");
    session.fail(ExitStatus::Generic, &line)
}
