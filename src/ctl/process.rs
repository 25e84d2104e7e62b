//! What the server says about a process, and how the values of its answers are read. The original's
//! daemon says less: what it does not know is not shown.

use std::collections::BTreeMap;

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_model::state::ProcessState;
use visord_xmlrpc::{CallError, Client, Value, WireFault};

use super::failure::{Failure, Result, is};
use super::session::{Json, Server, json};

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
    pub fn read(value: &Value) -> Result<Self> {
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
    pub fn all(client: &mut Client) -> Result<Vec<Self>> {
        let all = call(client, "supervisor.getAllProcessInfo", &[])?;
        items(&all)?.iter().map(Self::read).collect()
    }

    /// Every process of a server, over a connection of its own.
    pub fn of(server: &Server) -> Result<Vec<Self>> {
        Self::all(&mut server.client()?)
    }

    /// One process; nothing if the server has none of that name.
    pub fn one(client: &mut Client, name: &str) -> Result<Option<Self>> {
        match refusable(call(client, "supervisor.getProcessInfo", &[name.into()]))? {
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

/// What `status --long` shows of a process. Times are in seconds, moments since 1970.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessDetails {
    /// When it was last started; 0: never.
    pub start: i64,
    /// When it last ended; 0: never.
    pub stop: i64,
    /// How long it has been running, if it is.
    pub uptime: Option<i64>,
    /// How long ago it last ended, if it ever did.
    pub ended_ago: Option<i64>,
    /// How it last ended or why it did not start; may be empty.
    pub why: String,
    /// Its last exit code, 0 if there was none yet.
    pub exit_status: i64,
    /// What only our daemon knows.
    pub more: Option<More>,
}

/// What only our daemon knows of a process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct More {
    /// How often it was started again.
    pub restarts: i64,
    /// The signal that ended it last; empty for none.
    pub exit_signal: String,
    /// Percent of one core, of the whole process tree.
    pub cpu: f64,
    /// Bytes in memory, of the whole process tree.
    pub rss: f64,
    /// How many processes the tree has.
    pub processes: i64,
    /// Bytes of its output that could not be stored.
    pub lost_stdout: f64,
    /// The same of its standard error.
    pub lost_stderr: f64,
}

impl ProcessDetails {
    /// Every process of the server, in its order.
    pub fn all(client: &mut Client) -> Result<Vec<ProcessInfo>> {
        let known = call(client, "supervisor.getAllProcessInfo", &[])?;
        // the original's daemon does not have it
        let details = call(client, "supervisor.getAllProcessDetails", &[]);
        let details = optional(details)?.transpose()?;
        let name = |value| Ok::<_, Failure>((text(value, "group")?, text(value, "name")?));
        let mut by_name = BTreeMap::new();
        for details in details.as_ref().map_or(Ok(&[][..]), items)? {
            by_name.insert(name(details)?, details);
        }
        // One that was added between the two calls has no details.
        let read = |info| Self::read(info, by_name.get(&name(info)?).copied());
        items(&known)?.iter().map(read).collect()
    }

    fn read(known: &Value, details: Option<&Value>) -> Result<ProcessInfo> {
        let mut info = ProcessInfo::read(known)?;
        let exit_status = number(known, "exitstatus")?;
        let why = match details {
            Some(details) => text(details, "why")?,
            // The best that can be said from what every daemon reports.
            None if info.known_state() == Some(ProcessState::Exited) => {
                format!("exited with code {exit_status}")
            }
            None => text(known, "spawnerr")?,
        };
        let (start, stop) = (number(known, "start")?, number(known, "stop")?);
        let now = number(known, "now")?;
        info.details = Some(Self {
            start,
            stop,
            uptime: (info.pid != 0).then(|| (now - start).max(0)),
            ended_ago: (stop != 0).then(|| (now - stop).max(0)),
            why,
            exit_status,
            more: details.map(More::read).transpose()?,
        });
        Ok(info)
    }

    /// Add this to what `--json` says of the process; what is not known is `null`.
    pub fn add_to(&self, json: &mut Json) {
        let more = self.more.as_ref();
        let signal = more.map(|more| more.exit_signal.as_str());
        json["start"] = json!(self.start);
        json["stop"] = json!(self.stop);
        json["uptime"] = json!(self.uptime);
        json["why"] = json!(self.why);
        json["exit_status"] = json!(self.ended_ago.map(|_| self.exit_status));
        json["exit_signal"] = json!(signal.filter(|signal| !signal.is_empty()));
        json["restarts"] = json!(more.map(|more| more.restarts));
        json["cpu"] = json!(more.map(|more| more.cpu));
        json["rss"] = json!(more.map(|more| more.rss as i64));
        json["processes"] = json!(more.map(|more| more.processes));
        json["lost_stdout"] = json!(more.map(|more| more.lost_stdout as i64));
        json["lost_stderr"] = json!(more.map(|more| more.lost_stderr as i64));
    }
}

impl More {
    fn read(value: &Value) -> Result<Self> {
        Ok(Self {
            restarts: number(value, "restarts")?,
            exit_signal: text(value, "exitsignal")?,
            cpu: amount(value, "cpu")?,
            rss: amount(value, "rss")?,
            processes: number(value, "processes")?,
            lost_stdout: amount(value, "lost_stdout")?,
            lost_stderr: amount(value, "lost_stderr")?,
        })
    }
}

/// A number that may have a fraction or be larger than an int of XML-RPC; exact up to eight
/// petabytes.
fn amount(value: &Value, name: &'static str) -> Result<f64> {
    let whole = |member: &Value| member.as_int().map(|number| number as f64);
    member(value, name, |member| member.as_double().or(whole(member)))
}

/// The state of that name.
pub fn state_of(name: &str) -> Option<ProcessState> {
    let mut known = ProcessState::ALL.into_iter();
    known.find(|state| state.name() == name)
}

/// Call a method; the failure of a server that lacks it names it.
pub fn call(client: &mut Client, method: &'static str, params: &[Value]) -> Result<Value> {
    match client.call(method, params) {
        Err(CallError::Fault(fault)) if is(FaultCode::UnknownMethod, fault.code) => {
            Err(Failure::Lacking(method))
        }
        result => Ok(result?),
    }
}

/// Separate a fault about a process from other failures of a call. That this user may not call the
/// method is such a failure.
pub fn refusable(result: Result<Value>) -> Result<Result<Value, WireFault>> {
    match result {
        Err(Failure::Call(CallError::Fault(fault))) if !is(FaultCode::NotAllowed, fault.code) => {
            Ok(Err(fault))
        }
        other => other.map(Ok),
    }
}

/// Say this instead of the fault that the server shuts down.
pub fn unless_shutting_down<T>(result: Result<T>, line: &str) -> Result<T> {
    match result {
        Err(Failure::Call(CallError::Fault(fault))) if is(FaultCode::ShutdownState, fault.code) => {
            Err(Failure::refused(line))
        }
        other => other,
    }
}

/// As [`refusable`] for a method that a server need not have; nothing from one without it.
pub fn optional(result: Result<Value>) -> Result<Option<Result<Value, WireFault>>> {
    match result {
        Err(Failure::Lacking(_)) => Ok(None),
        other => refusable(other).map(Some),
    }
}

/// A text in a result. Other simple values are taken for their text.
pub fn text(value: &Value, name: &'static str) -> Result<String> {
    member(value, name, simple_text)
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
pub fn number(value: &Value, name: &'static str) -> Result<i64> {
    member(value, name, Value::as_int)
}

/// A member of a result; fails if there is none, or none of that kind.
pub fn member<T>(
    value: &Value,
    name: &'static str,
    kind: impl FnOnce(&Value) -> Option<T>,
) -> Result<T> {
    let member = value.get(name).and_then(kind);
    member.ok_or(Failure::Incomplete(name))
}

/// The items of a result that is a list.
pub fn items(value: &Value) -> Result<&[Value]> {
    value.as_array().ok_or(Failure::Incomplete("list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Value {
        Value::structure([
            ("name", Value::from("a")),
            ("group", "g".into()),
            ("state", 100.into()),
            ("statename", "EXITED".into()),
            ("description", "Nov 21 05:45 AM".into()),
            ("pid", 0.into()),
            ("start", 1000.into()),
            ("stop", 1010.into()),
            ("now", 1070.into()),
            ("exitstatus", 3.into()),
            ("spawnerr", "".into()),
        ])
    }

    #[test]
    fn what_the_original_tells() {
        let info = ProcessDetails::read(&known(), None).expect("complete");
        let json = info.json();
        let details = info.details.expect("details");
        assert_eq!(details.uptime, None);
        assert_eq!(details.why, "exited with code 3");
        assert_eq!(details.ended_ago, Some(60));
        assert_eq!(json["namespec"], "g:a");
        assert_eq!(json["exit_status"], 3);
        assert_eq!(json["cpu"], Json::Null);
    }

    #[test]
    fn what_our_daemon_tells() {
        let more = Value::structure([
            ("restarts", Value::from(4)),
            ("why", "killed by SIGSEGV (core dumped)".into()),
            ("exitsignal", "SIGSEGV".into()),
            ("cpu", 12.5.into()),
            ("rss", 5e9.into()),
            ("processes", 2.into()),
            ("lost_stdout", 0.0.into()),
            ("lost_stderr", 7.into()),
        ]);
        let info = ProcessDetails::read(&known(), Some(&more)).expect("complete");
        let json = info.json();
        for (member, expected) in [
            ("why", json!("killed by SIGSEGV (core dumped)")),
            ("restarts", json!(4)),
            ("exit_signal", json!("SIGSEGV")),
            ("cpu", json!(12.5)),
            ("rss", json!(5_000_000_000_i64)),
            ("lost_stderr", json!(7)),
            ("uptime", Json::Null),
        ] {
            assert_eq!(json[member], expected, "{member}");
        }
    }
}
