//! `logs`: rotating or reopening the logs of processes. Not in the original.

use visord_model::fault::FaultCode;

use super::outcome::{FaultText, RequestOutcome, Wording, fault};
use super::{Command, Completes, ExitStatus, Failure, Handler, Session};
use crate::ctl::names::select_or_all;
use crate::ctl::process::ProcessInfo;

pub(super) const LOGS: Command = Command {
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
    ..Command::new(
        "logs",
        "logs rotate [<name> ...]\tRotate the logs of the given processes or groups, or of all\n\
         logs reopen [<name> ...]\tReopen log files, e.g. after logrotate moved them",
        Handler::Arguments(run),
    )
};

const FAULTS: &[(FaultCode, FaultText)] = &[
    fault(FaultCode::BadName, "no such process"),
    (FaultCode::Failed, FaultText::Reason),
];

fn run(session: &mut Session<'_>, arguments: &[&str]) -> Result<(), Failure> {
    let (method, done, names) = match arguments {
        ["rotate", names @ ..] => ("supervisor.rotateProcessLogs", "rotated", names),
        ["reopen", names @ ..] => ("supervisor.reopenProcessLogs", "reopened", names),
        _ => return Err(Failure::misused("Error: logs requires rotate or reopen")),
    };
    let wording = Wording {
        done,
        faults: FAULTS,
        harmless: None,
    };
    let mut client = session.reach()?;
    let (chosen, errors) = select_or_all(ProcessInfo::all(&mut client)?, names);
    for error in &errors {
        session.fail(ExitStatus::Generic, error)?;
    }
    for name in chosen.iter().map(ProcessInfo::namespec) {
        let result = client.call(method, &[name.as_str().into()]);
        wording.report(session, &RequestOutcome::of(name, result)?)?;
    }
    Ok(())
}
