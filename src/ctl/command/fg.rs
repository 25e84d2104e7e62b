//! `fg`: talking to a process. Its logs are shown as they grow, what is typed goes to its
//! standard input, line by line.

use std::os::fd::{AsFd, BorrowedFd};

use visord_model::fault::FaultCode;
use visord_model::state::ProcessState;
use visord_xmlrpc::{CallError, Client};

use super::{Command, Completes};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::follow::{GREETING, LogStream, wait_for};
use crate::ctl::help::Part;
use crate::ctl::interrupt::Taken;
use crate::ctl::process::{ProcessInfo, refusable};
use crate::ctl::session::{Flow, Session};

pub(super) const FG: Command = Command {
    name: "fg",
    help: &[
        Part::Usage(
            "fg <process>",
            "Talk to a process: see its output, type its input",
        ),
        Part::More("(Ctrl-C leaves it running)"),
    ],
    completes: Completes::Processes,
    run,
};

const FAREWELL: &str = "Exiting foreground";

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let names: Vec<&str> = argument.split_whitespace().collect();
    let name = match &names[..] {
        [] => {
            let message = "ERROR: no process name supplied";
            return FG.misused(session, ExitStatus::Generic, message);
        }
        [name] => *name,
        _ => {
            let message = "ERROR: too many process names supplied";
            session.fail(ExitStatus::Generic, message)?;
            return Ok(Flow::Continue);
        }
    };
    let refusal = match ProcessInfo::one(&mut client, name)? {
        Ok(info) if info.state == i64::from(ProcessState::Running.code()) => None,
        Ok(_) => Some("ERROR: process not running"),
        Err(fault) if is(FaultCode::BadName, fault.code) => {
            Some("ERROR: bad process name supplied")
        }
        Err(fault) => return Err(CallError::Fault(fault).into()),
    };
    match refusal {
        Some(line) => session.fail(ExitStatus::Generic, line)?,
        None => converse(session, &mut client, name)?,
    }
    Ok(Flow::Continue)
}

/// Show both logs and pass lines on until the user leaves or the process is gone.
fn converse(session: &mut Session<'_>, client: &mut Client, name: &str) -> Result<(), Failure> {
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let mut streams = Vec::new();
    for channel in ["stdout", "stderr"] {
        streams.extend(LogStream::open(
            session,
            &format!("/logtail/{name}/{channel}"),
        )?);
    }
    loop {
        for stream in &mut streams {
            session.terminal.out(&stream.take_text())?;
        }
        while let Some(line) = session.terminal.lines().take_line() {
            if !send(session, client, name, &line)? {
                return Ok(());
            }
        }
        let ready = wait(&interrupted, &streams)?;
        if ready[0] {
            return session.say(FAREWELL);
        }
        if ready[1] && !session.terminal.lines().fill()? {
            return session.say(FAREWELL);
        }
        let mut readable = ready[2..].iter();
        streams.retain_mut(|stream| !readable.next().is_some_and(|ready| *ready) || stream.read());
    }
}

fn wait(interrupted: &Taken, streams: &[LogStream]) -> Result<Vec<bool>, Failure> {
    let stdin = std::io::stdin();
    let mut descriptors: Vec<BorrowedFd<'_>> = vec![interrupted.as_fd(), stdin.as_fd()];
    descriptors.extend(streams.iter().map(AsFd::as_fd));
    wait_for(&descriptors)
}

/// Pass a line on; false when the conversation is over.
fn send(
    session: &mut Session<'_>,
    client: &mut Client,
    name: &str,
    line: &str,
) -> Result<bool, Failure> {
    let params = [name.into(), format!("{line}\n").into()];
    let result = client.call("supervisor.sendProcessStdin", &params);
    match refusable(result)? {
        Ok(_) => Ok(true),
        Err(fault) if is(FaultCode::NotRunning, fault.code) => {
            session.say("Process got killed")?;
            session.say(FAREWELL)?;
            Ok(false)
        }
        Err(fault) => {
            session.say(&format!("ERROR: {}", fault.string))?;
            Ok(true)
        }
    }
}
