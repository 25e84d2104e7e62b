//! `maintail`: the end of the daemon's own log.

use visord_model::fault::FaultCode;
use visord_xmlrpc::{Client, Value};

use super::tail::{DEFAULT, Extent, bytes_of, modifier};
use super::{Command, Opt};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::follow;
use crate::ctl::help::Part;
use crate::ctl::process::refusable;
use crate::ctl::session::{Flow, Session};

pub(super) const MAINTAIL: Command = Command {
    name: "maintail",
    help: &[
        Part::Usage("maintail -f", "Show what supervisord logs until Ctrl-C"),
        Part::Usage("maintail -100", "Show the last 100 bytes of its log"),
        Part::Usage("maintail", "Show the last 1600 bytes of its log"),
    ],
    options: &[Opt {
        name: "-f",
        value: None,
        text: "show what is logged from now on, until Ctrl-C",
    }],
    completes: &[],
    needs: &[
        "supervisor.getVersion",
        "supervisor.readLog",
        "/mainlogtail",
    ],
    addition: false,
    run,
};

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let words: Vec<&str> = argument.split_whitespace().collect();
    let extent = match &words[..] {
        [] => Some(DEFAULT),
        [word] => modifier(word),
        _ => {
            let message = "Error: too many arguments";
            return MAINTAIL.misused(session, ExitStatus::Generic, message);
        }
    };
    match extent {
        Some(Extent::From(offset)) => show(session, &mut client, offset)?,
        Some(Extent::Follow) => follow::log(session, "/mainlogtail")?,
        None => {
            let message = format!("Error: bad argument {argument}");
            session.fail(ExitStatus::Generic, &message)?;
        }
    }
    Ok(Flow::Continue)
}

fn show(session: &mut Session<'_>, client: &mut Client, offset: i64) -> Result<(), Failure> {
    let params: [Value; 2] = [offset.into(), 0.into()];
    let refusal = match refusable(client.call("supervisor.readLog", &params))? {
        Ok(text) => {
            let text = text.as_str().unwrap_or_default();
            let bytes = bytes_of(session, text, "/activity.html?channel=main", offset)?;
            return session.say_bytes(&bytes);
        }
        Err(fault) if is(FaultCode::NoFile, fault.code) => "no log file",
        Err(fault) if is(FaultCode::Failed, fault.code) => "unknown error reading log",
        Err(fault) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
    };
    let line = format!("supervisord: ERROR ({refusal})");
    session.fail(ExitStatus::Generic, &line)
}
