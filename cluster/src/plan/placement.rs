//! On which instance something is started (spec cluster 5.3).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::identity::InstanceId;
use crate::state::InstanceState;
use crate::strategy::StartingStrategy;
use crate::view::{Node, View};

/// Load that instances were asked to take, and that the view does not count yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending(BTreeMap<InstanceId, u32>);

impl Pending {
    /// This instance was chosen for something with this load, percent.
    pub(super) fn add(&mut self, on: InstanceId, load: u32) {
        *self.0.entry(on).or_default() += load;
    }

    fn of(&self, on: InstanceId) -> u32 {
        self.0.get(&on).copied().unwrap_or(0)
    }
}

/// An instance that could take it, and what it has now, percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) on: InstanceId,
    pub(super) instance_load: u32,
    pub(super) node_load: u32,
}

/// The instance for something with this load, if one of these candidates can take it. Their order
/// is the order of preference.
pub(super) fn place(
    view: &View,
    strategy: StartingStrategy,
    candidates: &[InstanceId],
    load: u32,
    pending: &Pending,
) -> Option<InstanceId> {
    let instance_load = |on| view.load(on) + pending.of(on);
    let mut nodes: BTreeMap<Node, u32> = BTreeMap::new();
    for (id, _) in view.instances() {
        *nodes.entry(view.node(id)).or_default() += instance_load(id);
    }
    let offers: Vec<Offer> = candidates
        .iter()
        .filter(|&&on| view.instance(on).state() == InstanceState::Running)
        .map(|&on| Offer {
            on,
            instance_load: instance_load(on),
            node_load: nodes.get(&view.node(on)).copied().unwrap_or(0),
        })
        .filter(|offer| offer.node_load.saturating_add(load) <= 100)
        .collect();
    choose(strategy, view.local(), &offers)
}

/// The offer that the strategy prefers. Of equal ones the first if it wants little load, the last
/// if it wants much.
pub(super) fn choose(
    strategy: StartingStrategy,
    local: InstanceId,
    offers: &[Offer],
) -> Option<InstanceId> {
    let by_instance = |offer: &&Offer| (offer.instance_load, offer.node_load);
    let by_node = |offer: &&Offer| (offer.node_load, offer.instance_load);
    let mut offers = offers.iter();
    match strategy {
        StartingStrategy::Config => offers.next(),
        StartingStrategy::LessLoaded => offers.min_by_key(by_instance),
        StartingStrategy::MostLoaded => offers.max_by_key(by_instance),
        StartingStrategy::Local => offers.find(|offer| offer.on == local),
        StartingStrategy::LessLoadedNode => offers.min_by_key(by_node),
        StartingStrategy::MostLoadedNode => offers.max_by_key(by_node),
    }
    .map(|offer| offer.on)
}
