//! `[program:x]`, and what `[eventlistener:x]` and `[fcgi-program:x]` share with it
//! (spec core 1.11): one [`ProcessConfig`] per process number.

mod channel;

use std::collections::HashMap;
use std::sync::Arc;

use visord_model::process::Policy;

use crate::context::{Context, Reader};
use crate::dialect::{Section, is_space};
use crate::keys;
use crate::types::{Environment, FcgiSocket, ProcessConfig};
use crate::value::{
    check_name, parse_autorestart, parse_bool, parse_environment, parse_exitcodes, parse_int,
    parse_octal, parse_signal,
};
pub(crate) use channel::syslog;

pub(crate) const PREFIX: &str = keys::PROGRAM;

/// The name a section gives to what it describes: the text after its first colon,
/// stripped. A bad one is reported, but still used to find what else is wrong.
pub(crate) fn name_of<'a>(reader: &Reader<'a>) -> &'a str {
    let section = reader.section;
    let (_, name) = section.name.split_once(':').unwrap_or(("", &section.name));
    if let Err(message) = check_name(name) {
        reader.fail_section(&message);
    }
    known_name_of(section)
}

/// As [`name_of`], of a section whose name is checked elsewhere.
pub(crate) fn known_name_of(section: &Section) -> &str {
    let (_, name) = section.name.split_once(':').unwrap_or(("", &section.name));
    name.trim_matches(is_space)
}

/// All processes of a program of this name in a group, sorted by (priority, name). The reader is
/// one of [`Context::program_reader`](crate::context::Context::program_reader).
pub(crate) fn read(
    reader: &Reader<'_>,
    name: &str,
    group: &str,
    socket: Option<Arc<FcgiSocket>>,
) -> Vec<Arc<ProcessConfig>> {
    read_some(reader, name, group, socket, None)
}

/// As [`read`], but as many processes as this instead of `numprocs`.
pub(crate) fn read_some(
    reader: &Reader<'_>,
    name: &str,
    group: &str,
    socket: Option<Arc<FcgiSocket>>,
    numprocs: Option<i64>,
) -> Vec<Arc<ProcessConfig>> {
    let context = reader.context;
    let scope = context
        .scope()
        .text("program_name", name)
        .text("host_node_name", context.host.node_name.as_str())
        .text("group_name", group);
    let reader = &reader.within(scope);
    let program = Program::read(reader, name, socket, numprocs);
    let mut processes = program.map_or_else(Vec::new, |program| program.processes(reader));
    processes.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    processes
}

/// How a program-type section is read as a group, before it is read as a program: errors
/// carry no place, and `priority` knows fewer names (spec core 1.5.3, 1.7).
pub(crate) fn name_and_priority<'a>(
    context: &'a Context<'_>,
    section: &'a Section,
) -> Option<(&'a str, i64)> {
    let reader = context.reader(section);
    let name = name_of(&reader);
    Some((name, reader.value("priority", parse_int)?))
}

/// The processes of a section that is a group of its own.
pub(crate) fn own_processes(
    context: &Context<'_>,
    section: &Section,
    name: &str,
    socket: Option<Arc<FcgiSocket>>,
) -> Vec<Arc<ProcessConfig>> {
    let reader = context.program_reader(section);
    unique(read(&reader, name, name, socket))
}

/// Of several processes of one name the last counts, in the place of the first.
pub(crate) fn unique(processes: Vec<Arc<ProcessConfig>>) -> Vec<Arc<ProcessConfig>> {
    let mut at = HashMap::new();
    let mut kept: Vec<Arc<ProcessConfig>> = Vec::with_capacity(processes.len());
    for process in processes {
        match at.get(&process.name) {
            None => {
                at.insert(process.name.clone(), kept.len());
                kept.push(process);
            }
            Some(&first) => kept[first] = process,
        }
    }
    kept
}

/// What all processes of a section have in common.
struct Program {
    /// Without what may be different for each of them.
    process: ProcessConfig,
    numprocs: i64,
    numprocs_start: i64,
    /// Not expanded yet; `None`: it is bad.
    process_name: Option<String>,
}

impl Program {
    /// In the order in which the original looks at them; the first error is its error.
    fn read(
        reader: &Reader<'_>,
        name: &str,
        socket: Option<Arc<FcgiSocket>>,
        numprocs: Option<i64>,
    ) -> Option<Self> {
        let priority = reader.value("priority", parse_int)?;
        let policy = policy(reader)?;
        let redirect_stderr = reader.value("redirect_stderr", parse_bool)?;
        let numprocs = numprocs.or_else(|| reader.value("numprocs", parse_numprocs))?;
        let numprocs_start = reader.value("numprocs_start", parse_int)?;
        let process = ProcessConfig {
            name: String::new(),
            program: name.into(),
            index: 0,
            command: String::new(),
            directory: None,
            environment: Environment::new(),
            priority,
            redirect_stderr,
            socket,
            stdout: channel::read_common(reader, "stdout")?,
            stderr: channel::read_common(reader, "stderr")?,
            serverurl: reader
                .secret("serverurl")
                .filter(|url| !url.expose().eq_ignore_ascii_case("auto")),
            user: reader.value("user", |text| reader.context.accounts.user(text)),
            umask: reader.value("umask", parse_octal),
            policy,
        };
        let process_name = process_name(reader, numprocs);
        if process.policy.stopasgroup && !process.policy.killasgroup {
            let message = "Cannot set stopasgroup=true and killasgroup=false".to_owned();
            reader.keep::<()>("killasgroup", Err(message));
        }
        Some(Self {
            process,
            numprocs,
            numprocs_start,
            process_name,
        })
    }

    fn processes(&self, reader: &Reader<'_>) -> Vec<Arc<ProcessConfig>> {
        let problems = || reader.context.problems.borrow().len();
        let before = problems();
        let mut carried = Environment::new();
        let mut processes = Vec::new();
        for offset in 0..self.numprocs {
            let number = self.numprocs_start.saturating_add(offset);
            let scope = reader
                .scope
                .clone()
                .number("process_num", number)
                .number("numprocs", self.numprocs);
            let index = u32::try_from(offset).unwrap_or(u32::MAX);
            let process = self.process(&reader.within(scope), index, &mut carried);
            if problems() > before {
                // the other processes have the same mistakes
                break;
            }
            processes.extend(process.map(Arc::new));
        }
        processes
    }

    /// One process; `carried` are the variables of the processes before it.
    fn process(
        &self,
        reader: &Reader<'_>,
        index: u32,
        carried: &mut Environment,
    ) -> Option<ProcessConfig> {
        let outer = &reader.context.environment;
        // what hides a variable of the daemon's ends with its process (spec core 1.5.3)
        carried.retain(|key, _| !outer.contains_key(key));
        let own = own_environment(&reader.within(reader.scope.clone().over(carried)));
        carried.extend(own.clone());
        let reader = &reader.within(reader.scope.clone().over(carried));
        let directory = reader.text("directory");
        let stdout = channel::read(reader, "stdout", &self.process.stdout);
        let stderr = channel::read(reader, "stderr", &self.process.stderr).map(|stderr| {
            if self.process.redirect_stderr {
                channel::redirected(reader, stderr)
            } else {
                stderr
            }
        });
        let command = reader.text("command");
        if reader.raw("command").is_none() {
            let section = &reader.section.name;
            reader.fail_section(&format!(
                "program section {section} does not specify a command"
            ));
        }
        let mut environment = reader.context.for_children.clone();
        environment.extend(own);
        let template = self.process_name.as_deref()?;
        let name = reader.scope.expand(template, "process_name");
        reader.note("process_name", template, &name);
        let name = reader.keep("process_name", name)?;
        Some(ProcessConfig {
            name: name.into_owned(),
            index,
            command: command?,
            directory,
            stdout: stdout?,
            stderr: stderr?,
            environment,
            ..self.process.clone()
        })
    }
}

fn policy(reader: &Reader<'_>) -> Option<Policy> {
    let int = |key| reader.value(key, parse_int);
    let flag = |key| reader.value(key, parse_bool);
    Some(Policy {
        autostart: flag("autostart")?,
        autorestart: reader.value("autorestart", parse_autorestart)?,
        startsecs: int("startsecs")?,
        startretries: int("startretries")?,
        stopsignal: reader.value("stopsignal", parse_signal)?,
        stopwaitsecs: int("stopwaitsecs")?,
        stopasgroup: flag("stopasgroup")?,
        killasgroup: reader
            .written("killasgroup", parse_bool)
            .or_else(|| flag("stopasgroup"))?,
        exitcodes: reader.value("exitcodes", parse_exitcodes)?,
    })
}

/// The largest `numprocs`: a mistyped number must not use up all memory, least of all at a reread.
pub const MOST_PROCESSES: u32 = 100_000;

/// What `process_name` must contain if there may be more processes than one.
pub(crate) const PROCESS_NUM: &str = "%(process_num)";

fn parse_numprocs(text: &str) -> Result<i64, String> {
    match parse_int(text)? {
        number if number <= i64::from(MOST_PROCESSES) => Ok(number),
        more => Err(format!(
            "numprocs {more} is above upper bound ({MOST_PROCESSES})"
        )),
    }
}

/// The checked but not yet expanded `process_name`.
fn process_name(reader: &Reader<'_>, numprocs: i64) -> Option<String> {
    let written = reader.raw("process_name").unwrap_or("%(program_name)s");
    let name = reader.keep("process_name", check_name(written));
    if numprocs > 1 && !written.contains(PROCESS_NUM) {
        let message =
            "%(process_num) must be present within process_name when numprocs > 1".to_owned();
        reader.keep::<()>("process_name", Err(message));
    }
    name.map(str::to_owned)
}

/// Expanded once; errors name the key alone.
fn own_environment(reader: &Reader<'_>) -> Environment {
    let Some(written) = reader.raw("environment") else {
        return Environment::new();
    };
    let expanded = reader.expand("environment", written, "environment");
    reader.note("environment", written, &expanded);
    let variables = expanded.and_then(|text| parse_environment(&text));
    reader.keep("environment", variables).unwrap_or_default()
}
