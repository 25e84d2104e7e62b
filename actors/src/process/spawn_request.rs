//! What one attempt to start a child needs, independent of the process that requested it.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use slog::Logger;
use tokio::sync::oneshot;
use visord_config::{ChannelConfig, ProcessConfig, Secret};
use visord_model::event::Stream;
use visord_model::moment::Moment;
use visord_model::name::ProcessName;

use super::{Deps, Process};
use crate::fcgi::{SharedSocket, UseNumber};
use crate::log::{ChannelSpec, LogService, OpenedChannel, emit};
use crate::output_events::OutputEvents;
use crate::spawn::{
    CommandQuery, DaemonEnvironment, ResolvedCommand, SpawnAttempt, SpawnError, SpawnJob,
    SpawnPlan, Spawned, Unclaimed, environment, open_pipes, resolve,
};

/// See the module.
pub(super) struct SpawnRequest {
    name: ProcessName,
    query: CommandQuery,
    /// The program, if it was found a moment ago.
    program: Option<ResolvedCommand>,
    channels: Vec<ChannelSpec>,
    config: Arc<ProcessConfig>,
    daemon_environment: Arc<DaemonEnvironment>,
    server_url: Option<Secret>,
    socket: Option<(SharedSocket, UseNumber)>,
}

/// A child with our ends of its pipes, before the machine knows of it.
pub(super) struct Launched {
    pub(super) child: Unclaimed,
    /// Just before it was cloned.
    pub(super) at: Moment,
    pub(super) ours: OurEnds,
}

/// What the daemon keeps of a child. It comes to the control thread only with the child; without
/// one its files are closed where they were opened.
pub(super) struct OurEnds {
    pub(super) stdin: Option<OwnedFd>,
    pub(super) wires: Vec<Wire>,
}

/// A read end and the channel that stores what comes out of it.
pub(super) struct Wire {
    pub(super) stream: Stream,
    pub(super) pipe: OwnedFd,
    pub(super) channel: OpenedChannel,
}

impl Process {
    /// Which program the command names.
    pub(super) fn query(&self) -> CommandQuery {
        let path = self.deps.path();
        CommandQuery::new(
            &self.setup.config.command,
            &self.setup.config.environment,
            path.as_deref(),
        )
    }

    /// Everything one attempt needs, decided now.
    pub(super) fn spawn_request(&self, program: Option<ResolvedCommand>) -> SpawnRequest {
        let config = &self.setup.config;
        let automatic = self.deps.server_url.as_deref().map(Secret::from);
        SpawnRequest {
            name: self.name().clone(),
            query: self.query(),
            program,
            channels: self.channel_specs(),
            config: Arc::clone(config),
            daemon_environment: Arc::clone(&self.deps.environment),
            server_url: config.serverurl.clone().or(automatic),
            socket: self.setup.socket.clone().zip(self.socket_use),
        }
    }

    pub(super) fn channel_specs(&self) -> Vec<ChannelSpec> {
        let config = &self.setup.config;
        let mut specs = vec![self.channel_spec(Stream::Stdout, &config.stdout)];
        if !config.redirect_stderr {
            specs.push(self.channel_spec(Stream::Stderr, &config.stderr));
        }
        specs
    }

    fn channel_spec(&self, stream: Stream, channel: &ChannelConfig) -> ChannelSpec {
        let file = match stream {
            Stream::Stdout => self.setup.logs.stdout.clone(),
            Stream::Stderr => self.setup.logs.stderr.clone(),
        };
        // a listener's stdout is its protocol: no capture, no events, no syslog (spec core
        // 1.11.1)
        let protocol = self.setup.pool.is_some() && stream == Stream::Stdout;
        ChannelSpec {
            name: self.name().clone(),
            stream,
            file,
            maxbytes: channel.maxbytes,
            backups: channel.backups,
            keys: channel.file,
            syslog: (channel.syslog && !protocol).then(|| channel.syslog_target.clone()),
            strip_ansi: self.deps.strip_ansi,
            capture_maxbytes: if protocol {
                0
            } else {
                channel.capture_maxbytes
            },
            events_enabled: channel.events_enabled && !protocol,
            // what a listener writes is logged as it is read
            described: !protocol,
            events: Some(Arc::new(OutputEvents {
                interest: self.deps.interest.clone(),
                bus: self.deps.output_events.clone(),
                feed: self.deps.board.feed().clone(),
            })),
        }
    }
}

impl SpawnRequest {
    /// Reserve a place in the spawn queue, now; the answer comes when its turn is over.
    pub(super) fn queue(
        self,
        deps: &Deps,
        attempt: Arc<SpawnAttempt>,
    ) -> impl Future<Output = Result<Launched, SpawnError>> + 'static + use<> {
        let (keep, kept) = oneshot::channel();
        let spawner = deps.workshop.clone();
        let (logs, logger) = (deps.logs.clone(), deps.logger.clone());
        let spawned = deps.spawner.spawn(SpawnJob {
            name: self.name.process.to_string(),
            attempt,
            prepare: Box::new(move || {
                let (plan, kept) = self.prepare(&logs, &logger)?;
                // without a receiver the child is not wanted either
                let deliver = move || drop(keep.send(kept));
                Ok((plan, Box::new(deliver)))
            }),
        });
        async move {
            let Spawned { child, at } = spawned.await?;
            let child = spawner.unclaimed(child);
            // it was sent before the answer
            let ours = kept.await.map_err(|_| SpawnError::SpawnerGone)?;
            Ok(Launched { child, at, ours })
        }
    }

    /// On its turn, on the spawner thread: have the socket, find the program, open the logs, make
    /// the pipes. The socket comes first, so it is open even if the program is not found (spec
    /// core 8.3).
    fn prepare(
        self,
        logs: &LogService,
        logger: &Logger,
    ) -> Result<(SpawnPlan, OurEnds), SpawnError> {
        let socket = match &self.socket {
            Some((socket, number)) => Some(acquire(socket, &self.name.process, *number, logger)?),
            None => None,
        };
        let command = match self.program {
            Some(program) => program,
            None => resolve(&self.query)?,
        };
        let (name, config) = (&*self.name.process, &self.config);
        let unopened = |error: std::io::Error| SpawnError::dispatchers(name, &error);
        let channels = self.channels.into_iter().map(|spec| logs.open(spec));
        let channels = channels.collect::<Result<Vec<_>, _>>().map_err(unopened)?;
        let (ours, ends) = open_pipes(config.redirect_stderr, socket).map_err(unopened)?;
        let environment = environment(
            &self.daemon_environment,
            self.server_url.as_ref().map(Secret::expose),
            name,
            &self.name.group,
            &config.environment,
        )?;
        let plan = SpawnPlan {
            name: name.to_owned(),
            command,
            environment,
            directory: config.directory.as_ref().map(PathBuf::from),
            umask: config.umask,
            user: config.user.as_ref().map(|account| account.uid),
            ends,
        };
        let pipes = [
            Some((Stream::Stdout, ours.stdout)),
            ours.stderr.map(|it| (Stream::Stderr, it)),
        ];
        let wires = pipes.into_iter().flatten().zip(channels);
        let wires = wires.map(|((stream, pipe), channel)| Wire {
            stream,
            pipe,
            channel,
        });
        let ours = OurEnds {
            stdin: ours.stdin,
            wires: wires.collect(),
        };
        Ok((plan, ours))
    }
}

/// A descriptor of the FastCGI socket for this process.
fn acquire(
    socket: &SharedSocket,
    name: &str,
    number: UseNumber,
    logger: &Logger,
) -> Result<OwnedFd, SpawnError> {
    let acquired = socket.acquire(name, number);
    acquired.log.iter().for_each(|line| emit(logger, line));
    acquired.outcome
}
