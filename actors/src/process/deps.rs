//! What all processes of a daemon share.

use std::rc::Rc;
use std::sync::Arc;

use actix::Addr;
use slog::Logger;
use visord_logs::{EventSink, LogService};

use crate::board::Board;
use crate::clock::Clock;
use crate::event_bus::EventBus;
use crate::reaper::Reaper;
use crate::spawn::{DaemonEnvironment, Spawner, SpawnerHandle};

/// The parts of the daemon that processes and the Supervisor use.
pub struct Deps {
    /// Clones children.
    pub spawner: Rc<dyn Spawner>,
    /// Where anything else that may block is done: the threads of `spawner`, which tests replace.
    pub workshop: SpawnerHandle,
    /// Stores what they write.
    pub logs: LogService,
    /// Waits for them.
    pub reaper: Addr<Reaper>,
    /// Publishes events about them.
    pub bus: Addr<EventBus>,
    /// Shows them to readers.
    pub board: Arc<Board>,
    /// The activity log.
    pub logger: Logger,
    /// The only clock.
    pub clock: Clock,
    /// The daemon's own environment at start, under every child's.
    pub environment: Arc<DaemonEnvironment>,
    /// Where channels send events about outputs.
    pub output_events: Arc<dyn EventSink>,
    /// The automatic `SUPERVISOR_SERVER_URL`.
    pub server_url: Option<String>,
    /// `strip_ansi` of `[supervisord]`.
    pub strip_ansi: bool,
}
