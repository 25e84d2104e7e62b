//! Signals to the daemon (spec core 5).

use std::rc::Rc;

use actix::Addr;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use visord_model::state::SupervisorState;

use crate::messages::supervisor::{Order, Request, Restart};
use crate::process::Deps;
use crate::supervisor::Supervisor;

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Exit,
    Restart,
    Reopen,
    /// Logged, nothing else (difference C23).
    Ignored,
}

const MEANINGS: [(Signal, Meaning); 7] = [
    (Signal::SIGTERM, Meaning::Exit),
    (Signal::SIGINT, Meaning::Exit),
    (Signal::SIGQUIT, Meaning::Exit),
    (Signal::SIGHUP, Meaning::Restart),
    (Signal::SIGUSR2, Meaning::Reopen),
    (Signal::SIGUSR1, Meaning::Ignored),
    // a log that reaches the file size limit costs bytes (EFBIG), not the daemon
    (Signal::SIGXFSZ, Meaning::Ignored),
];

/// Pass signals on to this Supervisor until the System ends. Inside a System.
pub fn listen(supervisor: &Addr<Supervisor>, deps: &Rc<Deps>) {
    for (name, meaning) in MEANINGS {
        let number = name as i32;
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
                received(name, meaning, &supervisor, &deps);
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
    let set: SigSet = MEANINGS.iter().map(|(signal, _)| *signal).collect();
    // fails only for a `how` that does not exist
    let _ = pthread_sigmask(how, Some(&set), None);
}

fn received(name: Signal, meaning: Meaning, supervisor: &Addr<Supervisor>, deps: &Deps) {
    let log = &deps.logger;
    match meaning {
        Meaning::Exit => {
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
            let (reply, _) = oneshot::channel();
            supervisor.do_send(Request::Restart(Restart {}, reply));
        }
        Meaning::Reopen => {
            slog::info!(log, "received SIGUSR2 indicating log reopen request");
            supervisor.do_send(Order::ReopenLogs);
        }
        Meaning::Ignored => slog::debug!(log, "received {name}, ignored"),
    }
}
