//! The web server of a run and the state that requests are answered from.
//!
//! At the first start a failure ends the daemon, as a socket that cannot be opened does: nothing
//! has been started yet. After a restart programs run whether or not clients can ask about them,
//! and the server is started again and again until that works.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix::Addr;
use slog::Logger;
use tokio::sync::watch;
use visord_actors::log::ActivityLog;
use visord_actors::messages::supervisor::SupervisorHandle;
use visord_actors::process::Deps;
use visord_actors::supervisor::Supervisor;
use visord_actors::usage::Usage;
use visord_actors::workers::Workers;
use visord_config::{Config, Listing, RpcInterfaceConfig};
use visord_web::budget::Budget;
use visord_web::listen::Bound;
use visord_web::remote::Remotes;
use visord_web::rpc::table;
use visord_web::server::{ReadCertificates, WebHandle, WebServer};
use visord_web::state::{AppState, ClientLimits, Setup};

use super::RETRY;

/// Where the daemon comes from.
pub(super) fn setup(
    config: &Config,
    started: SystemTime,
    listing: &watch::Sender<Arc<Listing>>,
) -> Setup {
    Setup {
        config_file: config.path.clone(),
        started,
        at_start: Arc::clone(&listing.borrow()),
        latest: listing.subscribe(),
    }
}

/// The state of the web server. Once the Supervisor answers, every process is on the board: no
/// client sees it empty.
pub(super) async fn state(
    deps: &Deps,
    supervisor: &Addr<Supervisor>,
    activity: ActivityLog,
    interfaces: &[RpcInterfaceConfig],
    setup: Setup,
    workers: Workers,
) -> AppState {
    let link = SupervisorHandle::new(supervisor);
    let _ = link.get_config().await;
    let (mut namespaces, mut servers) = (Vec::new(), Vec::new());
    for interface in interfaces {
        match &interface.url {
            None => namespaces.push(interface.name.clone()),
            Some(url) => servers.push((interface.name.as_str(), url.expose())),
        }
    }
    let remotes = Remotes::new(servers).unwrap_or_else(|error| {
        // the configuration lets nothing pass that cannot be read here
        slog::crit!(deps.logger, "no namespace can be forwarded: {error}");
        Remotes::default()
    });
    let (lost, stored) = (deps.logs.clone(), deps.logs.clone());
    AppState {
        feed: deps.board.feed().clone(),
        usage: Usage::new(deps.board.clone()),
        board: deps.board.clone(),
        link,
        log: deps.logger.clone(),
        follow: deps.logs.followers(),
        settle: Arc::new(move || activity.settled()),
        lost: Arc::new(move |name| lost.lost(name)),
        stored: Arc::new(move |name| stored.stored(name)),
        workers,
        meters: Arc::new(table::meters()),
        namespaces,
        remotes: Arc::new(remotes),
        build: crate::build_info(),
        setup,
        limits: ClientLimits::default(),
        budget: Budget::default(),
        uploads: Budget::default(),
    }
}

/// Starts the web server of a run, if need be again.
pub(super) struct ServerLauncher<'a> {
    bound: &'a [Bound],
    state: AppState,
    logger: Logger,
    /// Once it could be started.
    server: Option<WebHandle>,
}

impl<'a> ServerLauncher<'a> {
    /// Nothing is served yet.
    pub(super) fn new(bound: &'a [Bound], state: AppState, logger: Logger) -> Self {
        Self {
            bound,
            state,
            logger,
            server: None,
        }
    }

    /// Start the server; certificates are read again whenever `reopened` changes. A failure is also
    /// logged.
    pub(super) fn start(&mut self, mut reopened: watch::Receiver<()>) -> io::Result<()> {
        let server = WebServer::start(self.bound, self.state.clone()).inspect_err(|error| {
            slog::crit!(self.logger, "the web server could not start: {error}");
        })?;
        let address = server.addr().clone();
        actix::spawn(async move {
            while reopened.changed().await.is_ok() {
                address.do_send(ReadCertificates);
            }
        });
        self.server = Some(server);
        Ok(())
    }

    /// Wait for the end; if nothing is served, try to start the server until then.
    pub(super) async fn serve_until<T>(
        &mut self,
        reopened: watch::Receiver<()>,
        end: impl Future<Output = T>,
    ) -> T {
        let start = async {
            if self.server.is_none() {
                retry(RETRY, || self.start(reopened.clone())).await;
            }
        };
        until(start, end).await
    }

    /// Stop serving.
    pub(super) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// Run something while waiting for the end.
async fn until<T>(other: impl Future<Output = ()>, end: impl Future<Output = T>) -> T {
    tokio::pin!(other, end);
    tokio::select! {
        ended = &mut end => ended,
        () = &mut other => end.await,
    }
}

/// Attempts, each after a pause, until one succeeds.
async fn retry<T>(pause: Duration, mut attempt: impl FnMut() -> io::Result<T>) -> T {
    loop {
        tokio::time::sleep(pause).await;
        if let Ok(done) = attempt() {
            return done;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(test)
    }

    #[test]
    fn a_server_that_cannot_start_is_tried_until_it_can() {
        let mut attempts = 0;
        let served = run(retry(Duration::from_millis(1), || {
            attempts += 1;
            match attempts {
                1..=3 => Err(io::Error::from_raw_os_error(libc::EMFILE)),
                _ => Ok("served"),
            }
        }));
        assert_eq!((served, attempts), ("served", 4));
    }

    #[test]
    fn the_end_does_not_wait_for_a_server() {
        let never = retry(Duration::from_millis(1), || {
            Err::<(), _>(io::Error::from_raw_os_error(libc::EMFILE))
        });
        let ended = run(until(never, async { 7 }));
        assert_eq!(ended, 7);
        assert_eq!(run(until(async {}, async { 8 })), 8);
    }
}
