//! Processes that are declared, and that are declared no longer (spec cluster 2.6, 2.7, 4.1, 4.9).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::Moment;
use visord_model::name::ProcessName;

use super::application::Application;
use super::process::Process;
use super::{Changes, Key, View};
use crate::effect::Shown;
use crate::identity::InstanceId;
use crate::message::LocalProcess;
use crate::options::Options;
use crate::rules::share::{self, GroupSign, Member};
use crate::rules::{ProcessRules, Rules, Sign};
use crate::strategy::RunningFailureStrategy;

impl View {
    /// All processes of an instance, as its handshake read them; what it declared before and
    /// declares no longer is removed. Only for an instance that is CHECKING, and not stale
    /// ([`super::instance::Instance::is_stale`]).
    pub fn load_processes(
        &mut self,
        from: InstanceId,
        processes: Vec<LocalProcess>,
        rules: &Rules,
        options: &Options,
        now: Moment,
    ) -> Changes {
        let now = self.at_moment(now);
        let mut changes = Changes {
            applied: true,
            ..Changes::default()
        };
        let mut gone = self.instance(from).processes.clone();
        let mut touched = BTreeSet::new();
        for info in processes {
            if let Some(key) = self.declare(from, info, (rules, options), now, &mut changes) {
                gone.remove(&key);
                touched.insert(key.application);
            }
        }
        for application in touched {
            self.update_application(application, &mut changes);
        }
        self.forget(from, gone, &mut changes);
        changes
    }

    /// An instance declares one more process, or declares it differently.
    pub fn on_added(
        &mut self,
        from: InstanceId,
        info: LocalProcess,
        rules: &Rules,
        options: &Options,
        now: Moment,
    ) -> Changes {
        let now = self.at_moment(now);
        let mut changes = Changes::default();
        if !self.hears(from) {
            return changes;
        }
        changes.applied = true;
        let name = info.name.clone();
        if let Some(key) = self.declare(from, info, (rules, options), now, &mut changes) {
            self.update_application(key.application, &mut changes);
        }
        changes.shown.push(Shown::Process(name.clone()));
        changes.shown.push(Shown::Application(name.group));
        changes
    }

    fn declare(
        &mut self,
        from: InstanceId,
        info: LocalProcess,
        known: (&Rules, &Options),
        now: f64,
        changes: &mut Changes,
    ) -> Option<Key> {
        let key = self.key_or_new(&info, known, changes)?;
        self.instance_mut(from).processes.insert(key);
        let (name, args) = (info.name.clone(), info.extra_args.clone());
        let log = self.change(key, from, changes, |it| it.load(from, info, now));
        changes.log.extend(log.into_iter().flatten());
        let kept = self.at(key).is_some_and(|it| it.extra_args() == args);
        if from == self.local() && !kept {
            changes.extra_args.push((name.clone(), String::new()));
        }
        let local = from == self.local();
        if let Some(strategy) = self.at(key).filter(|_| local).and_then(forbids_autorestart) {
            changes.forbid_autorestart.push((name, strategy));
        }
        Some(key)
    }

    fn key_or_new(
        &mut self,
        info: &LocalProcess,
        (rules, options): (&Rules, &Options),
        changes: &mut Changes,
    ) -> Option<Key> {
        let number = match self.by_name.get(&info.name.group) {
            Some(number) => *number,
            None => self.add_application(&info.name.group, rules, options, changes),
        };
        let application = self.applications.get_mut(&number)?;
        let process = application.number(&info.name.process).unwrap_or_else(|| {
            let name = &info.name;
            let (rules, log) = rules.process(&name.group, &application.rules, &name.process);
            changes.log.extend(log);
            let program = (info.program.clone(), info.process_index);
            application.add(Process::new(name.clone(), rules, program))
        });
        Some(Key {
            application: number,
            process,
        })
    }

    /// An application is seen for the first time: its rules, and what `#` means for it.
    fn add_application(
        &mut self,
        name: &Arc<str>,
        rules: &Rules,
        options: &Options,
        changes: &mut Changes,
    ) -> u64 {
        let (mut rules, log) = rules.application(name, options);
        changes.log.extend(log);
        if let Some(Sign::Hash(list)) = &rules.placement.sign {
            let (candidates, log) = self.resolve_logged(list);
            changes.log.extend(log);
            match share::application(name, &candidates) {
                Ok(id) => rules.placement.identifiers = vec![self.mapper.identifier(id).clone()],
                Err(line) => {
                    changes.log.push(line);
                    rules.start_sequence = 0;
                }
            }
        }
        let number = self.next;
        self.next += 1;
        self.by_name.insert(name.clone(), number);
        let application = Application::new(name.clone(), rules);
        self.applications.insert(number, application);
        number
    }

    /// An instance declares a process no longer; no name means all of the group.
    pub fn on_removed(
        &mut self,
        from: InstanceId,
        group: &str,
        process: Option<&str>,
        now: Moment,
    ) -> Changes {
        self.at_moment(now);
        let mut changes = Changes::default();
        if !self.hears(from) {
            return changes;
        }
        let application = self.by_name.get(group).copied();
        let declared = self.instance(from).processes.iter().copied();
        let mut keys: BTreeSet<Key> = declared
            .filter(|key| Some(key.application) == application)
            .collect();
        if let Some(process) = process {
            let name = ProcessName::new(group, process);
            let key = self.key(&name);
            keys.retain(|it| Some(*it) == key);
            if keys.is_empty() {
                changes.log.push(self.unknown(&name, from));
                return changes;
            }
        } else if application.is_none() {
            let name = ProcessName::new(group, "*");
            changes.log.push(self.unknown(&name, from));
            return changes;
        }
        changes.applied = true;
        self.forget(from, keys, &mut changes);
        changes
    }

    /// An instance declares these no longer. A process that no instance declares vanishes, and an
    /// application without processes, too.
    fn forget(&mut self, from: InstanceId, keys: BTreeSet<Key>, changes: &mut Changes) {
        let mut touched = BTreeSet::new();
        for key in keys {
            self.instance_mut(from).processes.remove(&key);
            let Some(process) = self.at(key) else {
                continue;
            };
            let (name, shown) = (process.name.clone(), process.displayed_state());
            let last = self.change(key, from, changes, |it| it.forget(from));
            let last = last == Some(true);
            changes
                .shown
                .push(Shown::ProcessRemoved(from, name.clone(), last));
            if last {
                if let Some(application) = self.applications.get_mut(&key.application) {
                    application.remove(key.process);
                }
                touched.insert(key.application);
            } else if self.at(key).is_some_and(|it| it.displayed_state() != shown) {
                changes.shown.push(Shown::Process(name));
                touched.insert(key.application);
            }
        }
        for number in touched {
            self.show_rest(number, changes);
        }
    }

    /// Shows an application of which processes were removed.
    fn show_rest(&mut self, number: u64, changes: &mut Changes) {
        let Some(application) = self.applications.get(&number) else {
            return;
        };
        let name = application.name.clone();
        if application.is_empty() {
            self.applications.remove(&number);
            self.by_name.remove(&name);
            changes.shown.push(Shown::ApplicationRemoved(name));
        } else {
            self.update_application(number, changes);
            changes.shown.push(Shown::Application(name));
        }
    }

    /// Shares the instances out among the processes of an application whose rules have `#` or `@`
    /// (spec cluster 2.7), as far as that is not decided yet. Must be called before any of them is
    /// started.
    pub fn assign(&mut self, application: &str) -> Vec<LogLine> {
        let Some(number) = self.by_name.get(application).copied() else {
            return Vec::new();
        };
        let Some(application) = self.applications.get(&number) else {
            return Vec::new();
        };
        let waiting = application.processes().filter(|it| waits(&it.rules));
        let programs: BTreeSet<_> = waiting.map(|it| it.program.0.clone()).collect();
        let mut log = Vec::new();
        for program in programs {
            self.assign_program(number, &program, &mut log);
        }
        log
    }

    fn assign_program(&mut self, number: u64, program: &str, log: &mut Vec<LogLine>) {
        let Some(application) = self.applications.get(&number) else {
            return;
        };
        let group = application.numbered();
        let group: Vec<_> = group.filter(|(_, it)| *it.program.0 == *program).collect();
        let mut sign = GroupSign::default();
        for own in group
            .iter()
            .filter_map(|(_, it)| it.rules.placement.sign.as_ref())
        {
            log.extend(sign.add(program, own));
        }
        let members: Vec<_> = group.iter().map(|(_, it)| self.member(it)).collect();
        let numbers: Vec<u64> = group.iter().map(|(number, _)| *number).collect();
        let mut candidates = |list: &[Arc<str>]| {
            let (ids, invalid) = self.resolve_logged(list);
            log.extend(invalid);
            ids
        };
        let given = match sign.sign() {
            Some(Sign::At(list)) => share::one_each(&members, &candidates(&list)),
            Some(Sign::Hash(list)) => share::in_turn(&members, &candidates(&list)),
            None => return,
        };
        for (at, id) in given {
            let identifier = self.mapper.identifier(id).clone();
            let application = self.applications.get_mut(&number);
            if let Some(process) = application.and_then(|it| it.at_mut(numbers[at])) {
                let text = format!("{} assigned to {identifier}", process.name);
                log.push(LogLine::new(Level::Info, text));
                process.rules.placement.identifiers = vec![identifier];
                process.rules.assigned = Some(vec![id]);
            }
        }
    }

    fn member(&self, process: &Process) -> Member {
        let rules = &process.rules;
        let assigned = rules.assigned.as_ref().and_then(|ids| ids.first().copied());
        let named = || self.resolve(&rules.placement.identifiers).first().copied();
        let everywhere = rules.placement.identifiers.iter().any(|it| &**it == "*");
        Member {
            index: process.program.1,
            waits: waits(rules),
            on: assigned.or_else(|| if everywhere { None } else { named() }),
        }
    }
}

/// It has a sign, and no instance yet.
const fn waits(rules: &ProcessRules) -> bool {
    rules.placement.sign.is_some() && rules.assigned.is_none()
}

/// Its application is stopped, or restarted as a whole, if it fails: supervisord must not
/// interfere (spec cluster 2.3).
fn forbids_autorestart(process: &Process) -> Option<RunningFailureStrategy> {
    let strategy = process.rules.running_failure;
    match strategy {
        RunningFailureStrategy::StopApplication | RunningFailureStrategy::RestartApplication => {
            Some(strategy)
        }
        RunningFailureStrategy::Continue
        | RunningFailureStrategy::RestartProcess
        | RunningFailureStrategy::Shutdown
        | RunningFailureStrategy::Restart => None,
    }
}
