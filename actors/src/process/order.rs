//! A spawn order: what one attempt to start a child needs, free of the actor.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use futures_util::future::join_all;
use visord_config::{ChannelConfig, Secret};
use visord_model::event::Stream;

use super::stdin::Stdin;
use super::{Process, Surroundings};
use crate::fcgi::SharedSocket;
use crate::log::{Channel, ChannelSpec, emit};
use crate::spawn::{
    ChildHandle, CommandQuery, ParentEnds, SpawnError, SpawnPlan, environment, open_pipes,
};

/// See the module.
pub(super) struct Order {
    name: String,
    query: CommandQuery,
    channels: Vec<ChannelSpec>,
    redirect_stderr: bool,
    environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    directory: Option<PathBuf>,
    umask: Option<u32>,
    user: Option<u32>,
    socket: Option<SharedSocket>,
}

/// A child with our ends of its pipes, before the machine knows of it.
pub(super) struct Launched {
    pub(super) child: ChildHandle,
    pub(super) stdin: Option<Stdin>,
    pub(super) wires: Vec<Wire>,
}

/// A read end and the channel that stores what comes out of it.
pub(super) struct Wire {
    pub(super) stream: Stream,
    pub(super) pipe: OwnedFd,
    pub(super) channel: Channel,
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
    pub(super) fn order(&self) -> Order {
        let config = &self.setup.config;
        let url = config.serverurl.as_ref().map(Secret::expose);
        Order {
            name: config.name.clone(),
            query: self.query(),
            channels: self.channel_specs(),
            redirect_stderr: config.redirect_stderr,
            environment: environment(
                &self.world.environment,
                url.or(self.world.server_url.as_deref()),
                &config.name,
                &self.setup.group,
                &config.environment,
            ),
            directory: config.directory.as_ref().map(PathBuf::from),
            umask: config.umask,
            user: config.user.as_ref().map(|account| account.uid),
            socket: self.setup.socket.clone(),
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

impl Order {
    /// Have the socket, resolve the command, open the logs, make the pipes, clone: each where
    /// it may block, and first come, first served at each, so that the order of starts is
    /// kept. The socket comes first, so it is open even if the command is not found (spec
    /// core 8.3).
    pub(super) async fn carry_out(self, world: &Surroundings) -> Result<Launched, SpawnError> {
        let socket = match &self.socket {
            Some(socket) => Some(acquire(socket, &self.name, world).await?),
            None => None,
        };
        let command = world.spawner.resolve(self.query).await?;
        let unopened = |error: &std::io::Error| SpawnError::dispatchers(&self.name, error);
        let opened = join_all(self.channels.into_iter().map(|spec| world.logs.open(spec))).await;
        let channels: Vec<Channel> = opened
            .into_iter()
            .collect::<std::io::Result<_>>()
            .map_err(|error| unopened(&error))?;
        let (ours, ends) =
            open_pipes(self.redirect_stderr, socket).map_err(|error| unopened(&error))?;
        let spawned = world.spawner.spawn(SpawnPlan {
            name: self.name.clone(),
            command,
            environment: self.environment,
            directory: self.directory,
            umask: self.umask,
            user: self.user,
            ends,
        });
        let child = spawned.await?.child;
        let ParentEnds {
            stdin,
            stdout,
            stderr,
        } = ours;
        let pipes = [(Stream::Stdout, Some(stdout)), (Stream::Stderr, stderr)];
        let wires = pipes
            .into_iter()
            .filter_map(|(stream, pipe)| Some((stream, pipe?)))
            .zip(channels)
            .map(|((stream, pipe), channel)| Wire {
                stream,
                pipe,
                channel,
            })
            .collect();
        Ok(Launched {
            child,
            // a pipe the runtime cannot watch is treated like one the child closed
            stdin: stdin.and_then(|fd| Stdin::new(fd).ok()),
            wires,
        })
    }
}

/// A descriptor of the FastCGI socket for this process.
async fn acquire(
    socket: &SharedSocket,
    name: &str,
    world: &Surroundings,
) -> Result<OwnedFd, SpawnError> {
    let attempt = socket.acquire(name).await;
    for line in &attempt.log {
        emit(&world.logger, line);
    }
    attempt.outcome
}
