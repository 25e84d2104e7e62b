//! The WebServer actor: owns the listeners and serves them from its own arbiter.
//!
//! Connections are accepted here and handed to actix-web's dispatcher, one task each. There is
//! no `HttpServer` in between, for two reasons. It spends two threads on every server. And
//! every dispatcher keeps a clock that wakes the process twice a second for its `Date` header
//! (actix-http 3.20, `date.rs`), so an idle daemon would never sleep; here the dispatcher of a
//! listener exists only while it has a connection.

use std::io;
use std::net::SocketAddr;
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
use actix_web::{App, rt, web};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use slog::{Logger, crit, debug, error, info};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use visord_actors::vigil::Vigil;
use visord_actors::workers::Workers;
use visord_config::{HttpConfig, RpcInterfaceConfig};
use visord_model::log_line::{Level, LogLine};

use crate::auth::Users;
use crate::connections::ConnectionLimiter;
use crate::listen::{Bound, Socket};
use crate::route;
use crate::site::{Shared, Site};
use crate::state::{AppState, Door};
use crate::stream::{Io, Listener, Stream};
use crate::tls::Tls;

/// How long the end of the server waits for answers that are on their way.
const FAREWELL: Duration = Duration::from_secs(2);

/// Before accepting again when the system has no descriptor or memory for a connection.
const RECOVERY: Duration = Duration::from_millis(200);

/// See the module.
pub struct WebServer {
    waiting: Vec<(Socket, Site)>,
    log: Logger,
    workers: Workers,
    /// Of the listeners that speak TLS: section and certificate.
    certificates: Vec<(String, Arc<Tls>)>,
    shared: Arc<Shared>,
    accepting: Vec<AbortHandle>,
}

/// The running server and its thread.
#[derive(Debug)]
pub struct WebHandle {
    addr: Addr<WebServer>,
    arbiter: Arbiter,
    workers: Workers,
}

/// Accept no more connections; done when the requests at hand are answered.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct StopListening;

/// Read the certificates again, for new connections.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ReadCertificates;

/// What the activity log says about each server at start (spec core 3.6).
#[must_use]
pub fn startup_lines(http: &[HttpConfig], interfaces: &[RpcInterfaceConfig]) -> Vec<LogLine> {
    let mut lines = Vec::new();
    for server in http {
        for interface in interfaces {
            let text = format!("RPC interface '{}' initialized", interface.name);
            lines.push(LogLine::new(Level::Info, text));
        }
        let section = &server.section;
        let complaints = Users::complaints(server);
        let all = server.users.len() + usize::from(server.credentials.is_some());
        for (name, why) in &complaints {
            let text = if complaints.len() == all {
                format!("Server '{section}' will let nobody in: {why}")
            } else {
                format!("Server '{section}' will not let {name} in: {why}")
            };
            lines.push(LogLine::new(Level::Critical, text));
        }
        if !server.asks_for_password() {
            let text =
                format!("Server '{section}' running without any HTTP authentication checking");
            lines.push(LogLine::new(Level::Critical, text));
        }
    }
    lines
}

impl WebServer {
    /// Serve these sockets from a thread of its own, named `http`.
    ///
    /// They are shared, not taken: whoever bound them drops and unlinks them at the end.
    ///
    /// # Errors
    /// No descriptor or no thread to be had.
    pub fn start(bound: &[Bound], state: AppState) -> io::Result<WebHandle> {
        let state = Arc::new(state);
        let shared = Arc::new(Shared::new(
            bound.iter().map(|one| (&one.config).into()).collect(),
        )?);
        let mut waiting = Vec::with_capacity(bound.len());
        for one in bound {
            let site = Site {
                state: Arc::clone(&state),
                door: Arc::new(Door::new(one)),
                shared: Arc::clone(&shared),
            };
            waiting.push((one.socket.try_clone()?, site));
        }
        let tls = |one: &Bound| Some((one.config.section.clone(), one.tls.clone()?));
        let certificates = bound.iter().filter_map(tls).collect();
        let (log, workers) = (state.log.clone(), state.workers.clone());
        let reading = workers.clone();
        let arbiter = Arbiter::try_new()?;
        arbiter.spawn_fn(|| {
            // only for those who look at the threads
            let _ = nix::sys::prctl::set_name(c"http");
        });
        let addr = Self::start_in_arbiter(&arbiter.handle(), move |_| Self {
            waiting,
            log,
            workers: reading,
            certificates,
            shared,
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
    /// Where to send [`StopListening`].
    #[must_use]
    pub fn addr(&self) -> &Addr<WebServer> {
        &self.addr
    }

    /// Stop listening, give answers on their way a moment to leave, end the thread. A thread
    /// that a read from a dead disk holds up is left behind.
    pub async fn stop(self) {
        // a server that is gone already needs no farewell
        let _ = self.addr.send(StopListening).await;
        self.arbiter.stop();
        // a thread that panicked has ended as well
        let joined = self.workers.run(move || drop(self.arbiter.join()));
        let _ = timeout(FAREWELL, joined).await;
    }
}

impl Actor for WebServer {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        for (socket, site) in self.waiting.drain(..) {
            let section = site.door.section.clone();
            match Listener::new(socket) {
                Ok(listener) => {
                    let task = rt::spawn(accept(listener, site));
                    self.accepting.push(task.abort_handle());
                }
                Err(error) => error!(site.state.log, "could not serve '{section}': {error}"),
            }
        }
    }
}

impl Handler<StopListening> for WebServer {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: StopListening, _: &mut Self::Context) -> Self::Result {
        self.accepting.drain(..).for_each(|task| task.abort());
        let shared = Arc::clone(&self.shared);
        shared.close();
        Box::pin(async move { shared.rest(FAREWELL).await })
    }
}

impl Handler<ReadCertificates> for WebServer {
    type Result = ();

    fn handle(&mut self, _: ReadCertificates, _: &mut Self::Context) {
        for (section, tls) in &self.certificates {
            let (section, tls, log) = (section.clone(), Arc::clone(tls), self.log.clone());
            // files are not read on the HTTP thread
            let read = self.workers.run(move || tls.read_again());
            rt::spawn(async move {
                let failed = match read.await {
                    Ok(Ok(())) => {
                        info!(log, "certificate of '{section}' read again");
                        return;
                    }
                    Ok(Err(error)) => error.to_string(),
                    Err(not_done) => not_done.to_string(),
                };
                crit!(
                    log,
                    "certificate of '{section}' not read again, the old one stays: {failed}"
                );
            });
        }
    }
}

/// Serves one connection to its end.
type Serve = Box<dyn Fn(Stream, Option<SocketAddr>) -> LocalBoxFuture<'static, ()>>;

/// Accept connections for ever, no more at a time than the limit.
async fn accept(listener: Listener, site: Site) {
    let limits = &site.state.limits;
    let limiter = ConnectionLimiter::new(limits.connections());
    let mut serving: Weak<Serve> = Weak::new();
    loop {
        let (io, peer) = match listener.accept().await {
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
        let connection = limiter.arrive(io.peer(peer), limits.patience);
        let permit = connection.permit();
        let (site, own) = (site.clone(), Rc::clone(&connection));
        let task = rt::spawn(async move {
            if let Some(io) = greeted(io, &site).await {
                serve(Stream::new(io, own), peer).await;
            }
            drop((serve, permit));
        });
        connection.is_served_by(task.abort_handle());
        // what it has sent already is read before it can be closed
        rt::task::yield_now().await;
    }
}

/// The connection once its handshake is done, if it is to have one; nothing if that fails or
/// takes too long.
async fn greeted(io: Io, site: &Site) -> Option<Io> {
    let Some(tls) = site.door.tls.as_deref() else {
        return Some(io);
    };
    match timeout(site.state.limits.patience, io.secured(Some(tls))).await {
        Ok(Ok(io)) => Some(io),
        Ok(Err(reason)) => {
            debug!(site.state.log, "a TLS handshake failed: {reason}");
            None
        }
        Err(_) => {
            debug!(site.state.log, "a TLS handshake took too long");
            None
        }
    }
}

/// actix-web's dispatcher for one listener.
async fn dispatcher(site: Site) -> Option<Serve> {
    let limits = &site.state.limits;
    let log = site.state.log.clone();
    let builder = HttpService::build()
        .keep_alive(limits.idle)
        .client_request_timeout(limits.patience)
        .client_disconnect_timeout(limits.patience)
        // a client that left is noticed though nothing is being sent to it; what it asked for
        // goes on in a task of its own
        .h1_allow_half_closed(false)
        .on_connect_ext(|stream: &Stream, extensions| {
            extensions.insert(Rc::clone(&stream.connection));
        });
    let app = App::new()
        .app_data(web::Data::new(site))
        .app_data(Vigil::new())
        .default_service(web::to(route::handle))
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
