//! One run of the daemon: the only place that starts actors and hands out addresses.
//!
//! `base` starts what the Supervisor and its processes need, `web` what clients are served
//! with; [`run`] starts the Supervisor between the two and ends all three in order.

mod base;
mod web;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{oneshot, watch};
use visord_actors::messages::event::GetNextSerial;
use visord_actors::messages::supervisor::Begin;
use visord_actors::process::Deps;
use visord_actors::signals::{self, hold_signals};
use visord_actors::spawn::SpawnerHandle;
use visord_actors::supervisor::{Abandoned, Ending, Loader, Parts, Rehearsal, Supervisor};
use visord_actors::workers::Workers;
use visord_config::Loaded;
use visord_model::state::SupervisorState;

use super::start::Running;
use crate::cli::UsageError;
pub(super) use base::prepare;
use web::ServerLauncher;

/// Between two attempts to start what a run needs.
const RETRY: Duration = Duration::from_secs(1);

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
    /// No restart has led here: errors still reach the caller of supervisord.
    pub(super) is_first: bool,
}

/// Supervise until told to end and everything has stopped.
///
/// # Errors
/// In the first run: a thread or a descriptor cannot be had, or clients cannot be served. No program
/// has been started then. After a restart it is tried again until it works.
pub(super) fn run(run: Run<'_>) -> Result<Ending, UsageError> {
    let runtime = loop {
        match base::runtime() {
            Ok(runtime) => break runtime,
            Err(error) if run.is_first => return Err(shortage("the control thread")(error)),
            Err(error) => {
                let logger = run.running.logger();
                slog::crit!(logger, "the control thread cannot begin: {error}");
                // no program runs and no actor exists
                std::thread::sleep(RETRY);
            }
        }
    };
    let system = actix::System::with_tokio_rt(|| runtime);
    system.block_on(supervise(run))
}

/// Something that the daemon cannot be without cannot be had when it starts.
pub(super) fn shortage(what: &str) -> impl FnOnce(io::Error) -> UsageError {
    move |error| UsageError(format!("could not start {what}: {error}"))
}

async fn supervise(run: Run<'_>) -> Result<Ending, UsageError> {
    let Run {
        running, is_first, ..
    } = run;
    let Loaded {
        config, listing, ..
    } = run.loaded;
    let activity = running.activity.clone();
    let deps = base::start(&config, &activity, run.spawner, *run.next_serial, is_first).await?;
    let deps = Rc::new(deps);
    let listing = watch::Sender::new(Arc::new(listing));
    let setup = web::setup(&config, run.started, &listing);
    let interfaces = config.rpc_interfaces.clone();
    let (ended, end) = oneshot::channel();
    let reopened = watch::Sender::new(());
    let abandoned = Abandoned::default();
    let supervisor = Supervisor::run(
        Rc::clone(&deps),
        Parts {
            config,
            auto_logs: std::mem::take(&mut running.auto_logs),
            loader: run.loader,
            rehearsal: run.rehearsal,
            listing,
            activity: activity.clone(),
            reopened: reopened.clone(),
            ended: Some(ended),
            abandoned: abandoned.clone(),
        },
    );
    signals::listen(&supervisor, &deps);
    let state = web::state(
        &deps,
        &supervisor,
        activity,
        &interfaces,
        setup,
        run.workers,
    )
    .await;
    let mut launcher = ServerLauncher::new(&running.bound, state, deps.logger.clone());
    if let Err(error) = launcher.start(reopened.subscribe())
        && is_first
    {
        return Err(format!("could not serve clients: {error}").into());
    }
    if let Some(readiness) = running.readiness.take() {
        readiness.announce();
    }
    supervisor.do_send(Begin);
    let ended = launcher.serve_until(reopened.subscribe(), end).await;
    drop(reopened);
    let ending = close(launcher, ended.ok(), &abandoned, &deps).await;
    if let Ok(serial) = deps.bus.send(GetNextSerial).await {
        *run.next_serial = serial;
    }
    deps.logs.clone().shutdown();
    // the next run has a log of its own
    drop(std::panic::take_hook());
    Ok(ending)
}

/// Everything has stopped, or the Supervisor was given up (`None`): stop serving clients.
async fn close(
    launcher: ServerLauncher<'_>,
    ended: Option<Ending>,
    abandoned: &Abandoned,
    deps: &Deps,
) -> Ending {
    if ended.is_none() {
        // its programs are stopped without it
        abandoned.stop(&deps.board, &deps.logger).await;
    }
    let ending = ended.unwrap_or(Ending::Failed);
    launcher.stop().await;
    // from here on signals wait for the next run; one that came before may have made a shutdown
    // of the restart
    hold_signals();
    tokio::task::yield_now().await;
    if deps.board.state() == SupervisorState::Shutdown && ending != Ending::Failed {
        return Ending::Shutdown;
    }
    ending
}
