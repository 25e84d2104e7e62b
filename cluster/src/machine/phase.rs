//! The states of the machine, with their data.

use visord_model::moment::Mono;

use crate::input::Closing;
use crate::state::ClusterState;

/// The state, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Off,
    Synchronization,
    Election,
    Distribution {
        /// Since when a Master has nothing left to start and waits for members only.
        waiting: Option<Mono>,
    },
    Operation,
    Conciliation,
    Closing(Closing),
    Final,
}

impl Phase {
    /// As published.
    pub(super) const fn state(self) -> ClusterState {
        match self {
            Self::Off => ClusterState::Off,
            Self::Synchronization => ClusterState::Synchronization,
            Self::Election => ClusterState::Election,
            Self::Distribution { .. } => ClusterState::Distribution,
            Self::Operation => ClusterState::Operation,
            Self::Conciliation => ClusterState::Conciliation,
            Self::Closing(Closing::Restart) => ClusterState::Restarting,
            Self::Closing(Closing::Shutdown) => ClusterState::ShuttingDown,
            Self::Final => ClusterState::Final,
        }
    }

    /// A state that was just entered.
    pub(super) const fn of(state: ClusterState) -> Self {
        match state {
            ClusterState::Off => Self::Off,
            ClusterState::Synchronization => Self::Synchronization,
            ClusterState::Election => Self::Election,
            ClusterState::Distribution => Self::Distribution { waiting: None },
            ClusterState::Operation => Self::Operation,
            ClusterState::Conciliation => Self::Conciliation,
            ClusterState::Restarting => Self::Closing(Closing::Restart),
            ClusterState::ShuttingDown => Self::Closing(Closing::Shutdown),
            ClusterState::Final => Self::Final,
        }
    }
}
