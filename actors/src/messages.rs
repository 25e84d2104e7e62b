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

/// The reply to a request: done, or the fault for the client.
pub type Answer<T = ()> = Result<T, Fault>;

/// Where the reply to a request goes. Dropped without one, the request gets a fault.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<Answer<T>>);

impl<T> Reply<T> {
    /// A reply and the place where it arrives.
    pub fn new() -> (Self, oneshot::Receiver<Answer<T>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Reply; without effect if the client has left.
    pub fn send(self, answer: Answer<T>) {
        drop(self.0.send(answer));
    }
}

/// The fault of a request that a panic of its actor interrupted.
pub(crate) fn interrupted() -> Fault {
    FaultCode::Failed.about("an internal error interrupted the request, see the log of supervisord")
}
