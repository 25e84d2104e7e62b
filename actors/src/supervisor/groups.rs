//! Activating and removing groups.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use actix::{
    Actor, ActorTryFutureExt, Addr, AsyncContext, Context, Handler, ResponseActFuture, WrapFuture,
};
use visord_config::{GroupConfig, GroupKind, LogTarget, PoolConfig};
use visord_model::event::{Event, Stream};
use visord_model::fault::FaultCode;

use super::Supervisor;
use super::roster::{Group, Member, autostart};
use crate::fcgi::SharedSocket;
use crate::messages::event::{Subscribe, Unsubscribe};
use crate::messages::supervisor::{AddGroup, Answer, ProcessName, RemoveGroup};
use crate::pool::ListenerPool;
use crate::process::{LogPaths, PoolLink, Process, Setup};

/// AUTO log files by group, process and stream. They are made once and kept over restarts
/// of their process (spec core 3.3).
pub type AutoLogs = BTreeMap<(String, String, Stream), PathBuf>;

/// Make the AUTO log files that a group still lacks. Blocks on the file system.
///
/// # Errors
/// The file that could not be made.
pub fn prepare_auto_logs(
    group: &GroupConfig,
    directory: &Path,
    identifier: &str,
    known: &mut AutoLogs,
) -> io::Result<()> {
    for process in &group.processes {
        let streams = [
            (Stream::Stdout, &process.stdout),
            (Stream::Stderr, &process.stderr),
        ];
        for (stream, channel) in streams {
            let unused = stream == Stream::Stderr && process.redirect_stderr;
            if channel.logfile != LogTarget::Auto || unused {
                continue;
            }
            let key = (group.name.clone(), process.name.clone(), stream);
            if let Entry::Vacant(unnamed) = known.entry(key) {
                let name = &process.name;
                unnamed.insert(crate::log::auto::create(
                    directory, name, stream, identifier,
                )?);
            }
        }
    }
    Ok(())
}

impl Supervisor {
    /// Start the actors of a group and tell listeners; its AUTO logs have been prepared.
    pub(super) fn activate(&mut self, config: GroupConfig, ctx: &mut Context<Self>) {
        let pool = match &config.kind {
            GroupKind::Listeners(pool) => Some(self.start_pool(&config, pool)),
            GroupKind::Programs | GroupKind::Fastcgi(_) => None,
        };
        self.world.board.add_group(&config.name);
        let mut sockets: HashMap<String, SharedSocket> = HashMap::new();
        let mut members = Vec::new();
        for process in &config.processes {
            let socket = process.socket.as_ref().map(|socket| {
                let shared = sockets.entry(socket.url.clone());
                shared
                    .or_insert_with(|| {
                        SharedSocket::new(socket.clone(), self.world.workshop.clone())
                    })
                    .clone()
            });
            let auto = |stream| {
                let key = (config.name.clone(), process.name.clone(), stream);
                self.auto_logs.get(&key).cloned()
            };
            let setup = Setup {
                group: config.name.clone(),
                config: process.clone(),
                logs: LogPaths::resolve(process, auto),
                observer: ctx.address().recipient(),
                pool: pool.as_ref().map(PoolLink::to),
                socket,
            };
            let addr = Process::new(setup, self.world.clone()).start();
            if let Some(pool) = &pool {
                pool.do_send(crate::messages::pool::Join {
                    process: process.name.clone(),
                    stdin: addr.clone().recipient(),
                    recover: addr.clone().recipient(),
                });
            }
            let name = ProcessName {
                group: config.name.clone(),
                process: process.name.clone(),
            };
            members.push(Member {
                name,
                priority: process.priority,
                addr,
            });
        }
        let name = config.name.clone();
        self.roster.groups.push(Group::new(config, members, pool));
        self.publish(Event::GroupAdded(name));
    }
}

impl Supervisor {
    fn start_pool(&self, config: &GroupConfig, pool: &PoolConfig) -> Addr<ListenerPool> {
        let identifier = self.config.server.identifier.clone();
        let logger = self.world.logger.clone();
        let addr = ListenerPool::new(config.name.clone(), identifier, pool, logger).start();
        // before the group's own PROCESS_GROUP_ADDED, which its pool is to get
        self.world.bus.do_send(Subscribe {
            name: config.name.clone(),
            kinds: pool.events.clone(),
            recipient: addr.clone().recipient(),
        });
        addr
    }

    /// A group that was prepared while other messages were handled: check again, then go.
    fn add(&mut self, config: GroupConfig, known: AutoLogs, ctx: &mut Context<Self>) -> Answer {
        self.gate()?;
        if self.roster.group(&config.name).is_some() {
            return Err(FaultCode::AlreadyAdded.about(config.name));
        }
        self.auto_logs.extend(known);
        self.activate(config, ctx);
        if let Some(group) = self.roster.groups.last() {
            autostart(group);
        }
        Ok(())
    }
}

impl Handler<AddGroup> for Supervisor {
    type Result = ResponseActFuture<Self, Answer>;

    fn handle(&mut self, msg: AddGroup, _ctx: &mut Self::Context) -> Self::Result {
        let found = self.gate().and_then(|()| self.configured(&msg.name));
        let config = match found {
            Ok(config) => config,
            Err(fault) => return Box::pin(actix::fut::ready(Err(fault))),
        };
        let server = &self.config.server;
        let (directory, identifier) = (server.childlogdir.clone(), server.identifier.clone());
        let mut known = self.auto_logs.clone();
        let name = msg.name;
        let prepared = tokio::task::spawn_blocking(move || {
            prepare_auto_logs(&config, &directory, &identifier, &mut known)?;
            Ok::<_, io::Error>((config, known))
        });
        let failed = move |error: String| FaultCode::Failed.about(format!("{name}: {error}"));
        let added = async move {
            let made = prepared.await.map_err(|e| failed(e.to_string()))?;
            made.map_err(|e| failed(e.to_string()))
        };
        Box::pin(
            added
                .into_actor(self)
                .and_then(|(config, known), act, ctx| {
                    actix::fut::ready(act.add(config, known, ctx))
                }),
        )
    }
}

impl Handler<RemoveGroup> for Supervisor {
    type Result = Answer;

    fn handle(&mut self, msg: RemoveGroup, _ctx: &mut Self::Context) -> Self::Result {
        self.gate()?;
        let position = self
            .roster
            .groups
            .iter()
            .position(|group| group.config.name == msg.name)
            .ok_or_else(|| FaultCode::BadName.about(msg.name.clone()))?;
        let group = &self.roster.groups[position];
        let at_rest = |member: &Member| {
            let info = self.world.board.process(&member.name);
            info.is_none_or(|info| info.state.is_stopped())
        };
        if !group.members.iter().all(at_rest) {
            return Err(FaultCode::StillRunning.about(msg.name));
        }
        let group = self.roster.groups.remove(position);
        self.auto_logs.retain(|(of, _, _), _| *of != msg.name);
        self.world.board.remove_group(&msg.name);
        self.world.bus.do_send(Unsubscribe(msg.name.clone()));
        // dropping the last addresses ends the actors
        drop(group);
        self.publish(Event::GroupRemoved(msg.name));
        Ok(())
    }
}
