//! The state of the cluster as one instance sees it (spec cluster 3.2 to 3.7).
//!
//! [`Machine::step`] evaluates the present state once. It makes at most one transition; if it made
//! one, the caller performs the effects and evaluates again at once, with fresh [`Facts`].

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::Mono;

use crate::identity::InstanceId;
use crate::input::Closing;
use crate::options::Options;
use crate::state::ClusterState;
use crate::strategy::SyncOption;

mod election;
pub mod facts;
mod phase;
mod sync;
mod transition;

use facts::Facts;
use phase::Phase;
use transition::{allowed, toward};

/// How long a Master that has started everything waits until every member has published
/// DISTRIBUTION. A member evaluates its state at each TICK, so four of them are plenty.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// OFF longer than this is an alarm.
const OFF_LIMIT: Duration = Duration::from_secs(10);

/// What a machine can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Evaluate the present state.
    Evaluate,
    /// End the cluster; only for the Master.
    Close(Closing),
    /// End the synchronization with this Master; `None`: elect one (spec cluster 7.3).
    EndSync(Option<InstanceId>),
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Drop all jobs.
    Abort,
    /// Start all applications that should run.
    StartAll,
    /// Stop all applications.
    StopAll,
    /// Apply the configured strategy to all conflicts.
    Conciliate,
    /// Tell the plan of the lost instances; the flag says whether their processes have to be
    /// started elsewhere by this instance.
    Lost(bool),
    /// The local supervisord ends.
    Close(Closing),
    /// A line of the activity log.
    Log(LogLine),
}

/// What one evaluation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// To be performed in order, after the changed state is published.
    pub effects: Vec<Effect>,
    /// Evaluate again, without the lost instances.
    pub again: bool,
}

/// State, Master and degradation of one instance.
#[derive(Clone, Debug)]
pub struct Machine {
    phase: Phase,
    /// When OFF was entered: the synchronization time-out counts from here.
    off_since: Mono,
    master: Option<InstanceId>,
    degraded: bool,
    /// Conditions whose failure is in the log.
    alerts: BTreeSet<SyncOption>,
}

impl Machine {
    /// A machine in OFF since this moment.
    pub const fn new(now: Mono) -> Self {
        Self {
            phase: Phase::Off,
            off_since: now,
            master: None,
            degraded: false,
            alerts: BTreeSet::new(),
        }
    }

    /// The present state.
    pub const fn state(&self) -> ClusterState {
        self.phase.state()
    }

    /// The Master, if there is one.
    pub const fn master(&self) -> Option<InstanceId> {
        self.master
    }

    /// A selected synchronization condition is not met.
    pub const fn degraded(&self) -> bool {
        self.degraded
    }

    /// Whether CHECKED instances become RUNNING now: not while applications are distributed over
    /// those that were there before.
    pub const fn activates(&self) -> bool {
        !matches!(self.phase, Phase::Distribution { .. } | Phase::Final)
    }

    /// This instance is not RUNNING any more, so it is not the Master. Returns whether it was.
    pub fn not_running(&mut self, id: InstanceId) -> bool {
        let was_master = self.master == Some(id);
        if was_master {
            self.master = None;
        }
        was_master
    }

    /// Takes one input; see the module.
    pub fn step(&mut self, input: Input, facts: &Facts<'_>, options: &Options, now: Mono) -> Turn {
        let mut turn = Turn::default();
        let target = match input {
            Input::Evaluate => self.evaluate(facts, options, now, &mut turn),
            Input::Close(Closing::Restart) => Some(ClusterState::Restarting),
            Input::Close(Closing::Shutdown) => Some(ClusterState::ShuttingDown),
            Input::EndSync(master) => {
                self.master = master.or_else(|| election::select(facts, self.master));
                turn.again = true;
                None
            }
        };
        if let Some(target) = target {
            turn.again |= self.transit(target, facts, now, &mut turn.effects);
        }
        turn
    }

    fn is_master(&self, facts: &Facts<'_>) -> bool {
        self.master == Some(facts.local)
    }

    /// The state that should follow, or the present one.
    fn evaluate(
        &mut self,
        facts: &Facts<'_>,
        options: &Options,
        now: Mono,
        turn: &mut Turn,
    ) -> Option<ClusterState> {
        match self.phase {
            Phase::Off => self.off(facts, now, turn),
            Phase::Final => None,
            Phase::Synchronization
            | Phase::Election
            | Phase::Distribution { .. }
            | Phase::Operation
            | Phase::Conciliation
            | Phase::Closing(_) => self.on(facts, options, now, turn),
        }
    }

    fn off(&self, facts: &Facts<'_>, now: Mono, turn: &mut Turn) -> Option<ClusterState> {
        if facts.is_running(facts.local) {
            return Some(ClusterState::Synchronization);
        }
        let elapsed = now.0.saturating_sub(self.off_since.0);
        if elapsed >= OFF_LIMIT {
            let text = format!(
                "local Supvisors={} still not RUNNING after {} seconds",
                facts.identifier(facts.local),
                elapsed.as_secs()
            );
            turn.log(Level::Critical, text);
        }
        None
    }

    /// Every state in which the local instance must be RUNNING.
    fn on(
        &mut self,
        facts: &Facts<'_>,
        options: &Options,
        now: Mono,
        turn: &mut Turn,
    ) -> Option<ClusterState> {
        let working = matches!(self.phase, Phase::Operation | Phase::Conciliation);
        if working && facts.joined {
            return Some(ClusterState::Election);
        }
        let closing = matches!(self.phase, Phase::Closing(_));
        if !facts.is_running(facts.local) {
            let text = "the local Supvisors instance is not RUNNING";
            turn.log(Level::Critical, text);
            let (off, end) = (ClusterState::Off, ClusterState::Final);
            return Some(if closing { end } else { off });
        }
        if self.phase == Phase::Synchronization {
            return self.synchronize(facts, options, now, turn);
        }
        // an instance that is missing does not hurry a cluster that ends
        let failure = self.failure(facts, options, turn);
        if let Some(state) = failure.filter(|_| !closing) {
            return Some(state);
        }
        if self.phase == Phase::Election {
            return self.elect(facts, turn);
        }
        if !election::agreed(facts, self.master) {
            turn.log(Level::Warn, "the instances do not agree on a Master");
            let (election, end) = (ClusterState::Election, ClusterState::Final);
            return Some(if closing { end } else { election });
        }
        if facts.lost {
            let here = matches!(self.phase, Phase::Distribution { .. } | Phase::Operation);
            turn.effects
                .push(Effect::Lost(here && self.is_master(facts)));
            turn.again = true;
            return None;
        }
        if self.is_master(facts) {
            self.lead(facts, now, turn)
        } else {
            self.follow(facts, turn)
        }
    }

    fn elect(&mut self, facts: &Facts<'_>, turn: &mut Turn) -> Option<ClusterState> {
        if !facts.stable() {
            turn.log(
                Level::Info,
                "waiting for the instances to agree on who runs",
            );
            return None;
        }
        if !election::agreed(facts, self.master) {
            self.master = election::select(facts, self.master);
        }
        if !election::agreed(facts, self.master) {
            return None;
        }
        if self.is_master(facts) {
            return Some(ClusterState::Distribution);
        }
        toward(ClusterState::Election, self.master_state(facts)?)
    }

    /// What a Master does in the states past ELECTION.
    fn lead(&mut self, facts: &Facts<'_>, now: Mono, turn: &mut Turn) -> Option<ClusterState> {
        let busy = facts.starting || facts.stopping;
        match self.phase {
            Phase::Distribution { waiting } => self.distribute(waiting, facts, now, turn),
            Phase::Operation => (!busy && facts.conflicts).then_some(ClusterState::Conciliation),
            Phase::Conciliation if busy => None,
            Phase::Conciliation if !facts.conflicts => Some(ClusterState::Operation),
            Phase::Conciliation => {
                turn.effects.push(Effect::Conciliate);
                None
            }
            Phase::Closing(_) => (!facts.stopping).then_some(ClusterState::Final),
            Phase::Off | Phase::Synchronization | Phase::Election | Phase::Final => None,
        }
    }

    /// OPERATION follows when everything is started and every member has published DISTRIBUTION:
    /// an original one in ELECTION goes on only if it sees that state of its Master.
    fn distribute(
        &mut self,
        waiting: Option<Mono>,
        facts: &Facts<'_>,
        now: Mono,
        turn: &mut Turn,
    ) -> Option<ClusterState> {
        if facts.starting {
            self.phase = Phase::Distribution { waiting: None };
            return None;
        }
        let late = facts.not_in(ClusterState::Distribution);
        if late.is_empty() {
            return Some(ClusterState::Operation);
        }
        let since = waiting.unwrap_or(now);
        self.phase = Phase::Distribution {
            waiting: Some(since),
        };
        if now < since + PATIENCE {
            return None;
        }
        let text = format!("no DISTRIBUTION from Supvisors={}", late.join(","));
        turn.log(Level::Warn, text);
        Some(ClusterState::Operation)
    }

    /// What the others do there: the same as the Master.
    fn follow(&self, facts: &Facts<'_>, turn: &mut Turn) -> Option<ClusterState> {
        let (state, master) = (self.state(), self.master_state(facts));
        if !matches!(self.phase, Phase::Closing(_)) {
            return toward(state, master?);
        }
        match master {
            Some(master) if master == state => return None,
            Some(ClusterState::Final) => {}
            Some(master) => {
                let text = format!("unexpected transition of the Master to {master}");
                turn.log(Level::Error, text);
            }
            None => turn.log(Level::Warn, "Master lost"),
        }
        Some(ClusterState::Final)
    }

    /// What the Master published last.
    fn master_state(&self, facts: &Facts<'_>) -> Option<ClusterState> {
        facts.members[self.master?.0 as usize]
            .modes
            .map(|modes| modes.state)
    }

    fn transit(
        &mut self,
        target: ClusterState,
        facts: &Facts<'_>,
        now: Mono,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let from = self.state();
        if target == from {
            return false;
        }
        let mut log = |level, text: String| effects.push(Effect::Log(LogLine::new(level, text)));
        if !allowed(from, target) {
            let text = format!("unexpected transition from {from} to {target}");
            log(Level::Critical, text);
            return false;
        }
        log(Level::Warn, format!("Supvisors state is {target}"));
        if let Phase::Closing(closing) = self.phase {
            effects.push(Effect::Close(closing));
        }
        self.phase = Phase::of(target);
        let master = self.is_master(facts);
        match self.phase {
            Phase::Off => self.off_since = now,
            Phase::Synchronization | Phase::Election => effects.push(Effect::Abort),
            Phase::Distribution { .. } if master => effects.push(Effect::StartAll),
            Phase::Conciliation if master => effects.push(Effect::Conciliate),
            Phase::Closing(_) => {
                effects.push(Effect::Abort);
                effects.extend(master.then_some(Effect::StopAll));
            }
            Phase::Distribution { .. } | Phase::Operation | Phase::Conciliation | Phase::Final => {}
        }
        true
    }
}

impl Turn {
    fn log(&mut self, level: Level, text: impl Into<String>) {
        self.effects.push(Effect::Log(LogLine::new(level, text)));
    }
}

#[cfg(test)]
mod tests;
