//! `[program:x]`, and what `[eventlistener:x]` and `[fcgi-program:x]` share with it
//! (spec core 1.11): one [`ProcessConfig`] per process number.

mod channel;

use std::sync::Arc;

use visord_model::process::{Autorestart, Policy};
use visord_model::signal::Signal;

use crate::context::{Context, Reader};
use crate::dialect::{Section, is_space};
use crate::expand::Scope;
use crate::secret::Secret;
use crate::types::{Account, Environment, FcgiSocket, ProcessConfig};
use crate::value::{
    check_name, parse_autorestart, parse_bool, parse_environment, parse_exitcodes, parse_int,
    parse_octal, parse_signal,
};
pub(crate) use channel::syslog;
use channel::{Channel, Fixed};

pub(crate) const PREFIX: &str = "program:";

/// The name a section gives to what it describes: the text after its first colon,
/// stripped. A bad one is told, but still used to find what else is wrong.
pub(crate) fn name_of<'a>(reader: &Reader<'a>) -> &'a str {
    let section = &reader.section.name;
    let (_, name) = section.split_once(':').unwrap_or(("", section));
    check_name(name).unwrap_or_else(|message| {
        reader.fail_section(&message);
        name.trim_matches(is_space)
    })
}

/// As [`name_of`], of a section whose name somebody else looks at.
pub(crate) fn known_name_of(section: &Section) -> &str {
    let (_, name) = section.name.split_once(':').unwrap_or(("", &section.name));
    name.trim_matches(is_space)
}

/// What a program-type section becomes in one group.
pub(crate) struct Membership<'a> {
    pub(crate) group: &'a str,
    pub(crate) socket: Option<Arc<FcgiSocket>>,
    /// Somebody has looked at the section's name already.
    pub(crate) name_checked: bool,
}

/// All processes of a section, sorted by (priority, name).
pub(crate) fn read(
    context: &Context<'_>,
    section: &Section,
    membership: &Membership<'_>,
) -> Vec<Arc<ProcessConfig>> {
    let reader = context.located_reader(section);
    let name = if membership.name_checked {
        known_name_of(section)
    } else {
        name_of(&reader)
    };
    let scope = context
        .scope()
        .text("program_name", name)
        .text("host_node_name", context.surroundings.node_name.as_str())
        .text("group_name", membership.group);
    let settings = Settings::read(&reader, &scope);
    let mut processes = settings.processes(&reader, &scope, membership);
    processes.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    processes
}

/// Options that all processes of a section have in common.
struct Settings {
    priority: i64,
    policy: Policy,
    redirect_stderr: bool,
    numprocs: i64,
    numprocs_start: i64,
    stdout: Fixed,
    stderr: Fixed,
    serverurl: Option<Secret>,
    user: Option<Account>,
    umask: Option<u32>,
    process_name: Option<String>,
}

impl Settings {
    /// In the order in which the original looks at them; the first error is its error.
    fn read(reader: &Reader<'_>, scope: &Scope<'_>) -> Self {
        let int = |key, default| reader.value_or(scope, key, default, parse_int);
        let flag = |key, default| reader.value_or(scope, key, default, parse_bool);
        let priority = int("priority", 999);
        let policy = Self::policy(reader, scope);
        let redirect_stderr = flag("redirect_stderr", false);
        let numprocs = reader.value_or(scope, "numprocs", 1, parse_numprocs);
        let numprocs_start = int("numprocs_start", 0);
        let stdout = Fixed::read(reader, scope, "stdout");
        let stderr = Fixed::read(reader, scope, "stderr");
        let serverurl = reader.secret(scope, "serverurl");
        let users = &reader.context.accounts;
        let user = reader.value(scope, "user", |text| users.user(text));
        let umask = reader.value(scope, "umask", parse_octal);
        let process_name = process_name(reader, numprocs);
        if policy.stopasgroup && !policy.killasgroup {
            let message = "Cannot set stopasgroup=true and killasgroup=false".to_owned();
            reader.keep::<()>("killasgroup", Err(message));
        }
        Self {
            priority,
            policy,
            redirect_stderr,
            numprocs,
            numprocs_start,
            stdout,
            stderr,
            serverurl: serverurl.filter(|url| !url.expose().eq_ignore_ascii_case("auto")),
            user,
            umask,
            process_name,
        }
    }

    fn policy(reader: &Reader<'_>, scope: &Scope<'_>) -> Policy {
        let int = |key, default| reader.value_or(scope, key, default, parse_int);
        let flag = |key, default| reader.value_or(scope, key, default, parse_bool);
        let autostart = flag("autostart", true);
        let autorestart = Autorestart::Unexpected;
        let autorestart = reader.value_or(scope, "autorestart", autorestart, parse_autorestart);
        let startsecs = int("startsecs", 1);
        let startretries = int("startretries", 3);
        let stopsignal = reader.value_or(scope, "stopsignal", Signal::TERM, parse_signal);
        let stopwaitsecs = int("stopwaitsecs", 10);
        let stopasgroup = flag("stopasgroup", false);
        let killasgroup = flag("killasgroup", stopasgroup);
        let exitcodes = reader.value_or(scope, "exitcodes", vec![0], parse_exitcodes);
        Policy {
            autostart,
            startsecs,
            startretries,
            autorestart,
            exitcodes,
            stopsignal,
            stopwaitsecs,
            stopasgroup,
            killasgroup,
        }
    }

    fn processes(
        &self,
        reader: &Reader<'_>,
        scope: &Scope<'_>,
        membership: &Membership<'_>,
    ) -> Vec<Arc<ProcessConfig>> {
        let problems = || reader.context.problems.borrow().len();
        let before = problems();
        let mut carried = Environment::new();
        let mut processes = Vec::new();
        for offset in 0..self.numprocs {
            let number = self.numprocs_start.saturating_add(offset);
            let scope = scope
                .clone()
                .number("process_num", number)
                .number("numprocs", self.numprocs);
            let process = self.process(reader, &scope, membership, &mut carried);
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
        scope: &Scope<'_>,
        membership: &Membership<'_>,
        carried: &mut Environment,
    ) -> Option<ProcessConfig> {
        let outer = &reader.context.environment;
        // what hides a variable of the daemon's ends with its process (spec core 1.5.3)
        carried.retain(|key, _| !outer.contains_key(key));
        let own = own_environment(reader, &scope.clone().over(carried));
        carried.extend(own.clone());
        let scope = &scope.clone().over(carried);
        let directory = reader.text(scope, "directory");
        let stdout = Channel::read(reader, scope, "stdout");
        let stderr = Channel::read(reader, scope, "stderr");
        let stderr = stderr.redirected(reader, self.redirect_stderr);
        let command = reader.text(scope, "command");
        if reader.raw("command").is_none() {
            let section = &reader.section.name;
            reader.fail_section(&format!(
                "program section {section} does not specify a command"
            ));
        }
        let mut environment = reader.context.for_children.clone();
        environment.extend(own);
        let template = self.process_name.as_deref()?;
        let name = scope.expand(template, "process_name");
        reader.note(scope, "process_name", template, &name);
        let name = reader.keep("process_name", name)?;
        Some(ProcessConfig {
            name: name.into_owned(),
            command: command?,
            directory,
            umask: self.umask,
            priority: self.priority,
            policy: self.policy.clone(),
            user: self.user.clone(),
            redirect_stderr: self.redirect_stderr,
            stdout: stdout.with(&self.stdout),
            stderr: stderr.with(&self.stderr),
            environment,
            serverurl: self.serverurl.clone(),
            socket: membership.socket.clone(),
        })
    }
}

/// A slip of the pen must not eat all memory, least of all at a reread.
const MOST_PROCESSES: i64 = 100_000;

fn parse_numprocs(text: &str) -> Result<i64, String> {
    match parse_int(text)? {
        number @ ..=MOST_PROCESSES => Ok(number),
        more => Err(format!(
            "numprocs {more} is above upper bound ({MOST_PROCESSES})"
        )),
    }
}

/// The checked but not yet expanded `process_name`.
fn process_name(reader: &Reader<'_>, numprocs: i64) -> Option<String> {
    let written = reader.raw("process_name").unwrap_or("%(program_name)s");
    let name = reader.keep("process_name", check_name(written));
    if numprocs > 1 && !written.contains("%(process_num)") {
        let message =
            "%(process_num) must be present within process_name when numprocs > 1".to_owned();
        reader.keep::<()>("process_name", Err(message));
    }
    name.map(str::to_owned)
}

/// Expanded once; errors name the option alone.
fn own_environment(reader: &Reader<'_>, scope: &Scope<'_>) -> Environment {
    let Some(written) = reader.raw("environment") else {
        return Environment::new();
    };
    let expanded = reader.expand(scope, "environment", written, "environment");
    reader.note(scope, "environment", written, &expanded);
    let variables = expanded.and_then(|text| parse_environment(&text));
    reader.keep("environment", variables).unwrap_or_default()
}
