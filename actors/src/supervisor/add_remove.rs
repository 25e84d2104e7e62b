//! Activating and removing groups.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorTryFutureExt, Addr, AsyncContext, Context, WrapFuture};
use visord_config::{
    FcgiSocket, GroupConfig, GroupKind, LogFileConfig, LogTarget, PoolConfig, ProcessConfig,
};
use visord_files::Folder;
use visord_model::event::{Event, KindSet, Stream};
use visord_model::fault::FaultCode;
use visord_model::name::ProcessName;

use super::roster::{Group, Member};
use super::{Later, Supervisor, answered};
use crate::fcgi::SharedSocket;
use crate::messages::Answer;
use crate::messages::event::{Subscribe, Unsubscribe};
use crate::messages::pool::Join;
use crate::messages::process::Command;
use crate::pool::ListenerPool;
use crate::process::{GivenUp, LogPaths, ProcessActor, Setup};
use visord_logs::auto;

/// AUTO log files by process and stream. They are made once and kept over restarts of their
/// process (spec core 3.3).
pub type AutoLogs = BTreeMap<(ProcessName, Stream), PathBuf>;

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
        for (key, keys) in auto_channels(group) {
            let Entry::Vacant(unnamed) = known.entry(key) else {
                continue;
            };
            let folder = match &folder {
                Some(folder) => folder,
                None => &*folder.insert(Folder::open(directory)?),
            };
            let (ProcessName { process, .. }, stream) = unnamed.key();
            let name = auto::create(folder, process, *stream, identifier, keys)?;
            unnamed.insert(directory.join(name));
        }
    }
    Ok(())
}

/// The outputs of a group that go to AUTO logs, and the settings of their files.
fn auto_channels(
    group: &GroupConfig,
) -> impl Iterator<Item = ((ProcessName, Stream), &LogFileConfig)> {
    group.processes.iter().flat_map(|process| {
        let stdout = Some((Stream::Stdout, &process.stdout));
        let stderr = (!process.redirect_stderr).then_some((Stream::Stderr, &process.stderr));
        let used = [stdout, stderr].into_iter().flatten();
        let auto = used.filter(|(_, channel)| channel.logfile == LogTarget::Auto);
        auto.map(|(stream, channel)| ((named(group, process), stream), &channel.file))
    })
}

fn named(group: &GroupConfig, process: &ProcessConfig) -> ProcessName {
    ProcessName::new(&*group.name, &*process.name)
}

/// What a group keeps of the one that it replaces.
#[derive(Default)]
pub(super) struct Retained {
    /// Processes that are not touched, by name.
    pub(super) members: BTreeMap<Arc<str>, Member>,
    /// The pool that goes on.
    pub(super) pool: Option<Addr<ListenerPool>>,
}

impl Supervisor {
    /// Start the actors of a group but for those it takes over, and tell listeners; its AUTO
    /// logs have been prepared.
    pub(super) fn activate(
        &mut self,
        config: GroupConfig,
        retained: Retained,
        ctx: &mut Context<Self>,
    ) {
        let Retained { mut members, pool } = retained;
        let pool = pool.or_else(|| match &config.kind {
            GroupKind::Listeners(pool) => Some(self.start_pool(&config, pool)),
            GroupKind::Programs | GroupKind::Fastcgi(_) => None,
        });
        self.deps.board.add_group(&config.name);
        let shared = members
            .values()
            .filter_map(|member| member.setup.socket.clone());
        let mut sockets: Vec<SharedSocket> = shared.collect();
        let members = config
            .processes
            .iter()
            .map(|process| {
                members.remove(process.name.as_str()).unwrap_or_else(|| {
                    let socket = process.socket.as_ref();
                    let socket = socket.map(|socket| self.shared(socket, &mut sockets));
                    self.start_process(named(&config, process), process, pool.as_ref(), socket, ctx)
                })
            })
            .collect();
        self.parts.disabilities.learn(&config);
        let added = Event::GroupAdded(config.name.as_str().into());
        let group = Group {
            config,
            members,
            pool,
        };
        // those it kept may have others before them now
        group.arrange_pool();
        self.roster.groups.push(group);
        self.publish(added);
    }

    /// The one socket of this address in its group.
    pub(super) fn shared(
        &self,
        config: &Arc<FcgiSocket>,
        sockets: &mut Vec<SharedSocket>,
    ) -> SharedSocket {
        let known = sockets.iter().find(|socket| socket.url() == config.url);
        known.cloned().unwrap_or_else(|| {
            let socket = SharedSocket::new(config.clone(), self.deps.logger.clone());
            sockets.push(socket.clone());
            socket
        })
    }

    pub(super) fn start_process(
        &self,
        name: ProcessName,
        config: &Arc<ProcessConfig>,
        pool: Option<&Addr<ListenerPool>>,
        socket: Option<SharedSocket>,
        ctx: &mut Context<Self>,
    ) -> Member {
        let auto = |stream| self.parts.auto_logs.get(&(name.clone(), stream)).cloned();
        let setup = Rc::new(Setup {
            logs: LogPaths::resolve(config, auto),
            disabled: self.parts.disabilities.has(&config.program),
            name,
            config: config.clone(),
            supervisor: ctx.address().recipient(),
            pool: pool.cloned(),
            socket,
            given_up: GivenUp::default(),
        });
        let addr = ProcessActor::start(Rc::clone(&setup), self.deps.clone());
        if let Some(pool) = pool {
            pool.do_send(Join {
                process: setup.name.process.clone(),
                member: addr.clone().recipient(),
            });
        }
        Member { setup, addr }
    }

    fn start_pool(&self, config: &GroupConfig, pool: &PoolConfig) -> Addr<ListenerPool> {
        let identifier = self.parts.config.server.identifier.clone();
        let logger = self.deps.logger.clone();
        let activity = self.parts.activity.clone();
        let settle = Box::new(move || activity.settled());
        let actor = ListenerPool::new(config.name.clone(), identifier, pool, logger, settle);
        self.deps.board.set_pool(&config.name, actor.numbers());
        let addr = actor.start();
        // before the group's own PROCESS_GROUP_ADDED, which its pool is to get
        self.deps.bus.do_send(Subscribe {
            name: config.name.as_str().into(),
            kinds: KindSet::subscribed(&pool.events),
            recipient: addr.clone().recipient(),
        });
        addr
    }

    /// Make the AUTO logs that a group still lacks, on a thread that may block. The answer is all
    /// of its AUTO logs. Fault: FAILED.
    pub(super) fn prepare(
        &self,
        config: &GroupConfig,
    ) -> impl Future<Output = Answer<AutoLogs>> + 'static {
        let server = &self.parts.config.server;
        let (directory, identifier) = (server.childlogdir.clone(), server.identifier.clone());
        let config = config.clone();
        let mut known = self.parts.auto_logs.clone();
        known.retain(|(name, _), _| *name.group == *config.name);
        let name = config.name.clone();
        let made = self.queues.auto_logs.run(&self.deps.workshop, move || {
            let wanted: BTreeSet<_> = auto_channels(&config).map(|(key, _)| key).collect();
            known.retain(|key, _| wanted.contains(key));
            let groups = std::slice::from_ref(&config);
            prepare_auto_logs(groups, &directory, &identifier, &mut known).map(|()| known)
        });
        let failed = move |error: &dyn Display| FaultCode::Failed.about(format!("{name}: {error}"));
        async move {
            let made = made.await.map_err(|error| failed(&error))?;
            made.map_err(|error| failed(&error))
        }
    }

    pub(super) fn set_auto_logs(&mut self, group: &str, logs: AutoLogs) {
        self.parts
            .auto_logs
            .retain(|(name, _), _| *name.group != *group);
        self.parts.auto_logs.extend(logs);
    }

    /// Activate a group that was prepared while other messages were handled: check again, then
    /// go.
    pub(super) fn add(
        &mut self,
        config: GroupConfig,
        logs: AutoLogs,
        ctx: &mut Context<Self>,
    ) -> Answer {
        self.check_open()?;
        if self.roster.group(&config.name).is_some() {
            return Err(FaultCode::AlreadyAdded.about_group(&config.name));
        }
        self.set_auto_logs(&config.name, logs);
        self.activate(config, Retained::default(), ctx);
        actix_rt::spawn(self.save_disabilities());
        self.autostart_newest();
        Ok(())
    }

    pub(super) fn autostart_newest(&self) {
        if let Some(group) = self.roster.groups.last() {
            group.autostart();
        }
    }

    /// Forget a group whose processes are at rest, and tell listeners.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(group) = self.roster.take(name) else {
            return;
        };
        for member in &group.members {
            // a start that is still in the mailbox must not happen; dropping the last address ends
            // the actor
            member.addr.do_send(Command::Retire);
        }
        self.obsolete.retain(|process, _| *process.group != *name);
        self.set_auto_logs(name, AutoLogs::new());
        let names = group.members.iter().map(|member| member.name().clone());
        self.deps.logs.forget(names);
        self.deps.board.remove_group(name);
        self.deps.bus.do_send(Unsubscribe(name.into()));
        self.publish(Event::GroupRemoved(name.into()));
    }

    /// What is active already is refused at once. The rest in its turn, like an update: of several
    /// at once the first adds the group, and it adds what is configured then.
    pub(super) fn add_group(&mut self, name: String) -> Later<()> {
        match self.configured(&name) {
            Ok(_) => self.in_turn(name, Self::add_configured),
            Err(fault) => answered(Err(fault)),
        }
    }

    fn add_configured(&mut self, name: &str) -> Later<()> {
        let config = match self.check_open().and_then(|()| self.configured(name)) {
            Ok(config) => config,
            Err(fault) => return answered(Err(fault)),
        };
        let prepared = self.prepare(&config).into_actor(self);
        Box::pin(prepared.and_then(|logs, act, ctx| answered(act.add(config, logs, ctx))))
    }

    /// It has no child that lives.
    pub(super) fn is_at_rest(&self, member: &Member) -> bool {
        let info = self.deps.board.process(member.name());
        member.setup.given_up.is_at_rest()
            || info.is_none_or(|info| info.state.is_stopped() && info.pid == 0)
    }

    /// An update under way counts as running: what it is about to start is not to be lost. So does
    /// a child that lives, also in UNKNOWN: removed, it would be supervised by no process.
    pub(super) fn remove_group(&mut self, name: &str) -> Answer {
        let Some(group) = self.roster.group(name) else {
            return Err(FaultCode::BadName.about_group(name));
        };
        let mut members = group.members.iter();
        if self.locks.is_held(name) || !members.all(|it| self.is_at_rest(it)) {
            return Err(FaultCode::StillRunning.about_group(name));
        }
        self.remove(name);
        Ok(())
    }
}
