//! What clients are served with.

use std::sync::Arc;

use actix::Addr;
use slog::Logger;
use visord_actors::link::Link;
use visord_actors::log::{ActivityLog, LogService};
use visord_actors::supervisor::Supervisor;
use visord_actors::usage::Usage;
use visord_actors::workers::Workers;
use visord_config::{RpcInterfaceConfig, RpcInterfaceKind};
use visord_web::budget::Budget;
use visord_web::rpc::remote::Remotes;
use visord_web::state::{AppState, Limits, Lost, Settle, Setup, Stored};

use super::Base;

/// What the state of the web server is made of, except for the actors.
pub(super) struct Web {
    setup: Setup,
    namespaces: Vec<String>,
    remotes: Remotes,
    workers: Workers,
}

impl Web {
    pub(super) fn new(
        interfaces: &[RpcInterfaceConfig],
        setup: Setup,
        workers: Workers,
        logger: &Logger,
    ) -> Self {
        Self {
            setup,
            namespaces: main_namespaces(interfaces),
            remotes: remotes(interfaces, logger),
            workers,
        }
    }

    /// Once the Supervisor answers, every process is on the board: no client sees it empty.
    pub(super) async fn app(
        self,
        base: &Base,
        supervisor: &Addr<Supervisor>,
        log: &ActivityLog,
    ) -> AppState {
        let link = Link::new(supervisor);
        let _ = link.get_config().await;
        AppState {
            feed: base.board.feed().clone(),
            usage: Usage::new(base.board.clone()),
            board: base.board.clone(),
            link,
            log: base.logger.clone(),
            follow: base.logs.followers(),
            settle: settle(log),
            lost: lost(&base.logs),
            stored: stored(&base.logs),
            workers: self.workers,
            meters: Arc::default(),
            namespaces: self.namespaces,
            remotes: Arc::new(self.remotes),
            build: crate::build_info(),
            setup: self.setup,
            limits: Limits::default(),
            budget: Budget::default(),
            uploads: Budget::default(),
        }
    }
}

fn main_namespaces(interfaces: &[RpcInterfaceConfig]) -> Vec<String> {
    let main = interfaces
        .iter()
        .filter(|interface| interface.kind == RpcInterfaceKind::Main);
    main.map(|interface| interface.name.clone()).collect()
}

fn remotes(interfaces: &[RpcInterfaceConfig], logger: &slog::Logger) -> Remotes {
    let servers = interfaces
        .iter()
        .filter_map(|interface| match &interface.kind {
            RpcInterfaceKind::Main => None,
            RpcInterfaceKind::Remote(server) => {
                Some((interface.name.as_str(), server.url.expose()))
            }
        });
    Remotes::new(servers).unwrap_or_else(|error| {
        // the configuration lets nothing pass that cannot be read here
        slog::crit!(logger, "no namespace can be forwarded: {error}");
        Remotes::default()
    })
}

/// Lets the web side wait until what was just said is in the log.
fn settle(activity: &ActivityLog) -> Settle {
    let activity = activity.clone();
    Arc::new(move || activity.settled())
}

/// Lets the web side tell how much of a process's output is lost.
fn lost(logs: &LogService) -> Lost {
    let logs = logs.clone();
    Arc::new(move |name| logs.lost(&name.group, &name.process))
}

/// Lets the web side tell how much of it is stored.
fn stored(logs: &LogService) -> Stored {
    let logs = logs.clone();
    Arc::new(move |name| logs.stored(&name.group, &name.process))
}
