//! `pid`: of the daemon or of its children.

use visord_model::fault::FaultCode;

use super::{Command, Completes, means_all};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::json::json;
use crate::ctl::names::expand;
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::{Flow, Session};

pub(super) const PID: Command = Command {
    name: "pid",
    help: &[
        Part::Usage("pid", "Show the process id of supervisord"),
        Part::Usage(
            "pid <name>",
            "Show the process id of a process, 0 if it does not run",
        ),
        Part::Usage(
            "pid all",
            "Show the process id of every process, one a line",
        ),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getPID",
        "supervisor.getProcessInfo",
        "supervisor.getAllProcessInfo",
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
        let pid = client.call("supervisor.getPID", &[])?;
        let pid = pid.as_int().ok_or(Failure::Incomplete("pid"))?;
        session.tell(&format!("{pid}\n"), || pid.into())?;
        return Ok(Flow::Continue);
    }
    if means_all(&names) {
        for process in ProcessInfo::all(&mut client)? {
            tell(session, &process)?;
        }
        return Ok(Flow::Continue);
    }
    for name in &expand(&mut client, &names)? {
        match ProcessInfo::one(&mut client, name)? {
            Ok(process) => {
                tell(session, &process)?;
                if process.pid == 0 {
                    session.exit_status = ExitStatus::NotRunning;
                }
            }
            Err(fault) if is(FaultCode::BadName, fault.code) => {
                let line = format!("No such process {name}");
                session.fail(ExitStatus::Generic, &line)?;
            }
            Err(fault) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
        }
    }
    Ok(Flow::Continue)
}

fn tell(session: &mut Session<'_>, process: &ProcessInfo) -> Result<(), Failure> {
    session.tell_item(
        &format!("{}\n", process.pid),
        || json!({ "namespec": process.namespec(), "pid": process.pid }),
    )
}
