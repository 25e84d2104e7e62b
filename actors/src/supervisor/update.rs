//! Updating one group to the last loaded configuration, without touching what is equal.
//!
//! Take the group's lock, compare, make AUTO logs, stop what leaves, replace the group, start what
//! is new. All or nothing: if a process that leaves cannot be stopped, the group stays as it was and
//! what was stopped is started again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix::{ActorFutureExt, ActorTryFutureExt, Context, WrapFuture};
use futures_util::future::join_all;
use tokio::sync::{Mutex, OwnedMutexGuard};
use visord_config::{Fate, GroupConfig, group_differs, kind_differs, updated};
use visord_model::event::Event;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;

use super::add_remove::{AutoLogs, Retained};
use super::roster::{Group, Member};
use super::{Later, Supervisor, answered};
use crate::messages::Answer;
use crate::messages::event::Unsubscribe;
use crate::messages::process::Command;
use crate::messages::supervisor::{Scope, UpdateGroup, Updated};

/// Updates and additions of one group happen one after the other, first come, first served.
#[derive(Default)]
pub(super) struct GroupLocks(BTreeMap<String, Arc<Mutex<()>>>);

impl GroupLocks {
    /// The lock to update or add this group.
    pub(super) fn lock(
        &mut self,
        group: &str,
    ) -> impl Future<Output = OwnedMutexGuard<()>> + use<> {
        // a lock that is held or waited for has further owners
        self.0.retain(|_, lock| Arc::strong_count(lock) > 1);
        let lock = self.0.entry(group.to_owned()).or_default();
        lock.clone().lock_owned()
    }

    pub(super) fn is_held(&self, group: &str) -> bool {
        let lock = self.0.get(group);
        lock.is_some_and(|lock| lock.try_lock().is_err())
    }
}

/// How the active group and the configured one differ.
struct Change {
    name: String,
    /// The new group; none if it is no longer configured.
    group: Option<GroupConfig>,
    is_active: bool,
    /// There is anything to do.
    differs: bool,
    /// What becomes of each process, in configured order, then those that are removed.
    processes: Vec<Updated>,
}

impl Change {
    fn of(&self, member: &Member) -> Option<&Updated> {
        self.processes.iter().find(|it| it.name == *member.name())
    }
}

impl Supervisor {
    fn change(&self, name: &str) -> Result<Change, Fault> {
        let active = self.roster.group(name).map(|group| &group.config);
        let configured = self.last_loaded(name);
        let some = active.or(configured);
        let some = some.ok_or_else(|| FaultCode::BadName.about_group(name))?;
        // what a group that is added or removed is compared with
        let mut nothing = some.clone();
        nothing.processes.clear();
        let (old, new) = (active.unwrap_or(&nothing), configured.unwrap_or(&nothing));
        let (group, fates) = updated(old, new);
        let starting = group.processes.iter().filter(|it| it.policy.autostart);
        let disabilities = &self.parts.disabilities;
        let starting = starting.filter(|it| !disabilities.has(&it.program));
        let starting: BTreeSet<&String> = starting.map(|process| &process.name).collect();
        let processes = fates.into_iter().map(|(process, fate)| {
            let autostart = starting.contains(&process);
            let name = ProcessName::new(name, process);
            let info = self.deps.board.process(&name);
            let runs = info.is_some_and(|info| info.state.is_running());
            Updated {
                name,
                fate,
                stops: matches!(fate, Fate::Restarted | Fate::Removed) && runs,
                starts: matches!(fate, Fate::Restarted | Fate::Added) && autostart,
            }
        });
        Ok(Change {
            name: name.to_owned(),
            processes: processes.collect(),
            is_active: active.is_some(),
            differs: active.is_none()
                || configured.is_none()
                || group_differs(old, new)
                || self.has_obsolete(name),
            group: configured.is_some().then_some(group),
        })
    }

    pub(super) fn update_group(
        &mut self,
        UpdateGroup { name, dry_run }: UpdateGroup,
    ) -> Later<Vec<Updated>> {
        if dry_run {
            return answered(self.change(&name).map(|change| change.processes));
        }
        self.in_turn(name, Self::update)
    }

    /// Update or add a group when all updates and additions of it that came before are done.
    pub(super) fn in_turn<T: 'static>(
        &mut self,
        name: String,
        work: fn(&mut Self, &str) -> Later<T>,
    ) -> Later<T> {
        let lock = self.locks.lock(&name).into_actor(self);
        Box::pin(lock.then(move |lock, act, _ctx| {
            work(act, &name).map(move |answer, _act, _ctx| {
                drop(lock);
                answer
            })
        }))
    }

    fn update(&mut self, name: &str) -> Later<Vec<Updated>> {
        let change = match self.check_open().and_then(|()| self.change(name)) {
            Ok(change) => change,
            Err(fault) => return answered(Err(fault)),
        };
        if !change.differs {
            return answered(Ok(change.processes));
        }
        let Some(group) = &change.group else {
            return self.retire(change, AutoLogs::new());
        };
        let prepared = self.prepare(group).into_actor(self);
        Box::pin(prepared.and_then(|logs, act, _ctx| act.retire(change, logs)))
    }

    /// Stop all that leaves, at once; then go on.
    fn retire(&mut self, change: Change, logs: AutoLogs) -> Later<Vec<Updated>> {
        if let Err(fault) = self.check_open() {
            return answered(Err(fault));
        }
        let leaving = self.leaving(&change);
        let stops = |member: &Member| change.of(member).is_some_and(|it| it.stops);
        let stopped = leaving.iter().map(|it| (it.name().clone(), stops(it)));
        self.updating.insert(change.name.clone(), stopped.collect());
        let requests = leaving.into_iter().map(|member| {
            let stopped = member.ask(Command::Retire);
            async move {
                match stopped.await {
                    Err(_) if member.setup.given_up.is_at_rest() => Ok(()),
                    answer => answer.map_err(|fault| (member.name().clone(), fault)),
                }
            }
        });
        let retired = join_all(requests).into_actor(self);
        Box::pin(retired.map(|answers, act, ctx| {
            let stopped = act.updating.remove(&change.name);
            let stuck = answers.into_iter().find_map(Result::err);
            act.check_open()?;
            let Some((stuck, fault)) = stuck else {
                return act.carry_out(change, logs, ctx);
            };
            act.restore(&stopped.unwrap_or_default());
            act.remove_ended(&change.name);
            let reason = fault
                .about
                .map_or_else(String::new, |about| about.to_string());
            Err(FaultCode::Failed.about(format!(
                "{} is as it was, {stuck} cannot be stopped: {reason}",
                change.name
            )))
        }))
    }

    /// The processes that are stopped, in the order of stopping a group.
    fn leaving(&self, change: &Change) -> Vec<Member> {
        let walk = self.roster.walk(&Scope::Group(change.name.clone()));
        let mut members = walk.unwrap_or_default();
        let is_kept = |updated: &Updated| updated.fate == Fate::Kept;
        members.retain(|member| !change.of(member).is_some_and(is_kept));
        members
    }

    /// Everything that leaves is at rest: replace the group.
    fn carry_out(
        &mut self,
        change: Change,
        logs: AutoLogs,
        ctx: &mut Context<Self>,
    ) -> Answer<Vec<Updated>> {
        let name = &change.name;
        match change.group {
            None => self.remove(name),
            Some(group) if change.is_active => {
                let old = self.roster.take(name);
                let old = old.ok_or_else(|| FaultCode::BadName.about_group(name))?;
                self.replace(old, group, &change.processes, logs, ctx);
            }
            Some(group) => self.add(group, logs, ctx)?,
        }
        let count = |fate| change.processes.iter().filter(|it| it.fate == fate).count();
        slog::info!(
            self.deps.logger,
            "updated process group '{name}': {} kept, {} restarted, {} added, {} removed",
            count(Fate::Kept),
            count(Fate::Restarted),
            count(Fate::Added),
            count(Fate::Removed)
        );
        Ok(change.processes)
    }

    /// Listeners receive a removal and an addition, as after the original's update: those that keep a
    /// list of what runs look again.
    fn replace(
        &mut self,
        mut old: Group,
        new: GroupConfig,
        processes: &[Updated],
        logs: AutoLogs,
        ctx: &mut Context<Self>,
    ) {
        let name = Arc::<str>::from(new.name.as_str());
        let mut retained = Retained::default();
        if kind_differs(&old.config.kind, &new.kind) {
            self.deps.bus.do_send(Unsubscribe(name.clone()));
        } else {
            retained.pool = old.pool.take();
        }
        let fates = processes.iter().map(|it| (&it.name, it.fate));
        let fates: BTreeMap<&ProcessName, Fate> = fates.collect();
        for member in old.members {
            match fates.get(member.name()) {
                Some(Fate::Kept) => {
                    if self.obsolete.contains_key(member.name()) {
                        member.addr.do_send(Command::Reinstate);
                    }
                    let process = member.name().process.clone();
                    retained.members.insert(process, member);
                }
                Some(Fate::Removed) => self.deps.board.remove_process(member.name()),
                // its successor takes its row
                Some(Fate::Restarted | Fate::Added) | None => {}
            }
        }
        self.obsolete.retain(|process, _| process.group != name);
        self.publish(Event::GroupRemoved(name.clone()));
        self.set_auto_logs(&name, logs);
        self.activate(new, retained, ctx);
        actix_rt::spawn(self.save_disabilities());
        self.autostart_newest();
    }
}
