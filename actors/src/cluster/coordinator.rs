//! The actor that runs the rules of the cluster: it owns what this instance knows of all others.
//!
//! It has a thread of its own, so that nothing about the cluster delays a local program. Inputs are
//! what happens to the local processes (read from the feed), what peers publish (received by the
//! web server), what peers answer, TICKs, and requests of clients. It performs the effects in order
//! and in the same turn: `effects.rs`.

mod effects;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, StreamHandler, Supervised};
use futures_util::future::join_all;
use futures_util::stream;
use slog::Logger;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use visord_cluster::Cluster;
use visord_cluster::effect::Reply as Done;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::{Input, Request, Ticket};
use visord_cluster::message::{Origin, Publication};
use visord_cluster::request::states;
use visord_logs::emit;
use visord_logs::workers::Workers;
use visord_model::fault::FaultCode;
use visord_model::moment::{Moment, Mono};
use visord_xmlrpc::http::Login;

use super::discovery::{Discovery, Group};
use super::local::{Happened, LocalProcesses, LocalTime};
use super::peer::{Peer, Resolver};
use super::{Report, Sink};
use crate::board::Board;
use crate::clock::{Clock, unix_millis};
use crate::messages::Reply;
use crate::messages::supervisor::SupervisorHandle;
use crate::resume::{self, Panics, Resume};

/// Wall-clock time between two TICKs; they come at its multiples, on all instances at once.
const TICK: Duration = Duration::from_secs(5);

/// How long the answer to a client waits for peers that do not answer. The original, which looks
/// twice a second whether it can answer, takes longer.
const SETTLE: Duration = Duration::from_millis(300);

/// What makes a Coordinator.
pub struct Parts {
    /// The rules, before anything happened.
    pub cluster: Cluster,
    /// The IPv4 address that publications name as their origin.
    pub address: String,
    /// What peers are called with.
    pub login: Option<Login>,
    /// Where instances announce themselves.
    pub multicast: Option<Group>,
    /// Takes commands for local processes.
    pub supervisor: SupervisorHandle,
    /// Shows the local processes.
    pub board: Arc<Board>,
    /// Looks up names of hosts.
    pub workers: Workers,
    /// The activity log.
    pub logger: Logger,
    /// The clock of the daemon.
    pub clock: Clock,
    /// Shows times in descriptions.
    pub local_time: LocalTime,
}

/// To the Coordinator.
#[derive(Message)]
#[rtype(result = "()")]
pub enum ToCoordinator {
    /// A peer published this.
    Heard(Origin, Publication),
    /// A client asks for something.
    Ask(Request, Reply<Done>),
    /// A client reads.
    Read(Read),
    /// A client waits until the peers know what happened.
    Settle(oneshot::Sender<()>),
    /// A peer or the discovery reports.
    Report(Report),
}

/// Reads from what the Coordinator knows.
pub type Read = Box<dyn FnOnce(&Known<'_>) + Send>;

/// What a client may read.
pub struct Known<'a> {
    /// The rules and all that they know.
    pub cluster: &'a Cluster,
    /// The local processes, as their own supervisord knows them.
    pub local: LocalView<'a>,
    /// Now.
    pub now: Moment,
    /// Shows times in descriptions.
    pub local_time: LocalTime,
}

/// The local processes at a moment.
pub struct LocalView<'a> {
    processes: &'a LocalProcesses,
    now: Moment,
}

impl LocalView<'_> {
    /// All of them, by group and name.
    pub fn all(&self) -> Vec<visord_cluster::message::LocalProcess> {
        self.processes.all(self.now)
    }

    /// One of them.
    pub fn one(
        &self,
        name: &visord_model::name::ProcessName,
    ) -> Option<visord_cluster::message::LocalProcess> {
        self.processes.one(name, self.now)
    }
}

/// See the module.
pub struct Coordinator {
    cluster: Cluster,
    local: LocalProcesses,
    peers: BTreeMap<InstanceId, Peer>,
    discovery: Option<Discovery>,
    clients: BTreeMap<Ticket, Reply<Done>>,
    next_ticket: u64,
    /// Begun, and not stopping.
    runs: bool,
    parts: Tools,
    panics: Panics,
}

/// What a Coordinator performs effects with.
struct Tools {
    origin: Origin,
    login: Option<Login>,
    multicast: Option<Group>,
    supervisor: SupervisorHandle,
    board: Arc<Board>,
    resolver: Resolver,
    logger: Logger,
    clock: Clock,
    local_time: LocalTime,
    sink: Sink,
}

impl Coordinator {
    /// Start it on this thread, inside a System. It survives its panics.
    #[must_use]
    pub fn run(parts: Parts) -> actix::Addr<Self> {
        let context = Context::new();
        let addr = context.address();
        let reports = addr.clone();
        let sink: Sink = Arc::new(move |report| reports.do_send(ToCoordinator::Report(report)));
        let local = parts.cluster.view().local();
        let identity = parts.cluster.view().mapper.identity(local);
        let coordinator = Self {
            local: LocalProcesses::new(Arc::clone(&parts.board), parts.local_time),
            peers: BTreeMap::new(),
            discovery: None,
            clients: BTreeMap::new(),
            next_ticket: 0,
            runs: false,
            parts: Tools {
                origin: Origin {
                    identifier: Arc::clone(&identity.identifier),
                    nick: Arc::clone(&identity.nick),
                    address: parts.address,
                    port: identity.port,
                },
                login: parts.login,
                multicast: parts.multicast,
                supervisor: parts.supervisor,
                board: parts.board,
                resolver: Resolver::new(parts.workers),
                logger: parts.logger,
                clock: parts.clock,
                local_time: parts.local_time,
                sink,
            },
            cluster: parts.cluster,
            panics: Panics::default(),
        };
        resume::run(context, coordinator);
        addr
    }

    /// Give the rules an input and perform what they ask for.
    fn step(&mut self, input: Input) {
        let now = self.parts.clock.now();
        for effect in self.cluster.step(input, now) {
            self.perform(effect);
        }
    }

    fn happened(&mut self, what: Happened) {
        match what {
            Happened::Running => self.begin(),
            Happened::Stopping => self.stop(),
            Happened::Input(input) if self.runs => self.step(input),
            // the list of all processes that it begins with has this already
            Happened::Input(_) => {}
        }
    }

    fn begin(&mut self) {
        self.runs = true;
        if let Some(group) = self.parts.multicast {
            let sink = Arc::clone(&self.parts.sink);
            let discovery = Discovery::start(&Handle::current(), group, self.parts.clock, sink);
            self.discovery = Some(discovery);
            self.announce();
        }
        let processes = self.local.all(self.parts.clock.now());
        self.step(Input::Begin(processes));
    }

    /// The local supervisord stops everything: the others find out by its silence.
    fn stop(&mut self) {
        self.runs = false;
        self.discovery = None;
        self.peers.clear();
        for client in std::mem::take(&mut self.clients).into_values() {
            // without effect if the client has left
            let _ = client.send(Err(FaultCode::ShutdownState.bare()));
        }
    }

    fn tick(&mut self) {
        if self.runs {
            self.announce();
            self.step(Input::Tick);
        }
    }

    fn announce(&self) {
        if let Some(discovery) = &self.discovery {
            let view = self.cluster.view();
            discovery.announce(&view.mapper.identity(view.local()).candidate());
        }
    }

    fn ask(&mut self, request: Request, reply: Reply<Done>) {
        if !self.runs {
            // before it begins the state is OFF, in which nothing is accepted
            let refused = self.cluster.expect_state(states(&request)).err();
            let fault = refused.unwrap_or(FaultCode::ShutdownState.bare());
            // without effect if the client has left
            let _ = reply.send(Err(fault));
            return;
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.clients.insert(ticket, reply);
        self.step(Input::Ask(ticket, request));
    }

    /// What happened to the local processes until now.
    fn catch_up(&mut self) {
        let now = self.parts.clock.now();
        for what in self.local.news(now) {
            self.happened(what);
        }
    }

    fn read(&self, read: Read) {
        let now = self.parts.clock.now();
        let processes = &self.local;
        read(&Known {
            cluster: &self.cluster,
            local: LocalView { processes, now },
            now,
            local_time: self.parts.local_time,
        });
    }

    /// Reply when the peers have answered what was sent to them so far, or soon if one does not.
    fn settle(&self, reply: oneshot::Sender<()>) {
        let sent = join_all(self.peers.values().map(Peer::flush));
        actix_rt::spawn(async move {
            let _ = timeout(SETTLE, sent).await;
            // without effect if the client has left
            let _ = reply.send(());
        });
    }

    /// Wake up when the feed grows, and at the next TICK.
    fn arm(&self, ctx: &mut Context<Self>) {
        let mut changed = self.parts.board.feed().changed();
        // what is there already counts as new
        changed.mark_changed();
        ctx.add_stream(stream::unfold(changed, |mut changed| async move {
            changed.changed().await.ok().map(|()| (FeedGrew, changed))
        }));
        Self::await_tick(ctx);
    }

    fn await_tick(ctx: &mut Context<Self>) {
        ctx.run_later(until_tick(unix_millis()), |act, ctx| {
            act.tick();
            Self::await_tick(ctx);
        });
    }
}

/// How long it is until the wall clock, in milliseconds, shows a multiple of [`TICK`].
fn until_tick(now: i64) -> Duration {
    let period = i64::try_from(TICK.as_millis()).unwrap_or(i64::MAX);
    let left = period - now.rem_euclid(period);
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

/// The feed has new entries.
struct FeedGrew;

impl Actor for Coordinator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.arm(ctx);
    }
}

impl StreamHandler<FeedGrew> for Coordinator {
    fn handle(&mut self, _: FeedGrew, _: &mut Context<Self>) {
        self.catch_up();
    }

    /// The feed lives as long as the daemon.
    fn finished(&mut self, _: &mut Context<Self>) {}
}

impl Handler<ToCoordinator> for Coordinator {
    type Result = ();

    fn handle(&mut self, message: ToCoordinator, _: &mut Context<Self>) {
        match message {
            ToCoordinator::Heard(origin, publication) => {
                if self.runs {
                    self.step(Input::Heard {
                        origin,
                        publication,
                    });
                }
            }
            // clients see what their commands to the local supervisord have done
            ToCoordinator::Ask(request, reply) => {
                self.catch_up();
                self.ask(request, reply);
            }
            ToCoordinator::Read(read) => {
                self.catch_up();
                self.read(read);
            }
            ToCoordinator::Settle(reply) => {
                self.catch_up();
                self.settle(reply);
            }
            ToCoordinator::Report(Report::Log(line)) => emit(&self.parts.logger, &line),
            ToCoordinator::Report(Report::Input(input)) => {
                if self.runs {
                    self.step(input);
                }
            }
        }
    }
}

impl Supervised for Coordinator {
    fn restarting(&mut self, ctx: &mut Context<Self>) {
        resume::restarting(self, ctx);
    }
}

impl Resume for Coordinator {
    fn panics(&mut self) -> (&mut Panics, Mono) {
        let now = self.parts.clock.now().mono;
        (&mut self.panics, now)
    }

    /// Its timers and streams are gone.
    fn resume(&mut self, ctx: &mut Context<Self>) {
        self.arm(ctx);
    }

    fn give_up(&mut self) {
        let text = "the rules of the cluster failed again and again: this instance leaves it";
        slog::crit!(self.parts.logger, "{text}");
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_come_at_multiples_of_five_seconds() {
        assert_eq!(until_tick(0), Duration::from_secs(5));
        assert_eq!(until_tick(1_796_142_450_001), Duration::from_millis(4999));
        assert_eq!(until_tick(1_796_142_454_999), Duration::from_millis(1));
        assert_eq!(until_tick(-1), Duration::from_millis(1));
    }
}
