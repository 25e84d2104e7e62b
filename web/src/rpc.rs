//! POST under `/RPC2`: read the call, find the method, perform it, write the answer.

pub mod config;
pub mod control;
pub mod details;
pub mod document;
pub mod info;
pub mod logs;
pub mod method;
pub mod names;
pub mod printed;
pub mod remote;
pub mod system;
pub mod table;
pub mod transmit;

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::rt;
use slog::{debug, error, trace};
use visord_model::fault::{Fault, FaultCode};
use visord_model::pyrepr::repr;
use visord_xmlrpc::error::Limit;
use visord_xmlrpc::{DecodeError, Limits, decode_call, encode_fault};

use self::method::{Args, Failure, Method, Outcome, Reply, Run};
use self::transmit::Answer;
use crate::caller::Right;
use crate::metrics::meters::Whose;
use crate::state::AppState;

/// The answer to this request body, by a caller with this right; a fault is an answer too.
///
/// # Errors
/// The HTTP status of what is no call: 400, or 413 beyond the limits.
pub async fn answer(
    state: &Arc<AppState>,
    right: Right,
    body: &[u8],
) -> Result<Answer, StatusCode> {
    let limits = Limits {
        // the listener has its own bound, which this body has passed
        body: body.len(),
        ..Limits::DEFAULT
    };
    let call = decode_call(body, &limits).map_err(|refusal| refuse(state, body, &refusal))?;
    let name = call.method;
    trace!(state.log, "XML-RPC method called: {name}()");
    let began = Instant::now();
    let outcome = perform_to_the_end(state, right, &name, Args(call.params)).await;
    let failed = outcome.is_err();
    let answer = match outcome {
        Ok(reply) => {
            trace!(state.log, "XML-RPC method {name}() returned successfully");
            transmit::transmit(state, reply).await
        }
        Err(fault) => {
            let (code, text) = (fault.code(), fault.text());
            trace!(
                state.log,
                "XML-RPC method {name}() returned fault: [{code}] {text}"
            );
            Answer::Whole(encode_fault(code, &text))
        }
    };
    state.settled().await;
    let whose = whose(state, &name);
    state.meters.called(whose, began.elapsed(), failed);
    Ok(answer)
}

fn whose<'a>(state: &AppState, name: &'a str) -> Whose<'a> {
    match name.split_once('.') {
        Some((space, bare)) if table::find(name, &state.namespaces).is_some() => Whose::Ours {
            system: space == "system",
            name: bare,
        },
        _ if state.remotes.of(name).is_some() => Whose::Forwarded,
        _ => Whose::Unknown,
    }
}

/// Say in the log what was no call, and which status it gets.
fn refuse(state: &AppState, body: &[u8], refusal: &DecodeError) -> StatusCode {
    /// Enough of a body to recognise it.
    const SHOWN: usize = 1024;
    let shown = repr(&String::from_utf8_lossy(&body[..body.len().min(SHOWN)]));
    let (reason, status) = match refusal {
        DecodeError::Malformed(_) => ("unmarshallable", StatusCode::BAD_REQUEST),
        DecodeError::NoMethod => ("no method name", StatusCode::BAD_REQUEST),
        DecodeError::OverLimit {
            what: Limit::Body, ..
        } => ("too large", StatusCode::PAYLOAD_TOO_LARGE),
        DecodeError::OverLimit {
            what: Limit::Depth | Limit::Elements,
            ..
        } => ("too large", StatusCode::BAD_REQUEST),
    };
    error!(
        state.log,
        "XML-RPC request data {shown} is invalid: {reason}"
    );
    debug!(state.log, "{refusal}");
    status
}

/// Perform a call in a way that the client's leaving does not interrupt (decision Q23).
async fn perform_to_the_end(
    state: &Arc<AppState>,
    right: Right,
    name: &str,
    args: Args,
) -> Result<Reply, Failure> {
    let at_once = match table::find(name, &state.namespaces) {
        Some(method) => matches!(method.run, Run::Now(_) | Run::Calls(_)),
        None => state.remotes.of(name).is_none(),
    };
    if at_once {
        return perform(state, right, name, args).await;
    }
    let (state, name) = (Arc::clone(state), name.to_owned());
    rt::spawn(async move { perform(&state, right, &name, args).await })
        .await
        // the task ended unheard: it panicked, or the daemon is going away
        .unwrap_or_else(|_| Err(FaultCode::Failed.bare().into()))
}

/// Perform a call: the method must exist, be allowed to this caller, take so many arguments, and
/// not be refused because the daemon is closing, in this order (spec interfaces 2.4; the second
/// is ours).
///
/// A name of a forwarded namespace is passed on instead, if the caller may operate: nobody knows
/// what it does.
///
/// # Errors
/// The fault for the client.
pub async fn perform(
    state: &Arc<AppState>,
    right: Right,
    name: &str,
    args: Args,
) -> Result<Reply, Failure> {
    let Some(method) = table::find(name, &state.namespaces) else {
        let remote = state.remotes.of(name);
        let remote = remote.ok_or(FaultCode::UnknownMethod.bare())?;
        allow(right, FORWARDED, name)?;
        return remote.forward(name, &args, &state.workers).await;
    };
    allow(right, method.right, name)?;
    Ok(run(state, right, method, args).await?)
}

/// What it takes to call a method that another program serves.
const FORWARDED: Right = Right::Operate;

/// NOT_ALLOWED unless a right contains what a method needs.
fn allow(right: Right, needed: Right, name: &str) -> Result<(), Fault> {
    if right >= needed {
        return Ok(());
    }
    let (needed, own) = (needed.name(), right.name());
    let text = format!("{name} needs the role {needed}, this user has {own}");
    Err(FaultCode::NotAllowed.about(text))
}

async fn run(state: &Arc<AppState>, right: Right, method: &Method, args: Args) -> Outcome {
    if !method.takes(args.0.len()) {
        return Err(FaultCode::IncorrectParameters.bare());
    }
    if method.gated && state.board.mood().is_closing() {
        return Err(FaultCode::ShutdownState.bare());
    }
    match method.run {
        Run::Now(answer) => answer(state, &args),
        Run::Later(work) => work(Arc::clone(state), args).await,
        Run::Calls(calls) => calls(right, args),
    }
}
