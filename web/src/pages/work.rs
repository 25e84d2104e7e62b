//! Carrying out an order, and telling what came of it for each process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use tokio::time::timeout;
use visord_actors::messages::supervisor::{Outcome, Scope};
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::namespec;
use visord_model::signal::Signal;

use super::filter::shortened;
use super::order::{Order, Verb};
use crate::rpc::names;
use crate::state::AppState;

/// Failures told one by one; of the others only the number. With the next three bounds a
/// message has less than 3 kB, so that it fits into a URL.
const MOST_FAILURES: usize = 6;

/// Bytes of a list of names.
const LONGEST_LIST: usize = 400;

/// Bytes of a name.
const LONGEST_NAME: usize = 80;

/// Bytes of the reason of a failure.
const LONGEST_REASON: usize = 200;

/// Time that a client waits for an order to be carried out. A program may take hours to count as
/// started (`startsecs`).
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For people, a line for each kind of result.
    pub text: String,
    /// Whether anything failed.
    pub failed: bool,
}

impl Report {
    /// It was not even tried.
    #[must_use]
    pub fn refusal(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            failed: true,
        }
    }
}

/// Carry an order out to its end, though the client may leave, and tell what came of it; or,
/// if that takes long, that it goes on. `None` if nobody can tell: the work panicked, or the
/// daemon is going away.
pub async fn order(state: &Arc<AppState>, order: Order) -> Option<Report> {
    let goes_on = Report {
        text: format!(
            "{} goes on: it takes longer than {} seconds.",
            order.verb.doing(),
            PATIENCE.as_secs()
        ),
        failed: false,
    };
    let state = Arc::clone(state);
    let work = rt::spawn(async move { carry_out(&state, &order).await });
    match timeout(PATIENCE, work).await {
        Ok(done) => done.ok(),
        Err(_) => Some(goes_on),
    }
}

async fn carry_out(state: &AppState, order: &Order) -> Report {
    let targets = order.targets(&state.board);
    let mut results = Results::default();
    for name in &targets.unknown {
        results.fail(name.clone(), "there is no such program");
    }
    if targets.found.is_empty() {
        if results.failed.is_empty() {
            return Report::refusal("Nothing is selected.");
        }
        return results.report(order);
    }
    for info in &targets.found {
        results.idle.push(namespec(&info.group, &info.name));
    }
    match done(state, order, &targets.scope).await {
        Ok(outcomes) => {
            for outcome in outcomes {
                results.take(state, outcome);
            }
            results.report(order)
        }
        Err(fault) => Report::refusal(format!(
            "Nothing was done: {}.",
            reason(&fault.text(), fault.code)
        )),
    }
}

/// One request for all of them; two, one after the other, for a restart.
async fn done(state: &AppState, order: &Order, scope: &Scope) -> Result<Vec<Outcome>, Fault> {
    let link = &state.link;
    let scope = scope.clone();
    match order.verb {
        Verb::Start => link.start_many(scope, true).await,
        Verb::Stop => link.stop_many(scope, true).await,
        Verb::ClearLog => link.clear_many_logs(scope).await,
        Verb::Signal => {
            let given = order.signal.as_deref().unwrap_or_default();
            let signal =
                Signal::from_name(given).ok_or_else(|| FaultCode::BadSignal.about(given))?;
            link.signal_many(scope, Ok(signal)).await
        }
        Verb::Restart => {
            let mut outcomes = link.stop_many(scope.clone(), true).await?;
            // it may have ended by itself; what counts is whether it runs again
            outcomes.retain(|outcome| {
                ![FaultCode::Success, FaultCode::NotRunning].contains(&outcome.status)
            });
            outcomes.extend(link.start_many(scope, true).await?);
            Ok(outcomes)
        }
    }
}

/// Names by what became of them.
#[derive(Default)]
struct Results {
    done: Vec<String>,
    failed: BTreeMap<String, String>,
    /// There was nothing to do.
    idle: Vec<String>,
}

impl Results {
    fn take(&mut self, state: &AppState, outcome: Outcome) {
        let name = namespec(&outcome.group, &outcome.name);
        self.idle.retain(|idle| *idle != name);
        if outcome.status == FaultCode::Success {
            self.done.push(name);
            return;
        }
        // what a start found wrong stands on the board
        let failures = [FaultCode::SpawnError, FaultCode::AbnormalTermination];
        let found = failures.contains(&outcome.status);
        let known = names::active(&state.board, &name).ok().filter(|_| found);
        let info = known.and_then(|name| state.board.process(&name));
        let reason = match info {
            Some(info) if !info.spawnerr.is_empty() => info.spawnerr.clone(),
            Some(_) | None => reason(&outcome.description, outcome.status),
        };
        self.fail(name, &reason);
    }

    fn fail(&mut self, name: String, reason: &str) {
        self.failed.insert(name, reason.to_owned());
    }

    fn report(&self, order: &Order) -> Report {
        let words = Words::of(order);
        let mut lines = Vec::new();
        for (name, reason) in self.failed.iter().take(MOST_FAILURES) {
            let (name, reason) = (clipped(name, LONGEST_NAME), clipped(reason, LONGEST_REASON));
            lines.push(format!("Could not {} {name}: {reason}.", words.order));
        }
        if let Some(more @ 1..) = self.failed.len().checked_sub(MOST_FAILURES) {
            lines.push(format!("Nor {more} more."));
        }
        if !self.done.is_empty() {
            lines.push(format!("{} {}", words.done, list(&self.done)));
        }
        if !self.idle.is_empty() {
            lines.push(format!("{}: {}", words.idle, list(&self.idle)));
        }
        Report {
            text: lines.join("\n"),
            failed: !self.failed.is_empty(),
        }
    }
}

struct Words {
    order: String,
    done: String,
    idle: &'static str,
}

impl Words {
    fn of(order: &Order) -> Self {
        let (order, done, idle) = match order.verb {
            Verb::Start => ("start", "Started", "Already running"),
            Verb::Stop => ("stop", "Stopped", "Not running"),
            Verb::Restart => ("restart", "Restarted", "Left alone"),
            Verb::ClearLog => ("clear the logs of", "Cleared the logs of", "Left alone"),
            Verb::Signal => {
                let given = order.signal.as_deref().unwrap_or_default();
                let signal = Signal::from_name(given).map_or_else(String::new, |s| s.name());
                return Self {
                    order: format!("send {signal} to"),
                    done: format!("Sent {signal} to"),
                    idle: "Not running",
                };
            }
        };
        Self {
            order: order.to_owned(),
            done: done.to_owned(),
            idle,
        }
    }
}

/// The name of a process within a message.
#[must_use]
pub fn name(name: &str) -> String {
    clipped(name, LONGEST_NAME)
}

/// `a.`, `3 programs: a, b, c.` or as many of them as there is room for.
fn list(names: &[String]) -> String {
    let mut out = String::new();
    let mut told = 0;
    for name in names {
        if out.len() > LONGEST_LIST {
            break;
        }
        let comma = if told > 0 { ", " } else { "" };
        // writing to a String cannot fail
        let _ = write!(out, "{comma}{}", clipped(name, LONGEST_NAME));
        told += 1;
    }
    let more = match names.len() - told {
        0 => ".".to_owned(),
        left => format!(" and {left} more."),
    };
    match names.len() {
        1 => out + &more,
        count => format!("{count} programs: {out}{more}"),
    }
}

/// A text of somebody else, not too long and on one line.
fn clipped(text: &str, most: usize) -> String {
    let begin = shortened(text, most);
    let dots = if begin.len() < text.len() { "…" } else { "" };
    let plain = |c: char| {
        if c.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    begin.chars().map(plain).chain(dots.chars()).collect()
}

/// Why something failed, for people. `text` is the whole text of the fault.
fn reason(text: &str, code: FaultCode) -> String {
    let words = match code {
        // these tell what they are about: `NO_FILE: can't find command '/x'`
        FaultCode::NoFile | FaultCode::NotExecutable => {
            text.split_once(": ").map_or(text, |(_, about)| about)
        }
        FaultCode::AlreadyStarted => "it is already running",
        FaultCode::SpawnError => "it could not be spawned",
        FaultCode::AbnormalTermination => "it ended too soon after its start",
        FaultCode::NotRunning => "it is not running",
        FaultCode::BadName => "there is no such program",
        FaultCode::BadSignal => "there is no such signal",
        FaultCode::ShutdownState => "the daemon is ending",
        FaultCode::Failed => "it failed; the activity log may tell more",
        FaultCode::UnknownMethod
        | FaultCode::IncorrectParameters
        | FaultCode::BadArguments
        | FaultCode::SignatureUnsupported
        | FaultCode::Success
        | FaultCode::AlreadyAdded
        | FaultCode::StillRunning
        | FaultCode::CantReread
        | FaultCode::NotAllowed => text,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        for (text, code, words) in [
            (
                "NO_FILE: can't find command '/x: y'",
                FaultCode::NoFile,
                "can't find command '/x: y'",
            ),
            ("NO_FILE", FaultCode::NoFile, "NO_FILE"),
            ("NOT_RUNNING: x", FaultCode::NotRunning, "it is not running"),
            ("CANT_REREAD: x", FaultCode::CantReread, "CANT_REREAD: x"),
        ] {
            assert_eq!(reason(text, code), words);
        }
    }

    #[test]
    fn lists_are_bounded() {
        assert_eq!(list(&["a".into()]), "a.");
        assert_eq!(list(&["a".into(), "b".into()]), "2 programs: a, b.");
        let many: Vec<String> = (0..10_000).map(|n| format!("program_{n}")).collect();
        let text = list(&many);
        assert!(text.len() < LONGEST_LIST + LONGEST_NAME + 60, "{text}");
        assert!(text.ends_with(" more."), "{text}");
        assert_eq!(clipped("a\nb\u{1b}[1m", 80), "a\u{fffd}b\u{fffd}[1m");
        assert_eq!(clipped("äöü", 3), "ä…");
    }
}
