//! What happens on the local instance.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::{Moment, Mono};

use super::Cluster;
use super::publish::{monotonic, wall};
use crate::effect::Effect;
use crate::machine::Machine;
use crate::message::{LocalProcess, ProcessEvent, Publication, Tick};
use crate::state::InstanceState;

/// A handshake is answered within seconds, whatever happens to the peer.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

impl Cluster {
    /// The local supervisord is RUNNING: the local instance joins at once, and its first TICK is
    /// due.
    pub(super) fn begin(&mut self, processes: Vec<LocalProcess>, now: Moment) {
        let local = self.view.local();
        self.machine = Machine::new(now.mono);
        self.set_state(local, InstanceState::Checking, now);
        let changes = self
            .view
            .load_processes(local, processes, &self.rules, &self.options, now);
        self.apply(changes);
        self.set_state(local, InstanceState::Checked, now);
        self.set_state(local, InstanceState::Running, now);
        self.evaluate(now);
        self.tick(now);
    }

    /// 5 s have passed: who is silent, what to do, and a sign of life, in this order.
    pub(super) fn tick(&mut self, now: Moment) {
        let local = self.view.local();
        let tick = Tick {
            when: wall(now),
            when_monotonic: monotonic(now),
            sequence_counter: self.counter,
        };
        self.counter += 1;
        let changes = self.view.on_tick(local, tick, tick.sequence_counter, now);
        self.apply(changes);
        let changes = self.view.check_timers(tick.sequence_counter, &self.options);
        self.instances_changed(changes, now);
        self.check_handshakes(now);
        self.publish_deferred(now);
        self.evaluate(now);
        let peers = self.peers(|state| state != InstanceState::Isolated);
        let (number, count) = (tick.sequence_counter, peers.len());
        let text = alloc::format!("TICK {number}, sent to {count} instances");
        self.log(LogLine::new(Level::Debug, text));
        if !peers.is_empty() {
            self.out
                .push(Effect::Publish(peers, Publication::Tick(tick)));
        }
    }

    /// A handshake without an end blocks the whole cluster.
    fn check_handshakes(&mut self, now: Moment) {
        let limit = Mono(now.mono.0.saturating_sub(HANDSHAKE_LIMIT));
        let all = self.view.instances();
        let late = all.filter(|(_, it)| it.is_checking(limit));
        for id in late.map(|(id, _)| id).collect::<Vec<_>>() {
            let who = self.view.mapper.identity(id);
            let text = alloc::format!("no end of the handshake with Supvisors={who}");
            self.log(LogLine::new(Level::Warn, text));
            self.set_state(id, InstanceState::Failed, now);
        }
    }

    pub(super) fn local_event(&mut self, event: ProcessEvent, now: Moment) {
        self.audience.note(&event, now.mono);
        self.publish(Publication::Process(event.clone()));
        self.process_event(self.view.local(), &event, now);
    }

    pub(super) fn local_added(&mut self, process: LocalProcess, now: Moment) {
        let local = self.view.local();
        self.publish(Publication::Added(Arc::new(process.clone())));
        let changes = self
            .view
            .on_added(local, process, &self.rules, &self.options, now);
        self.apply(changes);
    }

    pub(super) fn local_removed(
        &mut self,
        group: Arc<str>,
        process: Option<Arc<str>>,
        now: Moment,
    ) {
        let local = self.view.local();
        let changes = self.view.on_removed(local, &group, process.as_deref(), now);
        self.audience.forget(&group, process.as_deref());
        self.publish(Publication::Removed { group, process });
        self.apply(changes);
    }

    pub(super) fn local_disability(&mut self, process: LocalProcess, now: Moment) {
        let changes = self.view.on_disability(self.view.local(), &process, now);
        self.publish(Publication::Disability(Arc::new(process)));
        self.apply(changes);
    }
}
