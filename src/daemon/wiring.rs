//! One run of the daemon: the only place that starts actors and hands out addresses.
//!
//! `base` starts what the Supervisor and its processes need, `web` what clients are served
//! with; [`run`] starts the Supervisor between the two and ends all three in order.

mod base;
mod cluster;
mod web;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use visord_actors::messages::event::GetNextSerial;
use visord_actors::messages::supervisor::{Order, SupervisorHandle};
use visord_actors::process::Deps;
use visord_actors::signals::{self, hold_signals};
use visord_actors::supervisor::{Abandoned, Ending, Loader, Parts, Supervisor};
use visord_config::{Config, Listing, Loaded};
use visord_model::state::SupervisorState;
use visord_web::server::WebHandle;
use visord_web::state::Setup;

use super::Threads;
use super::listeners::rehearsal;
use super::start::Running;
pub(super) use base::prepare;

/// Between two attempts to start what a run needs.
const RETRY: Duration = Duration::from_secs(1);

/// Supervise until told to end and everything has stopped.
///
/// # Errors
/// In the first run: a thread or a descriptor cannot be had, or clients cannot be served. No program
/// has been started then. After a restart it is tried again until it works.
pub(super) fn run(
    loader: Loader,
    loaded: Loaded,
    running: &mut Running,
    threads: &Threads,
) -> Result<Ending, String> {
    let runtime = base::obtain(
        running,
        "the control thread",
        "the control thread cannot begin",
        base::runtime,
    )?;
    let system = actix::System::with_tokio_rt(|| runtime);
    system.block_on(supervise(loader, loaded, running, threads.clone()))
}

/// Something that the daemon cannot be without cannot be had when it starts.
pub(super) fn shortage(what: &str) -> impl FnOnce(io::Error) -> String {
    move |error| format!("could not start {what}: {error}")
}

async fn supervise(
    loader: Loader,
    loaded: Loaded,
    running: &mut Running,
    (spawner, workers): Threads,
) -> Result<Ending, String> {
    let config = loaded.config;
    let activity = running.activity.clone();
    let deps = Rc::new(base::start(&config, running, spawner)?);
    let listing = watch::Sender::new(Arc::new(loaded.listing));
    let setup = setup(&config, running, &listing);
    let interfaces = config.rpc_interfaces.clone();
    let instance = cluster::prepare(&config, &deps, running.is_first)?;
    let (ended, end) = oneshot::channel();
    let reopened = watch::Sender::new(());
    let abandoned = Abandoned::default();
    let supervisor = Supervisor::run(
        Rc::clone(&deps),
        Parts {
            disabilities: cluster::disabilities(&config, &deps),
            config,
            templates: loaded.templates,
            auto_logs: std::mem::take(&mut running.auto_logs),
            loader,
            rehearsal: rehearsal(&running.ahead, &running.bound),
            listing,
            activity: activity.clone(),
            reopened: reopened.clone(),
            ended: Some(ended),
            abandoned: abandoned.clone(),
        },
    );
    signals::listen(&supervisor, &deps);
    let link = SupervisorHandle::new(&supervisor);
    let instance = cluster::start(instance, &deps, &link, &workers, running.is_first)?;
    let mut state = web::state(&deps, link, activity, &interfaces, setup, workers).await;
    if let Some(instance) = &instance {
        instance.serve_with(&mut state);
    }
    let start = || web::start(&running.bound, &state, &deps.logger, reopened.subscribe());
    // after a restart programs run whether or not clients can ask about them
    let mut server = match start() {
        Err(error) if running.is_first => return Err(format!("could not serve clients: {error}")),
        started => started.ok(),
    };
    if let Some(readiness) = running.readiness.take() {
        readiness.announce();
    }
    supervisor.do_send(Order::Begin);
    let ended = match server {
        Some(_) => end.await,
        None => web::retry_until(end, RETRY, || start().map(|it| server = Some(it))).await,
    };
    drop(reopened);
    if let Some(instance) = instance {
        instance.stop().await;
    }
    Ok(close(server, ended.ok(), &abandoned, &deps, running).await)
}

fn setup(config: &Config, running: &Running, listing: &watch::Sender<Arc<Listing>>) -> Setup {
    Setup {
        config_file: config.path.clone(),
        started: running.began,
        at_start: Arc::clone(&listing.borrow()),
        latest: listing.subscribe(),
    }
}

/// Everything has stopped, or the Supervisor was given up (`None`): stop serving clients.
async fn close(
    server: Option<WebHandle>,
    ended: Option<Ending>,
    abandoned: &Abandoned,
    deps: &Deps,
    running: &mut Running,
) -> Ending {
    if ended.is_none() {
        // its programs are stopped without it
        abandoned.stop(&deps.board, &deps.logger).await;
    }
    let ending = ended.unwrap_or(Ending::Failed);
    if let Some(server) = server {
        server.stop().await;
    }
    // from here on signals wait for the next run; one that came before may have made a shutdown
    // of the restart
    hold_signals();
    tokio::task::yield_now().await;
    let is_shutdown = deps.board.state() == SupervisorState::Shutdown;
    if let Ok(serial) = deps.bus.send(GetNextSerial).await {
        running.next_serial = serial;
    }
    deps.logs.clone().shutdown();
    // the next run has a log of its own
    drop(std::panic::take_hook());
    if is_shutdown && ending != Ending::Failed {
        return Ending::Shutdown;
    }
    ending
}
