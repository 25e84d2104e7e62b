//! What the local instance says of itself (spec cluster 8.3).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::LogLine;
use visord_model::moment::Moment;

use super::Cluster;
use crate::effect::{Effect, Shown};
use crate::identity::InstanceId;
use crate::message::{Publication, StateModes};
use crate::state::{ClusterState, InstanceState};
use crate::view::Changes;

/// What the others know of the local state.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    /// Published at once when it changes.
    urgent: Urgent,
    /// The state of an instance changed: to be published at the next TICK.
    pub(super) instances: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Urgent {
    state: ClusterState,
    degraded: bool,
    master: Option<InstanceId>,
    starting: bool,
    stopping: bool,
}

impl Default for Urgent {
    fn default() -> Self {
        Self {
            state: ClusterState::Off,
            degraded: false,
            master: None,
            starting: false,
            stopping: false,
        }
    }
}

/// Seconds of the monotonic clock.
pub(super) fn monotonic(now: Moment) -> f64 {
    now.mono.0.as_secs_f64()
}

/// Whole seconds of the wall clock as the wire has them.
pub(super) fn wall(now: Moment) -> f64 {
    // exact far beyond any date
    #[allow(clippy::cast_precision_loss)]
    let seconds = now.unix as f64;
    seconds
}

impl Cluster {
    /// The state of the cluster as the local instance sees it, as published.
    pub fn modes(&self, now: Moment) -> StateModes {
        let mapper = &self.view.mapper;
        let local = mapper.identity(self.view.local());
        let states = self.view.instances();
        let instances: BTreeMap<Arc<str>, InstanceState> = states
            .map(|(id, it)| (mapper.identifier(id).clone(), it.state()))
            .collect();
        let master = self.machine.master();
        StateModes {
            identifier: local.identifier.clone(),
            nick: local.nick.clone(),
            now_monotonic: monotonic(now),
            state: self.machine.state(),
            degraded: self.machine.degraded(),
            discovery: self.options.discovery,
            master: master.map_or_else(|| Arc::from(""), |id| mapper.identifier(id).clone()),
            starting_jobs: self.plan.is_starting(),
            stopping_jobs: self.plan.is_stopping(),
            instances,
        }
    }

    fn urgent(&self) -> Urgent {
        Urgent {
            state: self.machine.state(),
            degraded: self.machine.degraded(),
            master: self.machine.master(),
            starting: self.plan.is_starting(),
            stopping: self.plan.is_stopping(),
        }
    }

    /// Publishes the local state if more than the states of instances has changed.
    pub(super) fn publish_changes(&mut self, now: Moment) {
        if self.urgent() != self.published.urgent {
            self.publish_modes(now);
        }
    }

    /// Publishes the local state, if only the states of instances have changed, too.
    pub(super) fn publish_deferred(&mut self, now: Moment) {
        if core::mem::take(&mut self.published.instances) {
            self.publish_modes(now);
        }
    }

    fn publish_modes(&mut self, now: Moment) {
        self.published.urgent = self.urgent();
        let modes = Arc::new(self.modes(now));
        self.publish(Publication::State(modes));
        self.out
            .push(Effect::Show(Shown::Cluster(self.view.local())));
    }

    /// Sends something to the peers that are ACTIVE, or that have just read the local processes.
    pub(super) fn publish(&mut self, publication: Publication) {
        let local = self.view.local();
        let all = self.view.instances().filter(|(id, _)| *id != local);
        let hear = all.filter(|(id, it)| {
            let stopped = it.state() == InstanceState::Stopped;
            it.state().is_active() || (stopped && self.audience.listens(*id))
        });
        let peers: Vec<InstanceId> = hear.map(|(id, _)| id).collect();
        if !peers.is_empty() {
            self.out.push(Effect::Publish(peers, publication));
        }
    }

    /// The peers in such a state.
    pub(super) fn peers(&self, wanted: impl Fn(InstanceState) -> bool) -> Vec<InstanceId> {
        let local = self.view.local();
        let all = self.view.instances();
        all.filter(|(id, it)| *id != local && wanted(it.state()))
            .map(|(id, _)| id)
            .collect()
    }

    /// Shows and logs what the view says has changed.
    pub(super) fn apply(&mut self, changes: Changes) {
        self.out.extend(changes.into_effects());
    }

    pub(super) fn log(&mut self, line: LogLine) {
        self.out.push(Effect::Log(line));
    }
}
