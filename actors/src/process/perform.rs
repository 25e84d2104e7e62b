//! The effects, one function each, but for spawning (see `launch`).

use nix::errno::Errno;
use visord_model::event::Event;
use visord_model::process::{Input, KillFailure, Transition};
use visord_model::signal::Signal;

use super::Process;
use crate::messages::event::Publish;
use crate::messages::pool::MemberChanged;
use crate::messages::process::ProcessChanged;
use crate::reaper::Look;

impl Process {
    /// Send a signal; the answer is an input only if that failed.
    pub(super) fn kill(&self, signal: Signal, group: bool) -> Option<Input> {
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
        match self.world.spawner.signal(child, signal, group) {
            Ok(()) => {
                if signal == Signal::KILL {
                    self.world.reaper.do_send(Look);
                }
                None
            }
            Err(error) => failure(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
        }
    }

    /// Tell everybody, in the order that lets nobody see an effect before its cause.
    pub(super) fn changed(&mut self, transition: Transition) {
        // the machine is a step ahead: the start may wait for a stop, or follow it already
        let restarts = self.machine.will_restart() || self.machine.is_spawning();
        let state = transition.to;
        self.waiters
            .changed(state, restarts, self.machine.trouble());
        if let Some(pool) = &self.setup.pool {
            pool.changed.do_send(MemberChanged {
                process: self.name.process.clone(),
                state,
                pid: transition.pid,
            });
        }
        self.world.bus.do_send(Publish(Event::ProcessState {
            process: self.name.process.clone(),
            group: self.name.group.clone(),
            transition,
        }));
        self.setup.observer.do_send(ProcessChanged {
            name: self.name.clone(),
            state,
        });
    }
}
