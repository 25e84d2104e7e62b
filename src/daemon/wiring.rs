//! The only place that starts actors and hands out addresses.

mod web;

use std::io;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use actix::{Actor, Addr};
use slog::Logger;
use tokio::sync::{oneshot, watch};
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::EventBus;
use visord_actors::interest::Interest;
use visord_actors::log::{ActivityLog, LogService, LogSettings};
use visord_actors::messages::event::GetNextSerial;
use visord_actors::messages::supervisor::Begin;
use visord_actors::process::Surroundings;
use visord_actors::reaper::Reaper;
use visord_actors::signals::{Signals, hold_signals};
use visord_actors::spawn::{DaemonEnvironment, SpawnerHandle};
use visord_actors::supervisor::{Abandoned, Ending, Loader, Parts, Rehearsal, Supervisor};
use visord_actors::ticker::Ticker;
use visord_actors::workers::Workers;
use visord_config::{Config, HttpAddress, HttpConfig, Loaded, MainLogTarget};
use visord_model::state::SupervisorState;
use visord_web::state::Setup;

use super::serve::{Doors, PAUSE};
use super::start::Running;
use crate::cli::UsageError;
use web::Web;

/// What a run begins with.
pub(super) struct Run<'a> {
    pub(super) loader: Loader,
    pub(super) rehearsal: Rehearsal,
    pub(super) loaded: Loaded,
    /// When this process began.
    pub(super) started: SystemTime,
    pub(super) running: &'a mut Running,
    pub(super) spawner: SpawnerHandle,
    pub(super) workers: Workers,
    /// The global event serial, which survives a restart.
    pub(super) next_serial: &'a mut u64,
    /// No restart has led here: whoever started the daemon may still be told of an error.
    pub(super) is_first: bool,
}

/// Supervise until told to end and everything has stopped.
///
/// # Errors
/// In the first run: a thread or a descriptor cannot be had, or clients cannot be served. No program
/// has been started then. After a restart it is tried again until it works.
pub(super) fn run(run: Run<'_>) -> Result<Ending, UsageError> {
    let runtime = loop {
        match runtime() {
            Ok(runtime) => break runtime,
            Err(error) if run.is_first => return Err(shortage("the control thread", &error)),
            Err(error) => {
                let logger = run.running.activity.logger();
                slog::crit!(logger, "the control thread cannot begin: {error}");
                // no program runs and no actor exists
                std::thread::sleep(PAUSE);
            }
        }
    };
    let system = actix::System::with_tokio_rt(|| runtime);
    system.block_on(supervise(run))
}

/// Have tokio make what it makes once in a process. It panics if descriptors are missing then, so
/// that is tried before: room that is found stays as long as there is only one thread.
///
/// # Errors
/// Descriptors are missing.
pub(super) fn prepare() -> Result<(), UsageError> {
    let pair = UnixStream::pair;
    let room = || io::Result::Ok((pair()?, pair()?, pair()?));
    let prepared = room().and_then(|room| {
        drop(room);
        runtime()
    });
    let prepared = prepared.map(drop);
    prepared.map_err(|error| shortage("the control thread", &error))
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Something that the daemon cannot be without cannot be had when it starts.
pub(super) fn shortage(what: &str, error: &io::Error) -> UsageError {
    UsageError(format!("could not start {what}: {error}"))
}

/// In the first run an error; after a restart it is said in the log, and the daemon does without.
fn needed(
    what: &str,
    started: io::Result<()>,
    is_first: bool,
    logger: &Logger,
) -> Result<(), UsageError> {
    match started {
        Ok(()) => Ok(()),
        Err(error) if is_first => Err(shortage(what, &error)),
        Err(error) => {
            slog::crit!(logger, "could not start {what}: {error}");
            Ok(())
        }
    }
}

/// What outlives the Supervisor in a run.
struct Base {
    logger: Logger,
    logs: LogService,
    board: Arc<Board>,
    bus: Addr<EventBus>,
}

/// Start what a Supervisor and its processes need.
///
/// # Errors
/// In the first run: a thread or a descriptor cannot be had.
async fn base(
    config: &Config,
    activity: &ActivityLog,
    spawner: SpawnerHandle,
    next_serial: u64,
    is_first: bool,
) -> Result<(Base, Surroundings), UsageError> {
    // from now on no disk may hold up a decision
    let threads = activity.start_threads();
    let logger = activity.logger();
    needed("the thread of the activity log", threads, is_first, &logger)?;
    tell_panics(&logger);
    let board = Arc::new(Board::new(identity(config)));
    let logs = LogService::start(LogSettings::new(logger.clone()));
    let threads = logs.start_first_thread();
    needed("a thread for logs", threads, is_first, &logger)?;
    activity.announce_to(&logs);
    let interest = Interest::default();
    let bus = EventBus::new(next_serial, interest.clone());
    let bus = bus.telling(board.feed().clone()).start();
    Ticker::new(bus.clone()).start();
    let clock = Clock::new();
    let world = Surroundings {
        reaper: reaper(&spawner, &logger, clock, is_first).await?,
        workshop: spawner.clone(),
        spawner: Rc::new(spawner),
        logs: logs.clone(),
        output_events: bus.clone().recipient(),
        bus: bus.clone(),
        board: board.clone(),
        logger: logger.clone(),
        interest,
        clock,
        environment: Arc::new(DaemonEnvironment::new(std::env::vars_os())),
        server_url: server_url(&config.http),
        strip_ansi: config.server.strip_ansi,
    };
    let base = Base {
        logger,
        logs,
        board,
        bus,
    };
    Ok((base, world))
}

/// The Reaper; after a restart it is tried until it works.
async fn reaper(
    spawner: &SpawnerHandle,
    logger: &Logger,
    clock: Clock,
    is_first: bool,
) -> Result<Addr<Reaper>, UsageError> {
    loop {
        match Reaper::new(spawner.children(), logger.clone(), clock) {
            Ok(reaper) => return Ok(reaper.start()),
            Err(error) if is_first => return Err(shortage("waiting for children", &error)),
            Err(error) => {
                slog::crit!(logger, "cannot wait for children: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn supervise(run: Run<'_>) -> Result<Ending, UsageError> {
    let Run {
        loader,
        rehearsal,
        loaded: Loaded {
            config, listing, ..
        },
        started,
        running,
        spawner,
        workers,
        next_serial,
        is_first,
    } = run;
    let activity = &running.activity;
    let (base, world) = base(&config, activity, spawner, *next_serial, is_first).await?;
    let listing = watch::Sender::new(Arc::new(listing));
    let setup = Setup {
        config_file: config.path.clone(),
        started,
        at_start: Arc::clone(&listing.borrow()),
        latest: listing.subscribe(),
    };
    let web = Web::new(&config.rpc_interfaces, setup, workers, &base.logger);
    let (ended, end) = oneshot::channel();
    let reopened = watch::Sender::new(());
    let abandoned = Abandoned::default();
    let supervisor = Supervisor::run(Parts {
        world: Rc::new(world),
        config,
        auto_logs: std::mem::take(&mut running.auto_logs),
        loader,
        rehearsal,
        listing,
        activity: running.activity.clone(),
        reopened: watch::Sender::clone(&reopened),
        ended,
        abandoned: abandoned.clone(),
    });
    Signals::new(supervisor.clone(), base.board.clone(), base.logger.clone()).start();
    let app = web.app(&base, &supervisor, &running.activity).await;
    let mut doors = Doors::new(&running.bound, app, base.logger.clone());
    if let Err(error) = doors.open(reopened.subscribe())
        && is_first
    {
        return Err(UsageError(format!("could not serve clients: {error}")));
    }
    if let Some(readiness) = running.readiness.take() {
        readiness.announce();
    }
    supervisor.do_send(Begin);
    let ended = doors.open_until(reopened.subscribe(), end).await;
    drop(reopened);
    let ending = close(doors, ended.ok(), &abandoned, &base).await;
    *next_serial = base.bus.send(GetNextSerial).await.unwrap_or(*next_serial);
    base.logs.shutdown();
    // the next run has a log of its own
    drop(std::panic::take_hook());
    Ok(ending)
}

/// Everything has stopped, or the Supervisor was given up (`None`): stop serving clients.
async fn close(
    doors: Doors<'_>,
    ended: Option<Ending>,
    abandoned: &Abandoned,
    base: &Base,
) -> Ending {
    if ended.is_none() {
        // its programs are stopped without it
        abandoned.stop(&base.board, &base.logger).await;
    }
    let ending = ended.unwrap_or(Ending::Failed);
    doors.close().await;
    // from here on signals wait for the next run; one that came before may have made a shutdown
    // of the restart
    hold_signals();
    tokio::task::yield_now().await;
    if base.board.mood() == SupervisorState::Shutdown && ending != Ending::Failed {
        return Ending::Shutdown;
    }
    ending
}

/// A panic is loud: its words and place are in the activity log, not only on a stderr that
/// nobody may see.
fn tell_panics(logger: &Logger) {
    let logger = logger.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        slog::crit!(logger, "{panic}");
        usual(panic);
    }));
}

fn identity(config: &Config) -> Identity {
    Identity {
        identifier: config.server.identifier.clone(),
        pid: i32::try_from(std::process::id()).unwrap_or(0),
        logfile: match &config.server.logfile {
            MainLogTarget::File(path) => Some(path.clone()),
            MainLogTarget::Syslog(_) => None,
        },
    }
}

/// `SUPERVISOR_SERVER_URL` for children: the first unix server, else the last inet one
/// (spec core 4.6, decision Q42).
fn server_url(servers: &[HttpConfig]) -> Option<String> {
    let unix = servers.iter().find_map(|server| match &server.address {
        HttpAddress::Unix { path, .. } => Some(format!("unix://{}", path.display())),
        HttpAddress::Inet { .. } => None,
    });
    unix.or_else(|| {
        servers.iter().rev().find_map(|server| {
            let scheme = if server.tls.is_some() {
                "https"
            } else {
                "http"
            };
            match &server.address {
                HttpAddress::Inet { host, port } if host.is_empty() => {
                    Some(format!("{scheme}://localhost:{port}"))
                }
                HttpAddress::Inet { host, port } => Some(format!("{scheme}://{host}:{port}")),
                HttpAddress::Unix { .. } => None,
            }
        })
    })
}
