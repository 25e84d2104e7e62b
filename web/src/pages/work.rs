//! Carries an order out, and says what came of it for each process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use tokio::time::timeout;
use visord_actors::messages::supervisor::{BulkResult, Scope};
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::namespec;
use visord_model::signal::Signal;

use super::frame::Message;
use super::order::{Order, Verb};
use crate::query;
use crate::state::AppState;

/// Failures named one by one; of the others only the number is said. With the next three bounds a
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

/// Carry an order out to its end, though the client may leave, and say what came of it; or, if
/// that takes long, that it goes on. `None` if the work panicked or the daemon is about to end.
pub async fn perform(state: &Arc<AppState>, order: Order) -> Option<Message> {
    let goes_on = Message {
        text: format!(
            "{} goes on: it takes longer than {} seconds.",
            order.verb.texts().doing,
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

async fn carry_out(state: &AppState, order: &Order) -> Message {
    let targets = order.targets(&state.board);
    let mut results = Results::default();
    for name in &targets.unknown {
        results.fail(name.clone(), "there is no such program");
    }
    if targets.found.is_empty() {
        if results.failed.is_empty() {
            return Message::failure("Nothing is selected.");
        }
        return results.message(order);
    }
    for info in &targets.found {
        results.idle.push(namespec(&info.group, &info.name));
    }
    match request(state, order, &targets.scope).await {
        Ok(done) => {
            for result in &done {
                results.take(state, result);
            }
            results.message(order)
        }
        Err(fault) => Message::failure(format!("Nothing was done: {}.", reason(&fault))),
    }
}

/// One request for all of them; two, one after the other, for a restart.
async fn request(state: &AppState, order: &Order, scope: &Scope) -> Result<Vec<BulkResult>, Fault> {
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
            let mut results = link.stop_many(scope.clone(), true).await?;
            // it may have ended by itself; what counts is whether it runs again
            results.retain(|result| {
                ![FaultCode::Success, FaultCode::NotRunning].contains(&result.status())
            });
            results.extend(link.start_many(scope, true).await?);
            Ok(results)
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
    fn take(&mut self, state: &AppState, result: &BulkResult) {
        let name = result.name.to_string();
        self.idle.retain(|idle| *idle != name);
        let Err(fault) = &result.answer else {
            self.done.push(name);
            return;
        };
        // what a start found wrong is on the board
        let is_on_board =
            [FaultCode::SpawnError, FaultCode::AbnormalTermination].contains(&fault.code);
        let info = state.board.process(&result.name);
        let reason = match info.filter(|_| is_on_board) {
            Some(info) if !info.spawnerr.is_empty() => info.spawnerr.clone(),
            Some(_) | None => reason(fault),
        };
        self.fail(name, &reason);
    }

    fn fail(&mut self, name: String, reason: &str) {
        self.failed.insert(name, reason.to_owned());
    }

    fn message(&self, order: &Order) -> Message {
        let texts = order.verb.texts();
        let (verb, done) = match order.verb {
            Verb::Signal => {
                let given = order.signal.as_deref().unwrap_or_default();
                let signal = Signal::from_name(given).map_or_else(String::new, |s| s.name());
                (format!("send {signal} to"), format!("Sent {signal} to"))
            }
            Verb::Start | Verb::Stop | Verb::Restart | Verb::ClearLog => {
                (texts.question.to_lowercase(), texts.done.to_owned())
            }
        };
        let mut lines = Vec::new();
        for (name, reason) in self.failed.iter().take(MOST_FAILURES) {
            let (name, reason) = (clipped(name, LONGEST_NAME), clipped(reason, LONGEST_REASON));
            lines.push(format!("Could not {verb} {name}: {reason}."));
        }
        if let Some(more @ 1..) = self.failed.len().checked_sub(MOST_FAILURES) {
            lines.push(format!("Nor {more} more."));
        }
        if !self.done.is_empty() {
            lines.push(format!("{done} {}", list(&self.done)));
        }
        if !self.idle.is_empty() {
            lines.push(format!("{}: {}", texts.idle, list(&self.idle)));
        }
        Message {
            text: lines.join("\n"),
            failed: !self.failed.is_empty(),
        }
    }
}

/// The name of a process within a message.
pub fn name(name: &str) -> String {
    clipped(name, LONGEST_NAME)
}

/// `a.`, `3 programs: a, b, c.` or as many of them as there is room for.
fn list(names: &[String]) -> String {
    let mut out = String::new();
    let mut named = 0;
    for name in names {
        if out.len() > LONGEST_LIST {
            break;
        }
        let comma = if named > 0 { ", " } else { "" };
        // writing to a String cannot fail
        let _ = write!(out, "{comma}{}", clipped(name, LONGEST_NAME));
        named += 1;
    }
    let more = match names.len() - named {
        0 => ".".to_owned(),
        left => format!(" and {left} more."),
    };
    match names.len() {
        1 => out + &more,
        count => format!("{count} programs: {out}{more}"),
    }
}

/// A text that is not ours, not too long and on one line.
fn clipped(text: &str, most: usize) -> String {
    query::clipped(text, most).replace(char::is_control, "\u{fffd}")
}

/// Why something failed, for people.
const REASONS: [(FaultCode, &str); 8] = [
    (FaultCode::AlreadyStarted, "it is already running"),
    (FaultCode::SpawnError, "it could not be spawned"),
    (
        FaultCode::AbnormalTermination,
        "it ended too soon after its start",
    ),
    (FaultCode::NotRunning, "it is not running"),
    (FaultCode::BadName, "there is no such program"),
    (FaultCode::BadSignal, "there is no such signal"),
    (FaultCode::ShutdownState, "the daemon is ending"),
    (
        FaultCode::Failed,
        "it failed; the activity log may tell more",
    ),
];

fn reason(fault: &Fault) -> String {
    use FaultCode::{NoFile, NotExecutable};
    let known = REASONS.iter().find(|(code, _)| *code == fault.code);
    match (known, &fault.about) {
        (Some((_, reason)), _) => (*reason).to_owned(),
        // they say by themselves what they are about: `can't find command '/x'`
        (None, Some(about)) if [NoFile, NotExecutable].contains(&fault.code) => about.to_string(),
        (None, Some(_) | None) => fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        let missing = "can't find command '/x: y'";
        for (fault, text) in [
            (FaultCode::NoFile.about(missing), missing),
            (FaultCode::NoFile.bare(), "NO_FILE"),
            (FaultCode::NotRunning.about("x"), "it is not running"),
            (FaultCode::CantReread.about("x"), "CANT_REREAD: x"),
        ] {
            assert_eq!(reason(&fault), text);
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
