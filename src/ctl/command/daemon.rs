//! `version`, `shutdown` and `reload`: about the daemon itself.

use visord_model::fault::FaultCode;
use visord_xmlrpc::CallError;

use super::{Command, Failure, Handler, Session, is};

pub(super) const VERSION: Command = Command {
    needs: "getVersion getSupervisorVersion",
    ..Command::new(
        "version",
        "version\tShow the version of the daemon",
        Handler::Bare(version),
    )
};

pub(super) const SHUTDOWN: Command = Command {
    needs: "shutdown",
    ..Command::new(
        "shutdown",
        "shutdown\tStop all processes and shut supervisord down",
        Handler::Bare(shutdown),
    )
};

pub(super) const RELOAD: Command = Command {
    needs: "restart",
    ..Command::new(
        "reload",
        "reload\tRestart supervisord: stop everything and reload the configuration",
        Handler::Bare(reload),
    )
};

fn version(session: &mut Session<'_>) -> Result<(), Failure> {
    let mut client = session.server.reach()?;
    let version = client.call("supervisor.getSupervisorVersion", &[])?;
    let version = version.as_str().ok_or(Failure::Incomplete("version"))?;
    session.tell(&format!("{version}\n"), || version.into())
}

fn shutdown(session: &mut Session<'_>) -> Result<(), Failure> {
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

fn reload(session: &mut Session<'_>) -> Result<(), Failure> {
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
