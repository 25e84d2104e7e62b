//! What the server says about a process, and how the values of its answers are read.

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_model::state::ProcessState;
use visord_xmlrpc::{CallError, Client, Value, WireFault};

use super::details::ProcessDetails;
use super::failure::{Failure, is};
use super::session::Server;
use super::session::{Json, json};

/// A process as `getProcessInfo` describes it (spec interfaces 3.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessInfo {
    /// Name within the group.
    pub name: String,
    /// Name of the group.
    pub group: String,
    /// Code of the state.
    pub state: i64,
    /// Name of the state.
    pub statename: String,
    /// What `status` shows next to the state.
    pub description: String,
    /// 0 if it does not run.
    pub pid: i64,
    /// What else the daemon says, if it was asked for.
    pub details: Option<ProcessDetails>,
}

impl ProcessInfo {
    /// Read a result; fails if a member is missing.
    pub fn read(value: &Value) -> Result<Self, Failure> {
        Ok(Self {
            name: text(value, "name")?,
            group: text(value, "group")?,
            state: number(value, "state")?,
            statename: text(value, "statename")?,
            description: text(value, "description")?,
            pid: number(value, "pid")?,
            details: None,
        })
    }

    /// Every process of the server, in its order.
    pub fn all(client: &mut Client) -> Result<Vec<Self>, Failure> {
        let all = client.call("supervisor.getAllProcessInfo", &[])?;
        items(&all)?.iter().map(Self::read).collect()
    }

    /// Every process of a server, over a connection of its own.
    pub fn of(server: &Server) -> Result<Vec<Self>, Failure> {
        Self::all(&mut server.client()?)
    }

    /// One process; nothing if the server has none of that name.
    pub fn one(client: &mut Client, name: &str) -> Result<Option<Self>, Failure> {
        match refusable(client.call("supervisor.getProcessInfo", &[name.into()]))? {
            Ok(value) => Self::read(&value).map(Some),
            Err(fault) if is(FaultCode::BadName, fault.code) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    /// The state, if the code is one we know.
    pub fn known_state(&self) -> Option<ProcessState> {
        ProcessState::from_code(i32::try_from(self.state).ok()?)
    }

    /// For `--json`.
    pub fn json(&self) -> Json {
        let mut json = json!({
            "namespec": self.namespec(),
            "group": self.group,
            "name": self.name,
            "state": self.statename,
            "pid": self.pid,
            "description": self.description,
        });
        if let Some(details) = &self.details {
            details.add_to(&mut json);
        }
        json
    }

    /// The name to show: the group alone if both names are equal, else `group:name`.
    pub fn namespec(&self) -> String {
        namespec(&self.group, &self.name)
    }
}

/// The state of that name.
pub fn state_of(name: &str) -> Option<ProcessState> {
    let mut known = ProcessState::ALL.into_iter();
    known.find(|state| state.name() == name)
}

/// Separate a fault about a process from other failures of a call. That the server lacks the
/// method, or that this user may not call it, is such a failure.
pub fn refusable(result: Result<Value, CallError>) -> Result<Result<Value, WireFault>, Failure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(CallError::Fault(fault))
            if !is(FaultCode::UnknownMethod, fault.code)
                && !is(FaultCode::NotAllowed, fault.code) =>
        {
            Ok(Err(fault))
        }
        Err(other) => Err(other.into()),
    }
}

/// As [`refusable`] for a method that a server need not have; nothing from one without it.
pub fn optional(
    result: Result<Value, CallError>,
) -> Result<Option<Result<Value, WireFault>>, Failure> {
    match result {
        Err(CallError::Fault(fault)) if is(FaultCode::UnknownMethod, fault.code) => Ok(None),
        other => refusable(other).map(Some),
    }
}

/// A text in a result. Other simple values are taken for their text.
pub fn text(value: &Value, name: &'static str) -> Result<String, Failure> {
    simple_text(member(value, name)?).ok_or(Failure::Incomplete(name))
}

/// The text of a value that is not made of others.
pub fn simple_text(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) | Value::DateTime(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Nil | Value::Base64(_) | Value::Array(_) | Value::Struct(_) => None,
    }
}

/// A number in a result.
pub fn number(value: &Value, name: &'static str) -> Result<i64, Failure> {
    let number = member(value, name)?.as_int();
    number.ok_or(Failure::Incomplete(name))
}

/// A truth value in a result.
pub fn truth(value: &Value, name: &'static str) -> Result<bool, Failure> {
    let truth = member(value, name)?.as_bool();
    truth.ok_or(Failure::Incomplete(name))
}

/// A member of a result.
pub fn member<'a>(value: &'a Value, name: &'static str) -> Result<&'a Value, Failure> {
    value.get(name).ok_or(Failure::Incomplete(name))
}

/// The items of a result that is a list.
pub fn items(value: &Value) -> Result<&[Value], Failure> {
    value.as_array().ok_or(Failure::Incomplete("list"))
}
