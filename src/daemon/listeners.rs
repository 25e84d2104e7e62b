//! The listening sockets across a restart: those at new addresses are opened by the rehearsal,
//! before anything stops (difference C28); those that stay the same stay open.

use std::sync::Arc;

use nix::errno::Errno;
use parking_lot::Mutex;
use slog::Logger;
use visord_actors::supervisor::Rehearsal;
use visord_config::{Config, HttpConfig, LogTarget, MainLogTarget, ProcessConfig};
use visord_files::Folder;
use visord_logs::{emit, try_activity};
use visord_web::listen::{Bound, bind_one, is_in_the_way, read_certificate};

use super::privileges::may_become;
use super::start::failure;

/// Servers that a rehearsal has opened, for the next run. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct OpenedAhead(Arc<Mutex<Vec<Bound>>>);

/// Tries whatever a restart will need, while these servers are open.
pub(super) fn rehearsal(ahead: &OpenedAhead, open: &[Bound]) -> Rehearsal {
    let open: Vec<HttpConfig> = open.iter().map(|bound| bound.config.clone()).collect();
    let ahead = ahead.clone();
    Arc::new(move |config| {
        may_become(&config.server)?;
        try_log(&config.server.logfile)?;
        try_child_logs(config)?;
        ahead.open(&config.http, &open)
    })
}

impl OpenedAhead {
    /// What was opened, to be served.
    pub(super) fn take(&self) -> Vec<Bound> {
        std::mem::take(&mut *self.0.lock())
    }

    /// Open what is new. A server that needs the place of an open one has to wait for it.
    fn open(&self, http: &[HttpConfig], open: &[HttpConfig]) -> Result<(), String> {
        // not locked while something is opened: that may block, and the end of the daemon takes
        // what there is
        let mut before = self.take();
        let mut opened = Vec::new();
        let tried = http.iter().try_for_each(|config| {
            if open.iter().any(|open| is_in_the_way(open, config)) {
                return read_certificate(config)
                    .map(drop)
                    .map_err(|error| error.to_string());
            }
            let known = before.iter().position(|bound| bound.config == *config);
            opened.push(match known {
                Some(at) => before.remove(at),
                None => bind_one(config).map_err(|error| error.to_string())?,
            });
            Ok(())
        });
        let useless = match &tried {
            // another rehearsal may have come first
            Ok(()) => std::mem::replace(&mut *self.0.lock(), opened),
            Err(_) => opened,
        };
        before.iter().chain(&useless).for_each(Bound::unlink);
        tried
    }
}

fn try_log(target: &MainLogTarget) -> Result<(), String> {
    try_activity(target).map_err(|error| {
        let shown = match target {
            MainLogTarget::File(path) => path.display().to_string(),
            MainLogTarget::Syslog(_) => "syslog".to_owned(),
        };
        format!("could not open log file {shown}: {error}")
    })
}

/// The folder of AUTO logs, if there are any. (A FastCGI socket that cannot be opened is a spawn
/// error of its programs.)
fn try_child_logs(config: &Config) -> Result<(), String> {
    let is_auto = |target: &LogTarget| *target == LogTarget::Auto;
    let has_auto = |process: &ProcessConfig| {
        is_auto(&process.stdout.logfile)
            || is_auto(&process.stderr.logfile) && !process.redirect_stderr
    };
    let mut processes = config.groups.iter().flat_map(|group| &group.processes);
    if !processes.any(|process| has_auto(process)) {
        return Ok(());
    }
    let folder = &config.server.childlogdir;
    let opened = Folder::open(folder).and_then(|folder| folder.check_writable());
    opened.map_err(|error| {
        let reason = match error.raw_os_error() {
            Some(errno) => Errno::from_raw(errno).desc().to_owned(),
            None => error.to_string(),
        };
        let folder = folder.display();
        format!("could not create a child log in {folder}: {reason}")
    })
}

/// Every configured server: one that is open already stays open, others take the places of old
/// ones. If nothing else can be opened the old ones stay: clients must be able to connect.
pub(super) fn reopen(
    http: &[HttpConfig],
    mut old: Vec<Bound>,
    mut ahead: Vec<Bound>,
    logger: &Logger,
) -> Vec<Bound> {
    let mut bound = Vec::with_capacity(http.len());
    for config in http {
        let is_same = |bound: &Bound| bound.config.address == config.address;
        match remove(&mut ahead, is_same).or_else(|| remove(&mut old, is_same)) {
            Some(mut open) => {
                if let Err(error) = open.renew(config) {
                    let error = format!("TLS of [{}]: {error}", config.section);
                    emit(logger, &failure(error));
                }
                bound.push(open);
            }
            None => bound.extend(replace(config, &mut old, logger)),
        }
    }
    if bound.is_empty() && !http.is_empty() {
        bound.append(&mut old);
    }
    old.iter().chain(&ahead).for_each(Bound::unlink);
    bound
}

fn remove(from: &mut Vec<Bound>, is_wanted: impl Fn(&Bound) -> bool) -> Option<Bound> {
    let at = from.iter().position(is_wanted)?;
    Some(from.remove(at))
}

/// Open a server, if need be in the place of an old one; if that fails, the old one again.
fn replace(config: &HttpConfig, old: &mut Vec<Bound>, logger: &Logger) -> Option<Bound> {
    let rival = remove(old, |bound| is_in_the_way(&bound.config, config));
    let rival = rival.map(|rival| {
        rival.unlink();
        rival.config
    });
    let error = match bind_one(config) {
        Ok(bound) => return Some(bound),
        Err(error) => error,
    };
    emit(logger, &failure(format!("[{}]: {error}", config.section)));
    let again = bind_one(&rival?).inspect_err(|error| {
        emit(logger, &failure(format!("the server before it: {error}")));
    });
    again.ok()
}
