//! A real Coordinator for the web server, in a cluster of two: `sv1` is here, `sv2` never answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Addr;
use slog::{Drain, Logger, OwnedKVList, Record};
use visord_actors::board::Board;
use visord_actors::clock::Clock;
use visord_actors::cluster::Report;
use visord_actors::cluster::coordinator::{Coordinator, Parts, ToCoordinator};
use visord_actors::cluster::handle::ClusterHandle;
use visord_actors::feed::News;
use visord_cluster::Cluster;
use visord_cluster::identity::{Identity, InstanceId};
use visord_cluster::input::Input;
use visord_cluster::options::Options;
use visord_cluster::rules::Rules;
use visord_cluster::strategy::SyncOption;
use visord_cluster::view::mapper::Mapper;
use visord_config::rules;
use visord_model::event::Event;
use visord_model::process::{Origin, ProcessInfo};

use super::fake::{Asked, Plan, board, state};
use crate::state::AppState;

/// `y` and `g` are managed.
const RULES: &str = "<root>
    <application name='y'><programs><program name='y'>
        <start_sequence>1</start_sequence><expected_loading>5</expected_loading>
    </program></programs></application>
    <application name='g'><programs><program name='a'/></programs></application>
</root>";

/// Lines of the log of the cluster that are critical.
#[derive(Clone, Default)]
pub(super) struct Critical(Arc<Mutex<Vec<String>>>);

impl Drain for Critical {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), slog::Never> {
        if record.level() == slog::Level::Critical {
            self.0.lock().unwrap().push(record.msg().to_string());
        }
        Ok(())
    }
}

impl Critical {
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// An instance of a cluster.
pub(super) struct Instance {
    pub(super) state: Arc<AppState>,
    pub(super) asked: Asked,
    pub(super) critical: Critical,
    coordinator: Addr<Coordinator>,
}

fn identity(number: u32) -> Identity {
    Identity {
        identifier: format!("n{number}:9001").into(),
        nick: format!("sv{number}").into(),
        host: format!("n{number}").into(),
        port: 9001,
        stereotypes: vec!["both".into()],
        network: None,
    }
}

fn options() -> Options {
    Options {
        synchro_options: [SyncOption::Timeout].into(),
        synchro_timeout: Duration::ZERO,
        core_identifiers: vec!["sv2".into()],
        ..Options::default()
    }
}

fn managed() -> Rules {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), RULES).unwrap();
    rules::load(&[file.path().to_path_buf()]).unwrap().0
}

/// The state of an instance of a cluster that has not begun yet. Must be made inside a System.
pub(super) fn clustered(board: Board, plan: Plan, rules: Rules) -> Instance {
    let (mut state, asked) = state(board, plan);
    let critical = Critical::default();
    let mapper = Mapper::new(vec![identity(1), identity(2)], InstanceId(0));
    let coordinator = Coordinator::run(Parts {
        cluster: Cluster::new(options(), mapper, rules),
        address: "127.0.0.1".to_owned(),
        login: None,
        multicast: None,
        supervisor: state.link.clone(),
        board: Arc::clone(&state.board),
        workers: state.workers.clone(),
        logger: Logger::root(critical.clone().fuse(), slog::o!()),
        clock: Clock::start(),
        local_time: |_| "a date".to_owned(),
    });
    state.cluster = Some(ClusterHandle::new(coordinator.clone()));
    Instance {
        state: Arc::new(state),
        asked,
        critical,
        coordinator,
    }
}

/// An instance that has not begun yet.
pub(super) fn off() -> Instance {
    let board = board();
    for info in board.all() {
        let origin = Origin {
            program: Arc::clone(&info.name),
            ..Origin::default()
        };
        board.set_process(ProcessInfo {
            origin: Arc::new(origin),
            ..ProcessInfo::clone(&info)
        });
    }
    clustered(board, Plan::default(), managed())
}

/// An instance in OPERATION; it is the Master.
pub(super) async fn operating() -> Instance {
    let instance = off();
    let event = Arc::new(Event::SupervisorRunning);
    let serial = None;
    instance
        .state
        .board
        .feed()
        .publish(News::Event { serial, event });
    let cluster = instance.state.cluster.clone().unwrap();
    cluster.read(|_| ()).await.unwrap();
    for _ in 0..3 {
        let tick = ToCoordinator::Report(Report::Input(Input::Tick));
        instance.coordinator.send(tick).await.unwrap();
    }
    instance
}

impl Instance {
    /// The requests to the Supervisor since the last call.
    pub(super) async fn requests(&self) -> Vec<String> {
        // comes after all that is on its way
        let _ = self.state.link.get_config().await;
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.retain(|it| it != "GetConfig");
        asked
    }
}
