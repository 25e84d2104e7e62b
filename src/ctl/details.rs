//! Everything that a daemon says about a process. The original's daemon says less: what it does
//! not know is not shown.

use std::collections::BTreeMap;

use visord_model::state::ProcessState;
use visord_xmlrpc::{Client, Value};

use super::failure::Failure;
use super::process::{ProcessInfo, items, member, number, optional, text};
use super::session::{Json, json};

/// Our own method; the original's daemon does not have it.
const METHOD: &str = "supervisor.getAllProcessDetails";

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
    pub fn all(client: &mut Client) -> Result<Vec<ProcessInfo>, Failure> {
        let known = client.call("supervisor.getAllProcessInfo", &[])?;
        let details = optional(client.call(METHOD, &[]))?.transpose()?;
        let name = |value| Ok::<_, Failure>((text(value, "group")?, text(value, "name")?));
        let mut by_name = BTreeMap::new();
        for details in details.as_ref().map_or(Ok(&[][..]), items)? {
            by_name.insert(name(details)?, details);
        }
        // One that was added between the two calls has no details.
        let read = |info| Self::read(info, by_name.get(&name(info)?).copied());
        items(&known)?.iter().map(read).collect()
    }

    fn read(known: &Value, details: Option<&Value>) -> Result<ProcessInfo, Failure> {
        let info = ProcessInfo::read(known)?;
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
        let details = Self {
            start,
            stop,
            uptime: (info.pid != 0).then(|| (now - start).max(0)),
            ended_ago: (stop != 0).then(|| (now - stop).max(0)),
            why,
            exit_status,
            more: details.map(More::read).transpose()?,
        };
        Ok(ProcessInfo {
            details: Some(details),
            ..info
        })
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
        json["rss"] = json!(more.map(|more| whole(more.rss)));
        json["processes"] = json!(more.map(|more| more.processes));
        json["lost_stdout"] = json!(more.map(|more| whole(more.lost_stdout)));
        json["lost_stderr"] = json!(more.map(|more| whole(more.lost_stderr)));
    }
}

impl More {
    fn read(value: &Value) -> Result<Self, Failure> {
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
fn amount(value: &Value, name: &'static str) -> Result<f64, Failure> {
    let member = member(value, name)?;
    let whole = member.as_int().map(|number| number as f64);
    member
        .as_double()
        .or(whole)
        .ok_or(Failure::Incomplete(name))
}

/// A number of bytes without a fraction; a larger one saturates.
fn whole(number: f64) -> i64 {
    number as i64
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
