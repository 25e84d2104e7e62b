//! The WebServer actor: owns the listeners and serves them from its own arbiter.
//!
//! It accepts connections and gives each to actix-web's dispatcher in a task of its own, without
//! an `HttpServer` (docs/decisions/0005-accept-loop.md): that needs two threads for every server,
//! and each of its dispatchers has a clock that wakes the process twice a second for the `Date`
//! header. Here the dispatcher of a listener exists only while it has a connection.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, Context, Handler, Message, ResponseFuture};
use actix_http::body::BoxBody;
use actix_http::{HttpService, Response};
use actix_service::{
    IntoServiceFactory as _, Service as _, ServiceFactory as _, ServiceFactoryExt as _, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::rt;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use slog::{crit, debug, error, info};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use visord_config::{HttpConfig, RpcInterfaceConfig};
use visord_logs::workers::Workers;
use visord_model::log_line::{Level, LogLine};

use crate::auth::Users;
use crate::connections::{ConnectionLimiter, Io, Permit};
use crate::listen::Bound;
use crate::routes;
use crate::site::{HttpListener, ServerState, Site};
use crate::state::AppState;
use crate::stream::{Acceptor, ClientStream};

/// How long the end of the server waits for responses that are being made.
const GRACE: Duration = Duration::from_secs(2);

/// Pause before accepting again when the system has no descriptor or memory for a connection.
const RECOVERY: Duration = Duration::from_millis(200);

/// See the module.
pub struct WebServer {
    server: Arc<ServerState>,
    /// Those of `sites`, until the actor runs.
    sockets: Vec<OwnedFd>,
    /// One for each listener.
    sites: Vec<Site>,
    accepting: Vec<AbortHandle>,
}

/// The running server and its thread.
pub struct WebHandle {
    /// For [`StopListening`] and [`ReadCertificates`].
    pub addr: Addr<WebServer>,
    arbiter: Arbiter,
    workers: Workers,
}

/// Accepts no more connections; done when current requests have their responses.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct StopListening;

/// Reads the certificates again, for new connections.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ReadCertificates;

/// The lines of the activity log about each server at start (spec core 3.6).
pub fn startup_lines(http: &[HttpConfig], interfaces: &[RpcInterfaceConfig]) -> Vec<LogLine> {
    let mut lines = Vec::new();
    for server in http {
        for interface in interfaces {
            let text = format!("RPC interface '{}' initialized", interface.name);
            lines.push(LogLine::new(Level::Info, text));
        }
        let section = &server.section;
        let unusable = Users::unusable(server);
        for (name, why) in &unusable {
            let text = if unusable.len() == server.users.len() {
                format!("Server '{section}' accepts no login: {why}")
            } else {
                format!("Server '{section}' does not accept the user {name}: {why}")
            };
            lines.push(LogLine::new(Level::Critical, text));
        }
        if server.users.is_empty() {
            let text =
                format!("Server '{section}' running without any HTTP authentication checking");
            lines.push(LogLine::new(Level::Critical, text));
        }
    }
    lines
}

impl WebServer {
    /// Serves these sockets from a thread of its own, named `http`. The caller keeps them, and
    /// removes their files at the end.
    ///
    /// # Errors
    /// There are too many descriptors or threads.
    pub fn start(bound: &[Bound], state: AppState) -> io::Result<WebHandle> {
        let state = Arc::new(state);
        let listeners = bound.iter().map(|one| one.config.clone()).collect();
        let server = Arc::new(ServerState::new(listeners)?);
        let sockets = bound.iter().map(|one| one.socket.try_clone());
        let sockets = sockets.collect::<io::Result<_>>()?;
        let sites = bound.iter().map(|one| Site {
            state: Arc::clone(&state),
            server: Arc::clone(&server),
            listener: Arc::new(HttpListener::new(one)),
        });
        let sites = sites.collect();
        let workers = state.workers.clone();
        let arbiter = Arbiter::try_new()?;
        arbiter.spawn_fn(|| {
            // only for display
            let _ = nix::sys::prctl::set_name(c"http");
        });
        let addr = Self::start_in_arbiter(&arbiter.handle(), move |_| Self {
            server,
            sockets,
            sites,
            accepting: Vec::new(),
        });
        Ok(WebHandle {
            addr,
            arbiter,
            workers,
        })
    }
}

impl WebHandle {
    /// Stops listening, waits a moment for responses, ends the thread. A thread that is blocked by
    /// a dead disk is left behind.
    pub async fn stop(self) {
        // a server that has ended already needs no message
        let _ = self.addr.send(StopListening).await;
        self.arbiter.stop();
        // a thread that panicked has ended as well
        let joined = self.workers.run(move || drop(self.arbiter.join()));
        let _ = timeout(GRACE, joined).await;
    }
}

impl Actor for WebServer {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        for (socket, site) in self.sockets.drain(..).zip(&self.sites) {
            let listener = &site.listener;
            match Acceptor::new(socket, listener.is_unix()) {
                Ok(acceptor) => {
                    let task = rt::spawn(accept(acceptor, site.clone()));
                    self.accepting.push(task.abort_handle());
                }
                Err(error) => {
                    let section = &listener.config.section;
                    error!(site.state.log, "could not serve '{section}': {error}");
                }
            }
        }
    }
}

impl Handler<StopListening> for WebServer {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: StopListening, _: &mut Self::Context) -> Self::Result {
        self.accepting.drain(..).for_each(|task| task.abort());
        let server = Arc::clone(&self.server);
        Box::pin(async move { server.close(GRACE).await })
    }
}

impl Handler<ReadCertificates> for WebServer {
    type Result = ();

    fn handle(&mut self, _: ReadCertificates, _: &mut Self::Context) {
        for site in &self.sites {
            let Some(tls) = site.listener.tls.clone() else {
                continue;
            };
            let (section, log) = (site.listener.config.section.clone(), site.state.log.clone());
            // files are not read on the HTTP thread
            let read = site.state.workers.run(move || tls.read_again());
            rt::spawn(async move {
                match read.await.unwrap_or_else(|not_done| Err(not_done.into())) {
                    Ok(()) => info!(log, "certificate of '{section}' read again"),
                    Err(error) => crit!(
                        log,
                        "certificate of '{section}' not read again, the old one stays: {error}"
                    ),
                }
            });
        }
    }
}

/// Serves one connection to its end.
type Serve = Box<dyn Fn(ClientStream, Option<SocketAddr>) -> LocalBoxFuture<'static, ()>>;

/// Accepts connections without end, no more at a time than the limit.
async fn accept(acceptor: Acceptor, site: Site) {
    let limits = &site.state.limits;
    let limiter = ConnectionLimiter::new(limits.connections());
    let mut serving: Weak<Serve> = Weak::new();
    loop {
        let (io, peer, address) = match acceptor.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                error!(site.state.log, "could not accept a connection: {error}");
                sleep(RECOVERY).await;
                continue;
            }
        };
        limiter.make_room().await;
        let serve = match serving.upgrade() {
            Some(serve) => serve,
            None => match dispatcher(site.clone()).await {
                Some(serve) => Rc::new(serve),
                None => continue,
            },
        };
        serving = Rc::downgrade(&serve);
        let connection = limiter.register(peer, limits.patience);
        let permit = Permit(Rc::clone(&connection));
        let (site, own) = (site.clone(), Rc::clone(&connection));
        let task = rt::spawn(async move {
            if let Some(io) = after_handshake(io, &site).await {
                serve(ClientStream::new(io, own), address).await;
            }
            drop((serve, permit));
        });
        connection.set_task(task.abort_handle());
        // what the client has sent already is read before the connection can be closed
        rt::task::yield_now().await;
    }
}

/// The connection after the handshake, if the listener uses TLS; `None` if that fails or takes too
/// long.
async fn after_handshake(io: Box<dyn Io>, site: &Site) -> Option<Box<dyn Io>> {
    let Some(tls) = &site.listener.tls else {
        return Some(io);
    };
    let outcome = match timeout(site.state.limits.patience, tls.accept(io)).await {
        Ok(Ok(io)) => return Some(io),
        Ok(Err(reason)) => format!("failed: {reason}"),
        Err(_) => "took too long".to_owned(),
    };
    debug!(site.state.log, "a TLS handshake {outcome}");
    None
}

/// actix-web's dispatcher for one listener.
async fn dispatcher(site: Site) -> Option<Serve> {
    let limits = &site.state.limits;
    let log = site.state.log.clone();
    let builder = HttpService::build()
        .keep_alive(limits.idle)
        .client_request_timeout(limits.patience)
        .client_disconnect_timeout(limits.patience)
        // a client that left is noticed though nothing is being sent to it; its request is
        // completed in a task of its own
        .h1_allow_half_closed(false)
        .on_connect_ext(|stream: &ClientStream, extensions| {
            extensions.insert(Rc::clone(&stream.connection));
        });
    let app = routes::app(site)
        .into_factory()
        .map_err(|error: actix_web::Error| -> Response<BoxBody> { error.error_response().into() });
    let service = builder
        .h1(map_config(app, |()| AppConfig::default()))
        .new_service(())
        .await;
    let Ok(service) = service else {
        error!(log, "could not set up the HTTP service");
        return None;
    };
    Some(Box::new(move |stream, peer| {
        let served = service.call((stream, peer));
        let log = log.clone();
        async move {
            if let Err(reason) = served.await {
                debug!(log, "an HTTP connection ended: {reason}");
            }
        }
        .boxed_local()
    }))
}
