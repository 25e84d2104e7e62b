//! The only place that starts actors and hands out addresses.

use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use actix::Actor;
use slog::Logger;
use tokio::sync::{oneshot, watch};
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::EventBus;
use visord_actors::interest::Interest;
use visord_actors::link::Link;
use visord_actors::log::{ActivityLog, LogService, LogSettings};
use visord_actors::messages::event::GetNextSerial;
use visord_actors::messages::supervisor::Begin;
use visord_actors::process::Surroundings;
use visord_actors::reaper::Reaper;
use visord_actors::signals::{Signals, hold_signals};
use visord_actors::spawn::SpawnerHandle;
use visord_actors::supervisor::{Ending, Loader, Parts, Rehearsal, Supervisor};
use visord_actors::ticker::Ticker;
use visord_actors::usage::Usage;
use visord_config::{
    Config, HttpAddress, HttpConfig, Loaded, MainLogTarget, RpcInterfaceConfig, RpcInterfaceKind,
};
use visord_model::state::SupervisorState;
use visord_web::budget::Budget;
use visord_web::rpc::remote::Remotes;
use visord_web::state::{AppState, Limits, Lost, Settle, Setup, Stored};
use visord_web::workers::Workers;

use super::serve::Doors;
use super::start::Running;
use crate::cli::UsageError;

/// What a run begins with.
pub(super) struct Run<'a> {
    pub(super) loader: Loader,
    pub(super) rehearsal: Rehearsal,
    pub(super) loaded: Loaded,
    /// When this process began.
    pub(super) started: SystemTime,
    pub(super) running: &'a mut Running,
    pub(super) spawner: SpawnerHandle,
    /// The global event serial, which survives a restart.
    pub(super) next_serial: &'a mut u64,
    /// No restart has led here: whoever started the daemon may still be told of an error.
    pub(super) is_first: bool,
}

/// Supervise until told to end and everything has stopped.
///
/// # Errors
/// In the first run: clients cannot be served. Nothing has been started then.
pub(super) fn run(run: Run<'_>) -> Result<Ending, UsageError> {
    let system = actix::System::new();
    system.block_on(supervise(run))
}

async fn supervise(run: Run<'_>) -> Result<Ending, UsageError> {
    let Run {
        loader,
        rehearsal,
        loaded: Loaded { config, listing },
        started,
        running,
        spawner,
        next_serial,
        is_first,
    } = run;
    let listing = Arc::new(listing);
    // from now on no disk may hold up a decision
    running.activity.start_threads();
    let logger = running.activity.logger();
    tell_panics(&logger);
    let board = Arc::new(Board::new(identity(&config)));
    let logs = LogService::start(LogSettings::new(logger.clone()));
    running.activity.announce_to(&logs);
    let interest = Interest::default();
    let bus = EventBus::new(*next_serial, interest.clone());
    let bus = bus.telling(board.feed().clone()).start();
    Ticker::new(bus.clone()).start();
    let reaper = match Reaper::new(spawner.kin(), logger.clone()) {
        Ok(reaper) => reaper.start(),
        Err(error) => {
            slog::crit!(logger, "cannot wait for children: {error}");
            return Ok(Ending::Shutdown);
        }
    };
    let world = Rc::new(Surroundings {
        reaper,
        workshop: spawner.clone(),
        spawner: Rc::new(spawner),
        logs: logs.clone(),
        output_events: bus.clone().recipient(),
        bus: bus.clone(),
        board: board.clone(),
        logger: logger.clone(),
        interest,
        clock: Clock::new(),
        environment: std::env::vars_os().collect(),
        server_url: server_url(&config.http),
        strip_ansi: config.server.strip_ansi,
    });
    let (ended, end) = oneshot::channel();
    let reopened = watch::Sender::new(());
    let latest = watch::Sender::new(Arc::clone(&listing));
    let setup = Setup {
        config_file: config.path.clone(),
        started,
        at_start: listing,
        latest: latest.subscribe(),
    };
    let namespaces = main_namespaces(&config.rpc_interfaces);
    let remotes = Arc::new(remotes(&config.rpc_interfaces, &logger));
    let supervisor = Supervisor::new(Parts {
        world,
        config,
        auto_logs: std::mem::take(&mut running.auto_logs),
        loader,
        rehearsal,
        listing: latest,
        activity: running.activity.clone(),
        reopened: watch::Sender::clone(&reopened),
        ended,
    })
    .start();
    Signals::new(supervisor.clone(), board.clone(), logger.clone()).start();
    let link = Link::new(&supervisor);
    // once the Supervisor answers, every process is on the board: no client sees it empty
    let _ = link.get_config().await;
    let shown = board.clone();
    let app = AppState {
        feed: board.feed().clone(),
        usage: Usage::new(board.clone()),
        board,
        link,
        log: logger.clone(),
        follow: logs.followers(),
        settle: settle(&running.activity),
        lost: lost(&logs),
        stored: stored(&logs),
        meters: Arc::default(),
        namespaces,
        remotes,
        build: crate::build_info(),
        setup,
        limits: Limits::default(),
        workers: Workers::default(),
        budget: Budget::default(),
        uploads: Budget::default(),
    };
    let mut doors = Doors::new(&running.bound, app, logger.clone());
    if let Err(error) = doors.open(reopened.subscribe())
        && is_first
    {
        return Err(UsageError(format!("could not serve clients: {error}")));
    }
    supervisor.do_send(Begin);
    let ended = doors.open_until(reopened.subscribe(), end).await;
    drop(reopened);
    // a Supervisor that is gone cannot be told to end: treat it as the end
    let mut ending = ended.unwrap_or(Ending::Shutdown);
    doors.close().await;
    // from here on signals wait for the next run; one that came before may have made a shutdown
    // of the restart
    hold_signals();
    tokio::task::yield_now().await;
    if shown.mood() == SupervisorState::Shutdown {
        ending = Ending::Shutdown;
    }
    *next_serial = bus.send(GetNextSerial).await.unwrap_or(*next_serial);
    logs.shutdown();
    // the next run has a log of its own
    drop(std::panic::take_hook());
    Ok(ending)
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

fn main_namespaces(interfaces: &[RpcInterfaceConfig]) -> Vec<String> {
    let main = interfaces
        .iter()
        .filter(|interface| interface.kind == RpcInterfaceKind::Main);
    main.map(|interface| interface.name.clone()).collect()
}

fn remotes(interfaces: &[RpcInterfaceConfig], logger: &slog::Logger) -> Remotes {
    let servers = interfaces
        .iter()
        .filter_map(|interface| match &interface.kind {
            RpcInterfaceKind::Main => None,
            RpcInterfaceKind::Remote(server) => {
                Some((interface.name.as_str(), server.url.as_str()))
            }
        });
    Remotes::new(servers).unwrap_or_else(|error| {
        // the configuration lets nothing pass that cannot be read here
        slog::crit!(logger, "no namespace can be forwarded: {error}");
        Remotes::default()
    })
}

/// Lets the web side wait until what was just said is in the log.
fn settle(activity: &ActivityLog) -> Settle {
    let activity = activity.clone();
    Arc::new(move || activity.settled())
}

/// Lets the web side tell how much of a process's output is lost.
fn lost(logs: &LogService) -> Lost {
    let logs = logs.clone();
    Arc::new(move |name| logs.lost(&name.group, &name.process))
}

/// Lets the web side tell how much of it is stored.
fn stored(logs: &LogService) -> Stored {
    let logs = logs.clone();
    Arc::new(move |name| logs.stored(&name.group, &name.process))
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
