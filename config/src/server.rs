//! `[supervisord]` (spec core 1.10).

use std::path::PathBuf;

use visord_files::Folder;
use visord_model::log_line::Level;
use visord_model::pyrepr::repr;

use crate::context::{Context, Reader};
use crate::expand::Scope;
use crate::program::syslog;
use crate::secret::Secret;
use crate::types::{
    Account, Environment, MainLogTarget, Overrides, ServerConfig, Surroundings, SyslogConfig,
};
use crate::value::{
    absolute, existing_dir, existing_log_dir, parse_bool, parse_bytes, parse_environment,
    parse_int, parse_loglevel, parse_octal, path_with_existing_dir, resolve,
};

pub(crate) const SECTION: &str = "supervisord";

/// Read the section in the original's order, then let the command line win. The user is
/// looked up later, by [`resolve_user`].
pub(crate) fn read(reader: &Reader<'_>, overrides: &Overrides) -> ServerConfig {
    let context = reader.context;
    let surroundings = context.surroundings;
    let scope = &context.scope();
    let int = |key, default| reader.value_or(scope, key, default, parse_int);
    let flag = |key| reader.value_or(scope, key, false, parse_bool);
    let path = |text: &str| path_with_existing_dir(text, surroundings);
    let dir = |text: &str| existing_dir(text, surroundings);

    let minfds = int("minfds", 1024);
    let minprocs = int("minprocs", 200);
    let directory = reader.value(scope, "directory", dir);
    // only to find what is wrong with its expansion
    reader.text(scope, "user");
    let umask = reader.value_or(scope, "umask", 0o022, parse_octal);
    let logfile = reader.value_or(scope, "logfile", "supervisord.log".to_owned(), path);
    let logfile_syslog = syslog(reader, scope, "logfile");
    let logfile_maxbytes = reader.value_or(scope, "logfile_maxbytes", 50 << 20, parse_bytes);
    let logfile_backups = int("logfile_backups", 10);
    let loglevel = reader.value_or(scope, "loglevel", Level::Info, parse_loglevel);
    let pidfile = reader.value_or(scope, "pidfile", "supervisord.pid".to_owned(), path);
    let identifier = reader.text(scope, "identifier");
    let nodaemon = flag("nodaemon");
    let silent = flag("silent");
    let log_dir = |text: &str| existing_log_dir(text, surroundings);
    let childlogdir = reader.value(scope, "childlogdir", log_dir);
    let nocleanup = flag("nocleanup");
    let strip_ansi = flag("strip_ansi");
    let environment = environment(reader, scope);

    let logfile = overrides.logfile.clone().unwrap_or(logfile);
    let pidfile = overrides.pidfile.clone().unwrap_or(pidfile);
    let childlogdir = overrides.childlogdir.clone().or(childlogdir);
    ServerConfig {
        minfds: overrides.minfds.unwrap_or(minfds),
        minprocs: overrides.minprocs.unwrap_or(minprocs),
        directory: overrides.directory.clone().or(directory),
        user: None,
        umask: overrides.umask.unwrap_or(umask),
        logfile: log_target(&logfile, logfile_syslog, surroundings),
        logfile_maxbytes: overrides.logfile_maxbytes.unwrap_or(logfile_maxbytes),
        logfile_backups: overrides.logfile_backups.unwrap_or(logfile_backups),
        loglevel: overrides.loglevel.unwrap_or(loglevel),
        pidfile: absolute(&pidfile, surroundings),
        identifier: overrides
            .identifier
            .clone()
            .or(identifier)
            .unwrap_or_else(|| "supervisor".to_owned()),
        nodaemon: overrides.nodaemon || nodaemon,
        silent: overrides.silent || silent,
        childlogdir: child_log_dir(childlogdir, surroundings),
        nocleanup: overrides.nocleanup || nocleanup,
        strip_ansi: overrides.strip_ansi || strip_ansi,
        environment,
    }
}

/// Only the exact word is the system log; `NONE` and `AUTO` are files here.
fn log_target(text: &str, way: SyslogConfig, surroundings: &Surroundings) -> MainLogTarget {
    if text == "syslog" {
        MainLogTarget::Syslog(way)
    } else {
        MainLogTarget::File(absolute(text, surroundings))
    }
}

/// The identifier becomes part of file names, so a slash (or NUL) cannot stand in it
/// (decision C30). 4.3.0 finds out when it makes the first of these files.
pub(crate) fn check_identifier(context: &Context<'_>, server: &ServerConfig) {
    let identifier = &server.identifier;
    if identifier.contains(['/', '\0'])
        && let Some(section) = context.document.section(SECTION)
    {
        let shown = repr(identifier);
        let message =
            format!("identifier {shown} must not contain '/': it is part of log file names");
        context.reader(section).fail("identifier", message);
    }
}

/// Expanded twice, as in 4.3.0: a literal `%` needs four (spec core 1.5.4).
fn environment(reader: &Reader<'_>, scope: &Scope<'_>) -> Environment {
    let Some(once) = reader.text(scope, "environment") else {
        return Environment::new();
    };
    let node = reader.context.surroundings.node_name.as_str();
    let scope = scope.clone().text("host_node_name", node);
    let expanded = reader.expand(&scope, "environment", &once, "environment");
    let variables = expanded.and_then(|text| {
        reader.note_again("environment", &once, &text);
        parse_environment(&text)
    });
    reader.keep("environment", variables).unwrap_or_default()
}

fn child_log_dir(written: Option<PathBuf>, surroundings: &Surroundings) -> PathBuf {
    match written {
        Some(directory) => absolute(&directory.to_string_lossy(), surroundings),
        None => temporary_directory(surroundings),
    }
}

/// The first usable of `$TMPDIR`, `$TEMP`, `$TMP`, `/tmp`, `/var/tmp`, `/usr/tmp` and the
/// working directory.
fn temporary_directory(surroundings: &Surroundings) -> PathBuf {
    let variables = ["TMPDIR", "TEMP", "TMP"]
        .into_iter()
        .filter_map(|name| surroundings.environment.get(name))
        .map(Secret::expose)
        .filter(|path| !path.is_empty());
    let usable = |path: &PathBuf| {
        let folder = Folder::open(path);
        folder.and_then(|folder| folder.check_writable()).is_ok()
    };
    variables
        .chain(["/tmp", "/var/tmp", "/usr/tmp"])
        .map(|path| absolute(path, surroundings))
        .find(usable)
        .unwrap_or_else(|| resolve("", surroundings))
}

/// Whom to become; looked up when everything else is read.
pub(crate) fn resolve_user(context: &Context<'_>, overrides: &Overrides) -> Option<Account> {
    let section = context.document.section(SECTION)?;
    let reader = context.reader(section);
    let name = match &overrides.user {
        Some(name) => name.clone(),
        None => {
            let raw = reader.raw("user")?;
            // what is wrong with the expansion is known already
            context.scope().expand(raw, "user").ok()?.into_owned()
        }
    };
    reader.keep("user", context.accounts.user(&name))
}
