//! `system.*`: which methods there are, and many calls in one (spec interfaces 3.7).

use std::sync::Arc;

use visord_model::fault::{Fault, FaultCode};
use visord_xmlrpc::{Value, WriteXml as _};

use super::method::{Args, Method, Param, Run, later, param, view};
use super::reply::{Outcome, Reply};
use super::table;
use crate::state::AppState;

/// The full name of `multicall`.
pub const MULTICALL: &str = "system.multicall";

/// Calls of one multicall at most: clients make some hundred at once.
const MOST_CALLS: usize = 1000;

const METHOD: Param = param("string name the method, with its namespace");

/// The methods.
pub const METHODS: &[Method] = &[
    view("listMethods", later!(list))
        .help("The name of every method there is.")
        .returns("array names the names, sorted")
        .while_closing(),
    view(
        "methodHelp",
        later!(explain, "system.methodHelp", |method| {
            Ok(Reply::of(method.help_text()))
        }),
    )
    .help("What a method does, takes and answers.")
    .takes(&[METHOD])
    .returns("string help a text")
    .while_closing(),
    view(
        "methodSignature",
        later!(explain, "system.methodSignature", |method| {
            method.types().map(Reply::of)
        }),
    )
    .help("The type a method answers, then the types of its parameters.")
    .takes(&[METHOD])
    .returns("array types names of types")
    .while_closing(),
    view("multicall", Run::Now(multicall))
        .help("Make several calls, one after the other, and get all results at once.")
        .takes(&[param(
            "array calls structs with string methodName and array params, at most 1000",
        )])
        .returns(
            "array results for each call its answer, or a struct with faultCode and faultString",
        )
        .while_closing(),
];

async fn list(state: Arc<AppState>, _: Args) -> Outcome {
    let mut names = table::listed(&state.namespaces, state.cluster.is_some());
    names.extend(state.remotes.listed().await);
    names.sort_unstable();
    let size = 80 * names.len() + 200;
    Ok(Reply::sized(size, move |slot| names.write_xml(slot)))
}

/// What a row says about the method a client asks about; about a forwarded one its server is
/// asked the same question.
async fn explain(
    state: Arc<AppState>,
    args: Args,
    question: &'static str,
    answer: fn(&Method) -> Outcome,
) -> Outcome {
    let unknown = || FaultCode::SignatureUnsupported.bare();
    let name = args.text(0).map_err(|_| unknown())?;
    if let Some((_, method)) = table::find(name, &state.namespaces, state.cluster.is_some()) {
        return answer(method);
    }
    let remote = state.remotes.find(name).ok_or_else(unknown)?;
    remote.explain(question, Some(name)).await.map(Reply::of)
}

/// The calls of a multicall, which [`super::transmit`] makes one after the other.
fn multicall(_: &AppState, args: Args) -> Outcome {
    let Some(Value::Array(calls)) = args.0.into_iter().next() else {
        return Err(FaultCode::IncorrectParameters.bare());
    };
    if calls.len() > MOST_CALLS {
        let text = format!("{MULTICALL} takes at most {MOST_CALLS} calls");
        return Err(FaultCode::IncorrectParameters.about(text));
    }
    Ok(Reply::Calls(calls))
}

/// The name and the arguments of one call of a multicall.
///
/// # Errors
/// INCORRECT_PARAMETERS, the result of this call alone.
pub(super) fn parse_call(call: &Value) -> Result<(&str, Args), Fault> {
    let wrong = |text: &str| FaultCode::IncorrectParameters.about(text);
    if call.as_struct().is_none() {
        return Err(wrong("a call must be a struct"));
    }
    let name = call.get("methodName").and_then(Value::as_str);
    let name = name.ok_or_else(|| wrong("No methodName"))?;
    if name == MULTICALL {
        return Err(wrong("Recursive system.multicall forbidden"));
    }
    match call.get("params") {
        None => Ok((name, Args(Vec::new()))),
        Some(Value::Array(params)) => Ok((name, Args(params.clone()))),
        Some(_) => Err(wrong("params must be an array")),
    }
}
