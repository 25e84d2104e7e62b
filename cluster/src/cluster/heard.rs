//! What peers publish (spec cluster 8.2, 8.3).

use alloc::sync::Arc;
use alloc::vec;

use visord_model::moment::Moment;

use super::Cluster;
use crate::effect::Effect;
use crate::identity::{Candidate, InstanceId};
use crate::message::{Origin, ProcessEvent, Publication, StateModes, Tick};
use crate::plan;
use crate::state::{ClusterState, InstanceState};
use crate::view::process::Process;

impl Cluster {
    pub(super) fn heard(&mut self, origin: &Origin, publication: Publication, now: Moment) {
        let from = match self.view.accept(origin) {
            Ok(from) => from,
            Err(line) => return self.log(line),
        };
        if from == self.view.local() {
            return;
        }
        match publication {
            Publication::Tick(tick) => self.peer_tick(from, tick, now),
            Publication::Process(event) => self.process_event(from, &event, now),
            Publication::Added(process) => {
                let process = Arc::unwrap_or_clone(process);
                let changes = self
                    .view
                    .on_added(from, process, &self.rules, &self.options, now);
                self.apply(changes);
            }
            Publication::Removed { group, process } => {
                let changes = self.view.on_removed(from, &group, process.as_deref(), now);
                self.apply(changes);
            }
            Publication::Disability(process) => {
                let changes = self.view.on_disability(from, &process, now);
                self.apply(changes);
            }
            Publication::State(modes) => self.peer_modes(from, modes, now),
            // the statistics have nothing to do with the rules; see `View::accept`
            Publication::HostStatistics(_) | Publication::ProcessStatistics(_) => {}
        }
    }

    fn peer_tick(&mut self, from: InstanceId, tick: Tick, now: Moment) {
        let counter = self.view.instance(self.view.local()).remote_counter();
        let restarted = tick.sequence_counter < self.view.instance(from).remote_counter();
        let changes = self.view.on_tick(from, tick, counter, now);
        if changes.handshake {
            for event in self.audience.joined(from) {
                let missed = Publication::Process(event);
                self.out.push(Effect::Publish(vec![from], missed));
            }
            self.out.push(Effect::Handshake(from));
        }
        let gone = restarted && changes.applied && !changes.handshake;
        self.instances_changed(changes, now);
        if gone && self.view.instance(from).state().is_active() {
            // the original waits for its own TICK, and forgets it if another one of the peer comes
            // first
            self.set_state(from, InstanceState::Failed, now);
        }
    }

    /// The Master's state is followed at once; as Master, DISTRIBUTION ends when the last member
    /// has published it.
    fn peer_modes(&mut self, from: InstanceId, modes: Arc<StateModes>, now: Moment) {
        let changes = self.view.on_modes(from, modes);
        self.apply(changes);
        let master = self.machine.master();
        let distributes = self.machine.state() == ClusterState::Distribution;
        if master == Some(from) || (distributes && master == Some(self.view.local())) {
            self.evaluate(now);
        }
    }

    /// An event of a process on an instance, a forced one included.
    pub(super) fn process_event(&mut self, from: InstanceId, event: &ProcessEvent, now: Moment) {
        if self.is_old(from, event) {
            return;
        }
        let changes = self.view.on_process(from, event, now);
        let applied = changes.applied;
        self.apply(changes);
        if !applied {
            return;
        }
        let process = self.view.process(&event.name);
        let crashed = process.is_some_and(Process::is_crashed);
        self.plan(
            plan::Input::Event {
                process: event.name.clone(),
                on: from,
                state: event.state,
                expected: event.expected,
            },
            now,
        );
        if crashed && event.forced.is_none() && self.machine.master() == Some(self.view.local()) {
            self.plan(plan::Input::Crashed(event.name.clone()), now);
        }
    }

    /// Whether an event comes for the second time, or after a later one.
    fn is_old(&self, from: InstanceId, event: &ProcessEvent) -> bool {
        let process = self.view.process(&event.name);
        let record = process.and_then(|it| it.records().get(&from));
        let known = record.filter(|_| event.forced.is_none());
        known.is_some_and(|it| {
            let same = event.now_monotonic == it.event_time && event.state == it.info.state;
            event.now_monotonic < it.event_time || same
        })
    }

    /// The transport to a peer failed.
    pub(super) fn unreachable(&mut self, peer: InstanceId, now: Moment) {
        let state = self.view.instance(peer).state();
        let failed = state == InstanceState::Failed;
        if peer != self.view.local() && state.is_active() && !failed {
            self.set_state(peer, InstanceState::Failed, now);
        }
        if state == InstanceState::Stopped && self.audience.listens(peer) {
            self.audience.lost(peer, now.mono);
        }
    }

    /// An instance announced itself by multicast.
    pub(super) fn discovered(&mut self, candidate: &Candidate, now: Moment) {
        let changes = self.view.discover(candidate);
        self.instances_changed(changes, now);
    }
}
