//! Before a restart stops anything: whatever it will need is tried (decision C28), and servers at
//! new addresses are opened already.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use visord_actors::log::try_activity;
use visord_actors::supervisor::Rehearsal;
use visord_config::{Config, HttpConfig, LogTarget, MainLogTarget, ProcessConfig};
use visord_files::Folder;
use visord_web::listen::{Bound, bind_one, is_in_the_way};
use visord_web::tls::Tls;

use super::privileges::may_become;

/// Servers opened ahead, for the next run. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Ahead(Arc<Mutex<Vec<Bound>>>);

impl Ahead {
    /// The rehearsal of a run that serves these.
    pub(super) fn rehearsal(&self, held: &[Bound]) -> Rehearsal {
        let held: Vec<HttpConfig> = held.iter().map(|bound| bound.config.clone()).collect();
        let ahead = self.clone();
        Arc::new(move |config| {
            may_become(&config.server)?;
            try_log(&config.server.logfile)?;
            try_child_logs(config)?;
            ahead.open(&config.http, &held)
        })
    }

    /// What was opened, for whoever serves it now.
    pub(super) fn take(&self) -> Vec<Bound> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Open what is new; what is where a server of ours is already has to wait for it.
    fn open(&self, http: &[HttpConfig], held: &[HttpConfig]) -> Result<(), String> {
        // not locked while something is opened: that may block, and the end of the daemon takes
        // what there is
        let mut before = self.take();
        let mut opened = Vec::new();
        let mut tried = Ok(());
        for config in http {
            tried = if held.iter().any(|held| is_in_the_way(held, config)) {
                Tls::of(config).map(drop).map_err(|error| error.to_string())
            } else if let Some(place) = before.iter().position(|it| it.config == *config) {
                opened.push(before.remove(place));
                Ok(())
            } else {
                let bound = bind_one(config).map(|bound| opened.push(bound));
                bound.map_err(|error| error.to_string())
            };
            if tried.is_err() {
                break;
            }
        }
        let useless = if tried.is_ok() { &before } else { &opened };
        useless.iter().for_each(Bound::unlink);
        if tried.is_ok() {
            // another rehearsal may have come first
            let others = std::mem::replace(&mut *self.lock(), opened);
            others.iter().for_each(Bound::unlink);
        }
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

/// The folder of child logs, if any is made there. (A FastCGI socket that cannot be opened is a
/// spawn error of its programs.)
fn try_child_logs(config: &Config) -> Result<(), String> {
    let mut processes = config.groups.iter().flat_map(|group| &group.processes);
    let has_auto = |process: &ProcessConfig| {
        let auto = |target: &LogTarget| *target == LogTarget::Auto;
        auto(&process.stdout.logfile) || auto(&process.stderr.logfile) && !process.redirect_stderr
    };
    if processes.any(|process| has_auto(process)) {
        try_folder(&config.server.childlogdir)?;
    }
    Ok(())
}

fn try_folder(folder: &Path) -> Result<(), String> {
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
