//! How what the instances say of a process becomes one state (spec cluster 4.2, 4.3).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::state::ProcessState;

use super::{Forced, Process, Record};
use crate::identity::InstanceId;
use crate::message::{LocalProcess, ProcessEvent, Tick};

/// The state of a conflict is the first of these that a running copy has.
const CONFLICT: [ProcessState; 4] = [
    ProcessState::Running,
    ProcessState::Backoff,
    ProcessState::Starting,
    ProcessState::Stopping,
];

impl Process {
    /// An instance declares it; replaces what that instance said before.
    pub(in crate::view) fn load(
        &mut self,
        from: InstanceId,
        info: LocalProcess,
        now: f64,
    ) -> Vec<LogLine> {
        let state = info.state;
        let log = self.set_program(&info);
        let same_args = self.extra_args == info.extra_args;
        self.changes += 1;
        let mut record = Record::new(info, now, self.changes);
        if !same_args {
            // which of them is right is not known
            record.info.extra_args.clear();
            self.extra_args.clear();
        }
        self.records.insert(from, record);
        self.last_event = now;
        if state != ProcessState::Stopped {
            self.forced = None;
        }
        self.update(from, state);
        log
    }

    /// The newcomer is right; say so if it differs.
    fn set_program(&mut self, info: &LocalProcess) -> Vec<LogLine> {
        let (program, index) = &self.program;
        let mut log = Vec::new();
        let mut differs =
            |what: &str, old: &dyn core::fmt::Display, new: &dyn core::fmt::Display| {
                let text = format!("{}: inconsistent {what}: {old} and {new}", self.name);
                log.push(LogLine::new(Level::Error, text));
            };
        if **program != *info.program {
            differs("program_name", program, &info.program);
        }
        if *index > 0 && *index != info.process_index {
            differs("process_index", index, &info.process_index);
        }
        self.program = (info.program.clone(), info.process_index);
        log
    }

    /// An event of an instance that declares it; `false` if that does not.
    pub(in crate::view) fn on_event(
        &mut self,
        from: InstanceId,
        event: &ProcessEvent,
        now: f64,
    ) -> bool {
        let Some(record) = self.records.get_mut(&from) else {
            return false;
        };
        self.changes += 1;
        record.on_event(event, now, self.changes);
        self.last_event = now;
        self.extra_args.clone_from(&event.extra_args);
        self.forced = None;
        self.update(from, event.state);
        true
    }

    /// Shows a state that no instance reports; `false` if `on` has reported since `event_time`, by
    /// its own clock.
    pub(in crate::view) fn force(
        &mut self,
        on: Option<InstanceId>,
        event_time: f64,
        forced: Forced,
        now: f64,
    ) -> bool {
        let record = on.and_then(|id| self.records.get(&id));
        if record.is_some_and(|it| it.event_time > event_time) {
            return false;
        }
        self.last_event = now;
        self.forced = Some(forced);
        true
    }

    /// The instance on which it runs is lost.
    pub(in crate::view) fn on_loss(&mut self, from: InstanceId, reason: &str, now: f64) {
        let Some(record) = self.records.get_mut(&from) else {
            return;
        };
        self.changes += 1;
        record.on_loss(reason, now, self.changes);
        self.last_event = now;
        self.forced = None;
        self.update(from, ProcessState::Fatal);
    }

    /// An instance declares it no longer; says whether none does.
    pub(in crate::view) fn forget(&mut self, from: InstanceId) -> bool {
        self.records.remove(&from);
        self.running.retain(|id| *id != from);
        if self.records.is_empty() {
            return true;
        }
        self.synthesize();
        false
    }

    pub(in crate::view) fn on_tick(&mut self, from: InstanceId, tick: Tick) {
        if let Some(record) = self.records.get_mut(&from) {
            record.on_tick(tick);
        }
    }

    /// `false` if the instance does not declare it.
    pub(in crate::view) fn set_disabled(&mut self, on: InstanceId, disabled: bool) -> bool {
        let record = self.records.get_mut(&on);
        record.map(|it| it.info.disabled = disabled).is_some()
    }

    fn update(&mut self, from: InstanceId, state: ProcessState) {
        if state.is_stopped() {
            self.running.retain(|id| *id != from);
        } else if state.is_running() {
            if self.state.is_stopped() {
                self.running.clear();
            }
            if !self.running.contains(&from) {
                self.running.push(from);
            }
        }
        self.synthesize();
    }

    fn synthesize(&mut self) {
        match *self.running.as_slice() {
            [] => {
                let stopping = |it: &Record| it.info.state == ProcessState::Stopping;
                if self.records.values().any(stopping) {
                    self.state = ProcessState::Stopping;
                    self.expected_exit = true;
                } else if let Some(newest) = self.records.values().max_by_key(|it| it.change) {
                    self.state = newest.info.state;
                    self.expected_exit = newest.info.expected;
                }
            }
            [id] => {
                self.state = self.state_on(id);
                self.expected_exit = true;
            }
            [_, _, ..] => {
                let on = |state: &ProcessState| {
                    self.running.iter().any(|&id| self.state_on(id) == *state)
                };
                self.state = CONFLICT
                    .into_iter()
                    .find(on)
                    .unwrap_or(ProcessState::Unknown);
            }
        }
    }

    fn state_on(&self, id: InstanceId) -> ProcessState {
        let record = self.records.get(&id);
        record.map_or(ProcessState::Unknown, |it| it.info.state)
    }
}

impl Forced {
    /// What a forced event says.
    pub(in crate::view) fn of(event: &ProcessEvent) -> Self {
        Self {
            state: event.state,
            reason: String::from(&*event.spawnerr),
        }
    }
}
