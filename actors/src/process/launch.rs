//! From the wish to spawn to a child, and from its exit to the machine's next input.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use futures_util::FutureExt;
use futures_util::future::join_all;
use visord_model::event::Stream;
use visord_model::fault::FaultCode;
use visord_model::process::{Input, SPAWN_TIMEOUT};

use super::listen::Speech;
use super::spawn_request::{Launched, Wire};
use super::{Process, StdinError};
use crate::log::{Channel, ChannelSpec};
use crate::messages::supervisor::Answer;
use crate::reaper::{CHILD_QUIT, ProcessExited, Watch};
use crate::spawn::SpawnError;

/// How long an exit may wait for a log whose file system hangs. Slow disks take less for what
/// is in a pipe.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

impl Process {
    /// Carry out the effect Spawn; its answer is a later turn.
    pub(super) fn launch(&mut self) {
        let attempt = self.setup.post.attempt(self.world.clock);
        self.attempt = Some(Arc::clone(&attempt));
        let spawned = self
            .spawn_request()
            .queue(&self.world, Arc::clone(&attempt));
        let post = Rc::clone(&self.setup.post);
        // by itself: whatever becomes of this actor, a child that is born is never forgotten
        actix_rt::spawn(async move {
            let answer = AssertUnwindSafe(spawned).catch_unwind().await;
            // the panic hook has reported it
            let answer = answer.unwrap_or(Err(SpawnError::SpawnerGone));
            if !attempt.is_cancelled() {
                post.answer(answer);
            }
        });
    }

    /// Carry out the effect CancelSpawn. The answer, if there is one now.
    pub(super) fn cancel_spawn(&mut self) -> Option<Input> {
        let cancelled = self.attempt.as_ref().is_none_or(|attempt| attempt.cancel());
        cancelled.then(|| self.spawn_cancelled())
    }

    /// Carry out the effect ExpireSpawn.
    pub(super) fn expire_spawn(&mut self) -> Input {
        let attempt = self.attempt.as_ref();
        match attempt.and_then(|attempt| attempt.expire(SPAWN_TIMEOUT)) {
            Some(due) => Input::SpawnDue(due),
            None => self.spawn_cancelled(),
        }
    }

    fn spawn_cancelled(&mut self) -> Input {
        self.attempt = None;
        self.setup.post.discard_answer();
        Input::SpawnCancelled
    }

    pub(super) fn launched(&mut self, launched: Launched, ctx: &mut Context<Self>) {
        let Launched {
            child,
            at,
            stdin,
            wires,
        } = launched;
        let child = child.claim();
        self.child = Some(child.clone());
        let pid = child.pid;
        let owner = ctx.address().recipient();
        self.world.reaper.do_send(Watch { child, owner });
        self.stdin = stdin;
        self.attach(wires, pid, ctx);
        self.turn_unasked(Input::Spawned { pid, at }, ctx);
    }

    /// Give each pipe to its channel; a listener's stdout is read here, because no disk may
    /// hold up an event.
    fn attach(&mut self, wires: Vec<Wire>, pid: i32, ctx: &mut Context<Self>) {
        for Wire {
            stream,
            pipe,
            channel,
        } in wires
        {
            if self.setup.pool.is_some() && stream == Stream::Stdout {
                self.listen(pipe, channel.adopt(), pid, ctx);
            } else {
                self.outputs.push(channel.adopt_with(pipe, pid));
            }
        }
    }

    /// The child was reaped: first everything it wrote, then the machine's next input.
    pub(super) fn drain(&mut self, exited: ProcessExited, ctx: &mut Context<Self>) {
        self.exited = Some(exited);
        // no deadline of a child that is gone
        self.rearm(ctx);
        self.stop_listening(ctx);
        let drained = join_all(self.outputs.iter().map(Channel::drain));
        let drained = tokio::time::timeout(DRAIN_PATIENCE, drained);
        let done = drained.into_actor(self).map(move |drained, act, ctx| {
            if drained.is_err() {
                let name = &act.name.process;
                slog::warn!(
                    act.world.logger,
                    "the log of '{name}' hangs; its exit is reported before its last output is stored"
                );
            }
            // what is not drained yet will be: the log threads know of it
            act.outputs.clear();
            act.close_stdin(ctx);
            act.child = None;
            // after what the child wrote, as in the original's log
            slog::debug!(act.world.logger, "{CHILD_QUIT}");
            let ProcessExited { status, at, .. } = exited;
            act.turn_unasked(Input::Exited { status, at }, ctx);
            act.exited = None;
        });
        ctx.spawn(done);
    }

    fn close_stdin(&mut self, ctx: &mut Context<Self>) {
        self.stdin = None;
        if let Some(waiting) = self.stdin_waiting.take() {
            ctx.cancel_future(waiting);
        }
    }

    /// Write to the child, keep what its pipe cannot take yet.
    pub(super) fn write_stdin(
        &mut self,
        data: &[u8],
        ctx: &mut Context<Self>,
    ) -> Result<(), StdinError> {
        let stdin = self.stdin.as_mut().ok_or(StdinError::Closed)?;
        let was_pending = stdin.is_pending();
        stdin.write(data)?;
        if stdin.is_pending() && !was_pending {
            self.await_room(ctx);
        }
        Ok(())
    }

    pub(super) fn await_room(&mut self, ctx: &mut Context<Self>) {
        let Some(stdin) = &self.stdin else {
            return;
        };
        let flushed = stdin.writable().into_actor(self).map(|ready, act, ctx| {
            let Some(stdin) = act.stdin.as_mut() else {
                return;
            };
            match stdin.flush() {
                Ok(()) if ready.is_ok() && stdin.is_pending() => act.await_room(ctx),
                Ok(()) => act.stdin_drained(),
                Err(_closed) => act.stdin_closed(),
            }
        });
        self.stdin_waiting = Some(ctx.spawn(flushed));
    }

    /// Empty the logs, of a stopped process too (decision C34).
    pub(super) fn clear_logs(&self, label: String) -> impl Future<Output = Answer> + 'static {
        let clearing: Vec<_> = self.channels().map(Channel::clear).collect();
        let closed = self.closed_channels();
        let closed: Vec<_> = closed
            .iter()
            .map(|spec| self.world.logs.clear_closed(spec))
            .collect();
        async move {
            let mut results = join_all(clearing).await;
            results.extend(join_all(closed).await);
            match results.into_iter().find_map(Result::err) {
                Some(_) => Err(FaultCode::Failed.about(label)),
                None => Ok(()),
            }
        }
    }

    /// Start new log files, of a process that has none open too.
    pub(super) fn rotate_logs(&self, label: String) -> impl Future<Output = Answer> + 'static {
        let open: Vec<_> = self.channels().map(Channel::rotate).collect();
        let closed = self.closed_channels();
        let closed: Vec<_> = closed
            .iter()
            .map(|spec| self.world.logs.rotate_closed(spec))
            .collect();
        async move {
            let mut results = join_all(open).await;
            results.extend(join_all(closed).await);
            match results.into_iter().find_map(Result::err) {
                Some(error) => Err(FaultCode::Failed.about(format!("{label}: {error}"))),
                None => Ok(()),
            }
        }
    }

    /// What its outputs would be, while none is open.
    fn closed_channels(&self) -> Vec<ChannelSpec> {
        if self.channels().next().is_some() {
            return Vec::new();
        }
        self.channel_specs()
    }

    /// Every open channel.
    pub(super) fn channels(&self) -> impl Iterator<Item = &Channel> {
        let speech = self.speech.as_ref().map(Speech::log);
        self.outputs.iter().chain(speech)
    }
}
