//! What a request for a process came to, and how that is reported: one line for each process and
//! an exit code (the tables of spec interfaces 4.6).

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_xmlrpc::{CallError, Value, WireFault};

use crate::ctl::failure::{ExitStatus, Failure, is};
use crate::ctl::process::{items, number, refusable, text};
use crate::ctl::session::Session;

/// What a request for one process came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestOutcome {
    /// The process, as shown.
    pub(super) name: String,
    /// 80 for success, otherwise the code of a fault.
    pub(super) code: i64,
    /// The server's description.
    pub(super) description: String,
}

impl RequestOutcome {
    /// The outcome of a call for one process.
    pub(super) fn of(name: String, result: Result<Value, CallError>) -> Result<Self, Failure> {
        let (code, description) = match refusable(result)? {
            Ok(_) => (FaultCode::Success.code().into(), String::new()),
            Err(WireFault { code, string }) => (code, string),
        };
        Ok(Self {
            name,
            code,
            description,
        })
    }

    /// The results of a call for many.
    pub(super) fn read_all(results: &Value) -> Result<Vec<Self>, Failure> {
        let read = |result| {
            Ok(Self {
                name: namespec(&text(result, "group")?, &text(result, "name")?),
                code: number(result, "status")?,
                description: text(result, "description")?,
            })
        };
        items(results)?.iter().map(read).collect()
    }
}

/// How a fault is worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultText {
    /// `name: ERROR (this)`.
    Fixed(&'static str),
    /// `name: ERROR (the description)`.
    Reason,
    /// The description is the whole line.
    Line,
}

/// A fault with a fixed reason.
pub(super) const fn fault(code: FaultCode, reason: &'static str) -> (FaultCode, FaultText) {
    (code, FaultText::Fixed(reason))
}

/// How the outcomes of a request are worded.
pub(super) struct Wording {
    /// After the name, if it succeeded.
    pub(super) done: &'static str,
    /// The faults that are expected.
    pub(super) faults: &'static [(FaultCode, FaultText)],
    /// The one of them that does not change the exit code.
    pub(super) harmless: Option<FaultCode>,
}

impl Wording {
    pub(super) fn report(
        &self,
        session: &mut Session,
        outcome: &RequestOutcome,
    ) -> Result<(), Failure> {
        let line = self.line(outcome)?;
        let code = outcome.code;
        if is(FaultCode::Success, code) || self.harmless.is_some_and(|fault| is(fault, code)) {
            session.say(&line)
        } else {
            session.fail(ExitStatus::of_fault(code), &line)
        }
    }

    fn line(&self, outcome: &RequestOutcome) -> Result<String, Failure> {
        let RequestOutcome {
            name,
            code,
            description,
        } = outcome;
        if is(FaultCode::Success, *code) {
            return Ok(format!("{name}: {}", self.done));
        }
        let text = self.faults.iter().find(|(fault, _)| is(*fault, *code));
        match text {
            Some((_, FaultText::Fixed(reason))) => Ok(format!("{name}: ERROR ({reason})")),
            Some((_, FaultText::Reason)) => Ok(format!("{name}: ERROR ({description})")),
            Some((_, FaultText::Line)) => Ok(description.clone()),
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
            ],
            harmless: None,
        };
        for (code, expected) in [
            (80, Some("x: done")),
            (10, Some("x: ERROR (no such process)")),
            (30, Some("a description")),
            (11, Some("x: ERROR (a description)")),
            (70, None),
        ] {
            let outcome = RequestOutcome {
                name: "x".to_owned(),
                code,
                description: "a description".to_owned(),
            };
            assert_eq!(WORDING.line(&outcome).ok().as_deref(), expected, "{code}");
        }
    }
}
