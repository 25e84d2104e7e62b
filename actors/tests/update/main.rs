//! An update that meets a process it cannot stop: a real Supervisor with real children, and a
//! spawner that may not signal one of them. (As root nothing refuses a signal, so it is played.)

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, System};
use futures_util::future::LocalBoxFuture;
use slog::{Discard, Logger, o};
use tokio::sync::oneshot;
use visord_actors::board::{Board, Identity};
use visord_actors::clock::Clock;
use visord_actors::event_bus::EventBus;
use visord_actors::interest::Interest;
use visord_actors::link::Link;
use visord_actors::log::{ActivitySettings, LogService, LogSettings, activity};
use visord_actors::messages::supervisor::{Begin, Fate, ProcessName};
use visord_actors::process::Surroundings;
use visord_actors::reaper::Reaper;
use visord_actors::spawn::{
    ChildHandle, CommandQuery, ResolvedCommand, SpawnError, SpawnPlan, Spawned, Spawner,
    SpawnerHandle, SpawnerThread,
};
use visord_actors::supervisor::{AutoLogs, Ending, Loader, Parts, Supervisor};
use visord_config::{MainLogTarget, Overrides};
use visord_model::log_line::Level;
use visord_model::process::ProcessInfo;
use visord_model::signal::Signal;
use visord_model::state::ProcessState;

/// May not signal the child of the process named `guarded`.
struct Guarded {
    inner: SpawnerHandle,
    pid: Rc<Cell<i32>>,
}

impl Spawner for Guarded {
    fn resolve(
        &self,
        query: CommandQuery,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>> {
        self.inner.resolve(query)
    }

    fn spawn(&self, plan: SpawnPlan) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>> {
        let guarded = (plan.name == "guarded").then(|| Rc::clone(&self.pid));
        let spawned = self.inner.spawn(plan);
        Box::pin(async move {
            let spawned = spawned.await?;
            guarded.inspect(|pid| pid.set(spawned.child.pid));
            Ok(spawned)
        })
    }

    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        if child.pid == self.pid.get() {
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        self.inner.signal(child, signal, group)
    }
}

fn configure(folder: &Path, environment: &str) {
    let program = |name: &str| {
        format!(
            "[program:{name}]\ncommand=/bin/sleep 1000\nstartsecs=0\n\
             environment={environment}\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
        )
    };
    let text = format!(
        "[supervisord]\n[group:g]\nprograms=guarded,other\n{}{}",
        program("guarded"),
        program("other")
    );
    std::fs::write(folder.join("s.conf"), text).expect("write the configuration");
}

fn loader(folder: &Path) -> Loader {
    let surroundings = visord_config::Surroundings {
        environment: std::collections::BTreeMap::new(),
        node_name: "node".to_owned(),
        cwd: folder.to_owned(),
    };
    Arc::new(move || visord_config::read(Path::new("s.conf"), &Overrides::default(), &surroundings))
}

/// What a test needs to hold while the Supervisor runs.
struct Running {
    link: Link,
    board: Arc<Board>,
    guarded: Rc<Cell<i32>>,
    end: oneshot::Receiver<Ending>,
}

fn start(folder: &Path) -> Running {
    let logger = Logger::root(Discard, o!());
    let spawner = SpawnerThread::start().expect("a thread");
    let guarded = Rc::new(Cell::new(0));
    let board = Arc::new(Board::new(Identity::default()));
    let interest = Interest::default();
    let bus = EventBus::new(0, interest.clone()).start();
    let reaper = Reaper::new(spawner.kin(), logger.clone()).expect("SIGCHLD");
    let world = Surroundings {
        reaper: reaper.start(),
        workshop: spawner.clone(),
        spawner: Rc::new(Guarded {
            inner: spawner,
            pid: guarded.clone(),
        }),
        logs: LogService::start(LogSettings::new(logger.clone())),
        output_events: bus.clone().recipient(),
        bus,
        board: board.clone(),
        logger,
        interest,
        clock: Clock::new(),
        environment: Vec::new(),
        server_url: None,
        strip_ansi: false,
    };
    let loader = loader(folder);
    let settings = ActivitySettings {
        target: MainLogTarget::File(folder.join("main.log")),
        maxbytes: 0,
        backups: 0,
        level: Level::Info,
        stdout: false,
    };
    let (ended, end) = oneshot::channel();
    let supervisor = Supervisor::new(Parts {
        reopened: tokio::sync::watch::Sender::new(()),
        world: Rc::new(world),
        config: loader().expect("a valid configuration").config,
        auto_logs: AutoLogs::new(),
        loader,
        verifier: Arc::new(|_| Ok(())),
        listing: tokio::sync::watch::Sender::default(),
        activity: activity(settings).expect("an activity log"),
        ended,
    });
    let supervisor = supervisor.start();
    supervisor.do_send(Begin);
    Running {
        link: Link::new(&supervisor),
        board,
        guarded,
        end,
    }
}

impl Running {
    fn process(&self, name: &str) -> Arc<ProcessInfo> {
        let name = ProcessName {
            group: "g".to_owned(),
            process: name.to_owned(),
        };
        self.board.process(&name).expect("it is on the board")
    }

    async fn wait_state(&self, name: &str, state: ProcessState) -> i32 {
        let end = Instant::now() + Duration::from_secs(30);
        while self.process(name).state != state {
            assert!(
                Instant::now() < end,
                "waited in vain for {name} to be {state}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.process(name).pid
    }

    async fn changed(&self) -> Vec<String> {
        self.link.reload_config().await.expect("reread").changed
    }
}

#[test]
fn a_process_that_cannot_be_stopped_leaves_the_group_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), "A=1");
    System::new().block_on(async {
        let running = start(folder.path());
        running.link.get_config().await.expect("started");
        let guarded = running.wait_state("guarded", ProcessState::Running).await;
        let other = running.wait_state("other", ProcessState::Running).await;
        configure(folder.path(), "A=2");
        assert_eq!(running.changed().await, ["g"]);

        let update = || running.link.update_group("g".to_owned(), false);
        let fault = update().await.expect_err("not possible");
        assert_eq!(
            fault.text().split(": ").take(2).collect::<Vec<_>>(),
            ["FAILED", "g is as it was, g:guarded cannot be stopped"],
            "{fault}"
        );
        assert_eq!(running.process("guarded").state, ProcessState::Unknown);
        let again = running.wait_state("other", ProcessState::Running).await;
        assert_ne!(again, other, "it was stopped and started again");
        assert_eq!(running.changed().await, ["g"]);

        // somebody helps; then it is an update like any other
        running.guarded.set(0);
        let pid = nix::unistd::Pid::from_raw(guarded);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("kill");
        running.wait_state("guarded", ProcessState::Stopped).await;
        let done = update().await.expect("possible");
        let fates: Vec<Fate> = done.iter().map(|it| it.fate).collect();
        assert_eq!(fates, [Fate::Restarted, Fate::Restarted]);
        for name in ["guarded", "other"] {
            let pid = running.wait_state(name, ProcessState::Running).await;
            assert!(pid != other && pid != again && pid != guarded);
        }
        assert!(running.changed().await.is_empty());

        running.guarded.set(0);
        running.link.shutdown().await.expect("shutdown");
        assert_eq!(running.end.await, Ok(Ending::Shutdown));
    });
}
