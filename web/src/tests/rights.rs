//! What a right allows: every method, every page, every action.

use std::sync::Arc;

use actix_web::test::TestRequest;
use visord_xmlrpc::{Value, decode_reply, encode_call};

use super::cluster::off;
use super::fake::{Plan, board, site, state};
use super::rpc::document;
use crate::caller::{Caller, Right};
use crate::pages::Page;
use crate::remote::Remotes;
use crate::rpc::method::Method;
use crate::rpc::table::NAMESPACES;
use crate::state::AppState;

const RIGHTS: [Right; 3] = [Right::View, Right::Operate, Right::Admin];

/// Every method there is, by its full name.
fn methods() -> impl Iterator<Item = (String, &'static Method)> {
    NAMESPACES.iter().flat_map(|space| {
        let methods = space.methods();
        methods.map(|it| (format!("{}.{}", space.name, it.name), it))
    })
}

/// The fault of a call, if that is what comes of it.
async fn fault(
    state: &Arc<AppState>,
    right: Right,
    method: &str,
    params: &[Value],
) -> Option<String> {
    let body = encode_call(method, params);
    let reply = document(state, right, body.as_bytes()).await.unwrap();
    let answer = decode_reply(reply.as_bytes()).unwrap();
    answer
        .err()
        .map(|fault| format!("{} {}", fault.code, fault.string))
}

/// The fault of the only call in a `system.multicall`.
async fn fault_within(
    state: &Arc<AppState>,
    right: Right,
    method: &str,
    params: &[Value],
) -> Option<String> {
    let call = Value::Struct(vec![
        ("methodName".to_owned(), method.into()),
        ("params".to_owned(), Value::Array(params.to_vec())),
    ]);
    let calls = [Value::Array(vec![call])];
    let body = encode_call("system.multicall", &calls);
    let reply = document(state, right, body.as_bytes()).await.unwrap();
    let Ok(Value::Array(results)) = decode_reply(reply.as_bytes()).unwrap() else {
        panic!("{reply}");
    };
    let code = results[0].get("faultCode")?.as_int()?;
    let text = results[0].get("faultString")?.as_str()?.to_owned();
    Some(format!("{code} {text}"))
}

/// Arguments that every method can do something with; some want others, which is not the
/// question here.
fn arguments(method: &Method) -> Vec<Value> {
    let one = |kind: &str| match kind {
        "string" => Value::from("x"),
        "int" => Value::Int(0),
        "boolean" => Value::Bool(true),
        _ => Value::Array(Vec::new()),
    };
    let required = method.params.iter().filter(|param| !param.optional);
    required.map(|param| one(param.kind())).collect()
}

#[actix::test]
async fn every_method_with_every_right() {
    let instance = off();
    let (inner, asked) = (instance.state, instance.asked);
    for (name, method) in methods() {
        for right in RIGHTS {
            let allowed = right >= method.right;
            let expected = format!(
                "403 NOT_ALLOWED: {name} needs the role {}, this user has {}",
                method.right.name(),
                right.name()
            );
            // neither good nor bad arguments change who may call it
            for params in [arguments(method), vec![Value::Nil; 9]] {
                let outcome = fault(&inner, right, &name, &params).await;
                let refused = outcome.as_deref().is_some_and(|it| it.starts_with("403"));
                assert_eq!(refused, !allowed, "{name} {right:?}: {outcome:?}");
                let within = fault_within(&inner, right, &name, &params).await;
                if name != "system.multicall" {
                    assert_eq!(within, outcome, "{name} {right:?}");
                }
                if !allowed {
                    assert_eq!(outcome.as_deref(), Some(expected.as_str()));
                    assert_eq!(asked.lock().unwrap().len(), 0, "{name} {right:?}");
                }
            }
            asked.lock().unwrap().clear();
        }
    }
}

#[actix::test]
async fn who_may_only_look_reaches_no_forwarded_method() {
    let (mut inner, _) = state(board(), Plan::default());
    let servers = [("x", "unix:///nonexistent/x.sock")];
    inner.remotes = Arc::new(Remotes::new(servers, &inner.workers).unwrap());
    let inner = Arc::new(inner);
    for right in RIGHTS {
        for outcome in [
            fault(&inner, right, "x.anything", &[]).await.unwrap(),
            fault_within(&inner, right, "x.anything", &[])
                .await
                .unwrap(),
        ] {
            let code = if right == Right::View { "403 " } else { "30 " };
            assert!(outcome.starts_with(code), "{right:?}: {outcome}");
        }
        // a name that leads nowhere is that to everybody
        let nothing = fault(&inner, right, "y.anything", &[]).await;
        assert_eq!(nothing.as_deref(), Some("1 UNKNOWN_METHOD"));
    }
}

#[actix::test]
async fn every_page_with_every_right() {
    let site = site(state(board(), Plan::default()).0);
    for page in Page::ALL {
        for right in RIGHTS {
            let caller = Caller {
                right,
                ..Caller::UNNAMED
            };
            let request = TestRequest::with_uri("/").to_http_request();
            let response = page.answer(&request, b"", &site, &caller).await;
            let refused = response.status() == 403;
            assert_eq!(refused, right < page.right(), "{page:?} {right:?}");
        }
    }
}

#[actix::test]
async fn every_action_with_every_right() {
    let (inner, asked) = state(board(), Plan::default());
    let site = site(inner);
    for (query, needed) in [
        ("action=refresh", Right::View),
        ("action=restartall", Right::Operate),
        ("action=stopall", Right::Operate),
        ("action=start&processname=y", Right::Operate),
        ("action=stop&processname=x", Right::Operate),
        ("action=restart&processname=x", Right::Operate),
        ("action=clearlog&processname=x", Right::Operate),
    ] {
        for right in RIGHTS {
            let caller = Caller {
                right,
                ..Caller::UNNAMED
            };
            let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
            let response = Page::Status.answer(&request, b"", &site, &caller).await;
            let expected = if right >= needed { 303 } else { 403 };
            assert_eq!(response.status(), expected, "{query} {right:?}");
            let count = asked.lock().unwrap().drain(..).count();
            assert!(count == 0 || right >= needed, "{query} {right:?}");
        }
    }
}
