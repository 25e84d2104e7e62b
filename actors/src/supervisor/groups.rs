//! Activating and removing groups.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, ActorTryFutureExt, Addr, AsyncContext, Context, Handler,
    ResponseActFuture, WrapFuture, fut,
};
use visord_config::{
    ChannelConfig, FcgiSocket, GroupConfig, GroupKind, LogFileConfig, LogTarget, PoolConfig,
    ProcessConfig,
};
use visord_model::event::{Event, Stream};
use visord_model::fault::FaultCode;

use super::Supervisor;
use super::roster::{Group, Member, autostart};
use crate::fcgi::SharedSocket;
use crate::log::auto::ChildLogFolder;
use crate::messages::event::{Subscribe, Unsubscribe};
use crate::messages::pool::{Arrange, Join};
use crate::messages::process::Retire;
use crate::messages::supervisor::{AddGroup, Answer, ProcessName, RemoveGroup};
use crate::pool::ListenerPool;
use crate::process::{LogPaths, PoolLink, Post, Process, Setup};

/// AUTO log files by group, process and stream. They are made once and kept over restarts
/// of their process (spec core 3.3).
pub type AutoLogs = BTreeMap<(String, String, Stream), PathBuf>;

/// Make the AUTO log files that these groups still lack. Blocks on the file system.
///
/// # Errors
/// The file that could not be made.
pub fn prepare_auto_logs(
    groups: &[GroupConfig],
    directory: &Path,
    identifier: &str,
    known: &mut AutoLogs,
) -> io::Result<()> {
    // opened if a log is to be made: the folder need not exist otherwise
    let mut folder = None;
    for group in groups {
        for key in auto_channels(group) {
            let Entry::Vacant(unnamed) = known.entry(key) else {
                continue;
            };
            let folder = match &folder {
                Some(folder) => folder,
                None => &*folder.insert(ChildLogFolder::open(directory)?),
            };
            let (_, process, stream) = unnamed.key();
            let config = group.processes.iter().find(|found| found.name == *process);
            let keys = config.map_or_else(LogFileConfig::default, |config| match stream {
                Stream::Stdout => config.stdout.file,
                Stream::Stderr => config.stderr.file,
            });
            let path = folder.create(process, *stream, identifier, &keys)?;
            unnamed.insert(path);
        }
    }
    Ok(())
}

/// The outputs of a group that go to AUTO logs.
fn auto_channels(group: &GroupConfig) -> impl Iterator<Item = (String, String, Stream)> {
    group.processes.iter().flat_map(|process| {
        let streams = [
            (Stream::Stdout, &process.stdout, false),
            (Stream::Stderr, &process.stderr, process.redirect_stderr),
        ];
        let auto = |channel: &ChannelConfig| channel.logfile == LogTarget::Auto;
        streams
            .into_iter()
            .filter(move |(_, channel, unused)| auto(channel) && !unused)
            .map(|(stream, _, _)| (group.name.clone(), process.name.clone(), stream))
    })
}

/// What a group takes over from the one in whose place it comes.
#[derive(Default)]
pub(super) struct Legacy {
    /// Processes that are not touched, by name.
    pub(super) members: BTreeMap<String, Member>,
    /// The pool that goes on.
    pub(super) pool: Option<Addr<ListenerPool>>,
}

impl Supervisor {
    /// Start the actors of a group but for those it takes over, and tell listeners; its AUTO
    /// logs have been prepared.
    pub(super) fn activate(
        &mut self,
        config: GroupConfig,
        legacy: Legacy,
        ctx: &mut Context<Self>,
    ) {
        let Legacy { mut members, pool } = legacy;
        let pool = pool.or_else(|| match &config.kind {
            GroupKind::Listeners(pool) => Some(self.start_pool(&config, pool)),
            GroupKind::Programs | GroupKind::Fastcgi(_) => None,
        });
        self.world.board.add_group(&config.name);
        let shared = members.values().filter_map(|member| member.socket.clone());
        let mut sockets: Vec<SharedSocket> = shared.collect();
        let members = config
            .processes
            .iter()
            .map(|process| {
                members.remove(&process.name).unwrap_or_else(|| {
                    let socket = process.socket.as_ref();
                    let socket = socket.map(|socket| Self::shared(socket, &mut sockets));
                    self.enter(&config.name, process, pool.as_ref(), socket, ctx)
                })
            })
            .collect();
        if let Some(pool) = &pool {
            // those it kept may have others before them now (spec core 7.3 rule 3)
            let order = config.processes.iter().map(|process| process.name.clone());
            let order = order.collect();
            pool.do_send(Arrange { order });
        }
        let name = config.name.clone();
        self.roster.groups.push(Group {
            config,
            members,
            pool,
        });
        self.publish(Event::GroupAdded(name));
    }

    /// The one socket of this address in its group.
    fn shared(config: &Arc<FcgiSocket>, sockets: &mut Vec<SharedSocket>) -> SharedSocket {
        if let Some(socket) = sockets.iter().find(|socket| socket.url() == config.url) {
            return socket.clone();
        }
        let socket = SharedSocket::new(config.clone());
        sockets.push(socket.clone());
        socket
    }

    /// Start the actor of one process.
    fn enter(
        &self,
        group: &str,
        process: &Arc<ProcessConfig>,
        pool: Option<&Addr<ListenerPool>>,
        socket: Option<SharedSocket>,
        ctx: &mut Context<Self>,
    ) -> Member {
        let auto = |stream| {
            let key = (group.to_owned(), process.name.clone(), stream);
            self.auto_logs.get(&key).cloned()
        };
        let post = Rc::<Post>::default();
        let setup = Setup {
            group: group.to_owned(),
            config: process.clone(),
            logs: LogPaths::resolve(process, auto),
            observer: ctx.address().recipient(),
            guardian: ctx.address().recipient(),
            post: Rc::clone(&post),
            pool: pool.map(PoolLink::to),
            socket: socket.clone(),
        };
        let addr = Process::enter(setup, self.world.clone());
        if let Some(pool) = pool {
            pool.do_send(Join {
                process: process.name.clone(),
                stdin: addr.clone().recipient(),
                recover: addr.clone().recipient(),
            });
        }
        Member {
            name: ProcessName {
                group: group.to_owned(),
                process: process.name.clone(),
            },
            priority: process.priority,
            addr,
            post,
            socket,
        }
    }

    fn start_pool(&self, config: &GroupConfig, pool: &PoolConfig) -> Addr<ListenerPool> {
        let identifier = self.config.server.identifier.clone();
        let logger = self.world.logger.clone();
        let activity = self.activity.clone();
        let actor = ListenerPool::new(config.name.clone(), identifier, pool, logger)
            .settling(Box::new(move || activity.settled()));
        self.world.board.set_pool(&config.name, actor.meter());
        let addr = actor.start();
        // before the group's own PROCESS_GROUP_ADDED, which its pool is to get
        self.world.bus.do_send(Subscribe {
            name: config.name.clone(),
            kinds: pool.events.clone(),
            recipient: addr.clone().recipient(),
        });
        addr
    }

    /// Have the AUTO logs made that a group needs and has not, where that may block. The answer
    /// is all it needs. Fault: FAILED.
    pub(super) fn prepare(
        &self,
        config: &GroupConfig,
    ) -> impl Future<Output = Answer<AutoLogs>> + 'static {
        let server = &self.config.server;
        let (directory, identifier) = (server.childlogdir.clone(), server.identifier.clone());
        let config = config.clone();
        let of_group = self
            .auto_logs
            .iter()
            .filter(|(key, _)| key.0 == config.name);
        let mut known: AutoLogs = of_group
            .map(|(k, path)| (k.clone(), path.clone()))
            .collect();
        let name = config.name.clone();
        let made = self.lanes.auto_logs.run(&self.world.workshop, move || {
            let wanted: BTreeSet<_> = auto_channels(&config).collect();
            known.retain(|key, _| wanted.contains(key));
            prepare_auto_logs(
                std::slice::from_ref(&config),
                &directory,
                &identifier,
                &mut known,
            )?;
            Ok::<_, io::Error>(known)
        });
        let failed = move |error: String| FaultCode::Failed.about(format!("{name}: {error}"));
        async move {
            match made.await {
                Ok(made) => made.map_err(|error| failed(error.to_string())),
                Err(not_done) => Err(failed(not_done.to_string())),
            }
        }
    }

    /// Know these AUTO logs of a group and no others.
    pub(super) fn adopt(&mut self, group: &str, logs: AutoLogs) {
        self.auto_logs.retain(|(of, _, _), _| of != group);
        self.auto_logs.extend(logs);
    }

    /// Activate a group that was prepared while other messages were handled: check again, then
    /// go.
    pub(super) fn add(
        &mut self,
        config: GroupConfig,
        logs: AutoLogs,
        ctx: &mut Context<Self>,
    ) -> Answer {
        self.gate()?;
        if self.roster.group(&config.name).is_some() {
            return Err(FaultCode::AlreadyAdded.about(config.name));
        }
        self.adopt(&config.name, logs);
        self.activate(config, Legacy::default(), ctx);
        self.autostart_newest();
        Ok(())
    }

    /// Autostart in the group that was activated last.
    pub(super) fn autostart_newest(&self) {
        if let Some(group) = self.roster.groups.last() {
            autostart(group);
        }
    }

    /// Forget a group whose processes are at rest, and tell listeners.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(group) = self.roster.take(name) else {
            return;
        };
        for member in &group.members {
            // a start on its way to a process that is at rest now must not revive it; dropping
            // the last address ends the actor
            member.addr.do_send(Retire);
        }
        self.adopt(name, AutoLogs::new());
        self.world
            .logs
            .forget(group.members.into_iter().map(|member| member.name));
        self.world.board.remove_group(name);
        self.world.bus.do_send(Unsubscribe(name.to_owned()));
        self.publish(Event::GroupRemoved(name.to_owned()));
    }
}

impl Handler<AddGroup> for Supervisor {
    type Result = ResponseActFuture<Self, Answer>;

    /// What is active already is refused at once. The rest in its turn, like an update: of several
    /// at once the first adds the group, and it adds what is configured then.
    fn handle(&mut self, msg: AddGroup, _ctx: &mut Self::Context) -> Self::Result {
        if let Err(fault) = self.gate().and_then(|()| self.configured(&msg.name)) {
            return Box::pin(fut::ready(Err(fault)));
        }
        let turn = self.turns.next(&msg.name).into_actor(self);
        Box::pin(turn.then(move |turn, act, _ctx| {
            act.add_configured(&msg.name)
                .map(move |answer, _act, _ctx| {
                    drop(turn);
                    answer
                })
        }))
    }
}

impl Supervisor {
    /// It is the turn of this group.
    fn add_configured(&self, name: &str) -> ResponseActFuture<Self, Answer> {
        let config = match self.gate().and_then(|()| self.configured(name)) {
            Ok(config) => config,
            Err(fault) => return Box::pin(fut::ready(Err(fault))),
        };
        let prepared = self.prepare(&config).into_actor(self);
        Box::pin(prepared.and_then(|logs, act, ctx| fut::ready(act.add(config, logs, ctx))))
    }
}

impl Handler<RemoveGroup> for Supervisor {
    type Result = Answer;

    /// An update under way counts as running: what it is about to start is not to be lost. So does
    /// a child that lives, also in UNKNOWN: removed, it would be supervised by no process.
    fn handle(&mut self, msg: RemoveGroup, _ctx: &mut Self::Context) -> Self::Result {
        self.gate()?;
        let name = msg.name;
        let Some(group) = self.roster.group(&name) else {
            return Err(FaultCode::BadName.about(name));
        };
        let at_rest = |member: &Member| {
            let info = self.world.board.process(&member.name);
            member.post.is_vacant()
                || info.is_none_or(|info| info.state.is_stopped() && info.pid == 0)
        };
        if self.turns.is_taken(&name) || !group.members.iter().all(at_rest) {
            return Err(FaultCode::StillRunning.about(name));
        }
        self.remove(&name);
        Ok(())
    }
}
