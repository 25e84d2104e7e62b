//! The only place that starts actors and hands out addresses.

use std::rc::Rc;
use std::sync::Arc;

use actix::Actor;
use tokio::sync::oneshot;
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::EventBus;
use visord_actors::interest::Interest;
use visord_actors::link::Link;
use visord_actors::log::{LogService, LogSettings};
use visord_actors::process::Surroundings;
use visord_actors::reaper::Reaper;
use visord_actors::signals::Signals;
use visord_actors::spawn::SpawnerHandle;
use visord_actors::supervisor::{Ending, Loader, Parts, Supervisor};
use visord_config::{Config, HttpAddress, HttpConfig, MainLogTarget};
use visord_web::server::WebServer;
use visord_web::state::{AppState, Limits};

use super::start::Running;
