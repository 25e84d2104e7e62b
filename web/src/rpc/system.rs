//! `system.*`: what there is, and many calls in one (spec interfaces 3.7).

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use visord_model::fault::{Fault, FaultCode};
use visord_xmlrpc::{Slot, Value, WriteXml, Written};

use super::method::{Args, Method, Outcome, Reply, Right, Run, param, returns};
use super::table;
use crate::state::AppState;

const MULTICALL: &str = "system.multicall";

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
        run: Run::Now(|state, _| {
            let names: Vec<String> = table::listed(&state.namespaces);
            let size = 80 * names.len() + 200;
            Ok(Reply::sized(names, size))
        }),
    },
    Method {
        name: "methodHelp",
        summary: "What a method does, takes and answers.",
        params: &[param("string", "name", "the method, with its namespace")],
        returns: returns("string", "help", "a text"),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Now(|state, args| Ok(Reply::of(explained(state, args)?.help()))),
    },
    Method {
        name: "methodSignature",
        summary: "The type a method answers, then the types of its parameters.",
        params: &[param("string", "name", "the method, with its namespace")],
        returns: returns("array", "types", "names of types"),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Now(|state, args| Ok(Reply::of(explained(state, args)?.signature()))),
    },
    Method {
        name: "multicall",
        summary: "Make several calls, one after the other, and get all results at once.",
        params: &[param(
            "array",
            "calls",
            "structs with string methodName and array params",
        )],
        returns: returns(
            "array",
            "results",
            "for each call its answer, or a struct with faultCode and faultString",
        ),
        right: Right::View,
        gated: false,
        listed: true,
        run: Run::Later(multicall),
    },
];

/// The method a client asks about.
fn explained(state: &AppState, args: &Args) -> Result<&'static Method, Fault> {
    args.text(0)
        .ok()
        .and_then(|name| table::find(name, &state.namespaces))
        .ok_or(FaultCode::SignatureUnsupported.bare())
}

/// Results as they stand in the answer: bare, faults as structs (rule M2).
struct Results(Vec<Outcome>);

impl WriteXml for Results {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|results| {
            for outcome in &self.0 {
                match outcome {
                    Ok(reply) => results.item(reply),
                    Err(fault) => results.item_with(|slot| {
                        slot.structure(|out| {
                            out.member("faultCode", &fault.code.code());
                            out.member("faultString", &fault.text());
                        })
                    }),
                }
            }
        })
    }
}

fn multicall(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let Value::Array(calls) = args.value(0) else {
            return Err(FaultCode::IncorrectParameters.bare());
        };
        let mut results = Vec::with_capacity(calls.len());
        for call in calls {
            results.push(one(&state, call).await);
        }
        let size = results.iter().map(size_of).sum::<usize>() + 256;
        Ok(Reply::sized(Results(results), size))
    }
    .boxed_local()
}

fn size_of(outcome: &Outcome) -> usize {
    outcome.as_ref().map_or(256, Reply::size)
}

/// One call of many: M1, M3; what is no call at all is its fault alone.
async fn one(state: &Arc<AppState>, call: &Value) -> Outcome {
    let wrong = |text: &str| FaultCode::IncorrectParameters.about(text);
    if call.as_struct().is_none() {
        return Err(wrong("a call must be a struct"));
    }
    let name = match call.get("methodName") {
        Some(Value::Str(name)) if !name.is_empty() => name,
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
    super::perform(state, name, Args(params)).await
}
