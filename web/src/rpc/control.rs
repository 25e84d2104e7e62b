//! Start, stop, signal, talk to processes; end the daemon (spec interfaces 3.2, 3.5).

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use visord_actors::messages::supervisor::{Outcome as Done, Scope};
use visord_model::fault::{Fault, FaultCode};
use visord_model::signal::Signal;
use visord_xmlrpc::{Slot, Value, WriteXml, Written};

use super::method::{
    Args, Method, Outcome, Param, Reply, Returns, Right, Run, optional, param, returns,
};
use super::names::{self, Target, respelled, respelled_group};
use super::printed::{printed, quoted};
use crate::state::AppState;

const PROCESS: Param = param(
    "string",
    "name",
    "the process, as `name` or `group:name`, or `group:*` for all of a group",
);
const GROUP: Param = param("string", "name", "the group");
const WAIT: Param = optional(
    "boolean",
    "wait",
    "answer only when it is done (default true)",
);
const SIGNAL: Param = param("string", "signal", "its name, as `HUP`, or its number");
const DONE: Returns = returns("boolean", "result", "true, unless there is a fault");
const EACH: Returns = returns(
    "array",
    "results",
    "for each process acted on a struct: name, group, status, description",
);

/// The commands.
pub const METHODS: &[Method] = &[
    method(
        "startProcess",
        Right::Operate,
        "Start a process.",
        &[PROCESS, WAIT],
        DONE,
        start_process,
    ),
    method(
        "startProcessGroup",
        Right::Operate,
        "Start every process of a group that is not running.",
        &[GROUP, WAIT],
        EACH,
        start_group,
    ),
    method(
        "startAllProcesses",
        Right::Operate,
        "Start every process that is not running.",
        &[WAIT],
        EACH,
        start_all,
    ),
    method(
        "stopProcess",
        Right::Operate,
        "Stop a process.",
        &[PROCESS, WAIT],
        DONE,
        stop_process,
    ),
    method(
        "stopProcessGroup",
        Right::Operate,
        "Stop every running process of a group.",
        &[GROUP, WAIT],
        EACH,
        stop_group,
    ),
    method(
        "stopAllProcesses",
        Right::Operate,
        "Stop every running process.",
        &[WAIT],
        EACH,
        stop_all,
    ),
    method(
        "signalProcess",
        Right::Operate,
        "Send a signal to a process.",
        &[PROCESS, SIGNAL],
        DONE,
        signal_process,
    ),
    method(
        "signalProcessGroup",
        Right::Operate,
        "Send a signal to every process of a group that can take one.",
        &[GROUP, SIGNAL],
        EACH,
        signal_group,
    ),
    method(
        "signalAllProcesses",
        Right::Operate,
        "Send a signal to every process that can take one.",
        &[SIGNAL],
        EACH,
        signal_all,
    ),
    method(
        "sendProcessStdin",
        Right::Operate,
        "Write a text to the standard input of a process, as UTF-8.",
        &[PROCESS, param("string", "chars", "the text")],
        DONE,
        send_stdin,
    ),
    Method {
        gated: false,
        ..method(
            "sendRemoteCommEvent",
            Right::Operate,
            "Tell event listeners something: publish a REMOTE_COMMUNICATION event.",
            &[
                param("string", "type", "what kind of event it is"),
                param("string", "data", "what it says"),
            ],
            DONE,
            send_event,
        )
    },
    method(
        "shutdown",
        Right::Admin,
        "Stop every process in order, then end the daemon.",
        &[],
        DONE,
        shutdown,
    ),
    method(
        "restart",
        Right::Admin,
        "Check the configuration, stop every process in order, then begin anew with it.",
        &[],
        DONE,
        restart,
    ),
];

type Function = fn(Arc<AppState>, Args) -> LocalBoxFuture<'static, Outcome>;

const fn method(
    name: &'static str,
    right: Right,
    summary: &'static str,
    params: &'static [Param],
    returns: Returns,
    run: Function,
) -> Method {
    Method {
        name,
        summary,
        params,
        returns,
        right,
        gated: true,
        listed: true,
        run: Run::Later(run),
    }
}

/// The results of a bulk request (spec interfaces 3.1).
pub struct Results(pub Vec<Done>);

impl WriteXml for Results {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|results| {
            for done in &self.0 {
                results.item_with(|slot| {
                    slot.structure(|out| {
                        out.member("name", &done.name);
                        out.member("group", &done.group);
                        out.member("status", &done.status.code());
                        out.member("description", &done.description);
                    })
                });
            }
        })
    }
}

/// The reply to a bulk request.
pub fn results(done: Vec<Done>) -> Reply {
    let size = 400 * done.len() + 200;
    Reply::sized(Results(done), size)
}

fn later(future: impl Future<Output = Outcome> + 'static) -> LocalBoxFuture<'static, Outcome> {
    future.boxed_local()
}

fn start_process(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let (given, wait) = (args.text(0)?, args.flag_or_true(1));
        match Target::parse(given) {
            Target::Process(name) => {
                let done = state.link.start_process(name.clone(), wait).await;
                done.map_err(|fault| respelled(fault, &name, given))?;
                Ok(Reply::done())
            }
            Target::Group(group) => {
                let scope = Scope::Group(group.clone());
                let done = state.link.start_many(scope, wait).await;
                done.map(results)
                    .map_err(|fault| respelled_group(fault, &group, given))
            }
        }
    })
}

fn stop_process(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let (given, wait) = (args.text(0)?, args.flag_or_true(1));
        match Target::parse(given) {
            Target::Process(name) => {
                let done = state.link.stop_process(name.clone(), wait).await;
                done.map_err(|fault| respelled(fault, &name, given))?;
                Ok(Reply::done())
            }
            Target::Group(group) => {
                let scope = Scope::Group(group.clone());
                let done = state.link.stop_many(scope, wait).await;
                done.map(results)
                    .map_err(|fault| respelled_group(fault, &group, given))
            }
        }
    })
}

fn start_group(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let scope = Scope::Group(args.text(0)?.to_owned());
        let wait = args.flag_or_true(1);
        state.link.start_many(scope, wait).await.map(results)
    })
}

fn stop_group(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let scope = Scope::Group(args.text(0)?.to_owned());
        let wait = args.flag_or_true(1);
        state.link.stop_many(scope, wait).await.map(results)
    })
}

fn start_all(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let wait = args.flag_or_true(0);
        state.link.start_many(Scope::All, wait).await.map(results)
    })
}

fn stop_all(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let wait = args.flag_or_true(0);
        state.link.stop_many(Scope::All, wait).await.map(results)
    })
}

fn signal_process(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let given = args.text(0)?;
        match Target::parse(given) {
            Target::Process(_) => {
                let name = names::active(&state.board, given)?;
                let signal = signal(args.value(1))?;
                let done = state.link.signal_process(name.clone(), signal).await;
                done.map_err(|fault| respelled(fault, &name, given))?;
                Ok(Reply::done())
            }
            Target::Group(group) => signal_many(&state, Scope::Group(group), &args, 1)
                .await
                .map_err(|fault| match Target::parse(given) {
                    Target::Group(group) => respelled_group(fault, &group, given),
                    Target::Process(_) => fault,
                }),
        }
    })
}

fn signal_group(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let scope = Scope::Group(args.text(0)?.to_owned());
        signal_many(&state, scope, &args, 1).await
    })
}

fn signal_all(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move { signal_many(&state, Scope::All, &args, 0).await })
}

/// A bad signal is not a fault of the whole call but of each process it would have gone to.
async fn signal_many(state: &AppState, scope: Scope, args: &Args, at: usize) -> Outcome {
    let done = state.link.signal_many(scope, signal(args.value(at)));
    done.await.map(results)
}

/// A signal by name or number, as a text, a number or a boolean; else BAD_SIGNAL in the caller's words.
fn signal(value: &Value) -> Result<Signal, Fault> {
    let given = printed(value);
    let number = match value {
        Value::Str(text) => text.trim().parse().ok(),
        Value::Int(number) => Some(*number),
        Value::Bool(is_one) => Some(i64::from(*is_one)),
        // without its fraction
        #[expect(
            clippy::cast_possible_truncation,
            reason = "as the original converts it"
        )]
        Value::Double(number) if number.is_finite() => Some(*number as i64),
        Value::Double(_) => return Err(FaultCode::BadSignal.about(given)),
        Value::Nil | Value::Base64(_) | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => {
            return Err(FaultCode::IncorrectParameters.bare());
        }
    };
    let known = match number {
        Some(number) => i32::try_from(number).ok().and_then(Signal::from_number),
        None => Signal::from_name(&given),
    };
    known.ok_or_else(|| FaultCode::BadSignal.about(given))
}

fn send_stdin(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let data = match args.value(1) {
            Value::Str(text) => text.clone().into_bytes(),
            Value::Nil => return Err(FaultCode::IncorrectParameters.bare()),
            other @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Base64(_)
            | Value::DateTime(_)
            | Value::Array(_)
            | Value::Struct(_)) => {
                return Err(FaultCode::IncorrectParameters.about(quoted(other)));
            }
        };
        let given = args.text(0)?;
        let name = names::single(given)?;
        let done = state.link.write_stdin(name.clone(), data).await;
        done.map_err(|fault| respelled(fault, &name, given))?;
        Ok(Reply::done())
    })
}

fn send_event(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        let (kind, data) = (printed(args.value(0)), printed(args.value(1)));
        state.link.send_remote_event(kind, data).await?;
        Ok(Reply::done())
    })
}

fn shutdown(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        state.link.shutdown().await?;
        Ok(Reply::done())
    })
}

fn restart(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    later(async move {
        state.link.restart().await?;
        Ok(Reply::done())
    })
}
