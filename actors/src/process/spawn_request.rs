//! What one attempt to start a child needs, free of the actor.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use slog::Logger;
use tokio::sync::oneshot;
use visord_config::{ChannelConfig, ProcessConfig, Secret};
use visord_model::event::Stream;
use visord_model::moment::Moment;

use super::stdin::Stdin;
use super::{Process, Surroundings};
use crate::fcgi::{SharedSocket, UseNumber};
use crate::log::{ChannelSpec, LogService, OpenedChannel, emit};
use crate::spawn::{
    CommandQuery, DaemonEnvironment, ParentEnds, SpawnAttempt, SpawnError, SpawnJob, SpawnPlan,
    Spawned, Unclaimed, environment, open_pipes, resolve,
};

/// See the module.
pub(super) struct SpawnRequest {
    name: String,
    query: CommandQuery,
    channels: Vec<ChannelSpec>,
    redirect_stderr: bool,
    group: String,
    config: Arc<ProcessConfig>,
    daemon_environment: Arc<DaemonEnvironment>,
    server_url: Option<Secret>,
    directory: Option<PathBuf>,
    umask: Option<u32>,
    user: Option<u32>,
    socket: Option<(SharedSocket, UseNumber)>,
}

/// A child with our ends of its pipes, before the machine knows of it.
pub(super) struct Launched {
    pub(super) child: Unclaimed,
    /// Just before it was cloned.
    pub(super) at: Moment,
    pub(super) stdin: Option<Stdin>,
    pub(super) wires: Vec<Wire>,
}

/// A read end and the channel that stores what comes out of it.
pub(super) struct Wire {
    pub(super) stream: Stream,
    pub(super) pipe: OwnedFd,
    pub(super) channel: OpenedChannel,
}

/// What the daemon keeps of a child. It comes to the control thread only with the child; without
/// one its files are closed where they were opened.
struct Kept {
    ends: ParentEnds,
    channels: Vec<OpenedChannel>,
}

impl Process {
    /// Which program the command names.
    pub(super) fn query(&self) -> CommandQuery {
        let path = self.world.path();
        CommandQuery::new(
            &self.setup.config.command,
            &self.setup.config.environment,
            path.as_deref(),
        )
    }

    /// Everything one attempt needs, decided now.
    pub(super) fn spawn_request(&self) -> SpawnRequest {
        let config = &self.setup.config;
        let automatic = self.world.server_url.as_deref().map(Secret::from);
        SpawnRequest {
            name: config.name.clone(),
            query: self.query(),
            channels: self.channel_specs(),
            redirect_stderr: config.redirect_stderr,
            group: self.setup.group.clone(),
            config: Arc::clone(config),
            daemon_environment: Arc::clone(&self.world.environment),
            server_url: config.serverurl.clone().or(automatic),
            directory: config.directory.as_ref().map(PathBuf::from),
            umask: config.umask,
            user: config.user.as_ref().map(|account| account.uid),
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
        // a listener's stdout is its protocol: no capture, no events, no syslog (spec 1.11.1)
        let speech = self.setup.pool.is_some() && stream == Stream::Stdout;
        ChannelSpec {
            process: self.name.process.clone(),
            group: self.name.group.clone(),
            stream,
            file,
            maxbytes: channel.maxbytes,
            backups: channel.backups,
            keys: channel.file,
            syslog: (channel.syslog && !speech).then(|| channel.syslog_way.clone()),
            strip_ansi: self.world.strip_ansi,
            capture_maxbytes: if speech { 0 } else { channel.capture_maxbytes },
            events_enabled: channel.events_enabled && !speech,
            // what a listener says is described as it is heard
            described: !speech,
            interest: self.world.interest.clone(),
            events: Some(self.world.output_events.clone()),
            feed: self.world.board.feed().clone(),
        }
    }
}

impl SpawnRequest {
    /// Reserve a place in the spawn queue, now; the answer comes when its turn is over.
    pub(super) fn queue(
        self,
        world: &Surroundings,
        attempt: Arc<SpawnAttempt>,
    ) -> impl Future<Output = Result<Launched, SpawnError>> + 'static + use<> {
        let (keep, kept) = oneshot::channel();
        let workshop = world.workshop.clone();
        let (logs, logger) = (world.logs.clone(), world.logger.clone());
        let spawned = world.spawner.spawn(SpawnJob {
            name: self.name.clone(),
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
            let child = workshop.unclaimed(child);
            // it was sent before the answer
            let kept = kept.await.map_err(|_| SpawnError::SpawnerGone)?;
            Ok(kept.launched(child, at))
        }
    }

    /// On its turn, on the spawner thread: have the socket, find the program, open the logs, make
    /// the pipes. The socket comes first, so it is open even if the program is not found (spec
    /// core 8.3).
    fn prepare(self, logs: &LogService, logger: &Logger) -> Result<(SpawnPlan, Kept), SpawnError> {
        let socket = match &self.socket {
            Some((socket, number)) => Some(acquire(socket, &self.name, *number, logger)?),
            None => None,
        };
        let command = resolve(&self.query)?;
        let unopened = |error: std::io::Error| SpawnError::dispatchers(&self.name, &error);
        let channels = self.channels.into_iter().map(|spec| logs.open(spec));
        let channels = channels.collect::<Result<_, _>>().map_err(unopened)?;
        let (ours, ends) = open_pipes(self.redirect_stderr, socket).map_err(unopened)?;
        let environment = environment(
            &self.daemon_environment,
            self.server_url.as_ref().map(Secret::expose),
            &self.name,
            &self.group,
            &self.config.environment,
        )?;
        let plan = SpawnPlan {
            name: self.name,
            command,
            environment,
            directory: self.directory,
            umask: self.umask,
            user: self.user,
            ends,
        };
        let kept = Kept {
            ends: ours,
            channels,
        };
        Ok((plan, kept))
    }
}

impl Kept {
    /// There is a child: its channels go to their log threads.
    fn launched(self, child: Unclaimed, at: Moment) -> Launched {
        let ParentEnds {
            stdin,
            stdout,
            stderr,
        } = self.ends;
        let pipes = [(Stream::Stdout, Some(stdout)), (Stream::Stderr, stderr)];
        let wires = pipes
            .into_iter()
            .filter_map(|(stream, pipe)| Some((stream, pipe?)))
            .zip(self.channels)
            .map(|((stream, pipe), channel)| Wire {
                stream,
                pipe,
                channel,
            })
            .collect();
        Launched {
            child,
            at,
            stdin: stdin.map(Stdin::new),
            wires,
        }
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
