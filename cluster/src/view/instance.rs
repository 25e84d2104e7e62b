//! One instance as the local one sees it (spec cluster 3.1).

use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use visord_model::moment::{Moment, Mono};

use super::Key;
use crate::message::{StateModes, Tick};
use crate::state::InstanceState;

/// Seconds between two TICKs.
const TICK: f64 = 5.0;

/// What is known of an instance.
#[derive(Clone, Debug)]
pub struct Instance {
    state: InstanceState,
    /// When the handshake in progress began; `None` unless CHECKING.
    checking_since: Option<Mono>,
    /// When a change was last ignored because the handshake is in progress.
    missed: Option<Mono>,
    /// Its last TICK.
    last_tick: Option<Tick>,
    /// The number of the last local TICK when its last TICK came; 0 if it restarted unnoticed.
    local_counter: u64,
    /// When its last TICK came, by the local clocks: Unix seconds, monotonic seconds.
    local_times: (i64, f64),
    /// About when it started, monotonic seconds of the local clock.
    started: Option<f64>,
    /// How it sees the cluster, as last published.
    pub(super) modes: Option<Arc<StateModes>>,
    /// The processes that it declares.
    pub(super) processes: BTreeSet<Key>,
    /// Those that run there; STOPPING counts.
    pub(super) running: BTreeSet<Key>,
    /// Sum of the expected loads of the processes that run there.
    pub(super) load: u32,
    /// How many of its records are FATAL or EXITED unexpectedly.
    pub(super) crashed: usize,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            state: InstanceState::Stopped,
            checking_since: None,
            missed: None,
            last_tick: None,
            local_counter: 0,
            local_times: (0, 0.0),
            started: None,
            modes: None,
            processes: BTreeSet::new(),
            running: BTreeSet::new(),
            load: 0,
            crashed: 0,
        }
    }
}

impl Instance {
    /// Its state.
    pub const fn state(&self) -> InstanceState {
        self.state
    }

    /// The number of its last TICK, 0 before the first.
    pub fn remote_counter(&self) -> u64 {
        self.last_tick.map_or(0, |tick| tick.sequence_counter)
    }

    /// Its last TICK; its clocks are those of the sender.
    pub const fn last_tick(&self) -> Option<Tick> {
        self.last_tick
    }

    /// The number of the last local TICK when its last TICK came; 0 if it restarted unnoticed.
    pub const fn local_counter(&self) -> u64 {
        self.local_counter
    }

    /// When its last TICK came, seconds since 1970 by the local clock; 0 before the first.
    pub const fn local_time(&self) -> i64 {
        self.local_times.0
    }

    /// When its last TICK came, monotonic seconds of the local clock; 0 before the first.
    pub const fn local_mtime(&self) -> f64 {
        self.local_times.1
    }

    /// About when it started, monotonic seconds of the local clock; `None` before its first TICK.
    pub const fn started(&self) -> Option<f64> {
        self.started
    }

    /// How it sees the cluster, as last published; forgotten when it is lost.
    pub const fn modes(&self) -> Option<&Arc<StateModes>> {
        self.modes.as_ref()
    }

    /// Percent of a node that its processes are expected to use.
    pub const fn load(&self) -> u32 {
        self.load
    }

    /// It is RUNNING, and a process there is FATAL or has exited unexpectedly.
    pub fn process_failure(&self) -> bool {
        self.state == InstanceState::Running && self.crashed > 0
    }

    /// Its handshake that began at this time is the current one.
    pub fn is_checking(&self, began: Mono) -> bool {
        self.checking_since.is_some_and(|since| since <= began)
    }

    /// It published a change that was ignored after this time: what a handshake read then must not
    /// be loaded.
    pub fn missed_since(&self, read: Mono) -> bool {
        self.missed.is_some_and(|missed| read <= missed)
    }

    /// Changes of its processes are accepted: CHECKED or RUNNING.
    pub const fn is_heard(&self) -> bool {
        matches!(self.state, InstanceState::Checked | InstanceState::Running)
    }

    /// A change came during the handshake: what the handshake read may be older.
    pub(super) fn note_missed(&mut self, now: Mono) {
        self.missed = Some(now);
    }

    /// Whether it has sent no TICK for more than `most` local ones.
    pub(super) fn is_silent(&self, local_counter: u64, most: u32) -> bool {
        self.state.is_active() && local_counter.saturating_sub(self.local_counter) > u64::from(most)
    }

    /// Moves to a state if spec cluster 3.1 allows it; says whether it does.
    pub(super) fn enter(&mut self, state: InstanceState, now: Mono) -> bool {
        if !may_follow(self.state, state) {
            return false;
        }
        self.state = state;
        self.missed = None;
        self.checking_since = (state == InstanceState::Checking).then_some(now);
        if matches!(state, InstanceState::Stopped | InstanceState::Isolated) {
            self.modes = None;
        }
        true
    }

    /// A TICK of another instance came; says whether it restarted unnoticed.
    pub(super) fn on_remote_tick(&mut self, tick: Tick, local_counter: u64, now: Moment) -> bool {
        let restarted = tick.sequence_counter < self.remote_counter();
        if restarted {
            self.started = None;
        }
        // The next check declares it FAILED. One that is STOPPED is about to be checked anyway:
        // the original lets it join, fail and join again (spec cluster 15, row 5).
        let failed = restarted && self.state != InstanceState::Stopped;
        let counter = if failed { 0 } else { local_counter };
        self.store_tick(tick, counter, (now.unix, now.mono.0.as_secs_f64()));
        restarted
    }

    /// The local TICK.
    pub(super) fn on_local_tick(&mut self, tick: Tick) {
        let unix = tick.when as i64;
        self.store_tick(tick, tick.sequence_counter, (unix, tick.when_monotonic));
    }

    fn store_tick(&mut self, tick: Tick, local_counter: u64, local_times: (i64, f64)) {
        self.last_tick = Some(tick);
        self.local_counter = local_counter;
        self.local_times = local_times;
        let age = TICK * tick.sequence_counter as f64;
        self.started.get_or_insert(local_times.1 - age);
    }
}

/// The transitions of spec cluster 3.1.
fn may_follow(from: InstanceState, to: InstanceState) -> bool {
    use InstanceState as S;
    match from {
        S::Stopped => to == S::Checking,
        S::Checking => matches!(to, S::Stopped | S::Checked | S::Failed | S::Isolated),
        S::Checked => matches!(to, S::Running | S::Failed),
        S::Running => to == S::Failed,
        S::Failed => matches!(to, S::Stopped | S::Isolated),
        S::Isolated => false,
    }
}
