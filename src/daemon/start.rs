//! What a run needs before any actor exists, at the first start and after a restart, in the order
//! of spec core 3; and its clean-up.
//!
//! At the first start every failure ends the daemon, with everything removed that it made. After a
//! restart failures are logged, in spite of the rehearsal before it, and the old log and the old
//! servers stay.

use std::collections::BTreeMap;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use slog::Logger;
use visord_actors::fcgi::probe;
use visord_actors::signals::hold_signals;
use visord_actors::supervisor::{AutoLogs, prepare_auto_logs};
use visord_config::{Config, FcgiSocket, MainLogTarget};
use visord_files::Identity;
use visord_files::atomic::write_atomically;
use visord_logs::{ActivityLog, ActivitySettings, LineStyle, activity, auto, emit};
use visord_model::log_line::{Level, LogLine};
use visord_web::listen::{Bound, bind_all};

use super::daemonize::{Readiness, detach};
use super::listeners::{OpenedAhead, reopen};
use super::privileges::become_user;

/// What a running daemon holds and gives back at its end.
pub(super) struct Running {
    /// A parent that waits until clients are served; in the first run only.
    pub(super) readiness: Option<Readiness>,
    pub(super) activity: ActivityLog,
    pub(super) bound: Vec<Bound>,
    pub(super) auto_logs: AutoLogs,
    pidfile: Option<Pidfile>,
    /// Servers that were opened for the next run.
    pub(super) ahead: OpenedAhead,
    /// When this process began.
    pub(super) began: SystemTime,
    /// The global event serial, which survives a restart.
    pub(super) next_serial: u64,
    /// No restart has led here: errors still reach the caller of supervisord.
    pub(super) is_first: bool,
}

impl Running {
    /// The first start: become the user, open the log, bind, prepare logs, detach, write the
    /// pidfile. `remarks` come first in the log; `readiness`: a parent is waiting. After an error
    /// everything that was made is removed again.
    pub(super) fn start(
        config: &Config,
        mut remarks: Vec<LogLine>,
        readiness: Option<Readiness>,
    ) -> Result<Self, String> {
        remarks.extend(become_user(&config.server)?);
        let activity = open_log(config)?;
        let logger = activity.logger();
        log_remarks(&logger, remarks, config);
        // sockets before clean-up: a second instance stops here, with nothing deleted (difference C25)
        let bound = bind_all(&config.http).map_err(|error| error.to_string())?;
        let auto_logs =
            prepare_logs(config, &logger).inspect_err(|_| bound.iter().for_each(Bound::unlink))?;
        let mut running = Self {
            readiness,
            activity,
            bound,
            auto_logs,
            pidfile: None,
            ahead: OpenedAhead::default(),
            began: SystemTime::now(),
            next_serial: 0,
            is_first: true,
        };
        running.complete(config);
        Ok(running)
    }

    /// The start after a restart: same process, same session, same limits; all else is as at the
    /// first start.
    pub(super) fn restart(&mut self, config: &Config) {
        self.is_first = false;
        if let Some(pidfile) = self.pidfile.take() {
            pidfile.remove();
        }
        let became = become_user(&config.server).unwrap_or_else(|error| Some(failure(error)));
        let mut remarks = Vec::from_iter(became);
        // what it has queued comes before anything new
        self.activity.stop_threads();
        match open_log(config) {
            Ok(activity) => self.activity = activity,
            Err(error) => remarks.push(failure(error)),
        }
        let logger = self.activity.logger();
        log_remarks(&logger, remarks, config);
        self.bound = reopen(
            &config.http,
            take(&mut self.bound),
            self.ahead.take(),
            &logger,
        );
        self.auto_logs = prepare_logs(config, &logger).unwrap_or_else(|error| {
            emit(&logger, &failure(error));
            AutoLogs::new()
        });
        self.complete(config);
    }

    /// The end of both starts: whatever cannot fail.
    fn complete(&mut self, config: &Config) {
        let logger = self.activity.logger();
        probe_sockets(config, &logger);
        let servers = visord_web::server::startup_lines(&config.http, &config.rpc_interfaces);
        log(&logger, &servers);
        if self.readiness.is_some() {
            log(&logger, &detach(&config.server));
        }
        // the pid is known from here on: signals wait until the Supervisor gets them
        hold_signals();
        let (pidfile, line) = Pidfile::write(&config.server.pidfile, std::process::id());
        emit(&logger, &line);
        self.pidfile = pidfile;
    }

    /// Clean up in the order of spec core 3.8: sockets, pidfile, log.
    pub(super) fn stop(self) {
        let ahead = self.ahead.take();
        ahead.iter().chain(&self.bound).for_each(Bound::unlink);
        if let Some(pidfile) = self.pidfile {
            pidfile.remove();
        }
        self.activity.stop_threads();
    }
}

/// The remark on something that failed at a restart.
pub(super) fn failure(error: impl std::fmt::Display) -> LogLine {
    LogLine::new(Level::Critical, format!("going on in spite of it: {error}"))
}

fn log(logger: &Logger, lines: &[LogLine]) {
    lines.iter().for_each(|line| emit(logger, line));
}

/// These and the remarks of the configuration: CRIT first, then WARN, then INFO.
fn log_remarks(logger: &Logger, mut remarks: Vec<LogLine>, config: &Config) {
    remarks.extend(config.remarks.iter().cloned());
    remarks.sort_by_key(|line| line.level);
    log(logger, &remarks);
}

fn open_log(config: &Config) -> Result<ActivityLog, String> {
    let server = &config.server;
    let settings = ActivitySettings {
        target: server.logfile.clone(),
        maxbytes: server.logfile_maxbytes,
        backups: server.logfile_backups,
        level: server.loglevel,
        stdout: server.nodaemon && !server.silent,
        style: style(config),
    };
    activity(settings).map_err(|error| match &server.logfile {
        MainLogTarget::File(path) => {
            format!("could not open log file {}: {error}", path.display())
        }
        MainLogTarget::Syslog(_) => format!("could not reach syslog: {error}"),
    })
}

/// An instance of a cluster without a log of its own changes the form of all lines (spec cluster 1.2).
fn style(config: &Config) -> LineStyle {
    match &config.supvisors {
        Some(instance) if instance.log.is_none() => LineStyle::cluster(&instance.software_name),
        Some(_) | None => LineStyle::Supervisor,
    }
}

/// Old AUTO logs go, new ones come (spec core 3.3).
fn prepare_logs(config: &Config, logger: &Logger) -> Result<AutoLogs, String> {
    let server = &config.server;
    let (folder, identifier) = (&server.childlogdir, &server.identifier);
    if !server.nocleanup {
        log(logger, &auto::clean(folder, identifier));
    }
    let mut logs = AutoLogs::new();
    let prepared = prepare_auto_logs(&config.groups, folder, identifier, &mut logs);
    prepared.map_err(|error| {
        let folder = folder.display();
        format!("could not create a child log in {folder}: {error}")
    })?;
    Ok(logs)
}

/// Log which FastCGI sockets cannot be opened before any program runs. Each is a spawn error of its
/// programs when they start, as it may be free then.
fn probe_sockets(config: &Config, logger: &Logger) {
    let processes = config.groups.iter().flat_map(|group| &group.processes);
    let sockets = processes.filter_map(|process| process.socket.as_deref());
    let sockets: BTreeMap<&str, &FcgiSocket> = sockets
        .map(|socket| (socket.url.as_str(), socket))
        .collect();
    for socket in sockets.into_values() {
        if let Err(error) = probe(socket, logger) {
            let text = format!("{error}; the programs that use it cannot start without it");
            emit(logger, &LogLine::new(Level::Critical, text));
        }
    }
}

/// A pidfile that this instance wrote, once the daemon is up. It is removed only if it is still the
/// same file.
#[derive(Debug)]
struct Pidfile {
    path: PathBuf,
    /// `None`: the configuration names a device or FIFO.
    identity: Option<Identity>,
}

impl Pidfile {
    /// Write the pid; a link in its place is replaced, not followed. A failure is a remark in the
    /// log and no more (spec core 3.7).
    fn write(path: &Path, pid: u32) -> (Option<Self>, LogLine) {
        let Ok(identity) = write_atomically(path, 0o666, format!("{pid}\n").as_bytes()) else {
            let text = format!("could not write pidfile {}", path.display());
            return (None, LogLine::new(Level::Critical, text));
        };
        let text = format!("supervisord started with pid {pid}");
        let path = path.to_owned();
        (
            Some(Self { path, identity }),
            LogLine::new(Level::Info, text),
        )
    }

    fn remove(self) {
        let found = visord_files::look(&self.path).ok().flatten();
        if self.identity.is_some() && self.identity == found.map(|found| found.identity) {
            // what cannot be removed is replaced by the next start
            let _ = visord_files::remove(&self.path);
        }
    }
}
