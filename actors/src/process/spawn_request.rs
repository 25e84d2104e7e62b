//! What one attempt to start a child needs, independent of the process that requested it.

use std::borrow::Cow;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;
use visord_config::{ChannelConfig, ProcessConfig, Secret};
use visord_model::event::Stream;
use visord_model::name::ProcessName;

use super::Process;
use crate::fcgi::{SharedSocket, UseNumber};
use crate::spawn::{
    CommandQuery, DaemonEnvironment, ResolvedCommand, SpawnAttempt, SpawnError, SpawnJob,
    SpawnPlan, Spawned, environment, open_pipes, resolve,
};
use visord_logs::{ChannelSpec, LogService, OpenedChannel};

struct SpawnRequest {
    name: ProcessName,
    query: CommandQuery,
    /// The program, if it was found a moment ago.
    program: Option<ResolvedCommand>,
    channels: Vec<ChannelSpec>,
    config: Arc<ProcessConfig>,
    daemon_environment: Arc<DaemonEnvironment>,
    server_url: Option<Secret>,
    socket: Option<(SharedSocket, UseNumber)>,
    logs: LogService,
}

/// What the daemon keeps of a child. It comes to the control thread only with the child; without
/// one its files are closed where they were opened.
pub(super) struct OurEnds {
    pub(super) stdin: Option<OwnedFd>,
    /// Each read end, and the channel that stores what comes out of it.
    pub(super) outputs: Vec<(Stream, OwnedFd, OpenedChannel)>,
}

impl Process {
    pub(super) fn query(&self) -> CommandQuery {
        let path = self.deps.environment.get("PATH");
        CommandQuery::new(
            &self.command(),
            &self.setup.config.environment,
            path.as_deref(),
        )
    }

    /// The command line, with the arguments that were added to it.
    fn command(&self) -> Cow<'_, str> {
        let command = &self.setup.config.command;
        match &*self.extra_args {
            "" => Cow::Borrowed(command),
            more => Cow::Owned(format!("{command} {more}")),
        }
    }

    /// Reserve a place in the spawn queue, now; the answer comes when its turn is over.
    pub(super) fn queue_spawn(
        &self,
        attempt: Arc<SpawnAttempt>,
        program: Option<ResolvedCommand>,
    ) -> impl Future<Output = Result<(Spawned, OurEnds), SpawnError>> + 'static + use<> {
        let (config, deps) = (&self.setup.config, &self.deps);
        let automatic = deps.server_url.as_deref().map(Secret::from);
        // everything is decided now
        let request = SpawnRequest {
            name: self.name().clone(),
            query: self.query(),
            program,
            channels: self.channel_specs(),
            config: Arc::clone(config),
            daemon_environment: Arc::clone(&deps.environment),
            server_url: config.serverurl.clone().or(automatic),
            socket: self.setup.socket.clone().zip(self.socket_use),
            logs: deps.logs.clone(),
        };
        let (keep, kept) = oneshot::channel();
        let spawned = deps.spawner.spawn(SpawnJob {
            name: self.name().process.to_string(),
            attempt,
            prepare: Box::new(move || {
                let (plan, ours) = request.prepare()?;
                // without a receiver the child is not wanted either
                Ok((plan, Box::new(move || drop(keep.send(ours)))))
            }),
        });
        async move {
            let spawned = spawned.await?;
            // it was sent before the answer
            let ours = kept.await.map_err(|_| SpawnError::SpawnerGone)?;
            Ok((spawned, ours))
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
        let mut config = channel.clone();
        if protocol {
            (
                config.capture_maxbytes,
                config.events_enabled,
                config.syslog,
            ) = (0, false, false);
        }
        ChannelSpec {
            name: self.name().clone(),
            stream,
            file,
            config,
            strip_ansi: self.deps.strip_ansi,
            // what a listener writes is logged as it is read
            described: !protocol,
            events: Some(Arc::clone(&self.deps.output_events)),
        }
    }
}

impl SpawnRequest {
    /// On its turn, on the spawner thread: have the socket, find the program, open the logs, make
    /// the pipes. The socket comes first, so it is open even if the program is not found (spec
    /// core 8.3).
    fn prepare(self) -> Result<(SpawnPlan, OurEnds), SpawnError> {
        let (name, config) = (&*self.name.process, &self.config);
        let acquire = |(socket, number): (SharedSocket, _)| socket.acquire(name, number);
        let socket = self.socket.map(acquire).transpose()?;
        let command = match self.program {
            Some(program) => program,
            None => resolve(&self.query)?,
        };
        let unopened = |error: std::io::Error| SpawnError::dispatchers(name, &error);
        let channels = self.channels.into_iter().map(|spec| {
            let stream = spec.stream;
            Ok((stream, self.logs.open(spec)?))
        });
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
            user: config.user,
            ends,
        };
        let pipes = [Some(ours.stdout), ours.stderr].into_iter().flatten();
        let outputs = channels.into_iter().zip(pipes);
        let ours = OurEnds {
            stdin: ours.stdin,
            outputs: outputs
                .map(|((stream, channel), pipe)| (stream, pipe, channel))
                .collect(),
        };
        Ok((plan, ours))
    }
}
