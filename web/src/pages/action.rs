//! What the buttons and the `?action=` links do, and the message about it (spec interfaces 5.4).

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, rt};
use visord_actors::messages::supervisor::{ProcessName, Scope};
use visord_model::fault::{Fault, FaultCode};

use crate::answer;
use crate::caller::{Caller, Right};
use crate::clock;
use crate::origin;
use crate::query;
use crate::rpc::names;
use crate::site::Site;
use crate::state::AppState;

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Refresh,
    RestartAll,
    StopAll,
    One(Verb, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Start,
    Stop,
    Restart,
    ClearLog,
}

impl Verb {
    const ALL: [(&str, Self); 4] = [
        ("start", Self::Start),
        ("stop", Self::Stop),
        ("restart", Self::Restart),
        ("clearlog", Self::ClearLog),
    ];
}

impl Action {
    fn of(action: &str, name: Option<&str>) -> Option<Self> {
        match action {
            "refresh" => Some(Self::Refresh),
            "restartall" => Some(Self::RestartAll),
            "stopall" => Some(Self::StopAll),
            _ => {
                let (_, verb) = Verb::ALL.into_iter().find(|(known, _)| *known == action)?;
                Some(Self::One(verb, name?.to_owned()))
            }
        }
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

/// Whether a browser posts a form that none of our pages made. Scripts need no token, and
/// neither does a link that a browser follows from one of our pages or by hand.
#[must_use]
pub fn lacks_token(request: &HttpRequest, caller: &Caller, token: Option<&str>) -> bool {
    request.method() == Method::POST
        && origin::is_browser(request.headers())
        && !token.is_some_and(|token| caller.is_token(token))
}

/// Carry out an action to its end, though the client may leave (decision Q23), then send the
/// client to the page with a message.
pub async fn perform(site: &Site, action: &str, name: Option<&str>) -> HttpResponse {
    let Some(action) = Action::of(action, name) else {
        return answer::error(StatusCode::BAD_REQUEST);
    };
    let state = site.state.clone();
    let work = rt::spawn(async move { carry_out(&state, action).await });
    match work.await {
        Ok(message) => answer::see_other(&format!("/?message={}", query::encoded(&message))),
        // the task ended unheard: it panicked, or the daemon is going away
        Err(_) => answer::error(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn carry_out(state: &AppState, action: Action) -> String {
    let link = &state.link;
    match action {
        Action::Refresh => format!("Page refreshed at {}", clock::long(clock::now())),
        Action::StopAll => match link.stop_many(Scope::All, true).await {
            Ok(_) => format!("All stopped at {}", clock::long(clock::now())),
            Err(fault) => unexpected(&fault),
        },
        Action::RestartAll => match restart_all(state).await {
            Ok(()) => format!("All restarted at {}", clock::long(clock::now())),
            Err(fault) => unexpected(&fault),
        },
        Action::One(verb, given) => match names::active(&state.board, &given) {
            Ok(name) => carry_out_one(state, verb, name, &given).await,
            Err(_) => format!("No such process named {given}"),
        },
    }
}

async fn restart_all(state: &AppState) -> Result<(), Fault> {
    state.link.stop_many(Scope::All, true).await?;
    state.link.start_many(Scope::All, true).await?;
    Ok(())
}

async fn carry_out_one(state: &AppState, verb: Verb, name: ProcessName, given: &str) -> String {
    let link = &state.link;
    let respelled = |fault| names::respelled(fault, &name, given);
    match verb {
        Verb::Start => match link.start_process(name.clone(), true).await {
            Ok(()) => format!("Process {given} started"),
            Err(fault) => start_failed(&respelled(fault), given),
        },
        Verb::Stop => match link.stop_process(name.clone(), true).await {
            Ok(()) => format!("Process {given} stopped"),
            Err(fault) => unexpected(&respelled(fault)),
        },
        Verb::Restart => {
            // it may have stopped by itself; what counts is whether it runs again
            let _ = link.stop_process(name.clone(), true).await;
            match link.start_process(name.clone(), true).await {
                Ok(()) => format!("Process {given} restarted"),
                // the original claims success here
                Err(fault) => start_failed(&respelled(fault), given),
            }
        }
        Verb::ClearLog => match link.clear_process_logs(name.clone()).await {
            Ok(()) => format!("Log for {given} cleared"),
            Err(fault) => unexpected(&respelled(fault)),
        },
    }
}

fn unexpected(fault: &Fault) -> String {
    format!(
        "unexpected rpc fault [{}] {}",
        fault.code.code(),
        fault.text()
    )
}

fn start_failed(fault: &Fault, given: &str) -> String {
    let reason = match fault.code {
        FaultCode::NoFile => "no such file",
        FaultCode::NotExecutable => "file not executable",
        FaultCode::AlreadyStarted => "already started",
        FaultCode::SpawnError => "spawn error",
        FaultCode::AbnormalTermination => "abnormal termination",
        FaultCode::UnknownMethod
        | FaultCode::IncorrectParameters
        | FaultCode::BadArguments
        | FaultCode::SignatureUnsupported
        | FaultCode::ShutdownState
        | FaultCode::BadName
        | FaultCode::BadSignal
        | FaultCode::Failed
        | FaultCode::NotRunning
        | FaultCode::Success
        | FaultCode::AlreadyAdded
        | FaultCode::StillRunning
        | FaultCode::CantReread
        | FaultCode::NotAllowed => return format!("ERROR: Process {given}: {}", unexpected(fault)),
    };
    format!("ERROR: Process {given}: {reason}")
}
