//! What the server says about a process, and the names of processes.

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_xmlrpc::{CallError, Client, Value, WireFault};

use super::exit_status::is;
use super::failure::Failure;
use super::json::{Json, json};
use super::session::Server;

/// A process as `getProcessInfo` describes it (spec interfaces 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Name within the group.
    pub name: String,
    /// Name of the group.
    pub group: String,
    /// Code of the state.
    pub state: i64,
    /// Name of the state.
    pub statename: String,
    /// What a person wants to know beyond the state.
    pub description: String,
    /// 0 if it does not run.
    pub pid: i64,
}

impl ProcessInfo {
    /// Take a result apart.
    ///
    /// # Errors
    /// A member is missing.
    pub fn read(value: &Value) -> Result<Self, Failure> {
        Ok(Self {
            name: text(value, "name")?,
            group: text(value, "group")?,
            state: number(value, "state")?,
            statename: text(value, "statename")?,
            description: text(value, "description")?,
            pid: number(value, "pid")?,
        })
    }

    /// Every process of the server, in its order.
    ///
    /// # Errors
    /// The call failed.
    pub fn all(client: &mut Client) -> Result<Vec<Self>, Failure> {
        let all = client.call("supervisor.getAllProcessInfo", &[])?;
        items(&all)?.iter().map(Self::read).collect()
    }

    /// Every process of a server that is asked for nothing else.
    ///
    /// # Errors
    /// The call failed.
    pub fn of(server: &Server) -> Result<Vec<Self>, Failure> {
        Self::all(&mut server.client()?)
    }

    /// One process; the inner error is the server's refusal.
    ///
    /// # Errors
    /// The call failed for another reason.
    pub fn one(client: &mut Client, name: &str) -> Result<Result<Self, WireFault>, Failure> {
        match refusable(client.call("supervisor.getProcessInfo", &[name.into()]))? {
            Ok(value) => Self::read(&value).map(Ok),
            Err(fault) => Ok(Err(fault)),
        }
    }

    /// For `--json`.
    #[must_use]
    pub fn json(&self) -> Json {
        json!({
            "namespec": self.namespec(),
            "group": self.group,
            "name": self.name,
            "state": self.statename,
            "pid": self.pid,
            "description": self.description,
        })
    }

    /// The name to show: the group alone if both names are equal, else `group:name`.
    #[must_use]
    pub fn namespec(&self) -> String {
        namespec(&self.group, &self.name)
    }
}

/// Set a fault apart from other failures of a call.
///
/// # Errors
/// Those other failures. That the server does not have the method, or that this user may not
/// call it, says nothing about a process, so it is one of those.
pub fn refusable(result: Result<Value, CallError>) -> Result<Result<Value, WireFault>, Failure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(CallError::Fault(fault)) if !is_about_the_method(&fault) => Ok(Err(fault)),
        Err(other) => Err(other.into()),
    }
}

fn is_about_the_method(fault: &WireFault) -> bool {
    is(FaultCode::UnknownMethod, fault.code) || is(FaultCode::NotAllowed, fault.code)
}

/// The result of a method that a server need not have; nothing from one that does not.
///
/// # Errors
/// As of [`refusable`].
pub fn sparable(
    result: Result<Value, CallError>,
) -> Result<Option<Result<Value, WireFault>>, Failure> {
    match result {
        Err(CallError::Fault(fault)) if is(FaultCode::UnknownMethod, fault.code) => Ok(None),
        other => refusable(other).map(Some),
    }
}

/// A text in a result. Other simple values are taken for their text.
///
/// # Errors
/// There is none.
pub fn text(value: &Value, name: &'static str) -> Result<String, Failure> {
    let member = value.get(name).ok_or(Failure::Incomplete(name))?;
    match member {
        Value::Str(text) | Value::DateTime(text) => Ok(text.clone()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Double(number) => Ok(number.to_string()),
        Value::Nil | Value::Base64(_) | Value::Array(_) | Value::Struct(_) => {
            Err(Failure::Incomplete(name))
        }
    }
}

/// A number in a result.
///
/// # Errors
/// There is none.
pub fn number(value: &Value, name: &'static str) -> Result<i64, Failure> {
    value
        .get(name)
        .and_then(Value::as_int)
        .ok_or(Failure::Incomplete(name))
}

/// The items of a result that is a list.
///
/// # Errors
/// It is none.
pub fn items(value: &Value) -> Result<&[Value], Failure> {
    value.as_array().ok_or(Failure::Incomplete("list"))
}
