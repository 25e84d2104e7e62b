//! Going on after a panic: of the Supervisor, or of a process. A Supervisor that is given up leaves
//! its groups to [`Abandoned`], which stops them in order before the daemon ends.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actix::{Context, Supervised};
use slog::Logger;
use tokio::time::timeout;
use visord_model::moment::Mono;
use visord_model::name::ProcessName;
use visord_model::shutdown::{Progress, StopPlan};
use visord_model::state::{ProcessState, SupervisorState};

use super::Supervisor;
use super::obsolete::retirement;
use super::roster::{Member, Roster};
use crate::board::Board;
use crate::messages::process::Command;
use crate::resume::{self, Panics, Resume};

/// How much longer than its own `stopwaitsecs` a process may take to stop once the Supervisor was
/// given up.
const GRACE: Duration = Duration::from_secs(10);

impl Supervised for Supervisor {
    fn restarting(&mut self, ctx: &mut Context<Self>) {
        resume::restarting(self, ctx);
    }
}

impl Resume for Supervisor {
    fn panics(&mut self) -> (&mut Panics, Mono) {
        let now = self.deps.clock.now().mono;
        (&mut self.panics, now)
    }

    /// Repeat what the interrupted turn may not have come to. Every request sent here has no effect
    /// on a process that got it already.
    fn resume(&mut self, ctx: &mut Context<Self>) {
        slog::error!(
            self.deps.logger,
            "the Supervisor panicked; it goes on with its state"
        );
        for (group, stopped) in self.updating.clone() {
            self.restore(&stopped);
            self.updating.remove(&group);
        }
        self.repeat_disabilities();
        self.repeat_obsolete();
        // whose answers were waited for; the stop goes on below
        self.retrying.clear();
        self.stop_report = None;
        if self.deps.board.state().is_closing() {
            self.stop_all(ctx);
        } else if self.begun {
            self.roster.autostart_all();
        }
    }

    fn give_up(&mut self) {
        slog::crit!(
            self.deps.logger,
            "the Supervisor panicked {} times in quick succession; it is given up",
            self.panics.count
        );
    }
}

impl Supervisor {
    /// An update is called off, and its group stays as it was: what it stopped is reinstated, and
    /// started again if it ran.
    pub(super) fn restore(&self, stopped: &[(ProcessName, bool)]) {
        for (name, ran) in stopped {
            let Ok(member) = self.roster.member(name) else {
                continue;
            };
            if self.obsolete.contains_key(name) {
                continue;
            }
            member.addr.do_send(Command::Reinstate);
            if *ran {
                member.addr.do_send(Command::Start { wait: false });
            }
        }
    }

    /// A process panicked, maybe over one of these requests.
    pub(super) fn repeat_requests(&self, name: &ProcessName) {
        let Ok(member) = self.roster.member(name) else {
            return;
        };
        if self.begun {
            // only of use to one that was never started
            member.addr.do_send(Command::Autostart);
        }
        self.set_disability(member);
        if let Some(&lazy) = self.obsolete.get(name) {
            member.addr.do_send(retirement(lazy));
        }
        let mut asked = self.plan.iter().flat_map(StopPlan::asked);
        if asked.any(|asked| asked == name) {
            member.addr.do_send(Command::GiveUp);
        }
    }
}

impl Drop for Supervisor {
    /// Groups that are not at rest yet are left to be stopped without it.
    fn drop(&mut self) {
        if self.parts.ended.is_some() {
            self.parts
                .abandoned
                .0
                .replace(std::mem::take(&mut self.roster));
        }
    }
}

/// The groups of a Supervisor that was given up before everything had stopped. Clones are the same.
#[derive(Clone, Default)]
pub struct Abandoned(Rc<RefCell<Roster>>);

impl Abandoned {
    /// Stop every process, in the order of an ordinary shutdown; returns when all have stopped, or
    /// when one takes longer than its `stopwaitsecs` and [`GRACE`], which is logged.
    pub async fn stop(&self, board: &Board, logger: &Logger) {
        let roster = self.0.take();
        board.set_state(SupervisorState::Shutdown);
        roster.tell_all(&Command::Closing);
        let processes = roster
            .groups
            .iter()
            .flat_map(|group| &group.config.processes);
        let waits = processes.map(|process| process.policy.stopwaitsecs);
        let wait = waits.max().and_then(|wait| u64::try_from(wait).ok());
        let patience = GRACE.saturating_add(Duration::from_secs(wait.unwrap_or(0)));
        let state = |name: &ProcessName| {
            let info = board.process(name);
            info.map_or(ProcessState::Stopped, |info| info.state)
        };
        let mut changed = board.feed().changed();
        let mut plan = StopPlan::new(roster.views());
        loop {
            changed.mark_unchanged();
            match plan.advance(&state) {
                Progress::Done => return,
                Progress::Stop(names) => {
                    for member in names.iter().flat_map(|name| roster.member(name)) {
                        member.addr.do_send(Command::GiveUp);
                    }
                }
                Progress::Waiting => {}
            }
            if !matches!(timeout(patience, changed.changed()).await, Ok(Ok(()))) {
                let left = roster.members().map(Member::name);
                let left = left.filter(|name| !state(name).is_at_rest());
                let left: Vec<&str> = left.map(|name| &*name.process).collect();
                slog::crit!(logger, "could not stop {}", left.join(", "));
                return;
            }
        }
    }
}

#[cfg(feature = "testing")]
impl actix::Handler<crate::messages::process::InjectPanic> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: crate::messages::process::InjectPanic, _ctx: &mut Context<Self>) {
        let Some(name) = &msg.0 else {
            panic!("a test makes the Supervisor panic");
        };
        if let Ok(member) = self.roster.member(name) {
            member.addr.do_send(msg);
        }
    }
}
