//! `[supervisord]` (spec core 1.10).

use std::path::PathBuf;

use visord_files::Folder;
use visord_model::pyrepr::repr;

use crate::context::{Context, Reader};
use crate::program::syslog;
use crate::secret::Secret;
use crate::types::{Environment, HostContext, MainLogTarget, Overrides, ServerConfig};
use crate::value::{
    absolute, existing_dir, existing_log_dir, parse_bool, parse_bytes, parse_environment,
    parse_int, parse_loglevel, parse_octal, path_with_existing_dir, resolve,
};

pub(crate) const SECTION: &str = "supervisord";

/// Read the section in the original's order; the command line beats what is there, but does not
/// excuse it. The user is looked up later, by [`resolve_user`].
pub(crate) fn read(reader: &Reader<'_>, overrides: &Overrides) -> Option<ServerConfig> {
    let host = reader.context.host;
    let given = |key: &str| overrides.get(key).cloned();
    let int = |key| setting(reader, overrides, key, parse_int);
    let flag = |key| setting(reader, overrides, key, parse_bool);
    let file = |key| given(key).or(reader.value(key, |text| path_with_existing_dir(text, host)));
    let folder = |key, find: fn(&str, &HostContext) -> Result<PathBuf, String>| {
        let written = reader.value(key, |text| find(text, host));
        given(key).map(PathBuf::from).or(written)
    };
    Some(ServerConfig {
        minfds: int("minfds")?,
        minprocs: int("minprocs")?,
        directory: folder("directory", existing_dir),
        // read only to find what is wrong with its expansion
        user: reader.text("user").and(None),
        umask: setting(reader, overrides, "umask", parse_octal)?,
        // only the exact word is the system log; `NONE` and `AUTO` are files here
        logfile: match (file("logfile")?.as_str(), syslog(reader, "logfile")?) {
            ("syslog", target) => MainLogTarget::Syslog(target),
            (file, _) => MainLogTarget::File(absolute(file, host)),
        },
        logfile_maxbytes: setting(reader, overrides, "logfile_maxbytes", parse_bytes)?,
        logfile_backups: int("logfile_backups")?,
        loglevel: setting(reader, overrides, "loglevel", parse_loglevel)?,
        pidfile: absolute(&file("pidfile")?, host),
        identifier: given("identifier").or(reader.text("identifier"))?,
        nodaemon: flag("nodaemon")?,
        silent: flag("silent")?,
        childlogdir: match folder("childlogdir", existing_log_dir) {
            Some(directory) => absolute(&directory.to_string_lossy(), host),
            None => temporary_directory(host),
        },
        nocleanup: flag("nocleanup")?,
        strip_ansi: flag("strip_ansi")?,
        environment: environment(reader),
    })
}

fn setting<T>(
    reader: &Reader<'_>,
    overrides: &Overrides,
    key: &str,
    convert: fn(&str) -> Result<T, String>,
) -> Option<T> {
    let written = reader.value(key, convert);
    let given = overrides.get(key).and_then(|text| convert(text).ok());
    given.or(written)
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
pub(crate) fn resolve_user(context: &Context<'_>, overrides: &Overrides) -> Option<u32> {
    let reader = context.reader(context.document.section(SECTION)?);
    let name = match overrides.get("user") {
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
