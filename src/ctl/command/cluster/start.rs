//! Processes are started, restarted and stopped: on instances that the cluster chooses
//! (`start_process` and its like), here (`start_args`), on every instance (`all_start`).

use visord_cluster::state::InstanceState;
use visord_model::state::ProcessState;
use visord_xmlrpc::{CallError, Value};

use super::value::python;
use super::{Cluster, Failure, Result, misused, starting_strategy, strategy_or};
use crate::ctl::failure::ExitStatus;
use crate::ctl::process::{call, number, refusable, text};
use crate::ctl::session::Server;

pub(super) fn start_process(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let command = "start_process";
    let Some((chosen, names)) = arguments.split_first() else {
        return Err(misused(format!(
            "ERROR: {command} requires at least a strategy"
        )));
    };
    let chosen = starting_strategy(command, chosen)?;
    for name in &cluster.namespecs(names, |_| Ok(true))? {
        let params = [chosen.clone(), name.into()];
        let done = format!("{name} started");
        cluster.order(name, "supvisors.start_process", &params, &done)?;
    }
    Ok(())
}

pub(super) fn start_process_args(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let command = "start_process_args";
    let [chosen, name, first, rest @ ..] = arguments else {
        return Err(misused(format!(
            "ERROR: {command} requires a strategy, a program namespec and extra arguments"
        )));
    };
    let chosen = starting_strategy(command, chosen)?;
    let params = [chosen, (*name).into(), joined(first, rest)];
    let done = format!("{name} started");
    cluster.order(name, "supvisors.start_process", &params, &done)
}

/// The arguments of a program, as one text.
fn joined(first: &str, rest: &[&str]) -> Value {
    [&[first], rest].concat().join(" ").into()
}

pub(super) fn start_any_process(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let command = "start_any_process";
    let [chosen, first, rest @ ..] = arguments else {
        return Err(misused(format!(
            "ERROR: {command} requires a strategy and at least a regular expression"
        )));
    };
    let chosen = starting_strategy(command, chosen)?;
    let mut patterns = [&[*first], rest].concat();
    patterns.sort_unstable();
    for pattern in patterns {
        cluster.start_any(pattern, &[chosen.clone(), pattern.into()])?;
    }
    Ok(())
}

pub(super) fn start_any_process_args(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let command = "start_any_process_args";
    let [chosen, pattern, first, rest @ ..] = arguments else {
        return Err(misused(format!(
            "ERROR: {command} requires a strategy, a regular expression and extra arguments"
        )));
    };
    let chosen = starting_strategy(command, chosen)?;
    let params = [chosen, (*pattern).into(), joined(first, rest)];
    cluster.start_any(pattern, &params)
}

pub(super) fn restart_process(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some((name, names)) = arguments.split_first() else {
        let line = "ERROR: restart_process requires a strategy and a program name";
        return Err(misused(line));
    };
    let chosen = strategy_or(name, &format!("unknown strategy={name}"))?;
    for name in &cluster.namespecs(names, |_| Ok(true))? {
        let params = [chosen.clone(), name.into()];
        let done = format!("{name} restarted");
        cluster.order(name, "supvisors.restart_process", &params, &done)?;
    }
    Ok(())
}

pub(super) fn stop_process(cluster: &mut Cluster<'_>, names: &[&str]) -> Result {
    let runs = |process: &Value| {
        let state = number(process, "statecode")?;
        let running = [
            ProcessState::Running,
            ProcessState::Backoff,
            ProcessState::Starting,
        ];
        Ok(running.iter().any(|it| i64::from(it.code()) == state))
    };
    for name in &cluster.namespecs(names, runs)? {
        let stopped = cluster.ask(name, "supvisors.stop_process", &[name.into()])?;
        if stopped.is_some() {
            cluster.session.say(&format!("{name} stopped"))?;
        }
    }
    Ok(())
}

pub(super) fn start_args(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let [name, first, rest @ ..] = arguments else {
        let line = "ERROR: start_args requires a process name and extra arguments";
        return Err(misused(line));
    };
    let params = [(*name).into(), joined(first, rest)];
    let done = format!("{name} started");
    cluster.order(name, "supvisors.start_args", &params, &done)
}

pub(super) fn all_start(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let Some(name) = arguments.first() else {
        return Err(misused("ERROR: all_start requires a process name"));
    };
    let params = [(*name).into(), false.into()];
    cluster.start_everywhere(name, "supervisor.startProcess", &params)
}

pub(super) fn all_start_args(cluster: &mut Cluster<'_>, arguments: &[&str]) -> Result {
    let [name, first, rest @ ..] = arguments else {
        let line = "ERROR: all_start_args requires a process name and extra arguments";
        return Err(misused(line));
    };
    let params = [(*name).into(), joined(first, rest), false.into()];
    cluster.start_everywhere(name, "supvisors.start_args", &params)
}

impl Cluster<'_> {
    /// Have a process started that matches the pattern.
    fn start_any(&mut self, pattern: &str, params: &[Value]) -> Result {
        let subject = format!("\"{pattern}\"");
        match self.ask(&subject, "supvisors.start_any_process", params)? {
            Some(name) => self.session.say(&format!("{} started", python(&name))),
            None => Ok(()),
        }
    }

    /// Make a call to every instance that works.
    fn start_everywhere(&mut self, name: &str, method: &'static str, params: &[Value]) -> Result {
        let instances = self.ask_list("", "supvisors.get_all_instances_info", &[])?;
        let working = [InstanceState::Checked, InstanceState::Running];
        let mut is_any = false;
        for instance in &instances {
            let state = number(instance, "statecode")?;
            if !working.iter().any(|it| i64::from(it.code()) == state) {
                continue;
            }
            is_any = true;
            let server = self.server_of(instance)?;
            let line = match call_at(&server, method, params)? {
                Ok(result) => {
                    let identifier = text(instance, "identifier")?;
                    format!("{name} started on {identifier}: {}", python(&result))
                }
                Err(why) => {
                    let line = format!("{name}: ERROR ({why})");
                    self.session.fail(ExitStatus::GENERIC, &line)?;
                    continue;
                }
            };
            self.session.say(&line)?;
        }
        if is_any {
            return Ok(());
        }
        self.session.say("ERROR: no running Supvisors instance")
    }

    /// Where an instance is; the login is the same for all.
    fn server_of(&self, instance: &Value) -> Result<Server> {
        let (node, port) = (text(instance, "node_name")?, number(instance, "port")?);
        Ok(Server {
            url: format!("http://{node}:{port}").as_str().into(),
            ..self.session.server.clone()
        })
    }
}

/// Make a call to another server; the text of its fault if it refuses.
fn call_at(
    server: &Server,
    method: &'static str,
    params: &[Value],
) -> Result<Result<Value, String>> {
    match refusable(call(&mut server.client()?, method, params)) {
        Ok(result) => Ok(result.map_err(|fault| fault.string)),
        // a login is asked for as for the first server
        Err(failure @ Failure::Call(CallError::Unauthorized)) => Err(failure),
        // the line is about that server
        Err(failure) => Err(Failure::refused(failure.line(&server.shown()))),
    }
}
