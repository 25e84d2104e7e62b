//! What a start would do: `test_start_application` and `test_start_process`.

use visord_xmlrpc::Value;

use super::table::{Row, auto, fixed, last};
use super::value::shown;
use super::{Cluster, ExitStatus, Failure, Result, misused, starting_strategy};
use crate::ctl::process::{call, member, refusable};

pub(super) fn test_start_application(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let command = "test_start_application";
    let [strategy, name] = arguments else {
        let line = format!("ERROR: {command} requires one strategy and one application name");
        return Err(misused(line));
    };
    let strategy = starting_strategy(command, strategy)?;
    let params = [(*name).into()];
    let method = "supvisors.get_application_info";
    let Ok(info) = refusable(call(&mut cluster.client, method, &params))? else {
        // also if the state of the cluster does not allow the question
        let line = format!("ERROR: unknown application \"{name}\"");
        return Err(Failure::Refused(ExitStatus::INVALID_ARGUMENTS, line));
    };
    if !member(&info, "managed", Value::as_bool)? {
        // not a failure of the session
        let status = cluster.session.exit_status;
        return Err(Failure::Misused(status, format!("ERROR: {name} unmanaged")));
    }
    cluster.predict("supvisors.test_start_application", strategy, name)
}

pub(super) fn test_start_process(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let command = "test_start_process";
    let [strategy, name] = arguments else {
        let line = format!("ERROR: {command} requires one strategy and one namespec");
        return Err(misused(line));
    };
    let strategy = starting_strategy(command, strategy)?;
    cluster.predict("supvisors.test_start_process", strategy, name)
}

impl Cluster<'_> {
    fn predict(&mut self, method: &'static str, strategy: Value, name: &str) -> Result {
        let Some(predicted) = self.ask(name, method, &[strategy, name.into()])? else {
            return Ok(());
        };
        let predicted = predicted.as_array().ok_or(Failure::Incomplete("list"))?;
        let row = |about| {
            Ok(Row {
                about,
                cells: [
                    shown(about, "application_name")?,
                    shown(about, "process_name")?,
                    shown(about, "state")?,
                    shown(about, "running_identifiers")?,
                    shown(about, "forced_reason")?,
                ],
                is_shown: true,
            })
        };
        let rows: Vec<Row<'_, 5>> = predicted.iter().map(row).collect::<Result<_>>()?;
        let columns = [
            auto("Application"),
            auto("Process"),
            fixed("State", 12),
            auto("Supervisor"),
            last("Reason"),
        ];
        self.show_table(columns, &rows)
    }
}
