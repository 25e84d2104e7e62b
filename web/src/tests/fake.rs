//! A stand-in for the Supervisor: records what it is asked and answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use slog::{Discard, Logger, o};
use visord_actors::board::{Board, Identity};
use visord_actors::link::Link;
use visord_actors::messages::supervisor::*;
use visord_actors::usage::Usage;
use visord_config::{GroupConfig, GroupKind};
use visord_model::fault::{Fault, FaultCode};
use visord_model::process::ProcessInfo;
use visord_model::state::ProcessState;

use crate::budget::Budget;
use crate::site::{Doorplate, Shared, Site};
use crate::state::{AppState, Door, Limits, Setup};

/// What the fake was asked, as debug text.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// See the module. Answers success unless `fault` is set.
pub(crate) struct Fake {
    asked: Asked,
    fault: Option<Fault>,
    delay: Duration,
}

impl Actor for Fake {
    type Context = Context<Self>;
}

/// A handler that records its message and answers.
macro_rules! answers {
    ($($message:ident => $answer:expr;)*) => {$(
        impl Handler<$message> for Fake {
            type Result = ResponseFuture<<$message as Message>::Result>;

            fn handle(&mut self, message: $message, _: &mut Context<Self>) -> Self::Result {
                self.asked.lock().unwrap().push(format!("{message:?}"));
                let answer = match &self.fault {
                    Some(fault) => Err(fault.clone()),
                    None => Ok($answer),
                };
                let delay = self.delay;
                Box::pin(async move {
                    tokio::time::sleep(delay).await;
                    answer
                })
            }
        }
    )*};
}

fn outcomes() -> Vec<Outcome> {
    vec![
        Outcome {
            name: "a".into(),
            group: "g".into(),
            status: FaultCode::Success,
            description: "OK".into(),
        },
        Outcome {
            name: "b".into(),
            group: "g".into(),
            status: FaultCode::NoFile,
            description: "NO_FILE: can't find command 'b'".into(),
        },
    ]
}

answers! {
    StartProcess => ();
    StopProcess => ();
    SignalProcess => ();
    StartMany => outcomes();
    StopMany => outcomes();
    SignalMany => outcomes();
    WriteStdin => ();
    ClearProcessLogs => ();
    ClearManyLogs => outcomes();
    TendProcessLogs => ();
    ClearMainLog => ();
    AddGroup => ();
    RemoveGroup => ();
    UpdateGroup => vec![Updated {
        name: "a".into(),
        group: "g".into(),
        fate: Fate::Restarted,
        stops: true,
        starts: false,
    }];
    ReloadConfig => Reread {
        added: vec!["zz".into(), "aa".into()],
        changed: vec![],
        removed: vec!["g".into()],
    };
    GetConfig => vec![ConfiguredGroup {
        config: GroupConfig {
            name: "g".into(),
            priority: 999,
            kind: GroupKind::Programs,
            processes: vec![],
        },
        in_use: true,
        resolved: vec![],
    }];
    SendRemoteEvent => ();
    Shutdown => ();
    Restart => ();
}

/// How a fake is to behave.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) fault: Option<Fault>,
    pub(crate) delay: Duration,
}

/// A process for the board.
pub(crate) fn info(group: &str, name: &str, state: ProcessState) -> ProcessInfo {
    ProcessInfo {
        name: name.into(),
        group: group.into(),
        state,
        start: 0,
        stop: 0,
        spawnerr: String::new(),
        exitstatus: 0,
        pid: if state.is_signallable() { 77 } else { 0 },
        stdout_logfile: String::new(),
        stderr_logfile: String::new(),
        restarts: 0,
        last_exit: None,
        trouble: String::new(),
    }
}

/// A board with `x` (RUNNING), `y` (STOPPED), `g:a` (RUNNING) and `g:b` (FATAL).
pub(crate) fn board() -> Board {
    let board = Board::new(Identity {
        identifier: "nörth".into(),
        pid: 4711,
        logfile: None,
    });
    for (group, name, state) in [
        ("x", "x", ProcessState::Running),
        ("y", "y", ProcessState::Stopped),
        ("g", "a", ProcessState::Running),
        ("g", "b", ProcessState::Fatal),
    ] {
        if !board.has_group(group) {
            board.add_group(group);
        }
        board.set_process(info(group, name, state));
    }
    board
}

/// A state around a fake; must be made inside a System.
pub(crate) fn state(board: Board, plan: Plan) -> (AppState, Asked) {
    let asked = Asked::default();
    let fake = Fake {
        asked: Arc::clone(&asked),
        fault: plan.fault,
        delay: plan.delay,
    };
    let board = Arc::new(board);
    let state = AppState {
        feed: board.feed().clone(),
        usage: Usage::new(Arc::clone(&board)),
        board,
        link: Link::new(&fake.start()),
        log: Logger::root(Discard, o!()),
        follow: visord_actors::log::Followers::default(),
        settle: Arc::new(|| None),
        lost: Arc::new(|_| visord_actors::log::LostBytes {
            stdout: 3_000_000_000,
            stderr: 0,
        }),
        stored: Arc::new(|_| visord_actors::log::StoredBytes {
            stdout: 12,
            stderr: 34,
        }),
        workers: visord_actors::workers::Workers::start().unwrap(),
        meters: Arc::default(),
        namespaces: vec!["supervisor".into()],
        remotes: Arc::default(),
        build: "visord test".into(),
        setup: Setup {
            config_file: "/etc/visord test.conf".into(),
            started: std::time::UNIX_EPOCH,
            at_start: Arc::default(),
            latest: tokio::sync::watch::Sender::default().subscribe(),
        },
        limits: Limits {
            failure_delay: Duration::ZERO,
            ..Limits::default()
        },
        budget: Budget::default(),
        uploads: Budget::default(),
    };
    (state, asked)
}

fn doorplates() -> Vec<Doorplate> {
    let plate = |section: &str| Doorplate {
        section: section.into(),
        socket: None,
        address: "127.0.0.1:9001".into(),
        tls: false,
        client_certificate: false,
        asks_for_password: false,
        max_body: 1024 * 1024,
    };
    let inside = Doorplate {
        socket: Some("/run/inside.sock".into()),
        address: String::new(),
        ..plate("unix_http_server")
    };
    let secure = Doorplate {
        tls: true,
        client_certificate: true,
        asks_for_password: true,
        address: "*:9443".into(),
        max_body: 5000,
        ..plate("inet_http_server:secure")
    };
    vec![plate("inet_http_server"), secure, inside]
}

/// A site of that state behind an open TCP door.
pub(crate) fn site(state: AppState) -> Site {
    Site {
        state: Arc::new(state),
        door: Arc::new(Door {
            section: "inet_http_server".into(),
            users: None,
            cookie: "visord-9001".into(),
            socket: None,
            allowed_hosts: Vec::new(),
            max_body: 1024 * 1024,
            tls: None,
        }),
        shared: Arc::new(Shared::new(doorplates()).unwrap()),
    }
}
