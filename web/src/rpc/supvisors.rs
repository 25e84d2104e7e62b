//! `supvisors.*`: the cluster, as one of its instances sees it (spec cluster 7).
//!
//! [`status`] reads from the Coordinator, [`command`] asks it for something, [`local`] is about the
//! local supervisord. The namespace exists only in an instance of a cluster.

pub mod command;
pub mod local;
pub mod status;

use std::sync::Arc;

use visord_actors::cluster::coordinator::Known;
use visord_actors::cluster::handle::ClusterHandle;
use visord_actors::cluster::wire::supvisors::decode;
use visord_model::fault::{Fault, FaultCode};
use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;
use visord_xmlrpc::{Value, WriteXml as _};

use super::method::{Args, Param, optional, param};
use super::printed::printed;
use super::reply::{Outcome, Reply};
use crate::state::AppState;

/// Version of Supvisors that the namespace is compatible with.
pub const API_VERSION: &str = "0.19.1";

const APPLICATION: Param = param("string application_name the application, a group");
const NAMESPEC: Param = param(
    "string namespec the process, as `name` or `group:name`, or `group:*` for all of a group",
);
const IDENTIFIER: Param = param("string identifier the instance: identifier, nick or stereotype");
const WAIT: Param = optional("boolean wait answer only when it is done (default true)");

fn cluster(state: &AppState) -> Result<&ClusterHandle, Fault> {
    let cluster = state.cluster.as_ref();
    cluster.ok_or(FaultCode::UnknownMethod.bare())
}

/// Read something with arguments from what the Coordinator knows.
async fn read<T: Send + 'static>(
    state: &AppState,
    args: Args,
    of: impl FnOnce(&Known<'_>, &Args) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let answer = cluster(state)?.read(move |known| of(known, &args)).await;
    answer?
}

/// The reply with this value; a list has items of the size of a process.
fn reply(value: Value) -> Reply {
    /// About how much XML one process takes.
    const SIZE: usize = 2200;
    let count = value.as_array().map_or(1, <[Value]>::len);
    Reply::sized(SIZE * count + 200, move |slot| value.write_xml(slot))
}

/// One of several things with a name and a number, by either.
struct Choice<T> {
    is: T,
    name: &'static str,
    number: i64,
}

/// What an argument chooses; `what` it is, in faults (spec cluster 7.1).
fn choose<T: Copy>(
    what: &str,
    given: &Value,
    choices: impl IntoIterator<Item = Choice<T>>,
    is_name: fn(&str, &str) -> bool,
) -> Result<T, Fault> {
    let choices: Vec<Choice<T>> = choices.into_iter().collect();
    let is_chosen = |choice: &Choice<T>| match given {
        Value::Str(text) => is_name(choice.name, text),
        Value::Int(number) => choice.number == *number,
        Value::Nil
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Base64(_)
        | Value::DateTime(_)
        | Value::Array(_)
        | Value::Struct(_) => false,
    };
    if let Some(chosen) = choices.iter().find(|it| is_chosen(it)) {
        return Ok(chosen.is);
    }
    let names = choices.iter().map(|it| repr(it.name));
    let numbers = choices.iter().map(|it| it.number.to_string());
    let expected = match type_name(given) {
        "str" => format!(" - string expected in [{}]", join(names)),
        "int" => format!(" - integer expected in [{}]", join(numbers)),
        other => format!(" type=<class '{other}'> - type string or integer expected"),
    };
    let text = format!("invalid {what} value={}{expected}", printed(given));
    Err(FaultCode::IncorrectParameters.about(text))
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// The class that the original has for a value.
const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Double(_) => "float",
        Value::Str(_) => "str",
        Value::Base64(_) => "xmlrpc.client.Binary",
        Value::DateTime(_) => "xmlrpc.client.DateTime",
        Value::Array(_) => "list",
        Value::Struct(_) => "dict",
    }
}

/// A peer published something with this text. What is not understood is logged: the peer can do
/// nothing about it (spec cluster 14).
pub async fn heard(cluster: &ClusterHandle, text: &str) {
    /// Enough of a text to recognize it, bytes.
    const SHOWN: usize = 200;
    match decode(text) {
        Ok((origin, publication)) => cluster.heard(origin, publication).await,
        Err(error) => {
            let shown = &text.as_bytes()[..text.len().min(SHOWN)];
            let shown = repr(&String::from_utf8_lossy(shown));
            let text = format!("publication not understood: {error}: {shown}");
            cluster.log(LogLine::new(Level::Critical, text)).await;
        }
    }
}

/// The answer to a status method.
async fn status(
    state: Arc<AppState>,
    args: Args,
    of: fn(&Known<'_>, &Args) -> Result<Value, Fault>,
) -> Outcome {
    read(&state, args, of).await.map(reply)
}
