//! Serving clients: at the first start a failure ends the daemon, as a socket that cannot be opened
//! does, for nothing has been started yet. After a restart programs run whoever can ask about
//! them, and the server is started again and again until that works.

use std::future::Future;
use std::io;
use std::time::Duration;

use actix::Addr;
use slog::Logger;
use tokio::sync::watch;
use visord_web::listen::Bound;
use visord_web::server::{ReadCertificates, WebHandle, WebServer};
use visord_web::state::AppState;

/// Between two attempts to start what a run needs.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// The web server of a run, once it could be started.
pub(super) struct Doors<'a> {
    bound: &'a [Bound],
    app: AppState,
    logger: Logger,
    web: Option<WebHandle>,
}

impl<'a> Doors<'a> {
    /// Nothing is served yet.
    pub(super) fn new(bound: &'a [Bound], app: AppState, logger: Logger) -> Self {
        Self {
            bound,
            app,
            logger,
            web: None,
        }
    }

    /// Start the server; `reopened` tells when certificates are to be read again.
    ///
    /// # Errors
    /// No descriptor or no thread to be had; it is logged.
    pub(super) fn open(&mut self, reopened: watch::Receiver<()>) -> io::Result<()> {
        let web = WebServer::start(self.bound, self.app.clone()).inspect_err(|error| {
            slog::crit!(self.logger, "the web server could not start: {error}");
        })?;
        read_certificates_with_logs(reopened, web.addr().clone());
        self.web = Some(web);
        Ok(())
    }

    /// Wait for the end; until then try to serve, if nobody does.
    pub(super) async fn open_until<T>(
        &mut self,
        reopened: watch::Receiver<()>,
        end: impl Future<Output = T>,
    ) -> T {
        let opened = async {
            if self.web.is_none() {
                again_and_again(PAUSE, || self.open(reopened.clone())).await;
            }
        };
        until(opened, end).await
    }

    /// Serve nobody any more.
    pub(super) async fn close(self) {
        if let Some(web) = self.web {
            web.stop().await;
        }
    }
}

/// Run something beside waiting for the end.
async fn until<T>(beside: impl Future<Output = ()>, end: impl Future<Output = T>) -> T {
    tokio::pin!(beside, end);
    tokio::select! {
        ended = &mut end => ended,
        () = &mut beside => end.await,
    }
}

/// Attempts, with pauses, until one succeeds. The first comes after a pause.
async fn again_and_again<T>(pause: Duration, mut attempt: impl FnMut() -> io::Result<T>) -> T {
    loop {
        tokio::time::sleep(pause).await;
        if let Ok(done) = attempt() {
            return done;
        }
    }
}

/// SIGUSR2 reopens logs and reads certificates again.
fn read_certificates_with_logs(mut reopened: watch::Receiver<()>, web: Addr<WebServer>) {
    actix::spawn(async move {
        while reopened.changed().await.is_ok() {
            web.do_send(ReadCertificates);
        }
    });
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
        let served = run(again_and_again(Duration::from_millis(1), || {
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
        let never = again_and_again(Duration::from_millis(1), || {
            Err::<(), _>(io::Error::from_raw_os_error(libc::EMFILE))
        });
        let ended = run(until(never, async { 7 }));
        assert_eq!(ended, 7);
        assert_eq!(run(until(async {}, async { 8 })), 8);
    }
}
