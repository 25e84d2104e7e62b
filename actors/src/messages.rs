//! The messages between actors: requests in the imperative, notifications in the past tense.
//!
//! Awaited requests go only downward (web, Supervisor, process); upward there are only
//! notifications. So no two actors ever wait for each other.

pub mod event;
pub mod pool;
pub mod process;
pub mod supervisor;

use tokio::sync::oneshot;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;

/// The reply to a request: done, or the fault for the client.
pub type Answer<T = ()> = Result<T, Fault>;

/// Where the reply to a request goes. Dropped without one, it makes the request a [`NoReply`].
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<Answer<T>>);

impl<T> Reply<T> {
    /// A reply and the place where it arrives.
    #[must_use]
    pub fn new() -> (Self, oneshot::Receiver<Answer<T>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Reply; without effect if the client has left.
    pub fn send(self, answer: Answer<T>) {
        drop(self.0.send(answer));
    }
}

/// Why a request to an actor got no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoReply {
    /// The Supervisor has ended: the daemon is about to.
    SupervisorEnded,
    /// A panic interrupted the request.
    Interrupted,
    /// The process was removed meanwhile.
    Removed(ProcessName),
    /// The actor of the process panicked again and again.
    GivenUp,
}

impl From<NoReply> for Fault {
    fn from(reason: NoReply) -> Self {
        match reason {
            NoReply::SupervisorEnded => FaultCode::ShutdownState.bare(),
            NoReply::Interrupted => FaultCode::Failed
                .about("an internal error interrupted the request, see the log of supervisord"),
            NoReply::Removed(name) => FaultCode::BadName.about(&name),
            NoReply::GivenUp => FaultCode::Failed.about("its actor has ended"),
        }
    }
}
