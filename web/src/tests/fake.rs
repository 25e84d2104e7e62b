//! A fake Supervisor: records its requests and answers as configured.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler};
use slog::{Discard, Logger, o};
use visord_actors::board::{Board, Identity};
use visord_actors::messages::supervisor::*;
use visord_actors::usage::Usage;
use visord_config::{Diff, Fate, GroupConfig, GroupKind, HttpConfig, ListenAddress};
use visord_model::fault::{Fault, FaultCode};
use visord_model::process::{Machine, Policy, ProcessInfo};
use visord_model::state::ProcessState;

use crate::budget::Budget;
use crate::rpc::table;
use crate::site::{HttpListener, ServerState, Site};
use crate::state::{AppState, ClientLimits, Setup};

/// The requests of the fake, as debug text.
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

/// A handler that records each request and answers.
macro_rules! answers {
    ($($request:ident => $answer:expr;)*) => {
        impl Handler<Request> for Fake {
            type Result = ();

            fn handle(&mut self, request: Request, _: &mut Context<Self>) {
                match request {
                    $(Request::$request(request, reply) => {
                        self.asked.lock().unwrap().push(format!("{request:?}"));
                        let answer = match &self.fault {
                            Some(fault) => Err(fault.clone()),
                            None => Ok($answer),
                        };
                        let delay = self.delay;
                        actix::spawn(async move {
                            tokio::time::sleep(delay).await;
                            drop(reply.send(answer));
                        });
                    })*
                }
            }
        }
    };
}

fn outcomes() -> Vec<BulkResult> {
    let outcome = |process: &str, answer| BulkResult {
        name: ProcessName::new("g", process),
        answer,
    };
    let missing = FaultCode::NoFile.about("can't find command 'b'");
    vec![outcome("a", Ok(())), outcome("b", Err(missing))]
}

answers! {
    StartProcess => ();
    StartWithArgs => ();
    SetExtraArgs => ();
    NeverRestart => ();
    EnableProgram => ();
    DisableProgram => ();
    UpdateNumprocs => NumprocsUpdated::default();
    StopProcess => ();
    SignalProcess => ();
    StartMany => outcomes();
    StopMany => outcomes();
    SignalMany => outcomes();
    WriteStdin => ();
    ClearManyLogs => outcomes();
    MaintainProcessLogs => ();
    ClearMainLog => ();
    AddGroup => ();
    RemoveGroup => ();
    UpdateGroup => vec![Updated {
        name: ProcessName::new("g", "a"),
        fate: Fate::Restarted,
        stops: true,
        starts: false,
    }];
    ReloadConfig => Diff {
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
        state,
        pid: if state.is_signallable() { 77 } else { 0 },
        ..Machine::new(name, Policy::default()).info(&ProcessName::new(group, name))
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
        usage: Usage::new(Arc::clone(&board)),
        board,
        link: SupervisorHandle::new(&fake.start()),
        log: Logger::root(Discard, o!()),
        follow: visord_logs::Followers::default(),
        settle: Arc::new(|| None),
        lost: Arc::new(|_| visord_logs::ByteCounts {
            stdout: 3_000_000_000,
            stderr: 0,
        }),
        stored: Arc::new(|_| visord_logs::ByteCounts {
            stdout: 12,
            stderr: 34,
        }),
        workers: visord_logs::workers::Workers::start().unwrap(),
        meters: Arc::new(table::meters()),
        namespaces: vec!["supervisor".into()],
        cluster: None,
        remotes: Arc::default(),
        build: "visord test".into(),
        setup: Setup {
            config_file: "/etc/visord test.conf".into(),
            started: std::time::UNIX_EPOCH,
            at_start: Arc::default(),
            latest: tokio::sync::watch::Sender::default().subscribe(),
        },
        limits: ClientLimits {
            failure_delay: Duration::ZERO,
            ..ClientLimits::default()
        },
        budget: Budget::default(),
        uploads: Budget::default(),
    };
    (state, asked)
}

fn listener(section: &str) -> HttpConfig {
    HttpConfig {
        section: section.into(),
        address: ListenAddress::Inet {
            host: "127.0.0.1".into(),
            port: 9001,
        },
        users: Vec::new(),
        allowed_hosts: Vec::new(),
        max_body: 1024 * 1024,
        tls: None,
    }
}

/// The address of a unix socket.
pub(crate) fn unix(path: &str) -> ListenAddress {
    ListenAddress::Unix {
        path: path.into(),
        mode: 0o700,
        owner: visord_config::Ownership::default(),
    }
}

fn listeners() -> Vec<HttpConfig> {
    let inside = HttpConfig {
        address: unix("/run/inside.sock"),
        ..listener("unix_http_server")
    };
    let user = visord_config::WebUser {
        name: "anna".into(),
        password: "secret".into(),
        role: visord_config::Role::View,
    };
    let secure = HttpConfig {
        address: ListenAddress::Inet {
            host: String::new(),
            port: 9443,
        },
        users: vec![user],
        tls: Some(visord_config::TlsConfig {
            cert: "cert".into(),
            key: "key".into(),
            client_ca: Some("ca".into()),
        }),
        max_body: 5000,
        ..listener("inet_http_server:secure")
    };
    vec![listener("inet_http_server"), secure, inside]
}

/// A site of that state behind a TCP listener without password.
pub(crate) fn site(state: AppState) -> Site {
    Site {
        state: Arc::new(state),
        server: Arc::new(ServerState::new(listeners()).unwrap()),
        listener: Arc::new(HttpListener {
            config: listener("inet_http_server"),
            users: None,
            cookie: "visord-9001".into(),
            tls: None,
        }),
    }
}
