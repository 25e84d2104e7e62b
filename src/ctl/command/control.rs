//! `start`, `stop`, `restart` and `signal`: asking something of processes, one by one, by
//! group or all at once, and telling each one's outcome.

use visord_model::fault::FaultCode;
use visord_model::name::{Namespec, namespec};
use visord_xmlrpc::{Client, Value, WireFault};

use super::{Command, Completes, means_all};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::names::expand;
use crate::ctl::process::{items, number, refusable, text};
use crate::ctl::session::{Flow, Session};

pub(super) const START: Command = Command {
    name: "start",
    help: &[
        Part::Usage("start <name>", "Start one process"),
        Part::Usage("start <gname>:*", "Start every process of a group"),
        Part::Usage("start <name> <name>", "Start several processes or groups"),
        Part::Usage("start all", "Start every process"),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.startProcess",
        "supervisor.startProcessGroup",
        "supervisor.startAllProcesses",
    ],
    addition: false,
    run: start,
};

pub(super) const STOP: Command = Command {
    name: "stop",
    help: &[
        Part::Usage("stop <name>", "Stop one process"),
        Part::Usage("stop <gname>:*", "Stop every process of a group"),
        Part::Usage("stop <name> <name>", "Stop several processes or groups"),
        Part::Usage("stop all", "Stop every process"),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.stopProcess",
        "supervisor.stopProcessGroup",
        "supervisor.stopAllProcesses",
    ],
    addition: false,
    run: stop,
};

pub(super) const RESTART: Command = Command {
    name: "restart",
    help: &[
        Part::Usage("restart <name>", "Stop and start one process"),
        Part::Usage(
            "restart <gname>:*",
            "Stop and start every process of a group",
        ),
        Part::Usage(
            "restart <name> <name>",
            "Stop and start several processes or groups",
        ),
        Part::Usage("restart all", "Stop and start every process"),
        Part::Line("Configuration files are not read again by it; reread and update do that."),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.stopProcess",
        "supervisor.stopProcessGroup",
        "supervisor.stopAllProcesses",
        "supervisor.startProcess",
        "supervisor.startProcessGroup",
        "supervisor.startAllProcesses",
    ],
    addition: false,
    run: restart,
};

pub(super) const SIGNAL: Command = Command {
    name: "signal",
    help: &[
        Part::Usage(
            "signal <signal name> <name>",
            "Send a signal to one process",
        ),
        Part::Usage(
            "signal <signal name> <gname>:*",
            "Send it to every process of a group",
        ),
        Part::Usage(
            "signal <signal name> <name> <name>",
            "Send it to several processes or groups",
        ),
        Part::Usage("signal <signal name> all", "Send it to every process"),
    ],
    options: &[],
    completes: &[Completes::Signals, Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.signalProcess",
        "supervisor.signalProcessGroup",
        "supervisor.signalAllProcesses",
    ],
    addition: false,
    run: signal,
};

/// Something that can be asked of processes.
struct Verb {
    /// The word for success.
    done: &'static str,
    /// The words for refusals.
    refusals: &'static [(FaultCode, &'static str)],
    /// A failure is told in the words of the server alone.
    tells_failure: bool,
    /// A refusal that is no failure.
    forgiven: Option<FaultCode>,
    /// Exit code for a group that does not exist.
    no_group: ExitStatus,
    /// Methods for one process, a group, everything.
    methods: [&'static str; 3],
}

const START_VERB: Verb = Verb {
    done: "started",
    refusals: &[
        (FaultCode::BadName, "no such process"),
        (FaultCode::NoFile, "no such file"),
        (FaultCode::NotExecutable, "file is not executable"),
        (FaultCode::AlreadyStarted, "already started"),
        (FaultCode::SpawnError, "spawn error"),
        (FaultCode::AbnormalTermination, "abnormal termination"),
    ],
    tells_failure: false,
    forgiven: Some(FaultCode::AlreadyStarted),
    no_group: ExitStatus::InvalidArguments,
    methods: [
        "supervisor.startProcess",
        "supervisor.startProcessGroup",
        "supervisor.startAllProcesses",
    ],
};

const STOP_VERB: Verb = Verb {
    done: "stopped",
    refusals: &[
        (FaultCode::BadName, "no such process"),
        (FaultCode::NotRunning, "not running"),
    ],
    tells_failure: true,
    forgiven: Some(FaultCode::NotRunning),
    no_group: ExitStatus::Generic,
    methods: [
        "supervisor.stopProcess",
        "supervisor.stopProcessGroup",
        "supervisor.stopAllProcesses",
    ],
};

const SIGNAL_VERB: Verb = Verb {
    done: "signalled",
    refusals: &[
        (FaultCode::BadName, "no such process"),
        (FaultCode::BadSignal, "bad signal name"),
        (FaultCode::NotRunning, "not running"),
    ],
    tells_failure: false,
    forgiven: None,
    no_group: ExitStatus::Generic,
    methods: [
        "supervisor.signalProcess",
        "supervisor.signalProcessGroup",
        "supervisor.signalAllProcesses",
    ],
};

fn start(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let message = "Error: start requires a process name";
        return START.misused(session, ExitStatus::InvalidArguments, message);
    }
    START_VERB.apply(session, &mut client, &names, &[])?;
    Ok(Flow::Continue)
}

fn stop(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let message = "Error: stop requires a process name";
        return STOP.misused(session, ExitStatus::Generic, message);
    }
    STOP_VERB.apply(session, &mut client, &names, &[])?;
    Ok(Flow::Continue)
}

fn restart(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let message = "Error: restart requires a process name";
        return RESTART.misused(session, ExitStatus::Generic, message);
    }
    STOP_VERB.apply(session, &mut client, &names, &[])?;
    START_VERB.apply(session, &mut client, &names, &[])?;
    Ok(Flow::Continue)
}

fn signal(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let words: Vec<&str> = argument.split_whitespace().collect();
    let [signal, names @ ..] = &words[..] else {
        return signal_misused(session);
    };
    if names.is_empty() {
        return signal_misused(session);
    }
    SIGNAL_VERB.apply(session, &mut client, names, &[(*signal).into()])?;
    Ok(Flow::Continue)
}

fn signal_misused(session: &mut Session<'_>) -> Result<Flow, Failure> {
    let message = "Error: signal requires a signal name and a process name";
    SIGNAL.misused(session, ExitStatus::Generic, message)
}

/// What became of the request for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    /// The process, as shown.
    name: String,
    /// 80 for success, else the code of a fault.
    code: i64,
    /// The server's words.
    words: String,
}

impl Verb {
    /// Ask it of everything that is named, and tell the outcomes. `extra` stands after the
    /// name in every call.
    fn apply(
        &self,
        session: &mut Session<'_>,
        client: &mut Client,
        names: &[&str],
        extra: &[Value],
    ) -> Result<(), Failure> {
        if means_all(names) {
            let results = client.call(self.methods[2], extra)?;
            return self.tell_all(session, &results);
        }
        for name in &expand(client, names)? {
            match Namespec::parse(name) {
                Namespec::Group(group) => self.apply_to_group(session, client, &group, extra)?,
                Namespec::Process { group, process } => {
                    let outcome = self.ask_one(client, name, namespec(&group, &process), extra)?;
                    self.tell(session, &outcome)?;
                }
            }
        }
        Ok(())
    }

    fn apply_to_group(
        &self,
        session: &mut Session<'_>,
        client: &mut Client,
        group: &str,
        extra: &[Value],
    ) -> Result<(), Failure> {
        let result = client.call(self.methods[1], &with_name(group, extra));
        match refusable(result)? {
            Ok(results) => self.tell_all(session, &results),
            Err(fault) if is(FaultCode::BadName, fault.code) => {
                let line = format!("{group}: ERROR (no such group)");
                session.fail(self.no_group, &line)
            }
            Err(fault) => Err(Failure::Call(visord_xmlrpc::CallError::Fault(fault))),
        }
    }

    fn ask_one(
        &self,
        client: &mut Client,
        name: &str,
        shown: String,
        extra: &[Value],
    ) -> Result<Outcome, Failure> {
        let result = client.call(self.methods[0], &with_name(name, extra));
        let (code, words) = match refusable(result)? {
            Ok(_) => (i64::from(FaultCode::Success.code()), String::new()),
            Err(WireFault { code, string }) => (code, string),
        };
        Ok(Outcome {
            name: shown,
            code,
            words,
        })
    }

    fn tell_all(&self, session: &mut Session<'_>, results: &Value) -> Result<(), Failure> {
        for result in items(results)? {
            let outcome = Outcome {
                name: namespec(&text(result, "group")?, &text(result, "name")?),
                code: number(result, "status")?,
                words: text(result, "description")?,
            };
            self.tell(session, &outcome)?;
        }
        Ok(())
    }

    fn tell(&self, session: &mut Session<'_>, outcome: &Outcome) -> Result<(), Failure> {
        let line = self.line(outcome)?;
        let forgiven = [Some(FaultCode::Success), self.forgiven];
        let is_fine = forgiven
            .into_iter()
            .flatten()
            .any(|fault| is(fault, outcome.code));
        if is_fine {
            session.say(&line)
        } else {
            session.fail(ExitStatus::of_fault(outcome.code), &line)
        }
    }

    /// The line for an outcome (the tables of spec interfaces 4.6).
    fn line(&self, outcome: &Outcome) -> Result<String, Failure> {
        let Outcome { name, code, words } = outcome;
        if is(FaultCode::Success, *code) {
            return Ok(format!("{name}: {}", self.done));
        }
        if let Some((_, refusal)) = self.refusals.iter().find(|(fault, _)| is(*fault, *code)) {
            return Ok(format!("{name}: ERROR ({refusal})"));
        }
        if is(FaultCode::Failed, *code) && self.tells_failure {
            return Ok(words.clone());
        }
        Err(Failure::UnknownResult(WireFault {
            code: *code,
            string: name.clone(),
        }))
    }
}

fn with_name(name: &str, extra: &[Value]) -> Vec<Value> {
    let mut params = vec![name.into()];
    params.extend_from_slice(extra);
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verb: &Verb, code: i64) -> Option<String> {
        let outcome = Outcome {
            name: "x".to_owned(),
            code,
            words: "words".to_owned(),
        };
        verb.line(&outcome).ok()
    }

    #[test]
    fn words_for_outcomes() {
        for (verb, code, expected) in [
            (&START_VERB, 80, Some("x: started")),
            (&START_VERB, 60, Some("x: ERROR (already started)")),
            (&START_VERB, 21, Some("x: ERROR (file is not executable)")),
            (&START_VERB, 30, None),
            (&STOP_VERB, 80, Some("x: stopped")),
            (&STOP_VERB, 70, Some("x: ERROR (not running)")),
            (&STOP_VERB, 30, Some("words")),
            (&STOP_VERB, 11, None),
            (&SIGNAL_VERB, 80, Some("x: signalled")),
            (&SIGNAL_VERB, 11, Some("x: ERROR (bad signal name)")),
        ] {
            assert_eq!(
                line(verb, code).as_deref(),
                expected,
                "{} {code}",
                verb.done
            );
        }
    }
}
