//! Start-up and clean-up, in the order of spec core 3.

use std::collections::BTreeMap;
use std::path::PathBuf;

use visord_actors::fcgi::probe;
use visord_actors::log::{ActivityLog, ActivitySettings, activity, auto, emit};
use visord_actors::signals::hold_signals;
use visord_actors::supervisor::{AutoLogs, prepare_auto_logs};
use visord_config::{Config, FcgiSocket, MainLogTarget, Surroundings};
use visord_model::log_line::{Level, LogLine};
use visord_web::listen::{Bound, bind_all};

use super::cli::Invocation;
use super::daemonize::{Readiness, detach};
use super::pidfile::Pidfile;
use super::privileges::become_user;
use crate::cli::UsageError;

/// What the daemon's surroundings contribute to its configuration.
///
/// # Errors
/// The working directory is gone.
pub(super) fn surroundings() -> Result<Surroundings, String> {
    let cwd = std::env::current_dir()
        .map_err(|error| format!("could not determine the working directory: {error}"))?;
    let node = nix::unistd::gethostname().map_err(|e| e.desc().to_owned())?;
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    Ok(Surroundings {
        environment: visord_config::environment(
            std::env::vars_os().map(|(k, v)| (text(k), text(v))),
        ),
        node_name: text(node),
        cwd,
    })
}

/// Everything up to the moment when actors take over.
pub(super) struct Start {
    remarks: Vec<LogLine>,
    readiness: Option<Readiness>,
}

/// What a running daemon holds and gives back at its end.
pub(super) struct Running {
    /// A parent that waits until clients are served; in the first run only.
    pub(super) readiness: Option<Readiness>,
    pub(super) activity: ActivityLog,
    pub(super) bound: Vec<Bound>,
    pub(super) auto_logs: AutoLogs,
    pub(super) pidfile: Option<Pidfile>,
}

impl Start {
    /// The first start: limits were raised, a parent may be waiting.
    pub(super) fn first(remarks: Vec<LogLine>, readiness: Option<Readiness>) -> Self {
        Self { remarks, readiness }
    }

    /// Become the user, open the log, bind, prepare, detach, write the pidfile.
    ///
    /// # Errors
    /// Whatever keeps the daemon from starting; what was made so far is removed again.
    pub(super) fn up(self, config: &Config) -> Result<Running, UsageError> {
        let mut remarks = self.remarks;
        remarks.extend(become_user(&config.server).map_err(UsageError)?);
        remarks.extend(config.remarks.iter().cloned());
        // CRIT first, then WARN, then INFO
        remarks.sort_by_key(|line| line.level);
        let activity = open_log(config)?;
        let log = activity.logger();
        let say = |lines: &[LogLine]| lines.iter().for_each(|line| emit(&log, line));
        say(&remarks);
        // sockets before clean-up: a second instance stops here, with nothing deleted (C25)
        let bound = bind_all(&config.http).map_err(|error| UsageError(error.to_string()))?;
        let auto_logs = match prepare_logs(config, &say) {
            Ok(auto_logs) => auto_logs,
            Err(error) => {
                bound.iter().for_each(Bound::unlink);
                return Err(error);
            }
        };
        probe_sockets(config, &say);
        say(&visord_web::server::startup_lines(
            &config.http,
            &config.rpc_interfaces,
        ));
        if self.readiness.is_some() {
            say(&detach(&config.server));
        }
        // whoever sees the pidfile may send signals; they wait until somebody listens
        hold_signals();
        let (pidfile, line) = Pidfile::write(&config.server.pidfile, std::process::id());
        say(&[line]);
        Ok(Running {
            readiness: self.readiness,
            activity,
            bound,
            auto_logs,
            pidfile,
        })
    }
}

pub(super) fn open_log(config: &Config) -> Result<ActivityLog, UsageError> {
    let server = &config.server;
    let settings = ActivitySettings {
        target: server.logfile.clone(),
        maxbytes: server.logfile_maxbytes,
        backups: server.logfile_backups,
        level: server.loglevel,
        stdout: server.nodaemon && !server.silent,
    };
    activity(settings).map_err(|error| match &server.logfile {
        MainLogTarget::File(path) => UsageError(format!(
            "could not open log file {}: {error}",
            path.display()
        )),
        MainLogTarget::Syslog(_) => UsageError(format!("could not reach syslog: {error}")),
    })
}

/// Old AUTO logs go, new ones come (spec core 3.3).
pub(super) fn prepare_logs(
    config: &Config,
    say: &dyn Fn(&[LogLine]),
) -> Result<AutoLogs, UsageError> {
    let server = &config.server;
    if !server.nocleanup {
        say(&auto::clean(&server.childlogdir, &server.identifier));
    }
    let mut known = AutoLogs::new();
    let (folder, identifier) = (&server.childlogdir, &server.identifier);
    prepare_auto_logs(&config.groups, folder, identifier, &mut known).map_err(|error| {
        let folder = folder.display();
        UsageError(format!("could not create a child log in {folder}: {error}"))
    })?;
    Ok(known)
}

/// Say which FastCGI sockets cannot be opened before any program runs. Each is a spawn error of its
/// programs when they start, as it may be free by then.
pub(super) fn probe_sockets(config: &Config, say: &dyn Fn(&[LogLine])) {
    let processes = config.groups.iter().flat_map(|group| &group.processes);
    let sockets: BTreeMap<&str, &FcgiSocket> = processes
        .filter_map(|process| process.socket.as_deref())
        .map(|socket| (socket.url.as_str(), socket))
        .collect();
    for socket in sockets.into_values() {
        let attempt = probe(socket);
        say(&attempt.log);
        if let Err(error) = attempt.outcome {
            let text = format!("{error}; the programs that use it cannot start without it");
            say(&[LogLine::new(Level::Critical, text)]);
        }
    }
}

/// The configuration file: the one named, or the first at the default places.
///
/// # Errors
/// There is none.
pub(super) fn locate(
    invocation: &Invocation,
    surroundings: &Surroundings,
) -> Result<PathBuf, UsageError> {
    if let Some(path) = &invocation.config {
        return Ok(path.clone());
    }
    let found = visord_config::find_config(&invocation.program, surroundings);
    let path = found.map_err(|error| UsageError(error.to_string()))?;
    if nix::unistd::getuid().is_root() {
        eprintln!("{ROOT_WARNING}");
    }
    Ok(path)
}

/// Spec core 1.1.4.
const ROOT_WARNING: &str = "Supervisord is running as root and it is searching for its \
    configuration file in default locations (including its current working directory); you \
    probably want to specify a \"-c\" argument specifying an absolute path to a configuration \
    file for improved security.";

impl Running {
    /// The order of spec core 3.8: sockets, pidfile, log.
    /// The log is returned: somebody may have something left to say.
    pub(super) fn down(self) -> ActivityLog {
        self.bound.iter().for_each(Bound::unlink);
        if let Some(pidfile) = self.pidfile {
            pidfile.remove();
        }
        self.activity
    }
}
