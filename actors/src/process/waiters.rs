//! Clients that wait for a later state of a process.

use tokio::sync::oneshot;
use visord_model::fault::FaultCode;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::messages::Answer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The spawn under way is answered.
    Launched,
    Running,
    /// Any state without a child.
    Stopped,
}

/// The clients waiting for one process; each is answered once, when its process gets there.
#[derive(Default)]
pub(super) struct Waiters(Vec<(Awaited, oneshot::Sender<Answer>)>);

impl Waiters {
    /// Another client; its answer arrives at the receiver.
    pub(super) fn add(&mut self, awaited: Awaited) -> oneshot::Receiver<Answer> {
        // those whose clients have left
        self.0.retain(|(_, reply)| !reply.is_closed());
        let (reply, answer) = oneshot::channel();
        self.0.push((awaited, reply));
        answer
    }

    pub(super) fn any_for_stop(&self) -> bool {
        let mut waiters = self.0.iter();
        waiters.any(|(awaited, reply)| *awaited == Awaited::Stopped && !reply.is_closed())
    }

    /// A child exists: clients that only waited for that have an answer.
    pub(super) fn launched(&mut self) {
        self.settle(|awaited| match awaited {
            Awaited::Launched => Some(Ok(())),
            Awaited::Running | Awaited::Stopped => None,
        });
    }

    /// Answer the clients that this new state concerns. `restarts`: the stop that completes is
    /// followed by the start that was asked for meanwhile (difference Q15).
    /// `trouble`: why the child could not be signalled, if the process is in UNKNOWN.
    pub(super) fn changed(
        &mut self,
        name: &ProcessName,
        to: ProcessState,
        restarts: bool,
        trouble: Option<&str>,
    ) {
        self.settle(|awaited| match awaited {
            Awaited::Stopped if to == ProcessState::Unknown => Some(Err(match trouble {
                Some(trouble) => FaultCode::Failed.about(trouble),
                None => FaultCode::Failed.about(name),
            })),
            Awaited::Stopped => to.is_stopped().then_some(Ok(())),
            Awaited::Running | Awaited::Launched => started(name, to, restarts),
        });
    }

    fn settle(&mut self, answer: impl Fn(Awaited) -> Option<Answer>) {
        for (awaited, reply) in std::mem::take(&mut self.0) {
            match answer(awaited) {
                // a client that has left needs no answer
                Some(answer) => drop(reply.send(answer)),
                None => self.0.push((awaited, reply)),
            }
        }
    }
}

fn started(name: &ProcessName, to: ProcessState, restarts: bool) -> Option<Answer> {
    match to {
        ProcessState::Starting => None,
        ProcessState::Running => Some(Ok(())),
        ProcessState::Backoff | ProcessState::Fatal => Some(Err(FaultCode::SpawnError.about(name))),
        ProcessState::Stopping | ProcessState::Stopped if restarts => None,
        ProcessState::Stopped
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::Unknown => Some(Err(FaultCode::AbnormalTermination.about(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_that_ends_in_unknown_has_failed() {
        let mut waiters = Waiters::default();
        let name = ProcessName::new("x", "x");
        let mut stop = waiters.add(Awaited::Stopped);
        waiters.changed(&name, ProcessState::Stopping, false, None);
        assert!(stop.try_recv().is_err(), "not yet");
        let trouble = Some("no permission");
        waiters.changed(&name, ProcessState::Unknown, false, trouble);
        let fault = FaultCode::Failed.about("no permission");
        assert_eq!(stop.try_recv(), Ok(Err(fault)));
    }

    #[test]
    fn clients_that_left_take_no_room() {
        let mut waiters = Waiters::default();
        let waits = waiters.add(Awaited::Running);
        for _ in 0..1000 {
            drop(waiters.add(Awaited::Running));
        }
        assert!(waiters.0.len() <= 2);
        drop(waits);
    }
}
