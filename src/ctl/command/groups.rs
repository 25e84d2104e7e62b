//! `add` and `remove`: which groups of the loaded configuration are active.

use visord_model::fault::FaultCode;
use visord_xmlrpc::{CallError, WireFault};

use super::{Command, Completes};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::process::refusable;
use crate::ctl::session::{Flow, Session};

pub(super) const ADD: Command = Command {
    name: "add",
    help: &[Part::Usage(
        "add <name> [...]",
        "Make configured groups active (reread first)",
    )],
    options: &[],
    completes: &[Completes::Groups],
    needs: &["supervisor.addProcessGroup"],
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
    needs: &["supervisor.removeProcessGroup"],
    addition: false,
    run: remove,
};

fn add(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let mut client = session.client()?;
    for name in argument.split_whitespace() {
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
    for name in argument.split_whitespace() {
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

fn refuse(session: &mut Session<'_>, name: &str, fault: WireFault) -> Result<(), Failure> {
    if !is(FaultCode::BadName, fault.code) {
        return Err(CallError::Fault(fault).into());
    }
    let line = format!("ERROR: no such process/group: {name}");
    session.fail(ExitStatus::Generic, &line)
}
