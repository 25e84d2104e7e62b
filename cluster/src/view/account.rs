//! What a change of a process means for the instances: kept up to date, never summed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::state::ProcessState;

use super::process::{Process, Record};
use super::{Changes, Key, View};
use crate::identity::InstanceId;

/// What a process contributes to the instances.
struct Share {
    state: ProcessState,
    extra_args: String,
    running: Vec<InstanceId>,
    loaded: Vec<InstanceId>,
    loading: u32,
    conflicting: bool,
    /// It has crashed on the instance that the change is about.
    crashed: bool,
}

impl Share {
    fn of(process: &Process, on: InstanceId) -> Self {
        Self {
            state: process.state(),
            extra_args: process.extra_args().into(),
            running: process.running().to_vec(),
            loaded: process.loaded().to_vec(),
            loading: process.rules.expected_loading,
            conflicting: process.is_conflicting(),
            crashed: process.records().get(&on).is_some_and(Record::is_crashed),
        }
    }
}

impl View {
    /// Changes a process by what concerns the instance `on`, and accounts for it. Any change of a
    /// process passes here.
    pub(super) fn change<R>(
        &mut self,
        key: Key,
        on: InstanceId,
        changes: &mut Changes,
        change: impl FnOnce(&mut Process) -> R,
    ) -> Option<R> {
        let local = self.local();
        let application = self.applications.get_mut(&key.application)?;
        let managed = application.rules.managed;
        let process = application.at_mut(key.process)?;
        let before = Share::of(process, on);
        let result = change(process);
        let after = Share::of(process, on);
        if after.state != before.state {
            let text = format!("{} is {}", process.name, after.state);
            changes.log.push(LogLine::new(Level::Info, text));
        }
        let declared = on != local && process.records().contains_key(&local);
        if declared && after.extra_args != before.extra_args {
            let args = (process.name.clone(), after.extra_args.clone());
            changes.extra_args.push(args);
        }
        self.account(key, on, &before, &after);
        if managed && after.conflicting {
            self.conflicts.insert(key);
        } else {
            self.conflicts.remove(&key);
        }
        Some(result)
    }

    fn account(&mut self, key: Key, on: InstanceId, before: &Share, after: &Share) {
        for &id in &after.running {
            self.instance_mut(id).running.insert(key);
        }
        for &id in before
            .running
            .iter()
            .filter(|id| !after.running.contains(id))
        {
            self.instance_mut(id).running.remove(&key);
        }
        for &id in &after.loaded {
            self.instance_mut(id).load += after.loading;
        }
        for &id in &before.loaded {
            self.instance_mut(id).load -= before.loading;
        }
        let crashed = &mut self.instance_mut(on).crashed;
        *crashed = *crashed + usize::from(after.crashed) - usize::from(before.crashed);
    }
}
