//! A real Supervisor with real children, around a spawner that a test may tamper with.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, System};
use futures_util::future::LocalBoxFuture;
use slog::Logger;
use tokio::sync::{Semaphore, oneshot};
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::{EventBus, Interest, OutputEvents};
use visord_actors::messages::supervisor::{Order, ProcessName, SupervisorHandle};
use visord_actors::process::Deps;
use visord_actors::reaper::Reaper;
use visord_actors::spawn::{
    ChildHandle, CommandQuery, ResolvedCommand, SpawnAttempt, SpawnError, SpawnJob, Spawned,
    Spawner, SpawnerHandle, SpawnerOptions,
};
use visord_actors::supervisor::{
    Abandoned, AutoLogs, Disabilities, Ending, Loader, Parts, Supervisor,
};
use visord_config::{MainLogTarget, Overrides};
use visord_logs::{ActivityLog, ActivitySettings, LineStyle, LogService, activity};
use visord_model::log_line::Level;
use visord_model::process::ProcessInfo;
use visord_model::signal::Signal;
use visord_model::state::ProcessState;
use visord_test_support::{is_own_process, own_process, wait_until_async};

fn loader(folder: &Path) -> Loader {
    let surroundings = visord_config::HostContext {
        environment: std::collections::BTreeMap::new(),
        node_name: "node".to_owned(),
        cwd: folder.to_owned(),
    };
    Arc::new(move || visord_config::read(Path::new("s.conf"), &Overrides::default(), &surroundings))
}

/// What a test needs to hold while the Supervisor runs.
pub(crate) struct Stage {
    pub(crate) supervisor: Addr<Supervisor>,
    pub(crate) link: SupervisorHandle,
    pub(crate) board: Arc<Board>,
    pub(crate) end: oneshot::Receiver<Ending>,
    pub(crate) abandoned: Abandoned,
    pub(crate) spawner: Tampered,
}

/// Run a test with a folder of its own in a process of its own.
pub(crate) fn alone(name: &str, test: impl FnOnce(&Path)) {
    if !is_own_process() {
        return own_process(name, |_| ());
    }
    let folder = tempfile::tempdir().expect("a folder");
    test(folder.path());
}

/// Every actor is gone when this returns.
pub(crate) fn in_system(test: impl Future<Output = ()>) {
    System::new().block_on(test);
}

fn activity_log(folder: &Path) -> ActivityLog {
    let settings = ActivitySettings {
        target: MainLogTarget::File(folder.join("main.log")),
        maxbytes: 0,
        backups: 0,
        level: Level::Info,
        stdout: false,
        style: LineStyle::Supervisor,
    };
    activity(settings).expect("an activity log")
}

/// Start what `s.conf` in this folder says; the activity log is `main.log`.
pub(crate) fn start(folder: &Path) -> Stage {
    let activity = activity_log(folder);
    let logger: Logger = activity.logger();
    let spawner = SpawnerHandle::start(SpawnerOptions::default()).expect("a thread");
    let tampered = Tampered::new(spawner.clone());
    let board = Arc::new(Board::new(Identity::default()));
    let interest = Interest::default();
    let bus = EventBus::new(0, interest.clone(), board.feed().clone()).start();
    let clock = Clock::start();
    let reaper = Reaper::new(spawner.children(), logger.clone(), clock).expect("SIGCHLD");
    let disabilities = Disabilities::load(Some(folder.join("disabilities")), &logger);
    let deps = Deps {
        reaper: reaper.start(),
        workshop: spawner.clone(),
        spawner: Rc::new(tampered.clone()),
        logs: LogService::new(logger.clone()),
        output_events: Arc::new(OutputEvents {
            interest,
            bus: bus.clone(),
            feed: board.feed().clone(),
        }),
        bus,
        board: board.clone(),
        logger,
        clock,
        environment: Arc::default(),
        server_url: None,
        strip_ansi: false,
    };
    let loader = loader(folder);
    let (ended, end) = oneshot::channel();
    let abandoned = Abandoned::default();
    let loaded = loader().expect("a valid configuration");
    let parts = Parts {
        abandoned: abandoned.clone(),
        reopened: tokio::sync::watch::Sender::new(()),
        config: loaded.config,
        templates: loaded.templates,
        disabilities,
        auto_logs: AutoLogs::new(),
        loader,
        rehearsal: Arc::new(|_| Ok(())),
        listing: tokio::sync::watch::Sender::default(),
        activity,
        ended: Some(ended),
    };
    let supervisor = Supervisor::run(Rc::new(deps), parts);
    supervisor.do_send(Order::Begin);
    Stage {
        link: SupervisorHandle::new(&supervisor),
        supervisor,
        board,
        end,
        abandoned,
        spawner: tampered,
    }
}

/// A process of the group `g`.
pub(crate) fn name(process: &str) -> ProcessName {
    ProcessName::new("g", process)
}

/// A spawner that a test tampers with.
#[derive(Clone)]
pub(crate) struct Tampered {
    inner: SpawnerHandle,
    /// Each is the permission to report one child of a process named `slow`.
    pub(crate) permits: Rc<Semaphore>,
    /// The child that cannot be signaled; set to each new child of a process named `guarded`.
    /// (Root is permitted to signal any process, so the error is made up.)
    pub(crate) guarded: Rc<Cell<i32>>,
}

impl Tampered {
    fn new(inner: SpawnerHandle) -> Self {
        Self {
            inner,
            permits: Rc::new(Semaphore::new(0)),
            guarded: Rc::default(),
        }
    }
}

impl Spawner for Tampered {
    fn resolve(
        &self,
        query: CommandQuery,
        attempt: Arc<SpawnAttempt>,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>> {
        self.inner.resolve(query, attempt)
    }

    fn spawn(&self, job: SpawnJob) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>> {
        let name = job.name.clone();
        let spawned = self.inner.spawn(job);
        let tampered = self.clone();
        Box::pin(async move {
            let spawned = spawned.await?;
            match &*name {
                "slow" => tampered.permits.acquire().await.expect("open").forget(),
                "guarded" => tampered.guarded.set(spawned.pid()),
                _ => {}
            }
            Ok(spawned)
        })
    }

    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        if child.pid == self.guarded.get() {
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        self.inner.signal(child, signal, group)
    }
}

impl Stage {
    pub(crate) fn process(&self, process: &str) -> Arc<ProcessInfo> {
        let found = self.board.process(&name(process));
        found.expect("it is on the board")
    }

    pub(crate) async fn wait_state(&self, process: &str, state: ProcessState) -> i32 {
        let what = format!("{process} to be {state}");
        wait_until_async(&what, || self.process(process).state == state).await;
        self.process(process).pid
    }
}
