//! The Coordinator of a run, on a thread of its own, if this supervisord is an instance of a cluster.

use std::net::SocketAddrV4;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use actix::Arbiter;
use slog::Logger;
use tokio::time::timeout;
use visord_actors::cluster::collection::Collection;
use visord_actors::cluster::coordinator::{Coordinator, Parts};
use visord_actors::cluster::discovery::Group;
use visord_actors::cluster::handle::ClusterHandle;
use visord_actors::cluster::host::System;
use visord_actors::cluster::identify::{Identified, Local, identify};
use visord_actors::messages::supervisor::SupervisorHandle;
use visord_actors::process::Deps;
use visord_actors::supervisor::Disabilities;
use visord_cluster::Cluster;
use visord_cluster::rules::Rules;
use visord_config::{Config, HttpConfig, ListenAddress, SupvisorsConfig, rules};
use visord_logs::workers::Workers;
use visord_logs::{ActivityLog, ActivitySettings, LineStyle, activity, emit};
use visord_web::state::AppState;
use visord_xmlrpc::http::Login;

use super::shortage;

/// How long the thread may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// What was found out before the Coordinator starts.
pub(super) struct Prepared {
    options: SupvisorsConfig,
    identified: Identified,
    rules: Rules,
    login: Option<Login>,
    log: ClusterLog,
}

/// Where the messages of the cluster go.
struct ClusterLog {
    logger: Logger,
    /// A log of its own.
    own: Option<ActivityLog>,
}

/// A running Coordinator.
pub(super) struct ClusterThread {
    handle: ClusterHandle,
    collection: Collection,
    arbiter: Arbiter,
    workers: Workers,
    log: Option<ActivityLog>,
}

/// Which programs are disabled, as it was kept. Blocks.
pub(super) fn disabilities(config: &Config, deps: &Deps) -> Disabilities {
    let file = config.supvisors.as_ref();
    let file = file.and_then(|it| it.disabilities_file.clone());
    Disabilities::load(file, &deps.logger)
}

/// Find out who the instances are, and read the rules. Blocks while names are looked up. `None`:
/// this supervisord is not an instance of a cluster, or cannot be one after a restart, which is
/// logged.
///
/// # Errors
/// In the first run: the list of instances cannot be resolved, or a log cannot be opened.
pub(super) fn prepare(
    config: &Config,
    deps: &Deps,
    is_first: bool,
) -> Result<Option<Prepared>, String> {
    let Some(options) = config.supvisors.clone() else {
        return Ok(None);
    };
    match find_out(config, options, deps) {
        Ok(prepared) => Ok(Some(prepared)),
        Err(error) if is_first => Err(error),
        Err(error) => {
            slog::crit!(deps.logger, "{error}");
            Ok(None)
        }
    }
}

fn find_out(config: &Config, options: SupvisorsConfig, deps: &Deps) -> Result<Prepared, String> {
    let failure = |error: String| format!("Could not make supvisors rpc interface: {error}");
    let (server, port) = inet_server(&config.http)
        .ok_or_else(|| failure("Supervisor MUST be configured using inet_http_server".into()))?;
    let log = ClusterLog::open(&options, &deps.logger).map_err(failure)?;
    let local = Local {
        identifier: &config.server.identifier,
        port,
        stereotypes: &options.options.stereotypes,
    };
    let identified = identify(&options.instances, local, &System);
    let identified = identified.map_err(failure)?;
    for line in &identified.remarks {
        emit(&log.logger, line);
    }
    Ok(Prepared {
        identified,
        rules: read_rules(&options, &log.logger),
        login: login(server, &log.logger),
        options,
        log,
    })
}

/// Rules that cannot be read are none at all (spec cluster 2.1).
fn read_rules(options: &SupvisorsConfig, logger: &Logger) -> Rules {
    let files = options.rules_files.as_deref().unwrap_or_default();
    match rules::load(files) {
        Ok((rules, lines)) => {
            for line in &lines {
                emit(logger, line);
            }
            rules
        }
        Err(error) => {
            emit(logger, &error.warning(files));
            Rules::default()
        }
    }
}

/// The server that peers call, and its port.
fn inet_server(servers: &[HttpConfig]) -> Option<(&HttpConfig, u16)> {
    servers.iter().find_map(|server| match server.address {
        ListenAddress::Inet { port, .. } => Some((server, port)),
        ListenAddress::Unix { .. } => None,
    })
}

/// What peers are called with: all instances have the same user (spec cluster 1.1).
fn login(server: &HttpConfig, logger: &Logger) -> Option<Login> {
    let user = server.users.first()?;
    let password = user.password.expose();
    if password.starts_with('{') {
        slog::warn!(
            logger,
            "the password of [{}] is a hash: peers cannot be called with it",
            server.section
        );
    }
    Some(Login {
        username: user.name.clone(),
        password: password.to_owned(),
    })
}

impl ClusterLog {
    fn open(options: &SupvisorsConfig, main: &Logger) -> Result<Self, String> {
        let Some(settings) = &options.log else {
            let logger = main.clone();
            return Ok(Self { logger, own: None });
        };
        let Some(path) = &settings.path else {
            let logger = Logger::root(slog::Discard, slog::o!());
            return Ok(Self { logger, own: None });
        };
        let log = activity(ActivitySettings {
            target: visord_config::MainLogTarget::File(path.clone()),
            maxbytes: settings.maxbytes,
            backups: settings.backups,
            level: settings.level,
            stdout: false,
            style: LineStyle::cluster(&options.software_name),
        });
        let log = log.map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        log.start_threads()
            .map_err(|error| format!("cannot start the thread of a log: {error}"))?;
        Ok(Self {
            logger: log.logger(),
            own: Some(log),
        })
    }
}

/// Start the thread and the Coordinator on it, if there is one to be started.
///
/// # Errors
/// In the first run: no thread can be had. After a restart this is logged.
pub(super) fn start(
    prepared: Option<Prepared>,
    deps: &Deps,
    supervisor: &SupervisorHandle,
    workers: &Workers,
    is_first: bool,
) -> Result<Option<ClusterThread>, String> {
    let Some(prepared) = prepared else {
        return Ok(None);
    };
    match launch(prepared, deps, supervisor.clone(), workers.clone()) {
        Ok(thread) => Ok(Some(thread)),
        Err(error) if is_first => Err(shortage("the cluster thread")(error)),
        Err(error) => {
            slog::crit!(deps.logger, "could not start the cluster thread: {error}");
            Ok(None)
        }
    }
}

fn launch(
    prepared: Prepared,
    deps: &Deps,
    supervisor: SupervisorHandle,
    workers: Workers,
) -> std::io::Result<ClusterThread> {
    let options = prepared.options;
    let collection = Collection::from(&options.statistics);
    let parts = Parts {
        cluster: Cluster::new(options.options, prepared.identified.mapper, prepared.rules),
        address: prepared.identified.address,
        login: prepared.login,
        multicast: options.multicast.map(|it| Group {
            address: SocketAddrV4::new(it.group, it.port),
            interface: it.interface,
            ttl: it.ttl,
        }),
        supervisor,
        board: deps.board.clone(),
        workers: workers.clone(),
        logger: prepared.log.logger,
        clock: deps.clock,
        local_time: visord_web::clock::short,
    };
    let arbiter = Arbiter::try_new()?;
    let (started, addr) = mpsc::channel();
    arbiter.spawn_fn(move || {
        // only for display
        let _ = nix::sys::prctl::set_name(c"cluster");
        // nothing waits for it any more if this fails
        let _ = started.send(Coordinator::run(parts));
    });
    let addr = addr
        .recv()
        .map_err(|_| std::io::Error::other("the thread of the cluster ended"))?;
    Ok(ClusterThread {
        handle: ClusterHandle::new(addr),
        collection,
        arbiter,
        workers,
        log: prepared.log.own,
    })
}

impl ClusterThread {
    /// The web server serves the cluster, too.
    pub(super) fn serve_with(&self, state: &mut AppState) {
        state.cluster = Some(self.handle.clone());
        state.collection.send_replace(self.collection);
        if let Some(log) = &self.log {
            // a log of its own has a level of its own
            let log = log.clone();
            state.set_log_level = Arc::new(move |level| log.set_level(level));
        }
    }

    /// Ends the thread.
    pub(super) async fn stop(self) {
        self.arbiter.stop();
        // a thread that panicked has ended as well
        let joined = self.workers.run(move || drop(self.arbiter.join()));
        let _ = timeout(GRACE, joined).await;
        if let Some(log) = self.log {
            log.stop_threads();
        }
    }
}
