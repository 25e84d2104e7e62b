//! `logs`: rotating or reopening the logs of processes. Not in the original.

use visord_model::fault::FaultCode;
use visord_xmlrpc::WireFault;

use super::{Command, Completes, means_all};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::names::select;
use crate::ctl::process::{ProcessInfo, refusable};
use crate::ctl::session::{Flow, Session};

pub(super) const LOGS: Command = Command {
    name: "logs",
    help: &[
        Part::Usage(
            "logs rotate [<name> ...]",
            "Start new log files for these processes or groups (g:*), or for all",
        ),
        Part::Usage(
            "logs reopen [<name> ...]",
            "Open their log files anew, after somebody else moved them",
        ),
    ],
    options: &[],
    completes: &[
        Completes::Words(&["reopen", "rotate"]),
        Completes::Processes,
    ],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.rotateProcessLogs",
        "supervisor.reopenProcessLogs",
    ],
    addition: true,
    run,
};

/// What is asked of the server and what is told when it is done.
struct Care {
    method: &'static str,
    done: &'static str,
}

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let mut words = argument.split_whitespace();
    let care = match words.next() {
        Some("rotate") => Care {
            method: "supervisor.rotateProcessLogs",
            done: "rotated",
        },
        Some("reopen") => Care {
            method: "supervisor.reopenProcessLogs",
            done: "reopened",
        },
        Some(_) | None => {
            let message = "Error: logs requires rotate or reopen";
            return LOGS.misused(session, ExitStatus::Generic, message);
        }
    };
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let given: Vec<&str> = words.collect();
    let all = ProcessInfo::all(&mut client)?;
    let (chosen, errors) = if given.is_empty() || means_all(&given) {
        (all, Vec::new())
    } else {
        select(&all, &given)
    };
    for error in &errors {
        session.fail(ExitStatus::Generic, error)?;
    }
    for name in chosen.iter().map(ProcessInfo::namespec) {
        match refusable(client.call(care.method, &[name.as_str().into()]))? {
            Ok(_) => session.say(&format!("{name}: {}", care.done))?,
            Err(fault) => refused(session, &name, fault)?,
        }
    }
    Ok(Flow::Continue)
}

fn refused(session: &mut Session<'_>, name: &str, fault: WireFault) -> Result<(), Failure> {
    let reason = if is(FaultCode::BadName, fault.code) {
        "no such process"
    } else if is(FaultCode::Failed, fault.code) {
        &fault.string
    } else {
        return Err(Failure::UnknownResult(fault));
    };
    let status = ExitStatus::of_fault(fault.code);
    session.fail(status, &format!("{name}: ERROR ({reason})"))
}
