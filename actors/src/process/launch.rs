//! From the effect Spawn to a child, and from its exit to the machine's next input.

use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{Message, WeakAddr};
use futures_util::FutureExt;
use futures_util::future::join_all;
use visord_model::event::Stream;
use visord_model::listener::Undelivered;
use visord_model::process::{Input, SPAWN_TIMEOUT};

use super::Process;
use super::listener_stdout::ListenerStdout;
use super::spawn_request::OurEnds;
use super::stdin::Stdin;
use crate::messages::pool::MemberEvent;
use crate::reaper::{CHILD_QUIT, ProcessExited};
use crate::spawn::{ChildHandle, Exit, ProgramJobs, SpawnAttempt, SpawnError, Spawned};
use visord_logs::{Channel, OpenedChannel};

/// How long an exit may wait for a log whose file system hangs. Slow disks take less for what
/// is in a pipe.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Attempted {
    attempt: Arc<SpawnAttempt>,
    result: Result<(Spawned, OurEnds), SpawnError>,
}

impl Process {
    pub(super) fn attempt(&self, jobs: &ProgramJobs) -> Arc<SpawnAttempt> {
        Arc::new(SpawnAttempt::new(self.deps.clock, jobs.clone()))
    }

    /// Carry out the effect Spawn; its answer is a later turn.
    pub(super) fn launch(&mut self) {
        let attempt = self.attempt(&self.starts);
        self.attempt = Some(Arc::clone(&attempt));
        let program = self.program.take();
        let spawned = self.queue_spawn(Arc::clone(&attempt), program);
        let mailbox = self.mailbox.clone();
        // a task of its own, which a panic of the actor does not end
        actix_rt::spawn(async move {
            let result = AssertUnwindSafe(spawned).catch_unwind().await;
            // the panic hook has reported it
            let result = result.unwrap_or(Err(SpawnError::SpawnerGone));
            // a child that does not arrive at the process is ended
            if let Some(process) = WeakAddr::upgrade(&mailbox) {
                process.do_send(Attempted { attempt, result });
            }
        });
    }

    /// Carry out the effect CancelSpawn. The answer, if there is one now.
    pub(super) fn cancel_spawn(&mut self) -> Option<Input> {
        let canceled = self.attempt.as_ref().is_none_or(|attempt| attempt.cancel());
        canceled.then(|| self.spawn_canceled())
    }

    pub(super) fn expire_spawn(&mut self) -> Input {
        let attempt = self.attempt.as_ref();
        match attempt.and_then(|attempt| attempt.expire(SPAWN_TIMEOUT)) {
            Some(due) => Input::SpawnDue(due),
            None => self.spawn_canceled(),
        }
    }

    fn spawn_canceled(&mut self) -> Input {
        self.attempt = None;
        Input::SpawnCancelled
    }

    /// The spawn under way has a result. That of a canceled one may still arrive, and is dropped.
    pub(super) fn attempted(&mut self, Attempted { attempt, result }: Attempted) {
        let current = |it: &mut Arc<SpawnAttempt>| Arc::ptr_eq(it, &attempt);
        if self.attempt.take_if(current).is_none() {
            return;
        }
        match result {
            Ok((spawned, ours)) => self.spawned(spawned, ours),
            Err(error) => self.turn_unasked(Input::SpawnFailed(error.to_string())),
        }
    }

    fn spawned(&mut self, spawned: Spawned, ours: OurEnds) {
        let (at, child) = (spawned.at, spawned.claim());
        let pid = child.pid;
        self.child = Some(child);
        self.watch();
        self.stdin = ours.stdin.map(Stdin::new);
        for (stream, pipe, channel) in ours.outputs {
            self.attach(stream, pipe, channel, pid);
        }
        self.turn_unasked(Input::Spawned { pid, at });
    }

    /// Give a pipe to its channel; a listener's stdout is read here, because no disk may hold up an
    /// event.
    fn attach(&mut self, stream: Stream, pipe: OwnedFd, channel: OpenedChannel, pid: i32) {
        if self.setup.pool.is_none() || stream != Stream::Stdout {
            self.outputs.push(channel.adopt(Some((pipe, pid))));
            return;
        }
        match ListenerStdout::new(pipe, channel.adopt(None), pid) {
            Ok(stdout) => self.listener_stdout = Some(stdout),
            Err(error) => {
                let name = &self.setup.name.process;
                slog::crit!(self.deps.logger, "cannot listen to {name}: {error}");
            }
        }
    }

    /// The child was reaped. Everything it wrote is stored before the machine is told. Comes twice
    /// if a panic made the process watch the child again.
    pub(super) fn exited(&mut self, exited: ProcessExited) {
        let is_it = |child: &ChildHandle| child.pid == exited.pid && child.exit().is_some();
        if self.exited.is_none() && self.child.as_ref().is_some_and(is_it) {
            self.exited = Some(exited);
            self.close_stdout();
        }
    }

    /// Whether [`Self::outputs_drained`] is to be waited for.
    pub(super) fn is_draining(&self) -> bool {
        self.exited.is_some()
    }

    /// Completes when everything that the child wrote is stored; false if that takes too long.
    pub(super) fn outputs_drained(&self) -> impl Future<Output = bool> + 'static + use<> {
        let drained = join_all(self.outputs.iter().map(Channel::drain));
        tokio::time::timeout(DRAIN_PATIENCE, drained).map(|drained| drained.is_ok())
    }

    /// The machine learns of the exit.
    pub(super) fn drained(&mut self, is_complete: bool) {
        let Some(ProcessExited { exit, .. }) = self.exited else {
            return;
        };
        if !is_complete {
            let name = &self.name().process;
            slog::warn!(
                self.deps.logger,
                "the log of '{name}' hangs; its exit is reported before its last output is stored"
            );
        }
        // what is not drained yet will be: the log threads have it
        self.outputs.clear();
        self.stdin = None;
        self.child = None;
        // after what the child wrote, as in the original's log
        slog::debug!(self.deps.logger, "{CHILD_QUIT}");
        let Exit { status, at } = exit;
        self.turn_unasked(Input::Exited { status, at });
        self.exited = None;
    }

    /// Write to the child, keep what its pipe cannot take yet.
    pub(super) fn write_stdin(&mut self, data: &[u8]) -> Result<(), Undelivered> {
        let stdin = self.stdin.as_mut().ok_or(Undelivered::Closed)?;
        stdin.write(data)
    }

    /// Whether [`Self::stdin_room`] is to be waited for.
    pub(super) fn stdin_is_full(&self) -> bool {
        self.stdin.as_ref().is_some_and(Stdin::is_pending)
    }

    /// Completes when the child's stdin may have room.
    pub(super) fn stdin_room(&self) -> impl Future<Output = std::io::Result<()>> + 'static + use<> {
        let pipe = self.stdin.as_ref().and_then(Stdin::watched);
        async move {
            match pipe {
                Some(pipe) => pipe.writable().await,
                None => Ok(()),
            }
        }
    }

    pub(super) fn stdin_has_room(&mut self, ready: std::io::Result<()>) {
        let pid = self.current_pid();
        let Some(stdin) = self.stdin.as_mut() else {
            return;
        };
        match ready
            .map_err(|_| Undelivered::Closed)
            .and_then(|()| stdin.flush())
        {
            Ok(()) if stdin.is_pending() => {}
            // the child has read everything
            Ok(()) => self.tell_pool(MemberEvent::StdinDrained { pid }),
            // bytes that were taken cannot be written: the pool takes the event back
            Err(_closed) => {
                self.stdin = None;
                self.tell_pool(MemberEvent::StdinClosed { pid });
            }
        }
    }

    pub(super) fn channels(&self) -> impl Iterator<Item = &Channel> {
        let stdout = self.listener_stdout.as_ref().map(|stdout| &stdout.log);
        self.outputs.iter().chain(stdout)
    }
}
