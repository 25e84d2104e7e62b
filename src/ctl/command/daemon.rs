//! `version`, `pid`, `shutdown` and `reload`: about the daemon itself; `pid` also about its children.

use visord_model::fault::FaultCode;
use visord_xmlrpc::CallError;

use super::{ExitStatus, Failure, Result, Session, is};
use crate::ctl::names::{expand, means_all};
use crate::ctl::process::{ProcessInfo, call, unless_shutting_down};
use crate::ctl::session::json;

pub(super) fn version(session: &mut Session) -> Result {
    let mut client = session.server.reach()?;
    let version = call(&mut client, "supervisor.getSupervisorVersion", &[])?;
    let version = version.as_str().ok_or(Failure::Incomplete("version"))?;
    session.tell(&format!("{version}\n"), || version.into())
}

pub(super) fn shutdown(session: &mut Session) -> Result {
    if !session.is_confirmed("Really shut the remote supervisord process down y/N? ")? {
        return Ok(());
    }
    let gone = |what| {
        let url = session.server.shown();
        Failure::refused(format!("ERROR: {url} {what} (already shut down?)"))
    };
    match call(&mut session.server.client()?, "supervisor.shutdown", &[]) {
        Ok(_) => session.say("Shut down"),
        // It happens already: not a failure.
        Err(Failure::Call(CallError::Fault(fault))) if is(FaultCode::ShutdownState, fault.code) => {
            session.say("ERROR: already shutting down")
        }
        Err(Failure::Call(CallError::Refused)) => Err(gone("refused connection")),
        Err(Failure::Call(CallError::NoSuchFile)) => Err(gone("no such file")),
        Err(other) => Err(other),
    }
}

pub(super) fn reload(session: &mut Session) -> Result {
    if !session.is_confirmed("Really restart the remote supervisord process y/N? ")? {
        return Ok(());
    }
    let result = call(&mut session.server.client()?, "supervisor.restart", &[]);
    unless_shutting_down(result, "ERROR: already shutting down")?;
    session.say("Restarted supervisord")
}

pub(super) fn pid(session: &mut Session, names: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    if names.is_empty() {
        let pid = call(&mut client, "supervisor.getPID", &[])?;
        let pid = pid.as_int().ok_or(Failure::Incomplete("pid"))?;
        return session.tell(&format!("{pid}\n"), || pid.into());
    }
    if means_all(names) {
        let all = ProcessInfo::all(&mut client)?;
        return all
            .iter()
            .try_for_each(|process| show_pid(session, process));
    }
    for name in &expand(&mut client, names)? {
        match ProcessInfo::one(&mut client, name)? {
            Some(process) => {
                show_pid(session, &process)?;
                if process.pid == 0 {
                    session.exit_status = ExitStatus::NOT_RUNNING;
                }
            }
            None => session.fail(ExitStatus::GENERIC, &format!("No such process {name}"))?,
        }
    }
    Ok(())
}

fn show_pid(session: &mut Session, process: &ProcessInfo) -> Result {
    session.tell_item(
        &format!("{}\n", process.pid),
        || json!({ "namespec": process.namespec(), "pid": process.pid }),
    )
}
