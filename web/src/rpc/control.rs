//! Start, stop, signal, talk to processes; end the daemon (spec interfaces 3.2, 3.5).

use std::borrow::Cow;
use std::sync::Arc;

use visord_actors::cluster::wire::supvisors::PUBLICATION;
use visord_actors::messages::supervisor::{Answer, BulkResult, Scope};
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::{Namespec, ProcessName};
use visord_model::signal::Signal;
use visord_xmlrpc::Value;

use super::method::{Args, GROUP, Method, Param};
use super::method::{admin, later, operate, optional, param};
use super::names;
use super::printed::{printed, quoted};
use super::reply::{Outcome, Reply};
use super::supvisors;
use crate::state::AppState;

const TARGET: Param =
    param("string name the process, as `name` or `group:name`, or `group:*` for all of a group");
const WAIT: Param = optional("boolean wait answer only when it is done (default true)");
const SIGNAL: Param = param("string signal its name, as `HUP`, or its number");
const EACH: &str =
    "array results for each process acted on a struct: name, group, status, description";

/// The commands.
pub const METHODS: &[Method] = &[
    operate("startProcess", later!(on_target, ProcessCommand::Start))
        .help("Start a process.")
        .takes(&[TARGET, WAIT]),
    operate("startProcessGroup", later!(on_group, ProcessCommand::Start))
        .help("Start every process of a group that is not running.")
        .takes(&[GROUP, WAIT])
        .returns(EACH),
    operate("startAllProcesses", later!(on_all, ProcessCommand::Start))
        .help("Start every process that is not running.")
        .takes(&[WAIT])
        .returns(EACH),
    operate("stopProcess", later!(on_target, ProcessCommand::Stop))
        .help("Stop a process.")
        .takes(&[TARGET, WAIT]),
    operate("stopProcessGroup", later!(on_group, ProcessCommand::Stop))
        .help("Stop every running process of a group.")
        .takes(&[GROUP, WAIT])
        .returns(EACH),
    operate("stopAllProcesses", later!(on_all, ProcessCommand::Stop))
        .help("Stop every running process.")
        .takes(&[WAIT])
        .returns(EACH),
    operate("signalProcess", later!(on_target, ProcessCommand::Signal))
        .help("Send a signal to a process.")
        .takes(&[TARGET, SIGNAL]),
    operate(
        "signalProcessGroup",
        later!(on_group, ProcessCommand::Signal),
    )
    .help("Send a signal to every process of a group that can take one.")
    .takes(&[GROUP, SIGNAL])
    .returns(EACH),
    operate("signalAllProcesses", later!(on_all, ProcessCommand::Signal))
        .help("Send a signal to every process that can take one.")
        .takes(&[SIGNAL])
        .returns(EACH),
    operate("sendProcessStdin", later!(send_stdin))
        .help("Write a text to the standard input of a process, as UTF-8.")
        .takes(&[TARGET, param("string chars the text")]),
    operate("sendRemoteCommEvent", later!(send_event))
        .help("Tell event listeners something: publish a REMOTE_COMMUNICATION event.")
        .takes(&[
            param("string type what kind of event it is"),
            param("string data what it says"),
        ])
        .while_closing(),
    admin("shutdown", later!(shutdown)).help("Stop every process in order, then end the daemon."),
    admin("restart", later!(restart))
        .help("Check the configuration, stop every process in order, then begin anew with it."),
];

/// The reply to a bulk request (spec interfaces 3.1).
pub fn results(done: Vec<BulkResult>) -> Reply {
    Reply::structs(400, done, |BulkResult { name, answer }, out| {
        let (status, description) = match answer {
            Ok(()) => (FaultCode::Success, Cow::Borrowed("OK")),
            Err(fault) => (fault.code, Cow::Owned(fault.to_string())),
        };
        out.member("name", &*name.process);
        out.member("group", &*name.group);
        out.member("status", &status.code());
        out.member("description", &*description);
    })
}

/// What can be done with one process or with many.
#[derive(Clone, Copy)]
enum ProcessCommand {
    Start,
    Stop,
    Signal,
}

impl ProcessCommand {
    /// Do it with one process; its own argument is the one after the name.
    async fn one(self, state: &AppState, name: ProcessName, args: &Args) -> Answer {
        match self {
            Self::Start => state.link.start_process(name, args.flag_or_true(1)).await,
            Self::Stop => state.link.stop_process(name, args.flag_or_true(1)).await,
            Self::Signal => {
                // of two faults the one about the name counts
                names::info(&state.board, args.text(0)?)?;
                state
                    .link
                    .signal_process(name, signal(args.value(1))?)
                    .await
            }
        }
    }

    /// Do it with many; its own argument is at this place.
    async fn many(self, state: &AppState, scope: Scope, args: &Args, at: usize) -> Outcome {
        let done = match self {
            Self::Start => state.link.start_many(scope, args.flag_or_true(at)).await,
            Self::Stop => state.link.stop_many(scope, args.flag_or_true(at)).await,
            Self::Signal => state.link.signal_many(scope, signal(args.value(at))).await,
        };
        done.map(results)
    }
}

/// With the process, or with all of the group, that the client named.
async fn on_target(state: Arc<AppState>, args: Args, command: ProcessCommand) -> Outcome {
    let given = args.text(0)?;
    let outcome = match Namespec::parse(given) {
        Namespec::Process(name) => {
            let done = command.one(&state, name, &args).await;
            done.map(Reply::done)
        }
        Namespec::Group(group) => {
            let group = Scope::Group((*group).to_owned());
            command.many(&state, group, &args, 1).await
        }
    };
    outcome.map_err(|fault| fault.spelled(given))
}

async fn on_group(state: Arc<AppState>, args: Args, command: ProcessCommand) -> Outcome {
    let group = Scope::Group(args.text(0)?.to_owned());
    command.many(&state, group, &args, 1).await
}

async fn on_all(state: Arc<AppState>, args: Args, command: ProcessCommand) -> Outcome {
    command.many(&state, Scope::All, &args, 0).await
}

/// Do something with the one process that a client named.
pub(super) async fn on_one<Done>(given: &str, act: impl FnOnce(ProcessName) -> Done) -> Outcome
where
    Done: Future<Output = Answer>,
{
    let done = act(names::single(given)?).await;
    done.map(Reply::done).map_err(|fault| fault.spelled(given))
}

/// A signal by name or number, as a text, a number or a boolean; else BAD_SIGNAL about the value
/// as it was given. In a bulk request that is the fault of each process, not of the call.
fn signal(value: &Value) -> Result<Signal, Fault> {
    let given = printed(value);
    let unknown = || FaultCode::BadSignal.about(given.as_str());
    let number = match value {
        Value::Str(text) => text.trim().parse().ok(),
        Value::Int(_) | Value::Bool(_) | Value::Double(_) => {
            Some(value.to_int().ok_or_else(unknown)?)
        }
        Value::Nil | Value::Base64(_) | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => {
            return Err(FaultCode::IncorrectParameters.bare());
        }
    };
    let known = match number {
        Some(number) => i32::try_from(number).ok().and_then(Signal::from_number),
        None => Signal::from_name(&given),
    };
    known.ok_or_else(unknown)
}

async fn send_stdin(state: Arc<AppState>, args: Args) -> Outcome {
    let chars = args.value(1);
    if matches!(chars, Value::Nil) {
        return Err(FaultCode::IncorrectParameters.bare());
    }
    let text = chars.as_str();
    let text = text.ok_or_else(|| FaultCode::IncorrectParameters.about(quoted(chars)))?;
    let data = text.as_bytes().to_vec();
    on_one(args.text(0)?, |name| state.link.write_stdin(name, data)).await
}

async fn send_event(state: Arc<AppState>, args: Args) -> Outcome {
    let (kind, data) = (printed(args.value(0)), printed(args.value(1)));
    let publication = state.cluster.as_ref().filter(|_| kind == PUBLICATION);
    if let Some(cluster) = publication {
        supvisors::heard(cluster, &data).await;
    }
    let done = state.link.send_remote_event(kind, data).await;
    // a peer gets no fault (spec cluster 14)
    done.or_else(|fault| publication.map(drop).ok_or(fault))
        .map(Reply::done)
}

async fn shutdown(state: Arc<AppState>, _: Args) -> Outcome {
    state.link.shutdown().await.map(Reply::done)
}

async fn restart(state: Arc<AppState>, _: Args) -> Outcome {
    state.link.restart().await.map(Reply::done)
}
