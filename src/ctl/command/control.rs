//! `start`, `stop`, `restart`, `signal` and `clear`: requests for processes one by one, by group or
//! all at once. `logs`, not in the original, makes them one by one.

use visord_model::fault::FaultCode;
use visord_model::name::{Namespec, namespec};
use visord_xmlrpc::{Client, Value, WireFault};

use super::{ExitStatus, Failure, Result, Session, is};
use crate::ctl::names::{expand, means_all, select_or_all};
use crate::ctl::process::{ProcessInfo, call, items, number, refusable, text};

/// A request that can be made for processes.
pub struct Operation {
    /// The method for one process.
    one: &'static str,
    /// The method for a group. Without one a group is refused like a process that does not exist.
    group: Option<&'static str>,
    /// The method for every process.
    all: &'static str,
    /// The exit code if no name is given, or one that no group has.
    misused: ExitStatus,
    wording: Wording,
}

const NO_PROCESS: (FaultCode, FaultText) = fault(FaultCode::BadName, "no such process");
const NOT_RUNNING: (FaultCode, FaultText) = fault(FaultCode::NotRunning, "not running");

pub(super) const START: Operation = Operation {
    one: "supervisor.startProcess",
    group: Some("supervisor.startProcessGroup"),
    all: "supervisor.startAllProcesses",
    misused: ExitStatus::INVALID_ARGUMENTS,
    wording: Wording {
        done: "started",
        faults: &[
            NO_PROCESS,
            fault(FaultCode::NoFile, "no such file"),
            fault(FaultCode::NotExecutable, "file is not executable"),
            fault(FaultCode::AlreadyStarted, "already started"),
            fault(FaultCode::SpawnError, "spawn error"),
            fault(FaultCode::AbnormalTermination, "abnormal termination"),
            (FaultCode::Disabled, FaultText::Bare("disabled")),
        ],
        harmless: Some(FaultCode::AlreadyStarted),
    },
};

pub(super) const STOP: Operation = Operation {
    one: "supervisor.stopProcess",
    group: Some("supervisor.stopProcessGroup"),
    all: "supervisor.stopAllProcesses",
    misused: ExitStatus::GENERIC,
    wording: Wording {
        done: "stopped",
        faults: &[
            NO_PROCESS,
            NOT_RUNNING,
            (FaultCode::Failed, FaultText::Line),
        ],
        harmless: Some(FaultCode::NotRunning),
    },
};

const SIGNAL: Operation = Operation {
    one: "supervisor.signalProcess",
    group: Some("supervisor.signalProcessGroup"),
    all: "supervisor.signalAllProcesses",
    misused: ExitStatus::GENERIC,
    wording: Wording {
        done: "signalled",
        faults: &[
            NO_PROCESS,
            fault(FaultCode::BadSignal, "bad signal name"),
            NOT_RUNNING,
        ],
        harmless: None,
    },
};

pub(super) const CLEAR: Operation = Operation {
    one: "supervisor.clearProcessLogs",
    group: None,
    all: "supervisor.clearAllProcessLogs",
    misused: ExitStatus::GENERIC,
    wording: Wording {
        done: "cleared",
        faults: &[NO_PROCESS, fault(FaultCode::Failed, "failed")],
        harmless: None,
    },
};

/// Make the requests that a command consists of, one after the other.
pub(super) fn make(
    session: &mut Session,
    command: &str,
    names: &[&str],
    operations: &[&Operation],
) -> Result {
    let mut client = session.server.reach()?;
    if names.is_empty() {
        let line = format!("Error: {command} requires a process name");
        return Err(Failure::Misused(operations[0].misused, line));
    }
    let mut operations = operations.iter();
    operations.try_for_each(|operation| operation.make(session, &mut client, names, &[]))
}

pub(super) fn signal(session: &mut Session, arguments: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    match arguments {
        [signal, names @ ..] if !names.is_empty() => {
            SIGNAL.make(session, &mut client, names, &[(*signal).into()])
        }
        _ => Err(Failure::misused(
            "Error: signal requires a signal name and a process name",
        )),
    }
}

pub(super) fn logs(session: &mut Session, arguments: &[&str]) -> Result {
    let (method, done, names) = match arguments {
        ["rotate", names @ ..] => ("supervisor.rotateProcessLogs", "rotated", names),
        ["reopen", names @ ..] => ("supervisor.reopenProcessLogs", "reopened", names),
        _ => return Err(Failure::misused("Error: logs requires rotate or reopen")),
    };
    let wording = Wording {
        done,
        faults: &[NO_PROCESS, (FaultCode::Failed, FaultText::Reason)],
        harmless: None,
    };
    let mut client = session.server.reach()?;
    let (chosen, errors) = select_or_all(ProcessInfo::all(&mut client)?, names);
    session.fail_all(ExitStatus::GENERIC, &errors)?;
    for name in chosen.iter().map(ProcessInfo::namespec) {
        let result = call(&mut client, method, &[name.as_str().into()]);
        wording.report(session, &name, result)?;
    }
    Ok(())
}

impl Operation {
    /// Make it for everything that is named, and report the outcomes. `extra` are the
    /// parameters after the name.
    fn make(
        &self,
        session: &mut Session,
        client: &mut Client,
        names: &[&str],
        extra: &[Value],
    ) -> Result {
        if means_all(names) {
            let results = call(client, self.all, extra)?;
            return self.report_all(session, &results);
        }
        for name in &expand(client, names)? {
            let shown = match (Namespec::parse(name), self.group) {
                (Namespec::Group(group), Some(method)) => {
                    let result = call(client, method, &with_name(&group, extra));
                    match refusable(result)? {
                        Ok(results) => self.report_all(session, &results)?,
                        Err(fault) if is(FaultCode::BadName, fault.code) => {
                            let line = format!("{group}: ERROR (no such group)");
                            session.fail(self.misused, &line)?;
                        }
                        Err(fault) => return Err(fault.into()),
                    }
                    continue;
                }
                // The refusal names what was typed (difference Q33).
                (Namespec::Group(_), None) => name.clone(),
                (Namespec::Process(process), _) => process.to_string(),
            };
            let result = call(client, self.one, &with_name(name, extra));
            self.wording.report(session, &shown, result)?;
        }
        Ok(())
    }

    fn report_all(&self, session: &mut Session, results: &Value) -> Result {
        for result in items(results)? {
            let name = namespec(&text(result, "group")?, &text(result, "name")?);
            let (code, description) = (number(result, "status")?, text(result, "description")?);
            self.wording.show(session, &name, code, &description)?;
        }
        Ok(())
    }
}

fn with_name(name: &str, extra: &[Value]) -> Vec<Value> {
    [&[name.into()], extra].concat()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultText {
    /// `name: ERROR (this)`.
    Fixed(&'static str),
    /// `name: ERROR this`.
    Bare(&'static str),
    /// `name: ERROR (the description)`.
    Reason,
    /// The description is the whole line.
    Line,
}

const fn fault(code: FaultCode, reason: &'static str) -> (FaultCode, FaultText) {
    (code, FaultText::Fixed(reason))
}

/// How the outcomes of a request are worded.
struct Wording {
    /// After the name, if it succeeded.
    done: &'static str,
    faults: &'static [(FaultCode, FaultText)],
    /// The one of them that does not change the exit code.
    harmless: Option<FaultCode>,
}

impl Wording {
    /// Show what the call for one process came to.
    fn report(&self, session: &mut Session, name: &str, result: Result<Value>) -> Result {
        match refusable(result)? {
            Ok(_) => self.show(session, name, FaultCode::Success.code().into(), ""),
            Err(WireFault { code, string }) => self.show(session, name, code, &string),
        }
    }

    /// `code` is 80 for success, otherwise that of a fault.
    fn show(&self, session: &mut Session, name: &str, code: i64, description: &str) -> Result {
        let line = self.line(name, code, description)?;
        if is(FaultCode::Success, code) || self.harmless.is_some_and(|fault| is(fault, code)) {
            session.say(&line)
        } else {
            session.fail(ExitStatus::of_fault(code), &line)
        }
    }

    fn line(&self, name: &str, code: i64, description: &str) -> Result<String> {
        if is(FaultCode::Success, code) {
            return Ok(format!("{name}: {}", self.done));
        }
        let text = self.faults.iter().find(|(fault, _)| is(*fault, code));
        match text {
            Some((_, FaultText::Fixed(reason))) => Ok(format!("{name}: ERROR ({reason})")),
            Some((_, FaultText::Bare(reason))) => Ok(format!("{name}: ERROR {reason}")),
            Some((_, FaultText::Reason)) => Ok(format!("{name}: ERROR ({description})")),
            Some((_, FaultText::Line)) => Ok(description.to_owned()),
            None => Err(Failure::Exception(
                "ValueError",
                format!("Unknown result code {code} for {name}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_outcomes() {
        const WORDING: Wording = Wording {
            done: "done",
            faults: &[
                fault(FaultCode::BadName, "no such process"),
                (FaultCode::Failed, FaultText::Line),
                (FaultCode::BadSignal, FaultText::Reason),
                (FaultCode::Disabled, FaultText::Bare("disabled")),
            ],
            harmless: None,
        };
        for (code, expected) in [
            (80, Some("x: done")),
            (10, Some("x: ERROR (no such process)")),
            (30, Some("a description")),
            (11, Some("x: ERROR (a description)")),
            (103, Some("x: ERROR disabled")),
            (70, None),
        ] {
            let line = WORDING.line("x", code, "a description").ok();
            assert_eq!(line.as_deref(), expected, "{code}");
        }
    }
}
