//! How the instances of a cluster reach each other: their wire, one peer each, and multicast.
//!
//! What is said and when is decided by the rules of `visord-cluster`; here it is encoded, sent and
//! received. [`wire`] is pure. A [`peer`] sends to one instance; [`discovery`] finds instances.
//! Both run as tasks of the runtime that they are given, that of the [`coordinator`]'s thread, and
//! report by a [`Sink`]. The Coordinator runs the rules.

pub mod collection;
pub mod coordinator;
pub mod discovery;
pub mod handle;
pub mod host;
pub mod identify;
mod local;
pub mod peer;
pub mod wire;

pub use local::LocalTime;

use std::sync::Arc;

use visord_cluster::input::Input;
use visord_model::log_line::LogLine;

/// What a task of this module has to say.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one call")]
pub enum Report {
    /// For the rules.
    Input(Input),
    /// For the activity log.
    Log(LogLine),
}

/// Takes reports on any thread, without waiting. Their number is bounded by what the tasks are
/// asked to do; that of discovered instances by a rate.
pub type Sink = Arc<dyn Fn(Report) + Send + Sync>;
