//! What every Process of a daemon shares.

use std::ffi::OsString;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Addr, Recipient};
use slog::Logger;

use crate::board::Board;
use crate::clock::Clock;
use crate::event_bus::EventBus;
use crate::interest::Interest;
use crate::log::{LogService, OutputEvent};
use crate::reaper::Reaper;
use crate::spawn::{DaemonEnvironment, Spawner, SpawnerHandle};

/// The collaborators of a Process, visible in one place.
pub struct Surroundings {
    /// Clones children.
    pub spawner: Rc<dyn Spawner>,
    /// Where anything else that may block is done: the threads of `spawner`, which tests replace.
    pub workshop: SpawnerHandle,
    /// Stores what they write.
    pub logs: LogService,
    /// Waits for them.
    pub reaper: Addr<Reaper>,
    /// Tells listeners about them.
    pub bus: Addr<EventBus>,
    /// Shows them to readers.
    pub board: Arc<Board>,
    /// The activity log.
    pub logger: Logger,
    /// Which events anybody wants.
    pub interest: Interest,
    /// The only clock.
    pub clock: Clock,
    /// The daemon's own environment at start, under every child's.
    pub environment: Arc<DaemonEnvironment>,
    /// Where channels send what listeners want to know of outputs.
    pub output_events: Recipient<OutputEvent>,
    /// The automatic `SUPERVISOR_SERVER_URL`.
    pub server_url: Option<String>,
    /// `strip_ansi` of `[supervisord]`.
    pub strip_ansi: bool,
}

impl Surroundings {
    /// The daemon's own `PATH`.
    pub(super) fn path(&self) -> Option<OsString> {
        self.environment.get("PATH")
    }
}
