//! The life of the daemon: load, become, bind, daemonize, run; perhaps again.
//!
//! The order of start and clean-up is spec core 3. Everything before [`wiring`] is ordinary
//! sequential code on the one thread there is; the actors live from `wiring::run` until it
//! returns.

mod again;
mod check;
pub mod cli;
mod daemonize;
mod pidfile;
mod privileges;
mod rehearsal;
mod reserve;
mod serve;
mod start;
mod wiring;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use visord_actors::spawn::{Limit, SpawnerHandle, SpawnerOptions, SpawnerThread};
use visord_actors::supervisor::{Ending, Loader};
use visord_actors::workers::Workers;
use visord_config::{ConfigError, Loaded, Overrides, Surroundings};
use visord_web::listen::Bound;

use crate::cli::UsageError;
use cli::Invocation;
use daemonize::{Readiness, Side};
use rehearsal::Ahead;
use start::{Running, Start};
use wiring::shortage;

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

/// Exit code after an internal error (EX_SOFTWARE of sysexits.h).
const SOFTWARE: u8 = 70;

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
    let loaded = origin.load().and_then(Loaded::startable).map_err(usage)?;
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
    reserve::keep();
    let (spawner, workers) = match threads(descriptors) {
        Ok(threads) => threads,
        Err(error) => return Err(failed(running, error)),
    };
    let ahead = Ahead::default();
    let mut next_serial = 0;
    let started = SystemTime::now();
    let mut is_first = true;
    loop {
        let ended = wiring::run(wiring::Run {
            loader: origin.loader(),
            rehearsal: ahead.rehearsal(&running.bound),
            loaded,
            started,
            running: &mut running,
            spawner: spawner.clone(),
            workers: workers.clone(),
            next_serial: &mut next_serial,
            is_first,
        });
        is_first = false;
        match ended {
            Ok(Ending::Restart(next)) => {
                loaded = *next;
                running = again::up(&loaded.config, running, ahead.take());
            }
            Ok(Ending::Shutdown) => {
                end(running, &ahead);
                return Ok(ExitCode::SUCCESS);
            }
            Ok(Ending::Failed) => {
                let text = "the Supervisor failed; every program was stopped, supervisord ends";
                slog::crit!(running.activity.logger(), "{text}");
                eprintln!("Error: {text}");
                end(running, &ahead);
                return Ok(ExitCode::from(SOFTWARE));
            }
            Err(error) => return Err(failed(running, error)),
        }
    }
}

/// The threads that outlive a restart. They begin only after the fork and the change of user.
///
/// # Errors
/// A thread or a descriptor cannot be had.
fn threads(descriptors: Option<Limit>) -> Result<(SpawnerHandle, Workers), UsageError> {
    wiring::prepare()?;
    let spawner = SpawnerThread::start_with(SpawnerOptions {
        portable: false,
        descriptors,
    });
    let spawner = spawner.map_err(|error| shortage("the spawner thread", &error))?;
    let workers = Workers::start();
    let workers = workers.map_err(|error| shortage("the worker threads", &error))?;
    Ok((spawner, workers))
}

/// Clean up at the end, what was tried ahead of a restart included.
fn end(running: Running, ahead: &Ahead) {
    ahead.take().iter().for_each(Bound::unlink);
    running.down().stop_threads();
}

/// Clean up after a first start that failed. Standard error may be gone already, so the log says
/// why.
fn failed(running: Running, error: UsageError) -> UsageError {
    slog::crit!(running.activity.logger(), "{error}");
    running.down().stop_threads();
    error
}

fn usage(error: ConfigError) -> UsageError {
    UsageError(error.first().to_owned())
}
