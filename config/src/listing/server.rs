//! `[supervisord]`, whose values are known exactly.

use std::path::Path;

use visord_model::log_line::Level;

use crate::types::{MainLogTarget, Overrides, ServerConfig};

pub(super) use crate::server::SECTION;

/// The keys that the command line has set.
pub(super) fn overridden(overrides: &Overrides) -> Vec<&'static str> {
    let Overrides {
        nodaemon,
        silent,
        user,
        umask,
        directory,
        logfile,
        logfile_maxbytes,
        logfile_backups,
        loglevel,
        pidfile,
        identifier,
        childlogdir,
        nocleanup,
        minfds,
        minprocs,
        strip_ansi,
    } = overrides;
    let all = [
        ("nodaemon", *nodaemon),
        ("silent", *silent),
        ("user", user.is_some()),
        ("umask", umask.is_some()),
        ("directory", directory.is_some()),
        ("logfile", logfile.is_some()),
        ("logfile_maxbytes", logfile_maxbytes.is_some()),
        ("logfile_backups", logfile_backups.is_some()),
        ("loglevel", loglevel.is_some()),
        ("pidfile", pidfile.is_some()),
        ("identifier", identifier.is_some()),
        ("childlogdir", childlogdir.is_some()),
        ("nocleanup", *nocleanup),
        ("minfds", minfds.is_some()),
        ("minprocs", minprocs.is_some()),
        ("strip_ansi", *strip_ansi),
    ];
    all.into_iter()
        .filter_map(|(key, is_set)| is_set.then_some(key))
        .collect()
}

/// Whether a relative value becomes an absolute one.
pub(super) fn is_path(key: &str) -> bool {
    ["logfile", "pidfile", "childlogdir", "directory"].contains(&key)
}

/// As it is written.
const fn level(level: Level) -> &'static str {
    match level {
        Level::Critical => "critical",
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
        Level::Blather => "blather",
    }
}

/// The value of a key but `environment`; `None` if it has none.
pub(super) fn effective(server: &ServerConfig, key: &str) -> Option<String> {
    let path = |path: &Path| path.display().to_string();
    let value = match key {
        "minfds" => server.minfds.to_string(),
        "minprocs" => server.minprocs.to_string(),
        "directory" => path(server.directory.as_deref()?),
        "user" => format!("uid {}", server.user.as_ref()?.uid),
        "umask" => format!("{:03o}", server.umask),
        "logfile" => match &server.logfile {
            MainLogTarget::Syslog(_) => "syslog".to_owned(),
            MainLogTarget::File(file) => path(file),
        },
        "logfile_maxbytes" => server.logfile_maxbytes.to_string(),
        "logfile_backups" => server.logfile_backups.to_string(),
        "loglevel" => level(server.loglevel).to_owned(),
        "pidfile" => path(&server.pidfile),
        "identifier" => server.identifier.clone(),
        "nodaemon" => server.nodaemon.to_string(),
        "silent" => server.silent.to_string(),
        "childlogdir" => path(&server.childlogdir),
        "nocleanup" => server.nocleanup.to_string(),
        "strip_ansi" => server.strip_ansi.to_string(),
        _ => return None,
    };
    Some(value)
}
