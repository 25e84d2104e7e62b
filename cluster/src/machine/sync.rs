//! When the synchronization ends, and what follows if its condition fails later (spec cluster 3.3
//! and 3.5).

use visord_model::log_line::Level;
use visord_model::moment::Mono;

use super::facts::{Facts, Member};
use super::{Machine, Turn, election};
use crate::options::Options;
use crate::state::{ClusterState, InstanceState};
use crate::strategy::{ClusterFailureStrategy, SyncOption};

/// Conditions that a cluster can be degraded by, each with what its failure means.
const LASTING: [(SyncOption, &str); 3] = [
    (SyncOption::Core, "core"),
    (SyncOption::Strict, "expected"),
    (SyncOption::List, "known"),
];

/// Whether the instances that an option is about run, as all of them see it.
fn met(option: SyncOption, facts: &Facts<'_>, stable: bool) -> bool {
    let running = |it: &Member<'_>| it.state == InstanceState::Running;
    let all = match option {
        SyncOption::Strict => facts.members.iter().all(|it| !it.initial || running(it)),
        SyncOption::List => facts.members.iter().all(running),
        SyncOption::Core => {
            !facts.core.is_empty() && facts.core.iter().all(|id| facts.is_running(*id))
        }
        SyncOption::Timeout | SyncOption::User => false,
    };
    stable && all
}

impl Machine {
    /// SYNCHRONIZATION: ELECTION follows as soon as one condition is met.
    pub(super) fn synchronize(
        &mut self,
        facts: &Facts<'_>,
        options: &Options,
        now: Mono,
        turn: &mut Turn,
    ) -> Option<ClusterState> {
        let selected = |option| options.synchro_options.contains(&option);
        let lasting = self.check(facts, options, turn);
        let mut ends = lasting.contains(&Some(true));
        self.degraded = lasting.contains(&Some(false));
        if selected(SyncOption::Timeout) {
            ends |= now >= self.off_since + options.synchro_timeout;
        }
        if selected(SyncOption::User) {
            if self.master.is_none() {
                let named = election::named(facts, None);
                self.master = (!named.is_empty())
                    .then(|| election::select(facts, None))
                    .flatten();
            }
            ends |= self.master.is_some_and(|id| facts.is_running(id));
        }
        ends.then_some(ClusterState::Election)
    }

    /// The state that the failure strategy wants, if the condition of the synchronization fails.
    pub(super) fn failure(
        &mut self,
        facts: &Facts<'_>,
        options: &Options,
        turn: &mut Turn,
    ) -> Option<ClusterState> {
        let lasting = self.check(facts, options, turn);
        self.degraded = lasting.contains(&Some(false));
        let user = options.synchro_options.contains(&SyncOption::User);
        let failed = if user {
            facts.lost
        } else {
            lasting.into_iter().flatten().next() == Some(false)
        };
        match options.failure_strategy {
            ClusterFailureStrategy::Resync if failed => Some(ClusterState::Synchronization),
            ClusterFailureStrategy::Shutdown if failed => Some(ClusterState::ShuttingDown),
            ClusterFailureStrategy::Resync
            | ClusterFailureStrategy::Shutdown
            | ClusterFailureStrategy::Continue => None,
        }
    }

    /// Whether each selected condition of [`LASTING`] is met; changes are logged.
    fn check(
        &mut self,
        facts: &Facts<'_>,
        options: &Options,
        turn: &mut Turn,
    ) -> [Option<bool>; 3] {
        let stable = facts.stable();
        LASTING.map(|(option, which)| {
            if !options.synchro_options.contains(&option) {
                return None;
            }
            let met = met(option, facts, stable);
            if met && self.alerts.remove(&option) {
                let text = alloc::format!("all {which} Supvisors instances are RUNNING");
                turn.log(Level::Warn, text);
            } else if !met && self.alerts.insert(option) {
                let text = alloc::format!("at least one {which} Supvisors instance is not RUNNING");
                turn.log(Level::Warn, text);
            }
            Some(met)
        })
    }
}
