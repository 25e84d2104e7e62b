//! Identifiers, nicks and stereotypes, and the instances that they name (spec cluster 1.3).

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::identity::{Identity, InstanceId};

/// The instances in the order in which they became known; none is ever removed.
#[derive(Clone, Debug)]
pub struct Mapper {
    identities: Vec<Identity>,
    /// How many of them are of the initial list.
    initial: usize,
    local: InstanceId,
}

impl Mapper {
    /// The initial list, and the local instance in it.
    ///
    /// # Panics
    ///
    /// If `local` is not an index of the list.
    pub fn new(identities: Vec<Identity>, local: InstanceId) -> Self {
        assert!((local.0 as usize) < identities.len(), "local is not listed");
        Self {
            initial: identities.len(),
            identities,
            local,
        }
    }

    /// The local instance.
    pub const fn local(&self) -> InstanceId {
        self.local
    }

    /// All instances.
    pub fn ids(&self) -> impl Iterator<Item = InstanceId> + use<> {
        (0..u32::try_from(self.identities.len()).unwrap_or(u32::MAX)).map(InstanceId)
    }

    /// Those of the initial list.
    pub fn initial(&self) -> impl Iterator<Item = InstanceId> + use<> {
        (0..u32::try_from(self.initial).unwrap_or(u32::MAX)).map(InstanceId)
    }

    /// Who it is.
    pub fn identity(&self, id: InstanceId) -> &Identity {
        &self.identities[id.0 as usize]
    }

    /// Its identifier.
    pub fn identifier(&self, id: InstanceId) -> &Arc<str> {
        &self.identity(id).identifier
    }
}
