//! Signals to the daemon (spec core 5).

use std::rc::Rc;

use actix::Addr;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use tokio::signal::unix::{SignalKind, signal};
use visord_model::state::SupervisorState;

use crate::messages::Reply;
use crate::messages::supervisor::{Order, Request, Restart};
use crate::process::Deps;
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

/// Pass signals on to this Supervisor until the System ends. Inside a System.
pub fn listen(supervisor: &Addr<Supervisor>, deps: &Rc<Deps>) {
    for (number, meaning) in MEANINGS {
        let mut signals = match signal(SignalKind::from_raw(number)) {
            Ok(signals) => signals,
            Err(error) => {
                slog::crit!(deps.logger, "cannot listen for signal {number}: {error}");
                continue;
            }
        };
        let (supervisor, deps) = (supervisor.clone(), Rc::clone(deps));
        actix_rt::spawn(async move {
            while signals.recv().await.is_some() {
                received(meaning, &supervisor, &deps);
            }
        });
    }
    change_mask(SigmaskHow::SIG_UNBLOCK);
}

/// Let the daemon's signals wait: from before other programs can know its pid until
/// [`listen`] is called, and from the end of one run to the beginning of the next.
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

fn received(meaning: Meaning, supervisor: &Addr<Supervisor>, deps: &Deps) {
    let log = &deps.logger;
    match meaning {
        Meaning::Exit(name) => {
            slog::warn!(log, "received {name} indicating exit request");
            supervisor.do_send(Order::Terminate);
        }
        Meaning::Restart if deps.board.state() == SupervisorState::Shutdown => {
            slog::warn!(
                log,
                "ignored SIGHUP indicating restart request (shutdown in progress)"
            );
        }
        Meaning::Restart => {
            slog::warn!(log, "received SIGHUP indicating restart request");
            let (reply, _) = Reply::new();
            supervisor.do_send(Request::Restart(Restart {}, reply));
        }
        Meaning::Reopen => {
            slog::info!(log, "received SIGUSR2 indicating log reopen request");
            supervisor.do_send(Order::ReopenLogs);
        }
        Meaning::Ignored(name) => slog::debug!(log, "received {name}, ignored"),
    }
}
