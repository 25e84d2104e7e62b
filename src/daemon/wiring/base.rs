//! What the Supervisor and its processes need: the runtime of the control thread, the log threads,
//! the event bus, the ticker, the reaper.

use std::io;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use actix::Actor;
use slog::Logger;
use tokio::runtime::{Builder, Runtime};
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::{EventBus, Interest, OutputEvents};
use visord_actors::process::Deps;
use visord_actors::reaper::Reaper;
use visord_actors::spawn::{DaemonEnvironment, SpawnerHandle};
use visord_actors::ticker;
use visord_config::{Config, HttpConfig, ListenAddress, MainLogTarget};
use visord_logs::LogService;

use super::{RETRY, shortage};
use crate::daemon::start::Running;

/// Have tokio make what it makes once in a process. It panics if descriptors are missing then, so
/// that is tried before: room that is found stays as long as there is only one thread.
pub(in crate::daemon) fn prepare() -> Result<(), String> {
    let pair = UnixStream::pair;
    let room = || io::Result::Ok((pair()?, pair()?, pair()?));
    let prepared = room().map(drop).and_then(|()| runtime());
    prepared.map(drop).map_err(shortage("the control thread"))
}

pub(super) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Start what a Supervisor and its processes need. In the first run it is an error if a thread or a
/// descriptor cannot be had.
pub(super) fn start(
    config: &Config,
    running: &Running,
    spawner: SpawnerHandle,
) -> Result<Deps, String> {
    let activity = &running.activity;
    // from now on no disk may hold up a decision
    require(
        "the thread of the activity log",
        activity.start_threads(),
        running,
    )?;
    let logger = activity.logger();
    log_panics(&logger);
    let board = Arc::new(Board::new(identity(config)));
    let logs = LogService::new(logger.clone());
    require("a thread for logs", logs.start_first_thread(), running)?;
    activity.announce_to(logs.followers());
    let interest = Interest::default();
    let bus = EventBus::new(running.next_serial, interest.clone(), board.feed().clone()).start();
    ticker::start(bus.clone(), &interest);
    let clock = Clock::start();
    let reaper = obtain(
        running,
        "waiting for children",
        "cannot wait for children",
        || Reaper::new(spawner.children(), logger.clone(), clock),
    )?;
    Ok(Deps {
        reaper: reaper.start(),
        workshop: spawner.clone(),
        spawner: Rc::new(spawner),
        logs,
        output_events: Arc::new(OutputEvents {
            interest,
            bus: bus.clone(),
            feed: board.feed().clone(),
        }),
        bus,
        board,
        logger,
        clock,
        environment: Arc::new(DaemonEnvironment::new(std::env::vars_os())),
        server_url: server_url(&config.http),
        strip_ansi: config.server.strip_ansi,
    })
}

/// What could not be started is an error in the first run; after a restart it is logged, and the
/// daemon does without.
fn require(what: &str, started: io::Result<()>, running: &Running) -> Result<(), String> {
    match started {
        Err(error) if running.is_first => return Err(shortage(what)(error)),
        Err(error) => slog::crit!(running.activity.logger(), "could not start {what}: {error}"),
        Ok(()) => {}
    }
    Ok(())
}

/// What a run cannot do without: an error in the first run; after a restart, when no program runs
/// yet, it is tried until it works, and `complaint` is logged.
pub(super) fn obtain<T>(
    running: &Running,
    what: &str,
    complaint: &str,
    attempt: impl Fn() -> io::Result<T>,
) -> Result<T, String> {
    loop {
        match attempt() {
            Ok(obtained) => return Ok(obtained),
            Err(error) if running.is_first => return Err(shortage(what)(error)),
            Err(error) => {
                slog::crit!(running.activity.logger(), "{complaint}: {error}");
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// A panic is also in the activity log, with its message and place: stderr may be `/dev/null`.
fn log_panics(logger: &Logger) {
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
/// (spec core 4.6, difference Q42).
fn server_url(servers: &[HttpConfig]) -> Option<String> {
    let is_unix = |server: &&HttpConfig| matches!(server.address, ListenAddress::Unix { .. });
    let server = servers.iter().find(is_unix).or(servers.last())?;
    Some(match &server.address {
        ListenAddress::Unix { path, .. } => format!("unix://{}", path.display()),
        ListenAddress::Inet { host, port } => {
            let secure = if server.tls.is_some() { "s" } else { "" };
            let host = if host.is_empty() { "localhost" } else { host };
            format!("http{secure}://{host}:{port}")
        }
    })
}
