//! The Signals actor: signals to the daemon (spec core 5).

use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, StreamHandler};
use futures_util::stream::unfold;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use slog::Logger;
use tokio::signal::unix::{SignalKind, signal};
use visord_model::state::SupervisorState;

use crate::board::Board;
use crate::messages::Reply;
use crate::messages::supervisor::{ReopenEverything, Request, Restart, Terminate};
use crate::supervisor::Supervisor;

/// What a signal means.
#[derive(Clone, Copy, Debug)]
enum Meaning {
    Exit(&'static str),
    Restart,
    Reopen,
    /// Logged, nothing else (difference C23).
    Ignored(&'static str),
}

const MEANINGS: [(i32, Meaning); 7] = [
    (libc::SIGTERM, Meaning::Exit("SIGTERM")),
    (libc::SIGINT, Meaning::Exit("SIGINT")),
    (libc::SIGQUIT, Meaning::Exit("SIGQUIT")),
    (libc::SIGHUP, Meaning::Restart),
    (libc::SIGUSR2, Meaning::Reopen),
    (libc::SIGUSR1, Meaning::Ignored("SIGUSR1")),
    // a log that reaches the file size limit costs bytes (EFBIG), not the daemon
    (libc::SIGXFSZ, Meaning::Ignored("SIGXFSZ")),
];

/// Passes signals on to the Supervisor.
pub struct Signals {
    supervisor: Addr<Supervisor>,
    board: Arc<Board>,
    logger: Logger,
}

impl Signals {
    /// Signals for this Supervisor.
    #[must_use]
    pub fn new(supervisor: Addr<Supervisor>, board: Arc<Board>, logger: Logger) -> Self {
        Self {
            supervisor,
            board,
            logger,
        }
    }
}

impl Actor for Signals {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        for (number, meaning) in MEANINGS {
            match signal(SignalKind::from_raw(number)) {
                Ok(stream) => {
                    let stream = unfold(stream, move |mut stream| async move {
                        stream.recv().await.map(|()| (meaning, stream))
                    });
                    ctx.add_stream(stream);
                }
                Err(error) => {
                    slog::crit!(self.logger, "cannot listen for signal {number}: {error}");
                }
            }
        }
        change_mask(SigmaskHow::SIG_UNBLOCK);
    }
}

/// Let the daemon's signals wait: from before other programs can know its pid until a [`Signals`]
/// actor listens, and from the end of one run to the beginning of the next.
pub fn hold_signals() {
    change_mask(SigmaskHow::SIG_BLOCK);
}

fn change_mask(how: SigmaskHow) {
    let mut set = SigSet::empty();
    for (number, _) in MEANINGS {
        if let Ok(signal) = Signal::try_from(number) {
            set.add(signal);
        }
    }
    // fails only for a `how` that does not exist
    let _ = pthread_sigmask(how, Some(&set), None);
}

impl StreamHandler<Meaning> for Signals {
    fn handle(&mut self, meaning: Meaning, _ctx: &mut Context<Self>) {
        let log = &self.logger;
        match meaning {
            Meaning::Exit(name) => {
                slog::warn!(log, "received {name} indicating exit request");
                self.supervisor.do_send(Terminate);
            }
            Meaning::Restart if self.board.state() == SupervisorState::Shutdown => {
                slog::warn!(
                    log,
                    "ignored SIGHUP indicating restart request (shutdown in progress)"
                );
            }
            Meaning::Restart => {
                slog::warn!(log, "received SIGHUP indicating restart request");
                let (reply, _) = Reply::new();
                self.supervisor.do_send(Request::Restart(Restart {}, reply));
            }
            Meaning::Reopen => {
                slog::info!(log, "received SIGUSR2 indicating log reopen request");
                self.supervisor.do_send(ReopenEverything);
            }
            Meaning::Ignored(name) => slog::debug!(log, "received {name}, ignored"),
        }
    }
}
