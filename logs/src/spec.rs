//! What is wanted of one output of a process.

use std::path::PathBuf;
use std::sync::Arc;

use visord_config::ChannelConfig;
use visord_model::event::{Event, EventKind, Stream};
use visord_model::name::ProcessName;
use visord_model::pyrepr::repr;

/// Takes the events that are made of output. Called by log threads: it must not block.
pub trait EventSink: Send + Sync {
    /// Whether an event of this type has a subscriber.
    fn has_subscriber(&self, kind: EventKind) -> bool;

    /// Takes an event. A PROCESS_LOG event has a subscriber, a PROCESS_COMMUNICATION event may
    /// have none. It arrives before the answer of the [`Channel::drain`](crate::Channel::drain)
    /// that follows it.
    fn publish(&self, event: Event);
}

/// What to do with one output of a process.
#[derive(Clone)]
pub struct ChannelSpec {
    /// Which process.
    pub name: ProcessName,
    /// Which output.
    pub stream: Stream,
    /// The log file; `None`: no file.
    pub file: Option<PathBuf>,
    /// What else is wanted; its `logfile` does not count.
    pub config: ChannelConfig,
    /// Remove ANSI sequences (spec core 6.8).
    pub strip_ansi: bool,
    /// Repeat the output in the activity log at DEBG (spec core 6.5 step 4).
    pub described: bool,
    /// Where events go; `None`: nowhere.
    pub events: Option<Arc<dyn EventSink>>,
}

impl ChannelSpec {
    /// What the activity log calls it: `'<process>' stdout`.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", repr(&self.name.process), self.stream.name())
    }
}
