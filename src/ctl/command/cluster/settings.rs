//! What changes the cluster or one of its instances, rather than processes: programs are enabled,
//! disabled and resized, conflicts settled, logs and statistics adjusted, all instances restarted or
//! shut down.

use visord_cluster::strategy::ConciliationStrategy;
use visord_xmlrpc::Value;

use super::{Cluster, ExitStatus, Result, misused, unknown_strategy};

/// What `enable_stats` and `disable_stats` take.
pub(super) const STATISTICS: &[&str] = &["all", "host", "process"];

/// What `loglevel` takes.
pub(super) const LEVELS: &[&str] = &[
    "critical", "error", "warn", "info", "debug", "trace", "blather",
];

/// Their numbers.
const NUMBERS: [i32; 7] = [50, 40, 30, 20, 10, 5, 3];

pub(super) fn update_numprocs(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    resize(cluster, "update_numprocs", arguments, &[])
}

pub(super) fn lazy_update_numprocs(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    // wait, and let what is too many end by itself
    let more = [true.into(), true.into()];
    resize(cluster, "lazy_update_numprocs", arguments, &more)
}

fn resize(cluster: &mut Cluster<'_>, command: &str, arguments: &[&str], more: &[Value]) -> Result {
    let [program, number, ..] = arguments else {
        let line = format!("ERROR: {command} requires a program name and a numprocs values");
        return Err(misused(line));
    };
    let Some(number) = number.parse::<i32>().ok().filter(|number| *number > 0) else {
        return Err(misused(
            "ERROR: numprocs must be a strictly positive integer",
        ));
    };
    let params = [&[(*program).into(), number.into()], more].concat();
    let done = format!("{program} numprocs updated");
    cluster.order("", "supvisors.update_numprocs", &params, &done)
}

pub(super) fn enable(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some(program) = arguments.first() else {
        return Err(misused("ERROR: enable requires a program name"));
    };
    let done = format!("{program} enabled");
    cluster.order("", "supvisors.enable", &[(*program).into()], &done)
}

pub(super) fn disable(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some(program) = arguments.first() else {
        return Err(misused("ERROR: disable requires a program name"));
    };
    let done = format!("{program} disabled");
    cluster.order("", "supvisors.disable", &[(*program).into()], &done)
}

pub(super) fn conciliate(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some(name) = arguments.first() else {
        return Err(misused("ERROR: conciliate requires a strategy"));
    };
    let chosen = ConciliationStrategy::from_name(name).ok_or_else(|| {
        let known = ConciliationStrategy::ALL.map(ConciliationStrategy::name);
        unknown_strategy("unknown strategy for conciliate", known)
    })?;
    let params = [chosen.code().into()];
    cluster.order("", "supvisors.conciliate", &params, "Conciliated")
}

pub(super) fn restart_sequence(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    let method = "supvisors.restart_sequence";
    cluster.order("", method, &[], "Start sequence completed")
}

pub(super) fn sreload(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    cluster.order("", "supvisors.restart", &[], "Restarted")
}

pub(super) fn sshutdown(cluster: &mut Cluster<'_>, _: &[&str]) -> Result {
    cluster.order("", "supvisors.shutdown", &[], "Shut down")
}

pub(super) fn end_sync(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let master = match arguments {
        [] => "",
        [master] => master,
        [_, _, ..] => {
            let line = "ERROR: end_sync optionally takes one single Supvisors identifier";
            return Err(misused(line));
        }
    };
    let done = "End of Synchronization phase requested";
    cluster.order("", "supvisors.end_sync", &[master.into()], done)
}

pub(super) fn loglevel(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some(name) = arguments.first() else {
        return Err(misused("ERROR: loglevel requires a level"));
    };
    let Some((_, number)) = LEVELS.iter().zip(NUMBERS).find(|(level, _)| *level == name) else {
        return Err(misused("ERROR: unknown level for Logger"));
    };
    let method = "supvisors.change_log_level";
    cluster.order("", method, &[number.into()], "Logger level changed")
}

pub(super) fn enable_stats(cluster: &mut Cluster<'_>, kinds: &[&str]) -> Result {
    switch_stats(cluster, kinds, true)
}

pub(super) fn disable_stats(cluster: &mut Cluster<'_>, kinds: &[&str]) -> Result {
    switch_stats(cluster, kinds, false)
}

fn switch_stats(cluster: &mut Cluster<'_>, kinds: &[&str], on: bool) -> Result {
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_lowercase()).collect();
    let wrong = kinds
        .iter()
        .filter(|kind| !STATISTICS.contains(&kind.as_str()));
    let wrong: Vec<String> = wrong
        .map(|kind| format!("ERROR: invalid statistics type {kind}"))
        .collect();
    if let Some((last, others)) = wrong.split_last() {
        let session = &mut *cluster.session;
        session.fail_all(ExitStatus::INVALID_ARGUMENTS, others)?;
        return Err(misused(last));
    }
    let means =
        |name: &str| kinds.is_empty() || kinds.iter().any(|kind| kind == name || kind == "all");
    let done = if on { "enabled" } else { "disabled" };
    if means("host") {
        let done = format!("Host statistics {done}");
        cluster.order("", "supvisors.enable_host_statistics", &[on.into()], &done)?;
    }
    if means("process") {
        let done = format!("Process statistics {done}");
        let method = "supvisors.enable_process_statistics";
        cluster.order("", method, &[on.into()], &done)?;
    }
    Ok(())
}

pub(super) fn stats_period(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some(text) = arguments.first() else {
        return Err(misused("ERROR: stats_period requires a period"));
    };
    let Some(period) = text.parse::<f64>().ok().filter(|period| *period > 0.0) else {
        let line = "ERROR: stats_period requires a strictly positive period";
        return Err(misused(line));
    };
    let method = "supvisors.update_collecting_period";
    cluster.order("", method, &[period.into()], "Statistics period updated")
}
