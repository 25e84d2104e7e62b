//! `version`, `shutdown` and `reload`: about the daemon itself.

use visord_model::fault::FaultCode;
use visord_xmlrpc::CallError;

use super::Command;
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::session::{Flow, Session};

pub(super) const VERSION: Command = Command {
    name: "version",
    help: &[Part::Usage("version", "Show the version of the daemon")],
    options: &[],
    completes: &[],
    needs: &["supervisor.getVersion", "supervisor.getSupervisorVersion"],
    addition: false,
    run: version,
};

pub(super) const SHUTDOWN: Command = Command {
    name: "shutdown",
    help: &[Part::Usage(
        "shutdown",
        "Stop every process and end the daemon",
    )],
    options: &[],
    completes: &[],
    needs: &["supervisor.shutdown"],
    addition: false,
    run: shutdown,
};

pub(super) const RELOAD: Command = Command {
    name: "reload",
    help: &[Part::Usage(
        "reload",
        "Stop every process and start the daemon anew with its configuration",
    )],
    options: &[],
    completes: &[],
    needs: &["supervisor.restart"],
    addition: false,
    run: reload,
};

fn version(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    if VERSION.refuses(session, argument)? {
        return Ok(Flow::Continue);
    }
    if let Some(mut client) = session.reach()? {
        let version = client.call("supervisor.getSupervisorVersion", &[])?;
        let version = version.as_str().ok_or(Failure::Incomplete("version"))?;
        session.tell(&format!("{version}\n"), || version.into())?;
    }
    Ok(Flow::Continue)
}

fn shutdown(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    if SHUTDOWN.refuses(session, argument)? {
        return Ok(Flow::Continue);
    }
    if !session.is_confirmed("Really shut the remote supervisord process down y/N? ")? {
        return Ok(Flow::Continue);
    }
    let url = session.server.shown();
    match session.client()?.call("supervisor.shutdown", &[]) {
        Ok(_) => session.say("Shut down")?,
        // What was wanted happens already: no failure.
        Err(CallError::Fault(fault)) if is(FaultCode::ShutdownState, fault.code) => {
            session.say("ERROR: already shutting down")?;
        }
        Err(CallError::Refused) => {
            let line = format!("ERROR: {url} refused connection (already shut down?)");
            session.fail(ExitStatus::Generic, &line)?;
        }
        Err(CallError::NoSuchFile) => {
            let line = format!("ERROR: {url} no such file (already shut down?)");
            session.fail(ExitStatus::Generic, &line)?;
        }
        Err(other) => return Err(other.into()),
    }
    Ok(Flow::Continue)
}

fn reload(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    if RELOAD.refuses(session, argument)? {
        return Ok(Flow::Continue);
    }
    if !session.is_confirmed("Really restart the remote supervisord process y/N? ")? {
        return Ok(Flow::Continue);
    }
    match session.client()?.call("supervisor.restart", &[]) {
        Ok(_) => session.say("Restarted supervisord")?,
        Err(CallError::Fault(fault)) if is(FaultCode::ShutdownState, fault.code) => {
            session.fail(ExitStatus::Generic, "ERROR: already shutting down")?;
        }
        Err(other) => return Err(other.into()),
    }
    Ok(Flow::Continue)
}
