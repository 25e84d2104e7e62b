//! `clear`: emptying the logs of processes.

use visord_model::fault::FaultCode;
use visord_model::name::{Namespec, namespec};
use visord_xmlrpc::WireFault;

use super::{Command, Completes, means_all};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::names::expand;
use crate::ctl::process::{items, number, refusable, text};
use crate::ctl::session::{Flow, Session};

pub(super) const CLEAR: Command = Command {
    name: "clear",
    help: &[
        Part::Usage("clear <name>", "Empty the logs of one process"),
        Part::Usage("clear <name> <name>", "Empty the logs of several processes"),
        Part::Usage("clear all", "Empty the logs of every process"),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.clearProcessLogs",
        "supervisor.clearAllProcessLogs",
    ],
    addition: false,
    run,
};

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let message = "Error: clear requires a process name";
        return CLEAR.misused(session, ExitStatus::Generic, message);
    }
    if means_all(&names) {
        let results = client.call("supervisor.clearAllProcessLogs", &[])?;
        for result in items(&results)? {
            let name = namespec(&text(result, "group")?, &text(result, "name")?);
            tell(session, &name, number(result, "status")?)?;
        }
        return Ok(Flow::Continue);
    }
    for name in &expand(&mut client, &names)? {
        let result = client.call("supervisor.clearProcessLogs", &[name.into()]);
        let code = match refusable(result)? {
            Ok(_) => FaultCode::Success.code().into(),
            Err(fault) => fault.code,
        };
        tell(session, &shown(name), code)?;
    }
    Ok(Flow::Continue)
}

/// A group cannot be cleared as such; the refusal names what was typed (decision Q33).
fn shown(name: &str) -> String {
    match Namespec::parse(name) {
        Namespec::Process { group, process } => namespec(&group, &process),
        Namespec::Group(_) => name.to_owned(),
    }
}

fn tell(session: &mut Session<'_>, name: &str, code: i64) -> Result<(), Failure> {
    if is(FaultCode::Success, code) {
        return session.say(&format!("{name}: cleared"));
    }
    let refusal = if is(FaultCode::BadName, code) {
        "no such process"
    } else if is(FaultCode::Failed, code) {
        "failed"
    } else {
        return Err(Failure::UnknownResult(WireFault {
            code,
            string: name.to_owned(),
        }));
    };
    let status = ExitStatus::of_fault(code);
    session.fail(status, &format!("{name}: ERROR ({refusal})"))
}
