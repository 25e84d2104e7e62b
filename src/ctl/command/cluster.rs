//! The commands for Supvisors (spec cluster 10.3): one row each, in a table of their own
//! ([`CLUSTER`]). Each one first makes sure that the server has the namespace `supvisors` in the
//! version that we speak; no other command asks for it.

mod applications;
mod instances;
pub mod names;
mod prediction;
mod processes;
mod settings;
mod start;
mod table;
mod value;

use visord_cluster::strategy::StartingStrategy;
use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;
use visord_xmlrpc::{CallError, Client, Value};

use super::Completes::{
    Applications, ConciliationStrategies, Identifiers, Namespecs, Programs, StartingStrategies,
    Words,
};
use super::{Command, Completes, ExitStatus, Failure, Handler, Result, Session, is};
use crate::ctl::process::{call, refusable, simple_text};
use crate::ctl::session::NO_SOCKET;
use value::python;

/// The version of the namespace that we speak.
const API_VERSION: &str = "0.19.1";

/// Every command for Supvisors, by name.
pub const CLUSTER: &[Command] = &[
    row("all_start", start::all_start, &[Namespecs]),
    row(
        "all_start_args",
        start::all_start_args,
        &[Namespecs, Words(&[])],
    ),
    row("application_info", applications::info, &[Applications]),
    row("application_rules", applications::rules, &[Applications]),
    row(
        "conciliate",
        settings::conciliate,
        &[ConciliationStrategies],
    ),
    row("conflicts", processes::conflicts, &[]),
    row("core", instances::core, &[]),
    row("disable", settings::disable, &[Programs, Words(&[])]),
    row(
        "disable_stats",
        settings::disable_stats,
        &[Words(settings::STATISTICS)],
    ),
    row("enable", settings::enable, &[Programs, Words(&[])]),
    row(
        "enable_stats",
        settings::enable_stats,
        &[Words(settings::STATISTICS)],
    ),
    row("end_sync", settings::end_sync, &[Identifiers, Words(&[])]),
    row("instance_status", instances::status, &[Identifiers]),
    row(
        "lazy_update_numprocs",
        settings::lazy_update_numprocs,
        &[Programs, Words(&[])],
    ),
    row(
        "local_status",
        processes::local_status,
        &[Completes::Processes],
    ),
    row(
        "loglevel",
        settings::loglevel,
        &[Words(settings::LEVELS), Words(&[])],
    ),
    row("master", instances::master, &[]),
    row("process_rules", processes::rules, &[Namespecs]),
    row(
        "restart_application",
        applications::restart,
        &[StartingStrategies, Applications],
    ),
    row(
        "restart_process",
        start::restart_process,
        &[StartingStrategies, Namespecs],
    ),
    row("restart_sequence", settings::restart_sequence, &[]),
    row("sreload", settings::sreload, &[]),
    row("sshutdown", settings::sshutdown, &[]),
    row("sstate", instances::state, &[Identifiers]),
    row("sstatus", processes::status, &[Namespecs]),
    row(
        "start_any_process",
        start::start_any_process,
        &[StartingStrategies, Words(&[])],
    ),
    row(
        "start_any_process_args",
        start::start_any_process_args,
        &[StartingStrategies, Words(&[])],
    ),
    row(
        "start_application",
        applications::start,
        &[StartingStrategies, Applications],
    ),
    row(
        "start_args",
        start::start_args,
        &[Completes::Processes, Words(&[])],
    ),
    row(
        "start_process",
        start::start_process,
        &[StartingStrategies, Namespecs],
    ),
    row(
        "start_process_args",
        start::start_process_args,
        &[StartingStrategies, Namespecs, Words(&[])],
    ),
    row("stats_period", settings::stats_period, &[]),
    row("stats_status", instances::stats_status, &[]),
    row("stop_application", applications::stop, &[Applications]),
    row("stop_process", start::stop_process, &[Namespecs]),
    row("strategies", instances::strategies, &[]),
    row("sversion", instances::version, &[]),
    row(
        "test_start_application",
        prediction::test_start_application,
        &[StartingStrategies, Applications, Words(&[])],
    ),
    row(
        "test_start_process",
        prediction::test_start_process,
        &[StartingStrategies, Namespecs, Words(&[])],
    ),
    row(
        "update_numprocs",
        settings::update_numprocs,
        &[Programs, Words(&[])],
    ),
];

const fn row(name: &'static str, run: Run, completes: &'static [Completes]) -> Command {
    Command::new(name, Handler::Cluster(run), completes)
}

/// The function of a command for Supvisors; it gets its arguments.
pub type Run = fn(&mut Cluster<'_>, &[&str]) -> Result;

/// What a command for Supvisors works with.
pub struct Cluster<'a> {
    session: &'a mut Session,
    client: Client,
}

impl<'a> Cluster<'a> {
    /// A server that has the namespace in our version (spec cluster 10.1). Other failures than
    /// [`Failure::Unreached`] have no wording of their own.
    pub(super) fn reach(session: &'a mut Session) -> Result<Self> {
        let server = &session.server;
        let mut client = server.client()?;
        let (status, message, hint) = match client.call("supvisors.get_api_version", &[]) {
            Ok(Value::Str(version)) if version == API_VERSION => {
                session.has_cluster = true;
                return Ok(Self { session, client });
            }
            Ok(version) => (ExitStatus::VERSION_MISMATCH, other_version(&version), None),
            Err(CallError::Refused) => {
                let message = format!("ERROR: {} refused connection", server.shown());
                (
                    ExitStatus::UNREACHABLE,
                    message,
                    Some(server.refusal_hint()),
                )
            }
            Err(CallError::NoSuchFile) => {
                let message = format!("ERROR: {} no such file", server.shown());
                (ExitStatus::NOT_RUNNING, message, Some(NO_SOCKET))
            }
            Err(CallError::Fault(fault)) if is(FaultCode::UnknownMethod, fault.code) => {
                (ExitStatus::STOPPED, NO_NAMESPACE.to_owned(), None)
            }
            Err(other) => return Err(other.into()),
        };
        Err(Failure::Unreached(status, message, hint))
    }

    /// Make a call. A fault is reported, after `subject` if there is one, and gives nothing.
    fn ask(
        &mut self,
        subject: &str,
        method: &'static str,
        params: &[Value],
    ) -> Result<Option<Value>> {
        match refusable(call(&mut self.client, method, params))? {
            Ok(value) => Ok(Some(value)),
            Err(fault) => {
                let colon = if subject.is_empty() { "" } else { ": " };
                let line = format!("{subject}{colon}ERROR ({})", fault.string);
                self.session.fail(ExitStatus::GENERIC, &line)?;
                Ok(None)
            }
        }
    }

    /// As [`Cluster::ask`] for a list; empty after a fault.
    fn ask_list(
        &mut self,
        subject: &str,
        method: &'static str,
        params: &[Value],
    ) -> Result<Vec<Value>> {
        match self.ask(subject, method, params)? {
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(Failure::Incomplete("list")),
            None => Ok(Vec::new()),
        }
    }

    /// Make a call and say what it came to, after `done`.
    fn order(
        &mut self,
        subject: &str,
        method: &'static str,
        params: &[Value],
        done: &str,
    ) -> Result {
        match self.ask(subject, method, params)? {
            Some(value) => self.session.say(&format!("{done}: {}", python(&value))),
            None => Ok(()),
        }
    }
}

const NO_NAMESPACE: &str = "ERROR: supervisord responded but did not recognize the supvisors \
    namespace commands. Is there a section [rpcinterface:supvisors] in its configuration file?";

fn other_version(version: &Value) -> String {
    let version = simple_text(version).unwrap_or_else(|| "not known".to_owned());
    format!(
        "ERROR: this version of supvisorsctl expects to talk to a server with API version \
         {API_VERSION}, but the remote version is {version}."
    )
}

/// Arguments that cannot be used: the line before the help.
fn misused(line: impl Into<String>) -> Failure {
    Failure::Misused(ExitStatus::INVALID_ARGUMENTS, line.into())
}

/// The line about a strategy that does not exist; `refusal` begins it.
fn unknown_strategy(refusal: &str, known: impl IntoIterator<Item = &'static str>) -> Failure {
    let known: Vec<String> = known.into_iter().map(repr).collect();
    misused(format!(
        "ERROR: {refusal}. use one of [{}]",
        known.join(", ")
    ))
}

/// The number of a starting strategy; `refusal` begins the line about one that does not exist.
fn strategy_or(name: &str, refusal: &str) -> Result<Value> {
    let strategy = StartingStrategy::from_name(name);
    let known = StartingStrategy::ALL.map(StartingStrategy::name);
    let strategy = strategy.ok_or_else(|| unknown_strategy(refusal, known))?;
    Ok(strategy.code().into())
}

/// The number of a starting strategy, for this command.
fn starting_strategy(command: &str, name: &str) -> Result<Value> {
    strategy_or(name, &format!("unknown strategy for {command}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_known_to_help() {
        assert!(CLUSTER.is_sorted_by_key(|command| command.name));
        for command in CLUSTER {
            assert_ne!(command.summary(), "", "{}", command.name);
        }
    }

    #[test]
    fn strategies_by_name_only() {
        assert!(matches!(starting_strategy("x", "LOCAL"), Ok(Value::Int(3))));
        let Err(Failure::Misused(_, line)) = starting_strategy("x", "3") else {
            panic!("no refusal");
        };
        assert_eq!(
            line,
            "ERROR: unknown strategy for x. use one of ['CONFIG', 'LESS_LOADED', 'MOST_LOADED', \
             'LOCAL', 'LESS_LOADED_NODE', 'MOST_LOADED_NODE']"
        );
    }
}
