//! The web server of a run and the state that requests are answered from.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use slog::Logger;
use tokio::sync::watch;
use visord_actors::messages::supervisor::SupervisorHandle;
use visord_actors::process::Deps;
use visord_actors::usage::Usage;
use visord_config::RpcInterfaceConfig;
use visord_logs::ActivityLog;
use visord_logs::workers::Workers;
use visord_web::budget::Budget;
use visord_web::listen::Bound;
use visord_web::remote::Remotes;
use visord_web::rpc::table;
use visord_web::server::{ReadCertificates, WebHandle, WebServer};
use visord_web::state::{AppState, ClientLimits, Setup};

/// The state of the web server. Once the Supervisor answers, every process is on the board: no
/// client sees it empty.
pub(super) async fn state(
    deps: &Deps,
    link: SupervisorHandle,
    activity: ActivityLog,
    interfaces: &[RpcInterfaceConfig],
    setup: Setup,
    workers: Workers,
) -> AppState {
    let _ = link.get_config().await;
    let (mut namespaces, mut servers) = (Vec::new(), Vec::new());
    for interface in interfaces {
        match &interface.url {
            None => namespaces.push(interface.name.clone()),
            Some(url) => servers.push((interface.name.as_str(), url.expose())),
        }
    }
    let remotes = Remotes::new(servers, &workers).unwrap_or_else(|error| {
        // the configuration lets nothing pass that cannot be read here
        slog::crit!(deps.logger, "no namespace can be forwarded: {error}");
        Remotes::default()
    });
    let (lost, stored) = (deps.logs.clone(), deps.logs.clone());
    AppState {
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
        cluster: None,
        remotes: Arc::new(remotes),
        build: crate::build_info(),
        setup,
        limits: ClientLimits::default(),
        budget: Budget::default(),
        uploads: Budget::default(),
    }
}

/// Start the web server of a run; certificates are read again whenever `reopened` changes. A failure
/// is also logged.
pub(super) fn start(
    bound: &[Bound],
    state: &AppState,
    logger: &Logger,
    mut reopened: watch::Receiver<()>,
) -> io::Result<WebHandle> {
    let server = WebServer::start(bound, state.clone()).inspect_err(|error| {
        slog::crit!(logger, "the web server could not start: {error}");
    })?;
    let address = server.addr.clone();
    actix::spawn(async move {
        while reopened.changed().await.is_ok() {
            address.do_send(ReadCertificates);
        }
    });
    Ok(server)
}

/// Wait for the end; until then make attempts, each after a pause, until one succeeds.
pub(super) async fn retry_until<T>(
    end: impl Future<Output = T>,
    pause: Duration,
    mut attempt: impl FnMut() -> io::Result<()>,
) -> T {
    tokio::pin!(end);
    loop {
        tokio::select! {
            ended = &mut end => return ended,
            () = tokio::time::sleep(pause) => if attempt().is_ok() {
                return end.await;
            }
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

    const PAUSE: Duration = Duration::from_millis(1);

    #[test]
    fn a_server_that_cannot_start_is_tried_until_it_can() {
        let mut attempts = 0;
        let (served, end) = tokio::sync::oneshot::channel();
        let mut served = Some(served);
        let ended = run(retry_until(end, PAUSE, || {
            attempts += 1;
            match attempts {
                1..=3 => Err(io::Error::from_raw_os_error(libc::EMFILE)),
                _ => {
                    let served = served.take().expect("no attempt after this one");
                    served.send("served").expect("a waiting test");
                    Ok(())
                }
            }
        }));
        assert_eq!((ended, attempts), (Ok("served"), 4));
    }

    #[test]
    fn the_end_does_not_wait_for_a_server() {
        let fails = || Err(io::Error::from_raw_os_error(libc::EMFILE));
        let end = async {
            tokio::time::sleep(PAUSE * 5).await;
            7
        };
        assert_eq!(run(retry_until(end, PAUSE, fails)), 7);
        assert_eq!(run(retry_until(async { 8 }, PAUSE, fails)), 8);
    }
}
