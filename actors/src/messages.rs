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

/// Where the reply to a request goes; without effect if the client has left. Dropped without one, the
/// request gets a fault.
pub type Reply<T> = oneshot::Sender<Answer<T>>;

/// The fault of a request that a panic of its actor interrupted.
pub(crate) fn interrupted() -> Fault {
    FaultCode::Failed.about("an internal error interrupted the request, see the log of supervisord")
}
