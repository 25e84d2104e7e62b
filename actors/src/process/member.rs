//! A listener process as a member of its pool.

use actix::{Addr, AsyncContext, Context, Handler, Recipient};
use visord_model::listener::Undelivered;
use visord_model::process::Input;

use super::{Process, StdinError};
use crate::messages::pool::{
    EnvelopeWritten, ListenerOutput, MemberChanged, RecoverListener, StdinClosed, StdinDrained,
    WriteEnvelope,
};
use crate::pool::ListenerPool;

/// Everything a Process tells its pool.
#[derive(Clone)]
pub struct PoolLink {
    pub(super) changed: Recipient<MemberChanged>,
    pub(super) output: Recipient<ListenerOutput>,
    written: Recipient<EnvelopeWritten>,
    closed: Recipient<StdinClosed>,
    drained: Recipient<StdinDrained>,
}

impl PoolLink {
    /// A link to this pool.
    #[must_use]
    pub fn to(pool: &Addr<ListenerPool>) -> Self {
        Self {
            changed: pool.clone().recipient(),
            output: pool.clone().recipient(),
            written: pool.clone().recipient(),
            closed: pool.clone().recipient(),
            drained: pool.clone().recipient(),
        }
    }
}

impl Process {
    fn current_pid(&self) -> i32 {
        self.child.as_ref().map_or(0, |child| child.pid)
    }

    fn write_envelope(
        &mut self,
        msg: &WriteEnvelope,
        ctx: &mut Context<Self>,
    ) -> Result<(), Undelivered> {
        if self.exited.is_some() || self.current_pid() != msg.pid {
            return Err(Undelivered::NotRunning);
        }
        self.write_stdin(&msg.data, ctx)
            .map_err(|error| match error {
                StdinError::Closed => Undelivered::Closed,
                StdinError::Full => Undelivered::Full,
            })
    }

    /// Bytes that were taken cannot be written: the pool takes the event back.
    pub(super) fn stdin_closed(&self) {
        if let Some(pool) = &self.setup.pool {
            pool.closed.do_send(StdinClosed {
                process: self.name.process.clone(),
                pid: self.current_pid(),
            });
        }
    }

    /// The child has read everything.
    pub(super) fn stdin_drained(&self) {
        if let Some(pool) = &self.setup.pool {
            pool.drained.do_send(StdinDrained {
                process: self.name.process.clone(),
                pid: self.current_pid(),
            });
        }
    }
}

impl Handler<WriteEnvelope> for Process {
    type Result = ();

    fn handle(&mut self, msg: WriteEnvelope, ctx: &mut Context<Self>) {
        let outcome = self.write_envelope(&msg, ctx);
        if let Some(pool) = &self.setup.pool {
            pool.written.do_send(EnvelopeWritten {
                process: self.name.process.clone(),
                pid: msg.pid,
                outcome,
            });
        }
    }
}

impl Handler<RecoverListener> for Process {
    type Result = ();

    /// A stop, and the start that follows it (decision Q15); like any automatic restart not too
    /// soon after the last one.
    fn handle(&mut self, msg: RecoverListener, ctx: &mut Context<Self>) {
        let same = self.current_pid() == msg.pid && self.leaving.is_none();
        let earliest = self.machine.earliest_restart().filter(|_| same);
        let wait = earliest.map(|at| at.0.saturating_sub(self.world.clock.now().mono.0));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            ctx.notify_later(msg, wait);
        } else if same && self.turn(Input::Stop, ctx).is_ok() {
            self.turn_unasked(Input::Start, ctx);
        }
    }
}
