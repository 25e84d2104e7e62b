//! `avail`: what is configured, and whether it is in use.

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_xmlrpc::Value;

use super::Command;
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::json::{Json, json};
use crate::ctl::process::{items, number, refusable, text};
use crate::ctl::session::{Flow, Session};

pub(super) const AVAIL: Command = Command {
    name: "avail",
    help: &[Part::Usage("avail", "List every configured process")],
    options: &[],
    completes: &[],
    needs: &["supervisor.getAllConfigInfo"],
    addition: false,
    run: avail,
};

fn avail(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    if AVAIL.refuses(session, argument)? {
        return Ok(Flow::Continue);
    }
    let result = session.client()?.call("supervisor.getAllConfigInfo", &[]);
    match refusable(result)? {
        Ok(all) => {
            let all: Result<Vec<Config>, Failure> = items(&all)?.iter().map(Config::read).collect();
            let all = all?;
            let lines: String = all.iter().map(Config::line).collect();
            session.tell(&lines, || all.iter().map(Config::json).collect())?;
        }
        Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
            session.fail(ExitStatus::Generic, "ERROR: supervisor shutting down")?;
        }
        Err(fault) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
    }
    Ok(Flow::Continue)
}

/// A configured process as `getAllConfigInfo` describes it.
struct Config {
    group: String,
    name: String,
    in_use: bool,
    autostart: bool,
    group_priority: i64,
    priority: i64,
}

impl Config {
    fn read(value: &Value) -> Result<Self, Failure> {
        let truth = |name| {
            let value = value.get(name).ok_or(Failure::Incomplete(name))?;
            Ok::<_, Failure>(value.as_bool().unwrap_or(false))
        };
        Ok(Self {
            group: text(value, "group")?,
            name: text(value, "name")?,
            in_use: truth("inuse")?,
            autostart: truth("autostart")?,
            group_priority: number(value, "group_prio")?,
            priority: number(value, "process_prio")?,
        })
    }

    fn namespec(&self) -> String {
        namespec(&self.group, &self.name)
    }

    fn line(&self) -> String {
        let name = self.namespec();
        let used = if self.in_use { "in use" } else { "avail" };
        let start = if self.autostart { "auto" } else { "manual" };
        format!(
            "{name:32} {used:9} {start:9} {}:{}\n",
            self.group_priority, self.priority
        )
    }

    fn json(&self) -> Json {
        json!({
            "namespec": self.namespec(),
            "group": self.group,
            "name": self.name,
            "in_use": self.in_use,
            "autostart": self.autostart,
            "group_priority": self.group_priority,
            "priority": self.priority,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_avail() {
        let config = Value::structure([
            ("name", Value::from("p2")),
            ("group", "grp".into()),
            ("inuse", true.into()),
            ("autostart", true.into()),
            ("group_prio", 20.into()),
            ("process_prio", 5.into()),
        ]);
        assert_eq!(
            Config::read(&config).expect("complete").line(),
            "grp:p2                           in use    auto      20:5\n"
        );
    }
}
