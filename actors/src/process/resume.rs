//! Going on after a panic, and giving up.
//!
//! A turn that was cut short has lost the effects it did not come to; whatever of them matters is
//! made good here. No program is ever started twice: a spawn under way does not belong to the
//! actor, and its result comes to the mailbox.

use std::cell::OnceCell;

use visord_model::process::Input;
use visord_model::state::ProcessState;

use super::Process;
use crate::reaper::Watch;
use crate::spawn::ChildHandle;

/// Whether the actor of a process was given up, and the child it had then.
#[derive(Default)]
pub struct GivenUp(OnceCell<Option<ChildHandle>>);

impl GivenUp {
    /// Whether it was given up and has no child that lives.
    pub(crate) fn is_at_rest(&self) -> bool {
        let child = self.0.get();
        child.is_some_and(|child| child.as_ref().is_none_or(|it| it.exit().is_some()))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }
}

impl Process {
    pub(super) fn resume(&mut self) {
        slog::error!(
            self.deps.logger,
            "the actor of '{}' panicked; it goes on with its state (pid {})",
            self.name().process,
            self.machine.pid().unwrap_or(0)
        );
        if let Some(child) = self.child.clone() {
            if self.machine.is_spawning() {
                // the machine was just being told
                let at = self.now();
                self.turn_unasked(Input::Spawned { pid: child.pid, at });
            } else if self.machine.pid().is_none() {
                // it was just being forgotten
                (self.child, self.exited) = (None, None);
                self.outputs.clear();
            }
        }
        if self.child.is_none() || self.machine.pid().is_none() {
            self.exited = None;
        } else if self.exited.is_none() {
            self.watch();
        }
        if self.machine.is_spawning() && self.attempt.is_none() {
            // the request to spawn, or its result, was lost
            let reason = "its actor panicked before it was spawned";
            self.turn_unasked(Input::SpawnFailed(reason.into()));
        }
        self.hold();
        self.show();
        if self.machine.pid().is_some() {
            self.waiters.launched();
        }
        self.answer_waiters(self.machine.state());
        self.tell_pool_again();
        self.tell_supervisor(self.machine.state(), true);
    }

    /// Have the exit of the child reported, also if it has ended already.
    pub(super) fn watch(&self) {
        if let (Some(child), Some(actor)) = (self.child.clone(), self.mailbox.upgrade()) {
            let owner = actor.recipient();
            self.deps.reaper.do_send(Watch { child, owner });
        }
    }

    /// The actor ends, and no other comes: its child runs on. The board shows UNKNOWN, which
    /// counts as stopped, so the daemon can still end.
    pub(super) fn give_up(&mut self) {
        if let Some(attempt) = &self.attempt {
            // a child that is being cloned already is ended when it arrives
            attempt.cancel();
        }
        // set only once: the actor ends now
        let _ = self.setup.given_up.0.set(self.child.clone());
        slog::crit!(
            self.deps.logger,
            "the actor of {} panicked again and again; pid {} runs on unsupervised",
            self.name().process,
            self.machine.pid().unwrap_or(0)
        );
        let mut info = self.info();
        info.state = ProcessState::Unknown;
        self.deps.board.update_process(self.row, info);
        self.tell_supervisor(ProcessState::Unknown, false);
    }
}
