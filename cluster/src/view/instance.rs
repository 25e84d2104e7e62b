//! One instance as the local one sees it (spec cluster 3.1).

use alloc::sync::Arc;

use visord_model::moment::Mono;

use crate::message::{StateModes, Tick};
use crate::state::InstanceState;

/// What is known of an instance.
#[derive(Clone, Debug)]
pub struct Instance {
    state: InstanceState,
    /// When the handshake in progress, or the last one, began.
    checking_since: Mono,
    /// Its last TICK.
    last_tick: Option<Tick>,
    /// Local TICKs sent when its last TICK came (spec cluster 3.1).
    local_counter: u64,
    /// When its last TICK came, by the local clocks: Unix seconds, monotonic seconds.
    local_times: (i64, f64),
    /// How it sees the cluster, as last published.
    modes: Option<Arc<StateModes>>,
    /// A process event came during the handshake, after the processes were read.
    stale: bool,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            state: InstanceState::Stopped,
            checking_since: Mono::default(),
            last_tick: None,
            local_counter: 0,
            local_times: (0, 0.0),
            modes: None,
            stale: false,
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

    /// How it sees the cluster, as last published.
    pub const fn modes(&self) -> Option<&Arc<StateModes>> {
        self.modes.as_ref()
    }
}
