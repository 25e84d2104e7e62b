//! `[supervisord]` (spec core 1.10).

use std::path::PathBuf;

use visord_files::Folder;
use visord_model::pyrepr::repr;

use crate::context::{Context, Reader};
use crate::program::syslog;
use crate::secret::Secret;
use crate::types::{Account, Environment, HostContext, MainLogTarget, Overrides, ServerConfig};
use crate::value::{
    absolute, existing_dir, existing_log_dir, parse_bool, parse_bytes, parse_environment,
    parse_int, parse_loglevel, parse_octal, path_with_existing_dir, resolve,
};

pub(crate) const SECTION: &str = "supervisord";

/// Read the section in the original's order, then let the command line win. The user is
/// looked up later, by [`resolve_user`].
pub(crate) fn read(reader: &Reader<'_>, overrides: &Overrides) -> Option<ServerConfig> {
    let host = reader.context.host;
    let int = |key| reader.value(key, parse_int);
    let flag = |key| reader.value(key, parse_bool);
    let path = |text: &str| path_with_existing_dir(text, host);

    let minfds = int("minfds");
    let minprocs = int("minprocs");
    let directory = reader.value("directory", |text| existing_dir(text, host));
    // only to find what is wrong with its expansion
    reader.text("user");
    let umask = reader.value("umask", parse_octal);
    let logfile = reader.value("logfile", path);
    let logfile_syslog = syslog(reader, "logfile");
    let logfile_maxbytes = reader.value("logfile_maxbytes", parse_bytes);
    let logfile_backups = int("logfile_backups");
    let loglevel = reader.value("loglevel", parse_loglevel);
    let pidfile = reader.value("pidfile", path);
    let identifier = reader.text("identifier");
    let nodaemon = flag("nodaemon");
    let silent = flag("silent");
    let childlogdir = reader.value("childlogdir", |text| existing_log_dir(text, host));
    let nocleanup = flag("nocleanup");
    let strip_ansi = flag("strip_ansi");
    let environment = environment(reader);

    let logfile = overrides.logfile.clone().or(logfile)?;
    let pidfile = overrides.pidfile.clone().or(pidfile)?;
    let childlogdir = overrides.childlogdir.clone().or(childlogdir);
    Some(ServerConfig {
        minfds: overrides.minfds.or(minfds)?,
        minprocs: overrides.minprocs.or(minprocs)?,
        directory: overrides.directory.clone().or(directory),
        user: None,
        umask: overrides.umask.or(umask)?,
        // only the exact word is the system log; `NONE` and `AUTO` are files here
        logfile: match logfile.as_str() {
            "syslog" => MainLogTarget::Syslog(logfile_syslog?),
            file => MainLogTarget::File(absolute(file, host)),
        },
        logfile_maxbytes: overrides.logfile_maxbytes.or(logfile_maxbytes)?,
        logfile_backups: overrides.logfile_backups.or(logfile_backups)?,
        loglevel: overrides.loglevel.or(loglevel)?,
        pidfile: absolute(&pidfile, host),
        identifier: overrides.identifier.clone().or(identifier)?,
        nodaemon: overrides.nodaemon || nodaemon?,
        silent: overrides.silent || silent?,
        childlogdir: match childlogdir {
            Some(directory) => absolute(&directory.to_string_lossy(), host),
            None => temporary_directory(host),
        },
        nocleanup: overrides.nocleanup || nocleanup?,
        strip_ansi: overrides.strip_ansi || strip_ansi?,
        environment,
    })
}

/// The identifier becomes part of file names, so it cannot have a slash (or NUL)
/// (difference C30). 4.3.0 finds out when it makes the first of these files.
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
fn environment(reader: &Reader<'_>) -> Environment {
    let Some(once) = reader.text("environment") else {
        return Environment::new();
    };
    let node = reader.context.host.node_name.as_str();
    let reader = reader.within(reader.scope.clone().text("host_node_name", node));
    let expanded = reader.expand("environment", &once, "environment");
    let variables = expanded.and_then(|text| {
        reader.note_again("environment", &once, &text);
        parse_environment(&text)
    });
    reader.keep("environment", variables).unwrap_or_default()
}

/// The first usable of `$TMPDIR`, `$TEMP`, `$TMP`, `/tmp`, `/var/tmp`, `/usr/tmp` and the
/// working directory.
fn temporary_directory(host: &HostContext) -> PathBuf {
    let variables = ["TMPDIR", "TEMP", "TMP"]
        .into_iter()
        .filter_map(|name| host.environment.get(name))
        .map(Secret::expose)
        .filter(|path| !path.is_empty());
    let usable = |path: &PathBuf| {
        let folder = Folder::open(path);
        folder.and_then(|folder| folder.check_writable()).is_ok()
    };
    variables
        .chain(["/tmp", "/var/tmp", "/usr/tmp"])
        .map(|path| absolute(path, host))
        .find(usable)
        .unwrap_or_else(|| resolve("", host))
}

/// The user to run as; looked up when everything else is read.
pub(crate) fn resolve_user(context: &Context<'_>, overrides: &Overrides) -> Option<Account> {
    let reader = context.reader(context.document.section(SECTION)?);
    let name = match &overrides.user {
        Some(name) => name.clone(),
        // what is wrong with the expansion is known already
        None => reader
            .scope
            .expand(reader.raw("user")?, "user")
            .ok()?
            .into_owned(),
    };
    reader.keep("user", context.accounts.user(&name))
}
