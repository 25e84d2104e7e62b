//! `system.*`: what there is, and many calls in one (spec interfaces 3.7).

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use visord_model::fault::FaultCode;
use visord_xmlrpc::Value;

use super::method::{Args, Failure, Method, Outcome, Reply, Right, Run, param, returns};
use super::table;
use crate::state::AppState;

const MULTICALL: &str = "system.multicall";

/// Calls of one multicall at most: clients make some hundred at once.
pub const MOST_CALLS: usize = 1000;

/// The namespace.
pub const METHODS: &[Method] = &[
    Method {
        name: "listMethods",
        summary: "The name of every method there is.",
        params: &[],
        returns: returns("array", "names", "the names, sorted"),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Later(list),
    },
    Method {
        name: "methodHelp",
        summary: "What a method does, takes and answers.",
        params: &[param("string", "name", "the method, with its namespace")],
        returns: returns("string", "help", "a text"),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Later(|state, args| {
            explain(state, args, "system.methodHelp", |method| {
                Reply::of(method.help())
            })
        }),
    },
    Method {
        name: "methodSignature",
        summary: "The type a method answers, then the types of its parameters.",
        params: &[param("string", "name", "the method, with its namespace")],
        returns: returns("array", "types", "names of types"),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Later(|state, args| {
            explain(state, args, "system.methodSignature", |method| {
                Reply::of(method.signature())
            })
        }),
    },
    Method {
        name: "multicall",
        summary: "Make several calls, one after the other, and get all results at once.",
        params: &[param(
            "array",
            "calls",
            "structs with string methodName and array params, at most 1000",
        )],
        returns: returns(
            "array",
            "results",
            "for each call its answer, or a struct with faultCode and faultString",
        ),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Calls(multicall),
    },
];

fn list(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let mut names = table::listed(&state.namespaces);
        let others = state.remotes.listed(&state.workers).await;
        if !others.is_empty() {
            names.extend(others);
            names.sort_unstable();
        }
        let size = 80 * names.len() + 200;
        Ok(Reply::sized(names, size))
    }
    .boxed_local()
}

/// What there is to say about the method a client asks about; if it is another server's, that
/// one answers the question.
fn explain(
    state: Arc<AppState>,
    args: Args,
    question: &'static str,
    answer: fn(&Method) -> Reply,
) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let unknown = || FaultCode::SignatureUnsupported.bare();
        let name = args.text(0).map_err(|_| unknown())?;
        if let Some(method) = table::find(name, &state.namespaces) {
            return Ok(answer(method));
        }
        let remote = state.remotes.of(name).ok_or_else(unknown)?;
        let said = remote.explain(question, Some(name), &state.workers).await;
        // whatever the reason, there is nothing to say
        said.map(Reply::of).map_err(|failure| match failure {
            Failure::Own(fault) => fault,
            Failure::Foreign(_) => unknown(),
        })
    }
    .boxed_local()
}

/// The calls of a multicall, which [`super::transmit`] makes one after the other.
fn multicall(right: Right, args: Args) -> Outcome {
    let Some(Value::Array(calls)) = args.0.into_iter().next() else {
        return Err(FaultCode::IncorrectParameters.bare());
    };
    if calls.len() > MOST_CALLS {
        let text = format!("system.multicall takes at most {MOST_CALLS} calls");
        return Err(FaultCode::IncorrectParameters.about(text));
    }
    Ok(Reply::Calls(right, calls))
}

/// One call of many: M1, M3; what is no call at all is its fault alone.
pub(super) async fn one(
    state: &Arc<AppState>,
    right: Right,
    call: &Value,
) -> Result<Reply, Failure> {
    let wrong = |text: &str| Failure::Own(FaultCode::IncorrectParameters.about(text));
    if call.as_struct().is_none() {
        return Err(wrong("a call must be a struct"));
    }
    let name = match call.get("methodName") {
        Some(Value::Str(name)) => name,
        _ => return Err(wrong("No methodName")),
    };
    if name == MULTICALL {
        return Err(wrong("Recursive system.multicall forbidden"));
    }
    let params = match call.get("params") {
        None => Vec::new(),
        Some(Value::Array(params)) => params.clone(),
        Some(_) => return Err(wrong("params must be an array")),
    };
    super::perform(state, right, name, Args(params)).await
}
