//! The options that the rules depend on (spec cluster 1.2), as `[rpcinterface:supvisors]` has them.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::strategy::{ClusterFailureStrategy, ConciliationStrategy, StartingStrategy, SyncOption};

/// Options, checked and consistent (spec cluster 1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Exclude lost instances until they are restarted.
    pub auto_fence: bool,
    /// What ends the synchronization; not empty.
    pub synchro_options: BTreeSet<SyncOption>,
    /// Time-out of the synchronization, 0 to 1200 s.
    pub synchro_timeout: Duration,
    /// An instance that sent no TICK for more than this many of ours has failed, 2 to 720.
    pub inactivity_ticks: u32,
    /// Identifiers, nicks and stereotypes of the core instances, as written.
    pub core_identifiers: Vec<Arc<str>>,
    /// What happens to conflicts.
    pub conciliation_strategy: ConciliationStrategy,
    /// Where applications are started if a request or rule does not say.
    pub starting_strategy: StartingStrategy,
    /// What happens if the synchronization condition is no longer met.
    pub failure_strategy: ClusterFailureStrategy,
    /// Instances may be discovered by multicast.
    pub discovery: bool,
    /// Stereotypes of the local instance.
    pub stereotypes: Vec<Arc<str>>,
}

impl Default for Options {
    /// What an empty section means, without CORE, which needs core instances.
    fn default() -> Self {
        Self {
            auto_fence: false,
            synchro_options: BTreeSet::from([SyncOption::Strict, SyncOption::Timeout]),
            synchro_timeout: Duration::from_secs(15),
            inactivity_ticks: 2,
            core_identifiers: Vec::new(),
            conciliation_strategy: ConciliationStrategy::User,
            starting_strategy: StartingStrategy::Config,
            failure_strategy: ClusterFailureStrategy::Continue,
            discovery: false,
            stereotypes: Vec::new(),
        }
    }
}

/// The options that all instances must share (spec cluster 1.5); compared in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strategies {
    /// See [`Options::auto_fence`].
    pub auto_fence: bool,
    /// See [`Options::starting_strategy`].
    pub starting: StartingStrategy,
    /// See [`Options::conciliation_strategy`].
    pub conciliation: ConciliationStrategy,
    /// See [`Options::failure_strategy`].
    pub failure: ClusterFailureStrategy,
}

impl Options {
    /// The part that all instances must share.
    pub const fn strategies(&self) -> Strategies {
        Strategies {
            auto_fence: self.auto_fence,
            starting: self.starting_strategy,
            conciliation: self.conciliation_strategy,
            failure: self.failure_strategy,
        }
    }
}
