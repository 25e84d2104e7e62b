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

/// What it takes to order an action.
pub fn right(action: &str) -> Right {
    if action == "refresh" {
        Right::View
    } else {
        Right::Operate
    }
}

/// Carry out an action, then send the client to the page with a message.
pub async fn perform(visit: &Visit<'_>, action: &str) -> Result<HttpResponse, Refusal> {
    let name = visit.query.get("processname").map(str::to_owned);
    let (state, action) = (visit.site.state.clone(), action.to_owned());
    let work = rt::spawn(async move { carry_out(&state, &action, name.as_deref()).await });
    // without a result it panicked, or the daemon is about to end
    let message = work.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let message = query::encoded(&message.ok_or(StatusCode::BAD_REQUEST)?);
    Ok(answer::see_other(&format!("/?message={message}")))
}

/// What came of an action; `None` if there is none of this name.
async fn carry_out(state: &AppState, action: &str, name: Option<&str>) -> Option<String> {
    let link = &state.link;
    let done = match action {
        "refresh" => Ok("Page refreshed"),
        "stopall" => {
            let stopped = link.stop_many(Scope::All, true).await;
            stopped.map(|_| "All stopped")
        }
        "restartall" => match link.stop_many(Scope::All, true).await {
            Ok(_) => {
                let started = link.start_many(Scope::All, true).await;
                started.map(|_| "All restarted")
            }
            Err(fault) => Err(fault),
        },
        "start" => return Some(carry_out_one(state, Action::Start, name?).await),
        "stop" => return Some(carry_out_one(state, Action::Stop, name?).await),
        "restart" => return Some(carry_out_one(state, Action::Restart, name?).await),
        "clearlog" => return Some(carry_out_one(state, Action::ClearLog, name?).await),
        _ => return None,
    };
    Some(match done {
        Ok(done) => format!("{done} at {}", clock::long(clock::now())),
        Err(fault) => unexpected(&fault),
    })
}

/// What can be done with one process.
#[derive(Clone, Copy)]
enum Action {
    Start,
    Stop,
    Restart,
    ClearLog,
}

async fn carry_out_one(state: &AppState, action: Action, given: &str) -> String {
    let Ok(info) = names::info(&state.board, given) else {
        return format!("No such process named {given}");
    };
    let (link, name) = (&state.link, info.full_name());
    let done = match action {
        Action::Start => link.start_process(name, true).await,
        Action::Stop => link.stop_process(name, true).await,
        Action::Restart => {
            // it may have stopped by itself; what counts is whether it runs again
            let _ = link.stop_process(name.clone(), true).await;
            link.start_process(name, true).await
        }
        Action::ClearLog => link.maintain_process_logs(name, LogAction::Clear).await,
    };
    match (action, done.map_err(|fault| fault.spelled(given))) {
        (Action::Start, Ok(())) => format!("Process {given} started"),
        (Action::Stop, Ok(())) => format!("Process {given} stopped"),
        (Action::Restart, Ok(())) => format!("Process {given} restarted"),
        (Action::ClearLog, Ok(())) => format!("Log for {given} cleared"),
        // after a restart the original claims success here
        (Action::Start | Action::Restart, Err(fault)) => start_failed(&fault, given),
        (Action::Stop | Action::ClearLog, Err(fault)) => unexpected(&fault),
    }
}

fn unexpected(fault: &Fault) -> String {
    format!("unexpected rpc fault [{}] {}", fault.code.code(), fault)
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
