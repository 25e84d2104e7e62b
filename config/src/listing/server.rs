//! `[supervisord]`, whose values are known exactly.

use std::path::Path;

use crate::types::{MainLogTarget, ServerConfig};

pub(super) use crate::server::SECTION;

/// Whether a relative value becomes an absolute one.
pub(super) fn is_path(key: &str) -> bool {
    ["logfile", "pidfile", "childlogdir", "directory"].contains(&key)
}

/// The value of a key but `environment`; `None` if it has none.
pub(super) fn effective(server: &ServerConfig, key: &str) -> Option<String> {
    let path = |path: &Path| path.display().to_string();
    let value = match key {
        "minfds" => server.minfds.to_string(),
        "minprocs" => server.minprocs.to_string(),
        "directory" => path(server.directory.as_deref()?),
        "user" => format!("uid {}", server.user?),
        "umask" => format!("{:03o}", server.umask),
        "logfile" => match &server.logfile {
            MainLogTarget::Syslog(_) => "syslog".to_owned(),
            MainLogTarget::File(file) => path(file),
        },
        "logfile_maxbytes" => server.logfile_maxbytes.to_string(),
        "logfile_backups" => server.logfile_backups.to_string(),
        "loglevel" => server.loglevel.name().to_owned(),
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
