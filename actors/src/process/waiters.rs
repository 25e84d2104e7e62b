//! Replies promised for a later state.

use tokio::sync::oneshot;
use visord_model::fault::{Fault, FaultCode};
use visord_model::state::ProcessState;

use crate::messages::supervisor::Answer;

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The spawn under way is answered.
    Launched,
    /// RUNNING.
    Running,
    /// Any state without a child.
    Stopped,
}

struct Waiter {
    wish: Wish,
    label: String,
    reply: oneshot::Sender<Answer>,
}

/// Clients waiting for one process; each is answered once, when its process gets there.
#[derive(Default)]
pub(super) struct Waiters(Vec<Waiter>);

impl Waiters {
    /// Promise an answer.
    pub(super) fn file(&mut self, wish: Wish, label: String) -> oneshot::Receiver<Answer> {
        // those whose clients went away
        self.0.retain(|waiter| !waiter.reply.is_closed());
        let (reply, answer) = oneshot::channel();
        self.0.push(Waiter { wish, label, reply });
        answer
    }

    /// Whether somebody waits for the process to stop.
    pub(super) fn expect_stop(&self) -> bool {
        self.0
            .iter()
            .any(|w| w.wish == Wish::Stopped && !w.reply.is_closed())
    }

    /// A child exists: whoever only waited for that has an answer.
    pub(super) fn launched(&mut self) {
        self.settle(|wish, _| match wish {
            Wish::Launched => Some(Ok(())),
            Wish::Running | Wish::Stopped => None,
        });
    }

    /// Answer those whom this new state concerns. `restarts`: the stop that completes is
    /// followed by the start that was asked for meanwhile (decision Q15).
    /// `trouble`: why its child could not be signalled, if it is in UNKNOWN.
    pub(super) fn changed(&mut self, to: ProcessState, restarts: bool, trouble: Option<&str>) {
        self.settle(|wish, label| match wish {
            Wish::Stopped if to == ProcessState::Unknown => {
                Some(Err(FaultCode::Failed.about(trouble.unwrap_or(label))))
            }
            Wish::Stopped => to.is_stopped().then_some(Ok(())),
            Wish::Running | Wish::Launched => started(to, restarts, label),
        });
    }

    fn settle(&mut self, judge: impl Fn(Wish, &str) -> Option<Answer>) {
        let waiting = std::mem::take(&mut self.0);
        for waiter in waiting {
            match judge(waiter.wish, &waiter.label) {
                // a client that went away needs no answer
                Some(answer) => drop(waiter.reply.send(answer)),
                None => self.0.push(waiter),
            }
        }
    }
}

fn started(to: ProcessState, restarts: bool, label: &str) -> Option<Answer> {
    let fault = |code: FaultCode| -> Option<Result<(), Fault>> { Some(Err(code.about(label))) };
    match to {
        ProcessState::Starting => None,
        ProcessState::Running => Some(Ok(())),
        ProcessState::Backoff | ProcessState::Fatal => fault(FaultCode::SpawnError),
        ProcessState::Stopping | ProcessState::Stopped if restarts => None,
        ProcessState::Stopped
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::Unknown => fault(FaultCode::AbnormalTermination),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_that_ends_in_unknown_has_failed() {
        let mut waiters = Waiters::default();
        let mut stop = waiters.file(Wish::Stopped, "x".into());
        waiters.changed(ProcessState::Stopping, false, None);
        assert!(stop.try_recv().is_err(), "not yet");
        waiters.changed(ProcessState::Unknown, false, Some("no permission"));
        let fault = FaultCode::Failed.about("no permission");
        assert_eq!(stop.try_recv(), Ok(Err(fault)));
    }

    #[test]
    fn clients_that_went_away_take_no_room() {
        let mut waiters = Waiters::default();
        let waits = waiters.file(Wish::Running, "x".into());
        for _ in 0..1000 {
            drop(waiters.file(Wish::Running, "x".into()));
        }
        assert!(waiters.0.len() <= 2);
        drop(waits);
    }
}
