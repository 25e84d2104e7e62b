//! A real Supervisor with real children, around a spawner that a test may tamper with.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Addr};
use slog::Logger;
use tokio::sync::oneshot;
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::EventBus;
use visord_actors::interest::Interest;
use visord_actors::link::Link;
use visord_actors::log::{ActivitySettings, LogService, LogSettings, activity};
use visord_actors::messages::supervisor::{Begin, ProcessName};
use visord_actors::process::Surroundings;
use visord_actors::reaper::Reaper;
use visord_actors::spawn::{Spawner, SpawnerHandle, SpawnerThread};
use visord_actors::supervisor::{Abandoned, AutoLogs, Ending, Loader, Parts, Supervisor};
use visord_config::{MainLogTarget, Overrides};
use visord_model::log_line::Level;
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

fn loader(folder: &Path) -> Loader {
    let surroundings = visord_config::Surroundings {
        environment: std::collections::BTreeMap::new(),
        node_name: "node".to_owned(),
        cwd: folder.to_owned(),
    };
    Arc::new(move || visord_config::read(Path::new("s.conf"), &Overrides::default(), &surroundings))
}

/// What a test needs to hold while the Supervisor runs.
pub(crate) struct Stage {
    #[allow(dead_code)] // not every test of this harness speaks to it directly
    pub(crate) supervisor: Addr<Supervisor>,
    pub(crate) link: Link,
    pub(crate) board: Arc<Board>,
    pub(crate) end: oneshot::Receiver<Ending>,
    #[allow(dead_code)] // only one test gives a Supervisor up
    pub(crate) abandoned: Abandoned,
}

/// Start what `s.conf` in this folder says; the activity log is `main.log`.
pub(crate) fn start(folder: &Path, tamper: impl FnOnce(SpawnerHandle) -> Rc<dyn Spawner>) -> Stage {
    let settings = ActivitySettings {
        target: MainLogTarget::File(folder.join("main.log")),
        maxbytes: 0,
        backups: 0,
        level: Level::Info,
        stdout: false,
    };
    let activity = activity(settings).expect("an activity log");
    let logger: Logger = activity.logger();
    let spawner = SpawnerThread::start().expect("a thread");
    let board = Arc::new(Board::new(Identity::default()));
    let interest = Interest::default();
    let bus = EventBus::new(0, interest.clone()).start();
    let clock = Clock::new();
    let reaper = Reaper::new(spawner.children(), logger.clone(), clock).expect("SIGCHLD");
    let world = Surroundings {
        reaper: reaper.start(),
        workshop: spawner.clone(),
        spawner: tamper(spawner),
        logs: LogService::start(LogSettings::new(logger.clone())),
        output_events: bus.clone().recipient(),
        bus,
        board: board.clone(),
        logger,
        interest,
        clock,
        environment: Arc::default(),
        server_url: None,
        strip_ansi: false,
    };
    let loader = loader(folder);
    let (ended, end) = oneshot::channel();
    let abandoned = Abandoned::default();
    let supervisor = Supervisor::run(Parts {
        abandoned: abandoned.clone(),
        reopened: tokio::sync::watch::Sender::new(()),
        world: Rc::new(world),
        config: loader().expect("a valid configuration").config,
        auto_logs: AutoLogs::new(),
        loader,
        rehearsal: Arc::new(|_| Ok(())),
        listing: tokio::sync::watch::Sender::default(),
        activity,
        ended,
    });
    supervisor.do_send(Begin);
    Stage {
        link: Link::new(&supervisor),
        supervisor,
        board,
        end,
        abandoned,
    }
}

/// A process of the group `g`.
pub(crate) fn name(process: &str) -> ProcessName {
    ProcessName {
        group: "g".to_owned(),
        process: process.to_owned(),
    }
}

/// Poll until it holds; panics with what was waited for.
pub(crate) async fn wait_for(what: &str, mut probe: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !probe() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Stage {
    pub(crate) fn process(&self, process: &str) -> Arc<ProcessInfo> {
        let found = self.board.process(&name(process));
        found.expect("it is on the board")
    }

    pub(crate) async fn wait_state(&self, process: &str, state: ProcessState) -> i32 {
        let what = format!("{process} to be {state}");
        wait_for(&what, || self.process(process).state == state).await;
        self.process(process).pid
    }
}
