//! One effect of the rules, one action.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::time::timeout;
use visord_cluster::effect::Effect;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::Closing;
use visord_cluster::message::Publication;
use visord_logs::emit;
use visord_model::log_line::{Level, LogLine};
use visord_model::name::ProcessName;
use visord_xmlrpc::http::{Address, Endpoint};

use super::Coordinator;
use crate::cluster::peer::{Call, Peer, Target, Tcp, patience};
use crate::cluster::wire::supvisors::encode;
use crate::messages::Answer;

/// How long the local supervisord waits before it ends for what is queued for its peers.
const FAREWELL: Duration = Duration::from_secs(1);

impl Coordinator {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Publish(peers, publication) => self.publish(&peers, &publication),
            Effect::Handshake(peer) => self.call(peer, Call::Handshake),
            Effect::Start {
                on,
                process,
                extra_args,
            } => self.start(on, process, extra_args),
            Effect::Stop { on, process } => self.stop_process(on, process),
            Effect::AskMaster(master, closing) => self.call(master, Call::Close(closing)),
            Effect::Close(closing) => self.close(closing),
            Effect::ExtraArgs(process, args) => {
                let supervisor = self.parts.supervisor.clone();
                let shown = process.to_string();
                self.local(format!("{shown} keeps its arguments"), async move {
                    supervisor.set_extra_args(process, args).await
                });
            }
            Effect::ForbidAutorestart(process, strategy) => {
                let text = format!(
                    "{process}: autorestart disabled due to running failure strategy {}",
                    strategy.name()
                );
                emit(&self.parts.logger, &LogLine::new(Level::Warn, text));
                let supervisor = self.parts.supervisor.clone();
                self.local(format!("{process} keeps its autorestart"), async move {
                    supervisor.never_restart(process).await
                });
            }
            // nothing subscribes yet
            Effect::Show(_) => {}
            Effect::Answer(ticket, answer) => {
                if let Some(client) = self.clients.remove(&ticket) {
                    // without effect if the client has left
                    let _ = client.send(answer);
                }
            }
            Effect::Log(line) => emit(&self.parts.logger, &line),
        }
    }

    fn publish(&mut self, peers: &[InstanceId], publication: &Publication) {
        let mapper = &self.cluster.view().mapper;
        let nick_of = |identifier: &str| {
            let known = mapper.by_identifier(identifier);
            known.map_or_else(|| "".into(), |id| Arc::clone(&mapper.identity(id).nick))
        };
        let text: Arc<str> = encode(&self.parts.origin, publication, &nick_of).into();
        for &peer in peers {
            let text = Arc::clone(&text);
            let call = match publication {
                Publication::Tick(_) => Call::Tick(text),
                Publication::Process(_)
                | Publication::Added(_)
                | Publication::Removed { .. }
                | Publication::Disability(_)
                | Publication::HostStatistics(_)
                | Publication::ProcessStatistics(_)
                | Publication::State(_) => Call::Publish(text),
            };
            self.call(peer, call);
        }
    }

    fn call(&mut self, id: InstanceId, call: Call) {
        if !self.peers.contains_key(&id) {
            let peer = self.connect(id);
            self.peers.insert(id, peer);
        }
        if let Some(peer) = self.peers.get(&id) {
            peer.say(call);
        }
    }

    /// Nothing is sent to a peer, and no name is looked up, before there is something to say.
    fn connect(&self, id: InstanceId) -> Peer {
        let mapper = &self.cluster.view().mapper;
        let identity = mapper.identity(id);
        let options = self.cluster.options();
        let target = Target {
            id,
            identifier: Arc::clone(&identity.identifier),
            name: identity.to_string(),
            local: Arc::clone(mapper.identifier(mapper.local())),
            strategies: options.strategies(),
            clock: self.parts.clock,
        };
        let dial = Tcp {
            host: Arc::clone(&identity.host),
            port: identity.port,
            resolver: self.parts.resolver.clone(),
        };
        let address = Address::Tcp {
            host: identity.host.to_string(),
            port: identity.port,
            tls: false,
        };
        let endpoint = Endpoint::new(address, self.parts.login.clone());
        let patience = patience(options.inactivity_ticks);
        let sink = Arc::clone(&self.parts.sink);
        Peer::start(&Handle::current(), target, dial, endpoint, patience, sink)
    }

    fn start(&mut self, on: InstanceId, process: ProcessName, extra_args: String) {
        if on != self.cluster.view().local() {
            return self.call(
                on,
                Call::Start {
                    process,
                    extra_args,
                },
            );
        }
        let supervisor = self.parts.supervisor.clone();
        self.local(format!("{process} was not started"), async move {
            supervisor.start_with_args(process, extra_args, false).await
        });
    }

    fn stop_process(&mut self, on: InstanceId, process: ProcessName) {
        if on != self.cluster.view().local() {
            return self.call(on, Call::Stop(process));
        }
        let supervisor = self.parts.supervisor.clone();
        self.local(format!("{process} was not stopped"), async move {
            supervisor.stop_process(process, false).await
        });
    }

    /// A request to the local supervisord. What comes of it is told by events; a refusal is logged,
    /// as that of a peer is.
    fn local(&self, refusal: String, work: impl Future<Output = Answer> + 'static) {
        let logger = self.parts.logger.clone();
        actix_rt::spawn(async move {
            if let Err(fault) = work.await {
                slog::warn!(logger, "{refusal}: {fault}");
            }
        });
    }

    /// The peers learn why before this supervisord ends.
    fn close(&mut self, closing: Closing) {
        let sent = join_all(self.peers.values().map(Peer::flush));
        let supervisor = self.parts.supervisor.clone();
        self.local("the cluster does not end here".to_owned(), async move {
            // a peer that hangs does not hold it up
            let _ = timeout(FAREWELL, sent).await;
            match closing {
                Closing::Restart => supervisor.restart().await,
                Closing::Shutdown => supervisor.shutdown().await,
            }
        });
    }
}
