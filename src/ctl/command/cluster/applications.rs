//! Applications: `application_info` and `application_rules`, `start_application`,
//! `restart_application` and `stop_application`.

use visord_xmlrpc::Value;

use super::table::{Row, auto, fixed, last};
use super::value::shown;
use super::{Cluster, ExitStatus, Failure, Result, misused, starting_strategy};
use crate::ctl::names::means_all;
use crate::ctl::process::{member, text};

const ALL_INFO: &str = "supvisors.get_all_applications_info";

pub(super) fn info(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let Some(all) = cluster.ask("", ALL_INFO, &[])? else {
        return Ok(());
    };
    let all = all.as_array().ok_or(Failure::Incomplete("list"))?;
    let is_every = names.is_empty() || means_all(names);
    let row = |about| {
        let name = text(about, "application_name")?;
        Ok(Row {
            about,
            is_shown: is_every || names.contains(&name.as_str()),
            cells: [
                name,
                shown(about, "statename")?,
                shown(about, "major_failure")?,
                shown(about, "minor_failure")?,
            ],
        })
    };
    let rows: Vec<Row<'_, 4>> = all.iter().map(row).collect::<Result<_>>()?;
    let columns = [
        auto("Application"),
        fixed("State", 10),
        fixed("Major", 7),
        fixed("Minor", 7),
    ];
    cluster.show_table(columns, &rows)
}

pub(super) fn rules(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let names: Vec<String> = if names.is_empty() || means_all(names) {
        let all = cluster.ask_list("", ALL_INFO, &[])?;
        let name = |application| text(application, "application_name");
        all.iter().map(name).collect::<Result<_>>()?
    } else {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let mut rules = Vec::new();
    for name in &names {
        rules.extend(cluster.ask(name, "supvisors.get_application_rules", &[name.into()])?);
    }
    let columns = [
        auto("Application"),
        fixed("Managed", 9),
        fixed("Distribution", 17),
        auto("Supervisor"),
        fixed("Start", 7),
        fixed("Stop", 7),
        fixed("Starting", 18),
        fixed("Starting_Failure", 18),
        last("Running_Failure"),
    ];
    cluster.show_all(columns, &rules, |rules| {
        let is_managed = member(rules, "managed", Value::as_bool)?;
        // an application that is not managed has no rules
        let rule = |name| match is_managed {
            true => shown(rules, name),
            false => Ok("n/a".to_owned()),
        };
        Ok([
            shown(rules, "application_name")?,
            shown(rules, "managed")?,
            rule("distribution")?,
            match rules.get("identifiers") {
                Some(_) => rule("identifiers")?,
                None => "n/a".to_owned(),
            },
            rule("start_sequence")?,
            rule("stop_sequence")?,
            rule("starting_strategy")?,
            rule("starting_failure_strategy")?,
            rule("running_failure_strategy")?,
        ])
    })
}

pub(super) fn start(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let order = Order {
        command: "start_application",
        method: "supvisors.start_application",
        done: "started",
        of_supervisor: "start",
    };
    order.with_strategy(cluster, arguments)
}

pub(super) fn restart(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let order = Order {
        command: "restart_application",
        method: "supvisors.restart_application",
        done: "restarted",
        of_supervisor: "restart",
    };
    order.with_strategy(cluster, arguments)
}

pub(super) fn stop(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let order = Order {
        command: "stop_application",
        method: "supvisors.stop_application",
        done: "stopped",
        of_supervisor: "stop",
    };
    order.give(cluster, names, &[])
}

/// What can be done to managed applications.
struct Order {
    command: &'static str,
    method: &'static str,
    /// After the name, before the result.
    done: &'static str,
    /// The command that does the same to an application that is not managed.
    of_supervisor: &'static str,
}

impl Order {
    fn with_strategy(&self, cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
        let command = self.command;
        let Some((strategy, names)) = arguments.split_first() else {
            return Err(misused(format!(
                "ERROR: {command} requires at least a strategy"
            )));
        };
        let strategy = starting_strategy(command, strategy)?;
        self.give(cluster, names, &[strategy])
    }

    /// `first` are the parameters before the name.
    fn give(&self, cluster: &mut Cluster<'_>, names: &[&str], first: &[Value]) -> Result {
        let Some(all) = cluster.ask("", ALL_INFO, &[])? else {
            return Ok(());
        };
        let all = all.as_array().ok_or(Failure::Incomplete("list"))?;
        for name in &self.choose(cluster, all, names)? {
            let params = [first, &[name.into()]].concat();
            let done = format!("{name} {}", self.done);
            cluster.order(name, self.method, &params, &done)?;
        }
        Ok(())
    }

    /// The managed ones among those that are named; all of them, sorted, if none is.
    fn choose(
        &self,
        cluster: &mut Cluster<'_>,
        all: &[Value],
        names: &[&str],
    ) -> Result<Vec<String>> {
        let known = |application| {
            let is_managed = member(application, "managed", Value::as_bool)?;
            Ok((text(application, "application_name")?, is_managed))
        };
        let known: Vec<(String, bool)> = all.iter().map(known).collect::<Result<_>>()?;
        if names.is_empty() || means_all(names) {
            let managed = known.into_iter().filter(|(_, is_managed)| *is_managed);
            let mut managed: Vec<String> = managed.map(|(name, _)| name).collect();
            managed.sort_unstable();
            return Ok(managed);
        }
        let mut chosen = Vec::new();
        for name in names {
            match known.iter().find(|(known, _)| known == name) {
                Some((_, true)) => chosen.push((*name).to_owned()),
                Some((_, false)) => {
                    let instead = self.of_supervisor;
                    let line = format!("{name}: IGNORED (unmanaged. use {instead} {name}:*)");
                    cluster.session.say(&line)?;
                }
                None => {
                    let line = format!("{name}: ERROR (no such application)");
                    cluster.session.fail(ExitStatus::INVALID_ARGUMENTS, &line)?;
                }
            }
        }
        Ok(chosen)
    }
}
