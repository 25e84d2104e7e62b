//! The trampoline: step, perform, feed answers back, re-arm one timer, show the result.

use std::collections::VecDeque;
use std::time::Duration;

use actix::{AsyncContext, Context};
use visord_model::process::{Effect, Input, ProcessInfo, Refusal};
use visord_model::signal::Signal;
use visord_model::state::ProcessState;

use super::Process;
use crate::fcgi::SharedSocket;

/// How often a stop that somebody waits for is reported (spec core 4.8 rule 5).
const STOP_REPORT: Duration = Duration::from_secs(2);

impl Process {
    /// One input, all its effects in order, one re-armed timer; then the next input.
    pub(super) fn turn(&mut self, input: Input, ctx: &mut Context<Self>) -> Result<(), Refusal> {
        let now = self.world.clock.now();
        if self.world.board.mood().is_closing() {
            // nothing starts any more, even if the word is still on its way in the mailbox
            self.machine.step(Input::Closing, now)?;
        }
        let spawned = matches!(input, Input::Spawned { .. });
        let mut todo = VecDeque::from(self.machine.step(input, now)?);
        // readers must not see an event or a log line before the state it tells of
        self.show();
        if spawned {
            // there is a child, whatever becomes of it in this turn
            self.waiters.launched();
        }
        while let Some(effect) = todo.pop_front() {
            if let Some(answer) = self.perform(effect) {
                let more = self.machine.step(answer, now)?;
                self.show();
                todo.extend(more);
            }
        }
        self.rearm(ctx);
        self.release_socket();
        if self.stop_report.is_none() {
            self.report_stop(ctx);
        }
        Ok(())
    }

    /// A turn that no client asked for: a refusal means that there is nothing to do.
    pub(super) fn turn_unasked(&mut self, input: Input, ctx: &mut Context<Self>) {
        let _ = self.turn(input, ctx);
    }

    fn perform(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Spawn => {
                let socket = self.setup.socket.as_ref();
                self.socket_use = socket.map(SharedSocket::next_use);
                self.launch();
                None
            }
            Effect::CancelSpawn => self.cancel_spawn(),
            Effect::ExpireSpawn => Some(self.expire_spawn()),
            Effect::Kill { group, signal, .. } => self.kill(signal, group),
            // signal 0 is not delivered, only tried
            Effect::Probe { .. } => Some(Input::Probed(self.kill(Signal::raw(0), false).is_none())),
            Effect::Changed(transition) => {
                self.changed(transition);
                None
            }
            Effect::Log(line) => {
                crate::log::emit(&self.world.logger, &line);
                None
            }
        }
    }

    /// One timer, for the machine's one deadline; none while the exit of its child is known and
    /// about to be told to the machine.
    pub(super) fn rearm(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        let ending = self.exited.is_some() && self.machine.pid().is_some();
        let Some(due) = self.machine.deadline().filter(|_| !ending) else {
            return;
        };
        let wait = due.0.saturating_sub(self.world.clock.now().mono.0);
        self.timer = Some(ctx.run_later(wait, |act, ctx| {
            act.timer = None;
            act.turn_unasked(Input::Deadline, ctx);
        }));
    }

    /// A process at rest no longer keeps its FastCGI socket open; one that waits for a retry or
    /// for its restart does, and one in UNKNOWN whose child lives.
    fn release_socket(&mut self) {
        let machine = &self.machine;
        let is_due = machine.deadline().is_some();
        if !machine.state().is_stopped() || is_due || machine.pid().is_some() {
            return;
        }
        let used = self.setup.socket.as_ref().zip(self.socket_use.take());
        let closed = used.and_then(|(socket, number)| socket.release(&self.name.process, number));
        if let Some(line) = closed {
            crate::log::emit(&self.world.logger, &line);
        }
    }

    /// `waiting for x to stop`: at once, then every two seconds while a client waits.
    pub(super) fn report_stop(&mut self, ctx: &mut Context<Self>) {
        let waiting = self.machine.state() == ProcessState::Stopping && self.waiters.expect_stop();
        if !waiting {
            self.stop_report = None;
            return;
        }
        slog::info!(
            self.world.logger,
            "waiting for {} to stop",
            self.name.process
        );
        self.stop_report = Some(ctx.run_later(STOP_REPORT, |act, ctx| act.report_stop(ctx)));
    }

    /// What others may know is on the board before anything else says so.
    pub(super) fn show(&self) {
        self.world.board.update_process(self.row, self.info());
    }

    pub(super) fn info(&self) -> ProcessInfo {
        let machine = &self.machine;
        let (stdout, stderr) = self.setup.logs.shown(&self.setup.config);
        ProcessInfo {
            name: self.name.process.clone(),
            group: self.name.group.clone(),
            state: machine.state(),
            start: machine.start_time(),
            stop: machine.stop_time(),
            spawnerr: machine.spawnerr().to_owned(),
            exitstatus: machine.exitstatus(),
            pid: machine.pid().unwrap_or(0),
            stdout_logfile: stdout,
            stderr_logfile: stderr,
            restarts: machine.restarts(),
            last_exit: machine.last_exit(),
            trouble: machine.trouble().unwrap_or_default().to_owned(),
        }
    }
}
