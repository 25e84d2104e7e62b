//! No name but a table entry ever runs anything: the class of CVE-2017-11610, where names were
//! looked up in the objects of the daemon itself. Here with whole documents, also inside
//! `system.multicall`.

use proptest::prelude::*;
use visord_cluster::rules::Rules;
use visord_xmlrpc::{Value, decode_reply, encode_call};

use super::cluster::clustered;
use super::fake::{Plan, board};
use super::rpc::document;
use crate::caller::Right;
use crate::rpc::table::NAMESPACES;

fn real_names() -> Vec<String> {
    NAMESPACES
        .iter()
        .flat_map(|space| {
            space
                .methods()
                .map(|it| format!("{}.{}", space.name, it.name))
        })
        .collect()
}

/// Names near real ones, and paths into objects as that attack used them.
fn names() -> impl Strategy<Value = String> {
    let parts = real_names()
        .iter()
        .flat_map(|name| name.split('.').map(str::to_owned).collect::<Vec<_>>())
        .chain(
            [
                "supervisord",
                "options",
                "warnings",
                "linecache",
                "os",
                "system",
                "__init__",
                "__class__",
                "_rpcinterface",
                "spawn",
                "",
                " ",
                "*",
                "%2e",
            ]
            .map(str::to_owned),
        )
        .collect::<Vec<String>>();
    let near = prop::collection::vec(prop::sample::select(parts), 1..6);
    prop_oneof![
        4 => near.prop_map(|parts| parts.join(".")),
        1 => prop::sample::select(real_names()),
        1 => prop::sample::select(real_names()).prop_map(|name| format!("{name} ")),
        1 => prop::sample::select(real_names()).prop_map(|name| name.to_uppercase()),
        1 => "[ -~]{0,60}",
    ]
}

/// The code of a fault, as it stands alone or among the results of a multicall.
fn fault_code(value: &Value) -> Option<i64> {
    value.get("faultCode").and_then(Value::as_int)
}

/// What a name leads to, called by itself and as one of many: the fault code, and whether the
/// Supervisor got a request.
async fn called(name: &str, params: &[Value], inside: bool) -> (Option<i64>, bool) {
    let instance = clustered(board(), Plan::default(), Rules::default());
    let (state, asked) = (instance.state, instance.asked);
    let body = if inside {
        let call = [
            ("methodName".to_owned(), Value::from(name)),
            ("params".to_owned(), Value::Array(params.to_vec())),
        ];
        let calls = Value::Array(vec![Value::Struct(call.into())]);
        encode_call("system.multicall", &[calls])
    } else {
        encode_call(name, params)
    };
    let code = match document(&state, Right::Admin, body.as_bytes()).await {
        // no document that names a method
        Err(_) => Some(1),
        Ok(reply) => match decode_reply(reply.as_bytes()).unwrap() {
            Err(fault) => Some(fault.code),
            Ok(Value::Array(results)) if inside => fault_code(&results[0]),
            Ok(_) => None,
        },
    };
    let asked_supervisor = !asked.lock().unwrap().is_empty();
    (code, asked_supervisor)
}

proptest! {
    #[test]
    fn only_table_entries_run(
        name in names(),
        params in prop::collection::vec("[ -~]{0,12}", 0..4),
    ) {
        let params: Vec<Value> = params.into_iter().map(Value::from).collect();
        let is_real = real_names().contains(&name);
        let system = actix::System::new();
        let [alone, inside] = system.block_on(async {
            [called(&name, &params, false).await, called(&name, &params, true).await]
        });
        for (code, asked_supervisor) in [alone, inside] {
            if is_real {
                prop_assert_ne!(code, Some(1), "{} is unknown", name);
            } else {
                prop_assert!(!asked_supervisor, "{} ran", name);
                // an empty name and a multicall in a multicall are wrong parameters
                prop_assert!(matches!(code, Some(1 | 2)), "{}: {:?}", name, code);
            }
        }
    }
}
