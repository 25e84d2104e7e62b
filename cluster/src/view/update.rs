//! Events: TICKs, states of instances and processes (spec cluster 3.1, 4.1, 4.3, 4.4).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::Moment;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::process::{Forced, Record};
use super::{Changes, Key, View};
use crate::effect::Shown;
use crate::identity::InstanceId;
use crate::message::{LocalProcess, ProcessEvent, StateModes, Tick};
use crate::options::Options;
use crate::state::InstanceState;

impl View {
    /// A TICK. `local_counter` is the number of the last local one. One of a peer is ignored until
    /// the local instance is CHECKED. The first one of a STOPPED instance makes it CHECKING.
    pub fn on_tick(
        &mut self,
        from: InstanceId,
        tick: Tick,
        local_counter: u64,
        now: Moment,
    ) -> Changes {
        self.at_moment(now);
        let mut changes = Changes::default();
        if from == self.local() {
            self.instance_mut(from).on_local_tick(tick);
        } else if !self.instance(self.local()).is_heard() {
            return changes;
        } else {
            let instance = self.instance_mut(from);
            if instance.on_remote_tick(tick, local_counter, now) {
                let text = format!(
                    "stealth restart of Supvisors={}",
                    self.mapper.identity(from)
                );
                changes.log.push(LogLine::new(Level::Warn, text));
            }
        }
        changes.applied = true;
        let keys = self.instances[from.0 as usize].processes.iter();
        for key in keys {
            let application = self.applications.get_mut(&key.application);
            if let Some(process) = application.and_then(|it| it.at_mut(key.process)) {
                process.on_tick(from, tick);
            }
        }
        if self.instance(from).state() == InstanceState::Stopped {
            changes.merge(self.enter(from, InstanceState::Checking));
            changes.handshake = true;
        } else {
            changes.shown.push(Shown::Instance(from));
        }
        changes
    }

    /// Declares FAILED each active instance that has been silent for too long.
    pub fn check_timers(&mut self, local_counter: u64, options: &Options) -> Changes {
        let most = options.inactivity_ticks;
        let silent = self
            .instances()
            .filter(|(_, it)| it.is_silent(local_counter, most));
        let silent: Vec<_> = silent.map(|(id, _)| id).collect();
        let mut changes = Changes::default();
        for id in silent {
            changes.merge(self.enter(id, InstanceState::Failed));
        }
        changes
    }

    /// Moves an instance to a state if spec cluster 3.1 allows it; a critical line otherwise.
    /// Nothing if it is in that state. The local instance is never ISOLATED.
    pub fn set_state(&mut self, id: InstanceId, state: InstanceState, now: Moment) -> Changes {
        self.at_moment(now);
        self.enter(id, state)
    }

    fn enter(&mut self, id: InstanceId, state: InstanceState) -> Changes {
        let mut changes = Changes::default();
        let now = self.now;
        let old = self.instance(id).state();
        if old == state {
            return changes;
        }
        let fences_itself = state == InstanceState::Isolated && id == self.local();
        changes.applied = !fences_itself && self.instance_mut(id).enter(state, now);
        let identity = self.mapper.identity(id);
        if changes.applied {
            let text = format!("Supvisors={identity} is {state}");
            changes.log.push(LogLine::new(Level::Warn, text));
            changes.shown.push(Shown::Instance(id));
        } else {
            let text = format!("Supvisors={identity}: transition rejected from {old} to {state}");
            changes.log.push(LogLine::new(Level::Critical, text));
        }
        changes
    }

    /// How an instance sees the cluster; not for the local one, which knows that by itself.
    pub fn on_modes(&mut self, from: InstanceId, modes: Arc<StateModes>) -> Changes {
        let mut changes = Changes::default();
        if from != self.local() {
            self.instance_mut(from).modes = Some(modes);
            changes.applied = true;
            // who starts and stops processes is part of the local state, as it is shown
            changes.shown.push(Shown::Cluster(self.local()));
        }
        changes
    }

    /// A process event, a forced one included.
    pub fn on_process(&mut self, from: InstanceId, event: &ProcessEvent, now: Moment) -> Changes {
        let seconds = self.at_moment(now);
        let mut changes = Changes::default();
        if !self.hears(from) {
            return changes;
        }
        let Some(key) = self.key(&event.name) else {
            changes.log.push(self.unknown(&event.name, from));
            return changes;
        };
        let applied = match &event.forced {
            None => self.change(key, from, &mut changes, |it| {
                it.on_event(from, event, seconds)
            }),
            Some(on) => {
                let on = on.as_ref().and_then(|it| self.mapper.by_identifier(it));
                let forced = Forced::of(event);
                self.change(key, from, &mut changes, |it| {
                    it.force(on, event.now_monotonic, forced, seconds)
                })
            }
        };
        changes.applied = applied == Some(true);
        if changes.applied {
            self.tell_event(key, from, event, &mut changes);
        } else if event.forced.is_none() {
            changes.log.push(self.unknown(&event.name, from));
        }
        changes
    }

    /// Shows an event that was applied.
    fn tell_event(
        &mut self,
        key: Key,
        from: InstanceId,
        event: &ProcessEvent,
        changes: &mut Changes,
    ) {
        let event_shown = Shown::Event(from, Arc::new(event.clone()));
        changes.shown.push(event_shown);
        changes.shown.push(Shown::Process(event.name.clone()));
        self.update_application(key.application, changes);
        changes
            .shown
            .push(Shown::Application(event.name.group.clone()));
    }

    /// Whether changes of the processes of an instance are accepted now. During a handshake they
    /// are not: it is noted that the handshake may have read something older.
    pub(super) fn hears(&mut self, from: InstanceId) -> bool {
        let now = self.now;
        let instance = self.instance_mut(from);
        if instance.state() == InstanceState::Checking {
            instance.note_missed(now);
        }
        instance.is_heard()
    }

    pub(super) fn unknown(&self, name: &ProcessName, from: InstanceId) -> LogLine {
        let identity = self.mapper.identity(from);
        let text = format!("ignoring event about unknown process={name} from Supvisors={identity}");
        LogLine::new(Level::Error, text)
    }

    /// Shows a process in a state that no instance reports (spec cluster 4.3), as a forced event of
    /// the local instance does.
    pub fn force(
        &mut self,
        process: &ProcessName,
        state: ProcessState,
        reason: &str,
        now: Moment,
    ) -> Changes {
        let known = self.process(process);
        let event = ProcessEvent {
            name: process.clone(),
            state,
            now: now.unix as f64,
            now_monotonic: now.mono.0.as_secs_f64(),
            pid: 0,
            expected: false,
            spawnerr: String::from(reason),
            extra_args: known.map_or_else(String::new, |it| it.extra_args().into()),
            disabled: false,
            forced: Some(None),
        };
        self.on_process(self.local(), &event, now)
    }

    /// The program of a process was enabled or disabled.
    pub fn on_disability(
        &mut self,
        from: InstanceId,
        process: &LocalProcess,
        now: Moment,
    ) -> Changes {
        self.at_moment(now);
        let mut changes = Changes::default();
        if !self.hears(from) {
            return changes;
        }
        let name = &process.name;
        let set = self.key(name).and_then(|key| {
            self.change(key, from, &mut changes, |it| {
                it.set_disabled(from, process.disabled)
            })
        });
        changes.applied = set == Some(true);
        if changes.applied {
            changes.shown.push(Shown::Disability(from, name.clone()));
        } else {
            changes.log.push(self.unknown(name, from));
        }
        changes
    }

    /// An instance is lost: what ran there is FATAL (spec cluster 4.4). [`Changes::lost`] names
    /// those that run nowhere else.
    pub fn lose(&mut self, id: InstanceId) -> Changes {
        let now = self.now.0.as_secs_f64();
        let reason = format!("Supervisor {} lost", self.mapper.identifier(id));
        let keys: Vec<Key> = self.instance(id).running.iter().copied().collect();
        let mut changes = Changes {
            applied: true,
            ..Changes::default()
        };
        let mut applications = BTreeSet::new();
        for key in keys {
            let Some(process) = self.at(key) else {
                continue;
            };
            let name = process.name.clone();
            let record = process.records().get(&id);
            let stopping = |it: &Record| it.info.state == ProcessState::Stopping;
            let stopping = record.is_some_and(stopping);
            self.change(key, id, &mut changes, |it| it.on_loss(id, &reason, now));
            let elsewhere = self.at(key).is_some_and(|it| !it.running().is_empty());
            if !elsewhere && !stopping {
                changes.lost.push(name.clone());
            }
            changes.shown.push(Shown::Process(name));
            applications.insert(key.application);
        }
        for application in applications {
            self.update_application(application, &mut changes);
            if let Some(it) = self.applications.get(&application) {
                changes.shown.push(Shown::Application(it.name.clone()));
            }
        }
        changes
    }

    /// Computes an application again.
    pub(super) fn update_application(&mut self, number: u64, changes: &mut Changes) {
        if let Some(application) = self.applications.get_mut(&number) {
            changes.log.extend(application.update());
        }
    }
}
