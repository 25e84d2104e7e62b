//! Turns: step the machine, perform its effects in order, feed their answers back.

use std::collections::VecDeque;
use std::sync::Arc;

use nix::errno::Errno;
use visord_model::event::Event;
use visord_model::fault::FaultCode;
use visord_model::moment::{Moment, Mono};
use visord_model::process::{Effect, Input, KillFailure, ProcessInfo, Transition};
use visord_model::signal::Signal;
use visord_model::state::ProcessState;

use super::Process;
use crate::fcgi::SharedSocket;
use crate::messages::event::Publish;
use crate::messages::pool::MemberEvent;
use crate::messages::process::ProcessChanged;
use crate::reaper::Look;

impl Process {
    /// One input and all its effects, before the next input.
    pub(super) fn turn(&mut self, input: Input) -> Result<(), FaultCode> {
        let now = self.now();
        if self.deps.board.state().is_closing() {
            // the message that says so may still be in the mailbox
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
        self.release_socket();
        Ok(())
    }

    /// A turn that no client asked for: a refusal means that there is nothing to do.
    pub(super) fn turn_unasked(&mut self, input: Input) {
        let _ = self.turn(input);
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
                visord_logs::emit(&self.deps.logger, &line);
                None
            }
        }
    }

    /// Send a signal; the answer is an input only if that failed.
    fn kill(&self, signal: Signal, group: bool) -> Option<Input> {
        let failure = |errno: Errno| {
            Some(Input::KillFailed(KillFailure {
                signal,
                gone: errno == Errno::ESRCH,
                reason: errno.desc().to_owned(),
            }))
        };
        let Some(child) = self.child.as_ref().filter(|_| self.exited.is_none()) else {
            return failure(Errno::ESRCH);
        };
        match self.deps.spawner.signal(child, signal, group) {
            Ok(()) => {
                if signal == Signal::KILL {
                    self.deps.reaper.do_send(Look);
                }
                None
            }
            Err(error) => failure(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
        }
    }

    /// Publish a change of state, so that no reader sees an effect before its cause.
    fn changed(&mut self, transition: Transition) {
        let state = transition.to;
        self.answer_waiters(state);
        let (name, pid) = (self.name().clone(), transition.pid);
        self.tell_pool(MemberEvent::Changed { state, pid });
        let event = Event::ProcessState { name, transition };
        self.deps.bus.do_send(Publish(event));
        self.tell_supervisor(state, false);
    }

    /// `resumed`: after a panic.
    pub(super) fn tell_supervisor(&self, state: ProcessState, resumed: bool) {
        self.setup.supervisor.do_send(ProcessChanged {
            name: self.name().clone(),
            state,
            resumed,
        });
    }

    pub(super) fn answer_waiters(&mut self, state: ProcessState) {
        // the machine is a step ahead: the start may wait for a stop, or follow it already
        let restarts = self.machine.will_restart() || self.machine.is_spawning();
        let trouble = self.machine.trouble();
        let name = &self.setup.name;
        self.waiters.changed(name, state, restarts, trouble);
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
        if let Some((socket, number)) = used {
            socket.release(&self.name().process, number);
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.deps.clock.now()
    }

    /// When [`Input::Deadline`] is due. None while the exit of the child is known and the
    /// machine is about to be told.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let due = self.machine.deadline();
        due.filter(|_| self.exited.is_none())
    }

    /// Log `waiting for x to stop` if a client waits for that. Whether one does.
    pub(super) fn report_stop(&self) -> bool {
        let waits = self.machine.state() == ProcessState::Stopping && self.waiters.any_for_stop();
        if waits {
            let name = &self.name().process;
            slog::info!(self.deps.logger, "waiting for {name} to stop");
        }
        waits
    }

    /// Write to the board what others may know.
    pub(super) fn show(&self) {
        self.deps.board.update_process(self.row, self.info());
    }

    pub(super) fn info(&self) -> ProcessInfo {
        let (stdout, stderr) = self.setup.logs.shown(&self.setup.config);
        ProcessInfo {
            stdout_logfile: stdout,
            stderr_logfile: stderr,
            origin: Arc::clone(&self.origin),
            extra_args: Arc::clone(&self.extra_args),
            disabled: self.disabled,
            ..self.machine.info(self.name())
        }
    }
}
