//! A listener process as a member of its pool.

use std::time::Duration;

use visord_model::listener::Undelivered;
use visord_model::process::Input;

use super::Process;
use crate::messages::pool::{MemberEvent, MemberMessage};

impl Process {
    pub(super) fn tell_pool(&self, event: MemberEvent) {
        if let Some(pool) = &self.setup.pool {
            let process = self.name().process.clone();
            pool.do_send(MemberMessage { process, event });
        }
    }

    pub(super) fn current_pid(&self) -> i32 {
        self.child.as_ref().map_or(0, |child| child.pid)
    }

    /// Write an event to this child, and tell the pool what came of it.
    pub(super) fn write_envelope(&mut self, pid: i32, data: &[u8]) {
        self.sending_to = Some(pid);
        let outcome = if self.exited.is_some() || self.current_pid() != pid {
            Err(Undelivered::NotRunning)
        } else {
            self.write_stdin(data)
        };
        self.tell_pool(MemberEvent::Written { pid, outcome });
        self.sending_to = None;
    }

    /// A stop, and the start that follows it (difference Q15). Like any automatic restart not too
    /// soon after the last one: the time to wait, if it is.
    pub(super) fn recover_listener(&mut self, pid: i32) -> Option<Duration> {
        if self.current_pid() != pid || self.leaving.is_some() {
            return None;
        }
        let earliest = self.machine.earliest_restart();
        let wait = earliest.map(|at| at.0.saturating_sub(self.now().mono.0));
        let wait = wait.filter(|wait| !wait.is_zero());
        if wait.is_none() && self.turn(Input::Stop).is_ok() {
            self.turn_unasked(Input::Start);
        }
        wait
    }

    /// After a panic: the pool takes back an event that was being written, and learns the state.
    pub(super) fn tell_pool_again(&mut self) {
        if let Some(pid) = self.sending_to.take() {
            let outcome = Err(Undelivered::NotRunning);
            self.tell_pool(MemberEvent::Written { pid, outcome });
        }
        let pid = self.machine.pid().unwrap_or(0);
        let state = self.machine.state();
        self.tell_pool(MemberEvent::Changed { state, pid });
    }
}
