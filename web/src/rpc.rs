//! POST under `/RPC2`: read the call, find the method, perform it, write the answer.
//!
//! Start reading with [`table`], which lists every method: nothing but a row of it, or a server
//! that a namespace is forwarded to ([`crate::remote`]), is ever called. The rows and their functions
//! are in [`info`], [`control`], [`logs`], [`config`], [`supvisors`] and [`system`]; [`method`] is
//! what a row says, [`reply`] what its function returns, [`transmit`] how that is sent.

pub mod config;
pub mod control;
pub mod info;
pub mod logs;
pub mod method;
pub mod names;
pub mod printed;
pub mod reply;
pub mod supvisors;
pub mod system;
pub mod table;
pub mod transmit;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::rt;
use slog::{debug, error, trace};
use visord_model::fault::{Fault, FaultCode};
use visord_model::pyrepr::repr;
use visord_xmlrpc::error::Limit;
use visord_xmlrpc::{Call, DecodeError, Limits, WriteXml as _, decode_call};

use self::method::{Args, Method, Run};
use self::reply::{CallFailure, Reply};
use self::table::Namespace;
use self::transmit::Answer;
use crate::caller::Right;
use crate::clock;
use crate::meters::{Meter, Meters};
use crate::remote::{ANSWER, Remote};
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
    let Call {
        method: name,
        params,
    } = read_call(body).map_err(|refusal| refuse(state, body, &refusal))?;
    trace!(state.log, "XML-RPC method called: {name}()");
    let began = clock::instant();
    let callee = Callee::find(state, &name);
    let meter = callee.meter(&state.meters);
    let outcome = perform_to_the_end(state, right, callee, &name, Args(params)).await;
    let failed = outcome.is_err();
    let answer = match outcome {
        Ok(reply) => {
            trace!(state.log, "XML-RPC method {name}() returned successfully");
            transmit::transmit(state, right, reply).await
        }
        Err(failure) => {
            let fault = &failure.0;
            trace!(
                state.log,
                "XML-RPC method {name}() returned fault: [{}] {}", fault.code, fault.string
            );
            failure.into()
        }
    };
    state.settled().await;
    meter.called(began.elapsed(), failed);
    Ok(answer)
}

/// The call in a request body, which the listener has already bounded.
fn read_call(body: &[u8]) -> Result<Call, DecodeError> {
    let limits = Limits {
        body: body.len(),
        ..Limits::DEFAULT
    };
    decode_call(body, &limits)
}

/// Say in the log what was no call, and which status it gets.
fn refuse(state: &AppState, body: &[u8], refusal: &DecodeError) -> StatusCode {
    use DecodeError::{Malformed, NoMethod, OverLimit};
    /// Enough of a body to recognize it.
    const SHOWN: usize = 1024;
    let shown = repr(&String::from_utf8_lossy(&body[..body.len().min(SHOWN)]));
    let (reason, status) = match refusal {
        Malformed(_) => ("unmarshallable", StatusCode::BAD_REQUEST),
        NoMethod => ("no method name", StatusCode::BAD_REQUEST),
        OverLimit {
            what: Limit::Body, ..
        } => ("too large", StatusCode::PAYLOAD_TOO_LARGE),
        OverLimit { .. } => ("too large", StatusCode::BAD_REQUEST),
    };
    error!(
        state.log,
        "XML-RPC request data {shown} is invalid: {reason}"
    );
    debug!(state.log, "{refusal}");
    status
}

/// What the name in a call leads to.
enum Callee {
    /// A row of our table.
    Own(&'static Namespace, &'static Method),
    /// The server that the namespace is forwarded to.
    Remote(Arc<Remote>),
    /// Nothing.
    Unknown,
}

impl Callee {
    fn find(state: &AppState, name: &str) -> Self {
        let clustered = state.cluster.is_some();
        if let Some((namespace, method)) = table::find(name, &state.namespaces, clustered) {
            return Self::Own(namespace, method);
        }
        state.remotes.find(name).map_or(Self::Unknown, Self::Remote)
    }

    /// What counts its calls.
    fn meter<'a>(&self, meters: &'a Meters) -> &'a Meter {
        match self {
            Self::Own(namespace, method) => meters.of(namespace.name, method.name),
            Self::Remote(_) => &meters.forwarded,
            Self::Unknown => &meters.unknown,
        }
    }
}

/// Perform a call in a way that the client's leaving does not interrupt (difference Q23).
async fn perform_to_the_end(
    state: &Arc<AppState>,
    right: Right,
    callee: Callee,
    name: &str,
    args: Args,
) -> Result<Reply, CallFailure> {
    let is_long = match &callee {
        Callee::Own(_, method) => matches!(method.run, Run::Later(_)),
        Callee::Remote(_) => true,
        Callee::Unknown => false,
    };
    if !is_long {
        return perform(state, right, callee, name, args).await;
    }
    let (state, name) = (Arc::clone(state), name.to_owned());
    rt::spawn(async move { perform(&state, right, callee, &name, args).await })
        .await
        // the task panicked, or the daemon is about to end
        .unwrap_or_else(|_| Err(FaultCode::Failed.bare().into()))
}

/// Perform a call: the method must exist, be allowed to this caller, take so many arguments, and
/// not be refused because the daemon is closing, in this order (spec interfaces 2.4; the second
/// is ours).
///
/// A forwarded call needs the right to operate: what it does is not known here.
///
/// # Errors
/// The fault for the client.
async fn perform(
    state: &Arc<AppState>,
    right: Right,
    callee: Callee,
    name: &str,
    args: Args,
) -> Result<Reply, CallFailure> {
    let method = match callee {
        Callee::Own(_, method) => method,
        Callee::Remote(remote) => {
            allow(right, Right::Operate, name)?;
            // in a box: all calls would have to hold the large future of this rare one
            let answer = Box::pin(remote.call(name, &args.0, ANSWER)).await?;
            let (value, size) = answer.map_err(CallFailure)?;
            return Ok(Reply::sized(size, move |slot| value.write_xml(slot)));
        }
        Callee::Unknown => return Err(FaultCode::UnknownMethod.bare().into()),
    };
    allow(right, method.right, name)?;
    if !method.accepts(args.0.len()) {
        return Err(FaultCode::IncorrectParameters.bare().into());
    }
    if !method.while_closing && state.board.state().is_closing() {
        return Err(FaultCode::ShutdownState.bare().into());
    }
    let outcome = match method.run {
        Run::Now(answer) => answer(state, args),
        Run::Later(work) => work(Arc::clone(state), args).await,
    };
    outcome.map_err(CallFailure::from)
}

/// NOT_ALLOWED unless a right contains what a method needs.
fn allow(right: Right, needed: Right, name: &str) -> Result<(), Fault> {
    if right >= needed {
        return Ok(());
    }
    let (needed, own) = (needed.name(), right.name());
    let text = format!("{name} needs the role {needed}, this user has {own}");
    Err(FaultCode::NotAllowed.about(text))
}
