//! `version`, `pid`, `shutdown` and `reload`: about the daemon itself; `pid` also about its children.

use visord_model::fault::FaultCode;
use visord_xmlrpc::CallError;

use super::{Command, Completes, ExitStatus, Failure, Handler, Result, Session, is};
use crate::ctl::names::{expand, means_all};
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::json;

pub(super) const VERSION: Command = Command {
    needs: "getVersion getSupervisorVersion",
    ..Command::new("version", Handler::Bare(version))
};

pub(super) const SHUTDOWN: Command = Command {
    needs: "shutdown",
    ..Command::new("shutdown", Handler::Bare(shutdown))
};

pub(super) const RELOAD: Command = Command {
    needs: "restart",
    ..Command::new("reload", Handler::Bare(reload))
};

pub(super) const PID: Command = Command {
    completes: &[Completes::Processes],
    needs: "getVersion getPID getProcessInfo getAllProcessInfo",
    ..Command::new("pid", Handler::Arguments(pid))
};

fn version(session: &mut Session) -> Result {
    let mut client = session.server.reach()?;
    let version = client.call("supervisor.getSupervisorVersion", &[])?;
    let version = version.as_str().ok_or(Failure::Incomplete("version"))?;
    session.tell(&format!("{version}\n"), || version.into())
}

fn shutdown(session: &mut Session) -> Result {
    if !session.is_confirmed("Really shut the remote supervisord process down y/N? ")? {
        return Ok(());
    }
    let gone = |what| {
        let url = session.server.shown();
        Failure::refused(format!("ERROR: {url} {what} (already shut down?)"))
    };
    match session.server.client()?.call("supervisor.shutdown", &[]) {
        Ok(_) => session.say("Shut down"),
        // It happens already: not a failure.
        Err(CallError::Fault(fault)) if is(FaultCode::ShutdownState, fault.code) => {
            session.say("ERROR: already shutting down")
        }
        Err(CallError::Refused) => Err(gone("refused connection")),
        Err(CallError::NoSuchFile) => Err(gone("no such file")),
        Err(other) => Err(other.into()),
    }
}

fn reload(session: &mut Session) -> Result {
    if !session.is_confirmed("Really restart the remote supervisord process y/N? ")? {
        return Ok(());
    }
    match session.server.client()?.call("supervisor.restart", &[]) {
        Ok(_) => session.say("Restarted supervisord"),
        Err(CallError::Fault(fault)) if is(FaultCode::ShutdownState, fault.code) => {
            Err(Failure::refused("ERROR: already shutting down"))
        }
        Err(other) => Err(other.into()),
    }
}

fn pid(session: &mut Session, names: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    if names.is_empty() {
        let pid = client.call("supervisor.getPID", &[])?;
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
                    session.exit_status = ExitStatus::NotRunning;
                }
            }
            None => session.fail(ExitStatus::Generic, &format!("No such process {name}"))?,
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
