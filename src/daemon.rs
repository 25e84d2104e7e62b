//! The life of the daemon: load, become, bind, daemonize, run; perhaps again.
//!
//! The order of start and clean-up is spec core 3. Everything before [`wiring`] is ordinary
//! sequential code on the one thread there is; the actors live from `wiring::run` until it
//! returns.

mod check;
pub mod cli;
mod daemonize;
mod pidfile;
mod privileges;
mod start;
mod wiring;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use visord_actors::spawn::{SpawnerOptions, SpawnerThread};
use visord_actors::supervisor::{Ending, Loader};
use visord_config::{ConfigError, Loaded, Overrides, Surroundings};

use crate::cli::UsageError;
use cli::Invocation;
use daemonize::{Readiness, Side};
use start::Start;

/// The command line and surroundings a daemon was started with: all it needs to load its
/// configuration again.
#[derive(Clone)]
struct Origin {
    /// As messages show it; found from the working directory of the start (decision C27).
    path: PathBuf,
    overrides: Overrides,
    surroundings: Surroundings,
}

impl Origin {
    fn load(&self) -> Result<Loaded, ConfigError> {
        visord_config::read(&self.path, &self.overrides, &self.surroundings)
    }

    fn loader(&self) -> Loader {
        let origin = self.clone();
        Arc::new(move || origin.load())
    }
}

/// Run supervisord with these settings until it is told to end.
#[must_use]
pub fn run(invocation: Invocation) -> ExitCode {
    let program = invocation.program.clone();
    match supervise(invocation) {
        Ok(code) => code,
        Err(error) => error.report(&program),
    }
}

fn supervise(invocation: Invocation) -> Result<ExitCode, UsageError> {
    let surroundings = start::surroundings().map_err(UsageError)?;
    let path = start::locate(&invocation, &surroundings)?;
    let origin = Origin {
        path,
        overrides: invocation.overrides,
        surroundings,
    };
    let loaded = origin.load().map_err(usage)?;
    if loaded.config.server.nodaemon {
        return live(&origin, loaded, None);
    }
    match daemonize::split().map_err(UsageError)? {
        Side::Parent(code) => Ok(code),
        Side::Daemon(readiness) => live(&origin, loaded, Some(readiness)),
    }
}

/// Runs until told to end; a restart begins again with a freshly loaded configuration.
fn live(
    origin: &Origin,
    loaded: Loaded,
    readiness: Option<Readiness>,
) -> Result<ExitCode, UsageError> {
    let mut loaded = loaded;
    let limits = privileges::raise_limits(&loaded.config.server).map_err(UsageError)?;
    let descriptors = privileges::raise_own_descriptors();
    let mut running = Start::first(limits, readiness).up(&loaded.config)?;
    // threads begin only now, after the fork and the change of user
    let options = SpawnerOptions {
        portable: false,
        descriptors,
    };
    let spawner = SpawnerThread::start_with(options)
        .map_err(|error| UsageError(format!("could not start the spawner thread: {error}")))?;
    let mut next_serial = 0;
    let started = SystemTime::now();
    loop {
        let ending = wiring::run(wiring::Run {
            loader: origin.loader(),
            loaded,
            started,
            running: &mut running,
            spawner: spawner.clone(),
            next_serial: &mut next_serial,
        });
        let log = running.down();
        match ending {
            Ending::Shutdown => {
                log.stop_threads();
                return Ok(ExitCode::SUCCESS);
            }
            Ending::Restart(next) => loaded = *next,
        }
        let again = Start::again().up(&loaded.config);
        if let Err(error) = &again {
            // a daemon in the background has no other way to say why it is gone
            slog::crit!(log.logger(), "cannot run again: {error}");
        }
        log.stop_threads();
        running = again?;
    }
}

fn usage(error: ConfigError) -> UsageError {
    UsageError(error.first().to_owned())
}
