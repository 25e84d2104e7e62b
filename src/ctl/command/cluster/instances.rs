//! What there is to know of the instances and of the whole: `sversion`, `sstate`, `master`, `core`,
//! `strategies`, `stats_status`, `instance_status`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use visord_xmlrpc::Value;

use super::table::{Row, auto, fixed};
use super::value::{shown, to_json};
use super::{Cluster, Failure, Result};
use crate::ctl::names::means_all;
use crate::ctl::process::{member, number, text};

pub(super) fn version(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let Some(version) = cluster.ask("", "supvisors.get_api_version", &[])? else {
        return Ok(());
    };
    let version = version.as_str().ok_or(Failure::Incomplete("version"))?;
    let line = format!("{version}\n");
    cluster.session.tell(&line, || version.into())
}

/// Whether an instance is among those that are named; no name means all.
fn is_chosen(instance: &Value, names: &[&str]) -> Result<bool> {
    if names.is_empty() || means_all(names) {
        return Ok(true);
    }
    let (identifier, nick) = (
        text(instance, "identifier")?,
        text(instance, "nick_identifier")?,
    );
    Ok(names.contains(&identifier.as_str()) || names.contains(&nick.as_str()))
}

pub(super) fn state(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let states = if names.is_empty() {
        let state = cluster.ask("", "supvisors.get_supvisors_state", &[])?;
        Vec::from_iter(state)
    } else {
        cluster.ask_list("", "supvisors.get_all_instances_state_modes", &[])?
    };
    if states.is_empty() {
        return Ok(());
    }
    let row = |about| {
        Ok(Row {
            about,
            cells: [
                shown(about, "nick_identifier")?,
                shown(about, "identifier")?,
                shown(about, "fsm_statename")?,
                shown(about, "degraded_mode")?,
                shown(about, "discovery_mode")?,
                shown(about, "master_identifier")?,
                shown(about, "starting_jobs")?,
                shown(about, "stopping_jobs")?,
            ],
            is_shown: is_chosen(about, names)?,
        })
    };
    let rows: Vec<Row<'_, 8>> = states.iter().map(row).collect::<Result<_>>()?;
    let columns = [
        auto("Nickname"),
        auto("Supvisors identifier"),
        fixed("State", 16),
        fixed("Degraded", 10),
        fixed("Discovery", 11),
        auto("Master"),
        auto("Starting"),
        auto("Stopping"),
    ];
    cluster.show_table(columns, &rows)
}

pub(super) fn master(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let Some(master) = cluster.ask("", "supvisors.get_master_identifier", &[])? else {
        return Ok(());
    };
    let lines = if master.is_truthy() {
        let (nick, identifier) = (
            shown(&master, "nick_identifier")?,
            shown(&master, "identifier")?,
        );
        format!("Nick identifier: {nick}\nIdentifier:      {identifier}\n")
    } else {
        "No Supvisors Master\n".to_owned()
    };
    cluster.session.tell(&lines, || to_json(&master))
}

pub(super) fn core(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let Some(core) = cluster.ask("", "supvisors.get_core_identifiers", &[])? else {
        return Ok(());
    };
    if !core.is_truthy() {
        let line = "No Supvisors Core instances\n";
        return cluster.session.tell(line, || to_json(&core));
    }
    let instances = core.as_array().ok_or(Failure::Incomplete("list"))?;
    let columns = [auto("Nickname"), auto("Supvisors identifier")];
    cluster.show_all(columns, instances, |instance| {
        Ok([
            shown(instance, "nick_identifier")?,
            shown(instance, "identifier")?,
        ])
    })
}

pub(super) fn strategies(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let lines = [
        ("Auto-fencing: ", "auto-fencing"),
        ("Failure:      ", "supvisors_failure"),
        ("Conciliation: ", "conciliation"),
        ("Starting:     ", "starting"),
    ];
    cluster.show_members("supvisors.get_strategies", &lines)
}

pub(super) fn stats_status(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let lines = [
        ("Collecting Host statistics:    ", "host_stats"),
        ("Collecting Process statistics: ", "process_stats"),
        ("Collecting statistics period:  ", "collecting_period"),
    ];
    cluster.show_members("supvisors.get_statistics_status", &lines)
}

impl Cluster<'_> {
    /// Show a struct: a line for each of these members, after its title.
    fn show_members(&mut self, method: &'static str, members: &[(&str, &'static str)]) -> Result {
        let Some(found) = self.ask("", method, &[])? else {
            return Ok(());
        };
        let line = |(title, name): &(&str, &'static str)| {
            let value = shown(&found, name)?;
            Ok(format!("{title}{value}\n"))
        };
        let lines = members.iter().map(line).collect::<Result<String>>()?;
        self.session.tell(&lines, || to_json(&found))
    }
}

pub(super) fn status(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let Some(instances) = cluster.ask("", "supvisors.get_all_instances_info", &[])? else {
        return Ok(());
    };
    let instances = instances.as_array().ok_or(Failure::Incomplete("list"))?;
    let row = |about| {
        let fails = member(about, "process_failure", Value::as_bool)?;
        Ok(Row {
            about,
            cells: [
                shown(about, "nick_identifier")?,
                shown(about, "identifier")?,
                shown(about, "node_name")?,
                shown(about, "port")?,
                shown(about, "statename")?,
                format!("{}%", shown(about, "loading")?),
                local_time(number(about, "local_time")?),
                shown(about, "remote_sequence_counter")?,
                if fails { "error" } else { "ok" }.to_owned(),
            ],
            is_shown: is_chosen(about, names)?,
        })
    };
    let rows: Vec<Row<'_, 9>> = instances.iter().map(row).collect::<Result<_>>()?;
    let columns = [
        auto("Nickname"),
        auto("Supvisors identifier"),
        auto("Host"),
        fixed("Port", 7),
        fixed("State", 11),
        fixed("Load", 6),
        fixed("Time", 10),
        fixed("Counter", 9),
        fixed("Processes", 11),
    ];
    cluster.show_table(columns, &rows)
}

/// The time of day here, at a moment in seconds since 1970: `23:59:59`.
pub(super) fn local_time(unix: i64) -> String {
    let moment = Timestamp::from_second(unix).unwrap_or_default();
    let here = moment.to_zoned(TimeZone::system());
    here.strftime("%H:%M:%S").to_string()
}
