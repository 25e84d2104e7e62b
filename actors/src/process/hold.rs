//! What keeps a process from being started: its program is disabled, or the process is about to be
//! replaced or removed.

use futures_util::FutureExt;
use futures_util::future::ready;
use visord_model::event::Event;
use visord_model::process::Input;
use visord_model::state::ProcessState;

use super::Process;
use super::requests::Later;
use super::waiters::Awaited;
use crate::messages::Answer;
use crate::messages::event::Publish;

impl Process {
    /// Have the machine start nothing while there is a reason, and only then.
    pub(super) fn hold(&mut self) {
        let is_held = self.disabled || self.leaving.is_some();
        self.turn_unasked(match is_held {
            true => Input::Hold,
            false => Input::Release,
        });
    }

    /// Listeners are told each time, as by the original.
    pub(super) fn disable(&mut self) -> Answer {
        self.disabled = true;
        self.hold();
        let event = Event::ProcessDisabled(self.name().clone());
        self.deps.bus.do_send(Publish(event));
        Ok(())
    }

    /// As if it had never been started: what is meant to start by itself does (spec cluster 4.7).
    pub(super) fn enable(&mut self) -> Answer {
        self.disabled = false;
        self.hold();
        let event = Event::ProcessEnabled(self.name().clone());
        self.deps.bus.do_send(Publish(event));
        let autostart = self.setup.config.policy.autostart;
        if autostart && self.machine.state() == ProcessState::Stopped {
            self.turn_unasked(Input::Start);
        }
        Ok(())
    }

    /// A stop that only [`Command::Reinstate`](crate::messages::process::Command::Reinstate) takes
    /// back. A stop under way is only waited for.
    pub(super) fn retire(&mut self) -> Later {
        let canceled_start = self.machine.start_is_due();
        *self.leaving.get_or_insert_default() |= canceled_start;
        self.turn_unasked(Input::Stop);
        self.hold();
        if self.machine.state().is_stopped() {
            return ready(self.signalled()).boxed_local();
        }
        self.wait_for(Awaited::Stopped)
    }

    /// It goes on, but nothing starts it any more.
    pub(super) fn retire_later(&mut self) -> Answer {
        self.leaving.get_or_insert_default();
        self.hold();
        Ok(())
    }

    /// A start that [`Self::retire`] canceled happens now.
    pub(super) fn reinstate(&mut self) -> Answer {
        let canceled_start = self.leaving.take() == Some(true);
        self.hold();
        // a stop that failed is not tried again
        self.turn_unasked(Input::KeepRunning);
        if canceled_start {
            self.turn_unasked(Input::Start);
        }
        Ok(())
    }
}
