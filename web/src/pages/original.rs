//! The actions of the original: `?action=…&processname=…`, and the messages about them (spec
//! interfaces 5.4).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, rt};
use visord_actors::messages::supervisor::{LogAction, Scope};
use visord_model::fault::{Fault, FaultCode};

use super::Visit;
use crate::answer::{self, Refusal};
use crate::caller::Right;
use crate::clock;
use crate::query;
use crate::rpc::names;
use crate::state::AppState;

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Refresh,
    RestartAll,
    StopAll,
    /// Of the process with this name.
    One(Verb, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Start,
    Stop,
    Restart,
    ClearLog,
}

impl Action {
    fn of(action: &str, name: Option<&str>) -> Option<Self> {
        let verb = match action {
            "refresh" => return Some(Self::Refresh),
            "restartall" => return Some(Self::RestartAll),
            "stopall" => return Some(Self::StopAll),
            "start" => Verb::Start,
            "stop" => Verb::Stop,
            "restart" => Verb::Restart,
            "clearlog" => Verb::ClearLog,
            _ => return None,
        };
        Some(Self::One(verb, name?.to_owned()))
    }
}

/// What it takes to order an action.
#[must_use]
pub fn right(action: &str) -> Right {
    if action == "refresh" {
        Right::View
    } else {
        Right::Operate
    }
}

/// Carry out an action, then send the client to the page with a message.
pub async fn perform(visit: &Visit<'_>, action: &str) -> Result<HttpResponse, Refusal> {
    let action = Action::of(action, visit.get("processname"));
    let action = action.ok_or(StatusCode::BAD_REQUEST)?;
    let state = visit.site.state.clone();
    let work = rt::spawn(async move { carry_out(&state, action).await }).await;
    // without a message it panicked, or the daemon is about to end
    let message = work.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let message = query::encoded(&message);
    Ok(answer::see_other(&format!("/?message={message}")))
}

async fn carry_out(state: &AppState, action: Action) -> String {
    let link = &state.link;
    let done = match action {
        Action::Refresh => Ok("Page refreshed"),
        Action::StopAll => {
            let stopped = link.stop_many(Scope::All, true).await;
            stopped.map(|_| "All stopped")
        }
        Action::RestartAll => match link.stop_many(Scope::All, true).await {
            Ok(_) => {
                let started = link.start_many(Scope::All, true).await;
                started.map(|_| "All restarted")
            }
            Err(fault) => Err(fault),
        },
        Action::One(verb, name) => return carry_out_one(state, verb, &name).await,
    };
    match done {
        Ok(done) => format!("{done} at {}", clock::long(clock::now())),
        Err(fault) => unexpected(&fault),
    }
}

async fn carry_out_one(state: &AppState, verb: Verb, given: &str) -> String {
    let Ok(info) = names::info(&state.board, given) else {
        return format!("No such process named {given}");
    };
    let (link, name) = (&state.link, info.full_name());
    let done = match verb {
        Verb::Start => link.start_process(name, true).await,
        Verb::Stop => link.stop_process(name, true).await,
        Verb::Restart => {
            // it may have stopped by itself; what counts is whether it runs again
            let _ = link.stop_process(name.clone(), true).await;
            link.start_process(name, true).await
        }
        Verb::ClearLog => link.maintain_process_logs(name, LogAction::Clear).await,
    };
    match (verb, done.map_err(|fault| fault.spelled(given))) {
        (Verb::Start, Ok(())) => format!("Process {given} started"),
        (Verb::Stop, Ok(())) => format!("Process {given} stopped"),
        (Verb::Restart, Ok(())) => format!("Process {given} restarted"),
        (Verb::ClearLog, Ok(())) => format!("Log for {given} cleared"),
        // after a restart the original claims success here
        (Verb::Start | Verb::Restart, Err(fault)) => start_failed(&fault, given),
        (Verb::Stop | Verb::ClearLog, Err(fault)) => unexpected(&fault),
    }
}

fn unexpected(fault: &Fault) -> String {
    format!(
        "unexpected rpc fault [{}] {}",
        fault.code.code(),
        fault.text()
    )
}

/// What the original says about a process that could not be started.
const START_FAILURES: [(FaultCode, &str); 5] = [
    (FaultCode::NoFile, "no such file"),
    (FaultCode::NotExecutable, "file not executable"),
    (FaultCode::AlreadyStarted, "already started"),
    (FaultCode::SpawnError, "spawn error"),
    (FaultCode::AbnormalTermination, "abnormal termination"),
];

fn start_failed(fault: &Fault, given: &str) -> String {
    let known = START_FAILURES.iter().find(|(code, _)| *code == fault.code);
    let reason = known.map_or_else(|| unexpected(fault), |(_, reason)| (*reason).to_owned());
    format!("ERROR: Process {given}: {reason}")
}
