//! `avail`: what is configured, and whether it is in use.

use visord_model::fault::FaultCode;
use visord_model::name::namespec;
use visord_xmlrpc::Value;

use super::{Command, Failure, Handler, Session, is};
use crate::ctl::process::{items, member, number, refusable, text};
use crate::ctl::session::{Json, json};

pub(super) const AVAIL: Command = Command {
    needs: "getAllConfigInfo",
    ..Command::new(
        "avail",
        "avail\tList every configured process",
        Handler::Bare(avail),
    )
};

fn avail(session: &mut Session<'_>) -> Result<(), Failure> {
    let result = session
        .server
        .client()?
        .call("supervisor.getAllConfigInfo", &[]);
    let all = match refusable(result)? {
        Ok(all) => all,
        Err(fault) if is(FaultCode::ShutdownState, fault.code) => {
            return Err(Failure::refused("ERROR: supervisor shutting down"));
        }
        Err(fault) => return Err(fault.into()),
    };
    let all: Vec<ConfiguredProcess> = items(&all)?
        .iter()
        .map(ConfiguredProcess::read)
        .collect::<Result<_, _>>()?;
    let lines: String = all.iter().map(ConfiguredProcess::line).collect();
    session.tell(&lines, || all.iter().map(ConfiguredProcess::json).collect())
}

/// A configured process as `getAllConfigInfo` describes it.
struct ConfiguredProcess {
    group: String,
    name: String,
    in_use: bool,
    autostart: bool,
    group_priority: i64,
    priority: i64,
}

impl ConfiguredProcess {
    fn read(value: &Value) -> Result<Self, Failure> {
        let truth = |name| Ok::<_, Failure>(member(value, name)?.as_bool().unwrap_or(false));
        Ok(Self {
            group: text(value, "group")?,
            name: text(value, "name")?,
            in_use: truth("inuse")?,
            autostart: truth("autostart")?,
            group_priority: number(value, "group_prio")?,
            priority: number(value, "process_prio")?,
        })
    }

    fn line(&self) -> String {
        let name = namespec(&self.group, &self.name);
        let used = if self.in_use { "in use" } else { "avail" };
        let start = if self.autostart { "auto" } else { "manual" };
        let (group, own) = (self.group_priority, self.priority);
        format!("{name:32} {used:9} {start:9} {group}:{own}\n")
    }

    fn json(&self) -> Json {
        json!({
            "namespec": namespec(&self.group, &self.name),
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
            ConfiguredProcess::read(&config).expect("complete").line(),
            "grp:p2                           in use    auto      20:5\n"
        );
    }
}
