//! What there is to know of processes: `sstatus`, `local_status`, `process_rules`, `conflicts`.

use visord_model::name::{Namespec, namespec};
use visord_model::state::ProcessState;
use visord_xmlrpc::Value;

use super::instances::local_time;
use super::table::{auto, fixed, last};
use super::value::shown;
use super::{Cluster, Result};
use crate::ctl::names::means_all;
use crate::ctl::process::{member, number, text};

pub(super) const ALL_INFO: &str = "supvisors.get_all_process_info";

/// The name of a process of the whole cluster.
pub(super) fn name_of(process: &Value) -> Result<String> {
    let (application, name) = (
        text(process, "application_name")?,
        text(process, "process_name")?,
    );
    Ok(namespec(&application, &name))
}

impl Cluster<'_> {
    /// The names that were given, or else those of every process that `is_meant`; sorted.
    pub(super) fn namespecs(
        &mut self,
        given: &[&str],
        is_meant: impl Fn(&Value) -> Result<bool>,
    ) -> Result<Vec<String>> {
        let mut names = Vec::new();
        if given.is_empty() || means_all(given) {
            for process in &self.ask_list("", ALL_INFO, &[])? {
                if is_meant(process)? {
                    names.push(name_of(process)?);
                }
            }
        } else {
            names.extend(given.iter().map(|name| (*name).to_owned()));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What the method says of each of these names, one after the other.
    fn ask_each<N: AsRef<str>>(&mut self, names: &[N], method: &'static str) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        for name in names.iter().map(AsRef::as_ref) {
            found.extend(self.ask_list(name, method, &[name.into()])?);
        }
        Ok(found)
    }
}

pub(super) fn status(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let found = if names.is_empty() || means_all(names) {
        cluster.ask_list("", ALL_INFO, &[])?
    } else {
        cluster.ask_each(names, "supvisors.get_process_info")?
    };
    let columns = [
        auto("Application"),
        auto("Process"),
        fixed("State", 12),
        fixed("Expected", 10),
        last("Supervisor"),
    ];
    cluster.show_all(columns, &found, |info| {
        let exited = number(info, "statecode")? == i64::from(ProcessState::Exited.code());
        let expected = match exited {
            true => shown(info, "expected_exit")?,
            false => "n/a".to_owned(),
        };
        Ok([
            shown(info, "application_name")?,
            shown(info, "process_name")?,
            shown(info, "statename")?,
            expected,
            shown(info, "identifiers")?,
        ])
    })
}

pub(super) fn local_status(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let all = cluster.ask_list("", "supvisors.get_all_local_process_info", &[])?;
    let chosen = if names.is_empty() || means_all(names) {
        all
    } else {
        choose_local(&all, names)?
    };
    let columns = [
        auto("Application"),
        auto("Process"),
        fixed("Disabled", 10),
        fixed("State", 12),
        fixed("Start", 12),
        fixed("Now", 12),
        fixed("PID", 8),
        last("Extra args"),
    ];
    cluster.show_all(columns, &chosen, |info| {
        Ok([
            shown(info, "group")?,
            shown(info, "name")?,
            shown(info, "disabled")?,
            shown(info, "statename")?,
            time(info, "start")?,
            time(info, "now")?,
            shown(info, "pid")?,
            shown(info, "extra_args")?,
        ])
    })
}

/// The processes that are named, in the order of the names. A name without one says nothing.
fn choose_local(all: &[Value], names: &[&str]) -> Result<Vec<Value>> {
    let mut chosen = Vec::new();
    for name in names {
        let named = Namespec::parse(name);
        for info in all {
            let (group, process) = (text(info, "group")?, text(info, "name")?);
            let is_named = match &named {
                Namespec::Group(name) => group == **name,
                Namespec::Process(name) => group == *name.group && process == *name.process,
            };
            if is_named {
                chosen.push(info.clone());
            }
        }
    }
    Ok(chosen)
}

/// A moment as the time of day, 0 if it never was.
fn time(info: &Value, name: &'static str) -> Result<String> {
    Ok(match member(info, name, Value::to_int)? {
        0 => "0".to_owned(),
        moment => local_time(moment),
    })
}

pub(super) fn rules(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let names = cluster.namespecs(names, |_| Ok(true))?;
    let found = cluster.ask_each(&names, "supvisors.get_process_rules")?;
    let columns = [
        auto("Application"),
        auto("Process"),
        fixed("Start", 7),
        fixed("Stop", 7),
        fixed("Required", 12),
        fixed("WaitExit", 12),
        fixed("Loading", 12),
        fixed("Strategy", 22),
        last("Supervisor"),
    ];
    cluster.show_all(columns, &found, |rules| {
        Ok([
            shown(rules, "application_name")?,
            shown(rules, "process_name")?,
            shown(rules, "start_sequence")?,
            shown(rules, "stop_sequence")?,
            shown(rules, "required")?,
            shown(rules, "wait_exit")?,
            format!("{}%", shown(rules, "expected_loading")?),
            shown(rules, "running_failure_strategy")?,
            shown(rules, "identifiers")?,
        ])
    })
}

pub(super) fn conflicts(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let conflicts = cluster.ask_list("", "supvisors.get_conflicts", &[])?;
    let columns = [
        auto("Application"),
        auto("Process"),
        fixed("State", 12),
        last("Supervisor"),
    ];
    cluster.show_all(columns, &conflicts, |conflict| {
        Ok([
            shown(conflict, "application_name")?,
            shown(conflict, "process_name")?,
            shown(conflict, "statename")?,
            shown(conflict, "identifiers")?,
        ])
    })
}
