//! What peers publish (spec cluster 8.2, 8.3).

use alloc::format;
use alloc::sync::Arc;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::Moment;
use visord_model::pyrepr::repr;
use visord_model::state::ProcessState;

use super::Cluster;
use crate::effect::{Effect, Shown};
use crate::identity::{Candidate, InstanceId};
use crate::message::{Origin, ProcessEvent, Publication, StateModes, Tick};
use crate::plan;
use crate::state::{ClusterState, InstanceState};

impl Cluster {
    /// The instance that an origin names, if it may publish.
    pub fn accepts(&self, origin: &Origin) -> Option<InstanceId> {
        let id = self.view.mapper.sender(origin)?;
        let isolated = self.view.instance(id).state() == InstanceState::Isolated;
        (!isolated).then_some(id)
    }

    pub(super) fn heard(&mut self, origin: &Origin, publication: Publication, now: Moment) {
        let local = self.view.local();
        let Some(from) = self.accepts(origin).filter(|id| *id != local) else {
            let text = format!(
                "event from unknown Supvisors=[{}, {}, [{}, {}]]",
                repr(&origin.identifier),
                repr(&origin.nick),
                repr(&origin.address),
                origin.port
            );
            return self.log(LogLine::new(Level::Error, text));
        };
        match publication {
            Publication::Tick(tick) => self.peer_tick(from, tick, now),
            Publication::Process(event) => self.process_event(from, &event, now),
            Publication::Added(process) => {
                let process = Arc::unwrap_or_clone(process);
                let changes =
                    self.view
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
            // the statistics have nothing to do with the rules; see `accepts`
            Publication::HostStatistics(_) | Publication::ProcessStatistics(_) => {}
        }
    }

    fn peer_tick(&mut self, from: InstanceId, tick: Tick, now: Moment) {
        let local = self.view.instance(self.view.local());
        if local.state() != InstanceState::Running {
            return;
        }
        let counter = local.remote_counter();
        let changes = self.view.on_tick(from, tick, counter, now);
        self.apply(changes);
        if self.view.instance(from).state() == InstanceState::Stopped {
            self.set_state(from, InstanceState::Checking, now);
            self.out.push(Effect::Handshake(from));
        }
    }

    /// The Master's state is followed at once; as Master, DISTRIBUTION ends when the last member
    /// has published it.
    fn peer_modes(&mut self, from: InstanceId, modes: Arc<StateModes>, now: Moment) {
        let changes = self.view.on_modes(from, modes);
        self.apply(changes);
        self.out.push(Effect::Show(Shown::Cluster(from)));
        let master = self.machine.master();
        let distributes = self.machine.state() == ClusterState::Distribution;
        if master == Some(from) || (distributes && master == Some(self.view.local())) {
            self.evaluate(now);
        }
    }

    /// An event of a process on an instance, a forced one included.
    pub(super) fn process_event(&mut self, from: InstanceId, event: &ProcessEvent, now: Moment) {
        let changes = self.view.on_process(from, event, now);
        let applied = changes.applied();
        self.apply(changes);
        if !applied {
            return;
        }
        let local = self.view.local();
        let process = self.view.process(&event.name);
        let here = process.is_some_and(|it| it.records().contains_key(&local));
        if event.forced.is_none() && from != local && here {
            let (name, args) = (event.name.clone(), event.extra_args.clone());
            self.out.push(Effect::ExtraArgs(name, args));
        }
        let crashed = process.is_some_and(|it| match it.state() {
            ProcessState::Fatal => true,
            ProcessState::Exited => !it.expected_exit(),
            ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Backoff
            | ProcessState::Stopping
            | ProcessState::Unknown => false,
        });
        self.plan(
            plan::Input::Event {
                process: event.name.clone(),
                on: from,
                state: event.state,
                expected: event.expected,
            },
            now,
        );
        if crashed && event.forced.is_none() && self.machine.master() == Some(local) {
            self.plan(plan::Input::Crashed(event.name.clone()), now);
        }
    }

    /// The transport to a peer failed.
    pub(super) fn unreachable(&mut self, peer: InstanceId, now: Moment) {
        let state = self.view.instance(peer).state();
        let failed = state == InstanceState::Failed;
        if peer != self.view.local() && state.is_active() && !failed {
            self.set_state(peer, InstanceState::Failed, now);
        }
    }

    /// An instance announced itself by multicast.
    pub(super) fn discovered(&mut self, candidate: Candidate) {
        let changes = self.view.discover(candidate);
        self.apply(changes);
    }
}
