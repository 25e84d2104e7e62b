//! One group made what the last loaded configuration says, and nothing touched that is equal.
//!
//! Wait for the turn, compare, have AUTO logs made, stop what leaves, put the new group into
//! the place of the old one, start what is new. All or nothing: if a process that leaves cannot
//! be stopped, the group stays as it was and what was stopped is started again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix::{
    ActorFutureExt, ActorTryFutureExt, Context, Handler, ResponseActFuture, WrapFuture, fut,
};
use futures_util::future::join_all;
use tokio::sync::{Mutex, OwnedMutexGuard};
use visord_config::{GroupConfig, ProcessDiff, group_differs, kind_differs, process_diff};
use visord_model::event::Event;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::namespec;

use super::Supervisor;
use super::groups::{AutoLogs, Legacy};
use super::roster::{Group, Member};
use crate::messages::event::Unsubscribe;
use crate::messages::process::{Reinstate, Retire, Start};
use crate::messages::supervisor::{Answer, Fate, ProcessName, Scope, UpdateGroup, Updated};

/// Updates and additions of one group happen one after the other, first come, first served.
#[derive(Default)]
pub(super) struct Turns(BTreeMap<String, Arc<Mutex<()>>>);

impl Turns {
    /// The turn to update or add this group; it ends when it is dropped.
    pub(super) fn next(
        &mut self,
        group: &str,
    ) -> impl Future<Output = OwnedMutexGuard<()>> + use<> {
        // whoever has the turn or waits for it holds the lock
        self.0.retain(|_, lock| Arc::strong_count(lock) > 1);
        let lock = self.0.entry(group.to_owned()).or_default();
        lock.clone().lock_owned()
    }

    /// Whether an update of this group is under way.
    pub(super) fn is_taken(&self, group: &str) -> bool {
        let lock = self.0.get(group);
        lock.is_some_and(|lock| lock.try_lock().is_err())
    }
}

/// What is active and what is configured, side by side.
struct Change {
    name: String,
    /// The group to be; none if it is no longer configured.
    group: Option<GroupConfig>,
    /// A group of this name is active.
    is_active: bool,
    /// There is anything to do.
    differs: bool,
    /// What becomes of each process, in configured order, then those that are removed.
    processes: Vec<Updated>,
}

impl Change {
    /// The names of the processes that this is true of.
    fn names(&self, is_so: impl Fn(&Updated) -> bool) -> BTreeSet<&str> {
        let so = self.processes.iter().filter(|it| is_so(it));
        so.map(|it| it.name.as_str()).collect()
    }
}

/// What a group that is added or removed is compared with.
fn emptied(group: &GroupConfig) -> GroupConfig {
    GroupConfig {
        processes: Vec::new(),
        ..group.clone()
    }
}

/// The new group as it will run: a process that is kept keeps the very settings it was started
/// with, also where they differ in what does not count as a change (spec core 4.12).
fn as_it_will_run(old: &GroupConfig, new: &GroupConfig, diff: &ProcessDiff) -> GroupConfig {
    let mut kept: BTreeMap<&str, _> = BTreeMap::new();
    for process in &old.processes {
        kept.insert(process.name.as_str(), process);
    }
    for name in &diff.changed {
        kept.remove(name.as_str());
    }
    let mut group = new.clone();
    for process in &mut group.processes {
        if let Some(old) = kept.get(process.name.as_str())
            && old != &process
        {
            *process = Arc::clone(old);
        }
    }
    group
}

impl Supervisor {
    fn change(&self, name: &str) -> Result<Change, Fault> {
        let active = self.roster.group(name).map(|group| &group.config);
        let configured = self.config.groups.iter().find(|group| group.name == name);
        let some = active.or(configured);
        let nothing = emptied(some.ok_or_else(|| FaultCode::BadName.about(name))?);
        let (old, new) = (active.unwrap_or(&nothing), configured.unwrap_or(&nothing));
        let diff = process_diff(old, new);
        let both = active.is_some() && configured.is_some();
        Ok(Change {
            name: name.to_owned(),
            group: configured.map(|new| as_it_will_run(old, new, &diff)),
            is_active: active.is_some(),
            differs: !both || group_differs(old, new),
            processes: self.fates(new, &diff),
        })
    }

    fn fates(&self, new: &GroupConfig, diff: &ProcessDiff) -> Vec<Updated> {
        let lists = [
            (Fate::Kept, &diff.kept),
            (Fate::Restarted, &diff.changed),
            (Fate::Added, &diff.added),
        ];
        let named = lists
            .into_iter()
            .flat_map(|(fate, names)| names.iter().map(move |name| (name.as_str(), fate)));
        let fates: BTreeMap<&str, Fate> = named.collect();
        let runs = |process: &str| {
            let info = self.world.board.process(&ProcessName {
                group: new.name.clone(),
                process: process.to_owned(),
            });
            info.is_some_and(|info| info.state.is_running())
        };
        let updated = |name: &str, fate: Fate, autostart: bool| Updated {
            name: name.to_owned(),
            group: new.name.clone(),
            fate,
            stops: matches!(fate, Fate::Restarted | Fate::Removed) && runs(name),
            starts: matches!(fate, Fate::Restarted | Fate::Added) && autostart,
        };
        let configured = new.processes.iter().filter_map(|process| {
            let fate = *fates.get(process.name.as_str())?;
            Some(updated(&process.name, fate, process.policy.autostart))
        });
        let removed = diff.removed.iter();
        let removed = removed.map(|name| updated(name, Fate::Removed, false));
        configured.chain(removed).collect()
    }
}

impl Handler<UpdateGroup> for Supervisor {
    type Result = ResponseActFuture<Self, Answer<Vec<Updated>>>;

    fn handle(&mut self, msg: UpdateGroup, _ctx: &mut Self::Context) -> Self::Result {
        let UpdateGroup { name, dry_run } = msg;
        if dry_run {
            let change = self.gate().and_then(|()| self.change(&name));
            return Box::pin(fut::ready(change.map(|change| change.processes)));
        }
        let turn = self.turns.next(&name).into_actor(self);
        Box::pin(turn.then(move |turn, act, _ctx| {
            act.update(&name).map(move |answer, _act, _ctx| {
                drop(turn);
                answer
            })
        }))
    }
}

impl Supervisor {
    /// It is this update's turn.
    fn update(&mut self, name: &str) -> ResponseActFuture<Self, Answer<Vec<Updated>>> {
        let change = match self.gate().and_then(|()| self.change(name)) {
            Ok(change) => change,
            Err(fault) => return Box::pin(fut::ready(Err(fault))),
        };
        if !change.differs {
            return Box::pin(fut::ready(Ok(change.processes)));
        }
        let Some(group) = &change.group else {
            return self.retire(change, AutoLogs::new());
        };
        let prepared = self.prepare(group).into_actor(self);
        Box::pin(prepared.and_then(|logs, act, _ctx| act.retire(change, logs)))
    }

    /// Stop whatever leaves, all at once; then go on.
    fn retire(
        &mut self,
        change: Change,
        logs: AutoLogs,
    ) -> ResponseActFuture<Self, Answer<Vec<Updated>>> {
        if let Err(fault) = self.gate() {
            return Box::pin(fut::ready(Err(fault)));
        }
        let leaving = self.leaving(&change);
        let ran = change.names(|it| it.stops);
        let stopped = leaving.iter().map(|member| {
            let ran = ran.contains(member.name.process.as_str());
            (member.name.clone(), ran)
        });
        self.updating.insert(change.name.clone(), stopped.collect());
        let requests = leaving.into_iter().map(|member| {
            let request = member.addr.send(Retire);
            async move {
                let answer = request
                    .await
                    .unwrap_or_else(|_| match member.post.is_vacant() {
                        true => Ok(()),
                        false => Err(FaultCode::Failed.about("its actor has ended")),
                    });
                answer.map_err(|fault| (member.name, fault))
            }
        });
        let retired = join_all(requests).into_actor(self);
        Box::pin(retired.map(|answers, act, ctx| {
            let name = change.name.clone();
            let stuck = answers.into_iter().find_map(Result::err);
            let answer = act.gate().and_then(|()| match stuck {
                None => act.carry_out(change, logs, ctx),
                Some((stuck, fault)) => Err(act.call_off(&change, &stuck, &fault)),
            });
            act.updating.remove(&name);
            answer
        }))
    }

    /// The processes that are stopped, in the order of stopping a group.
    fn leaving(&self, change: &Change) -> Vec<Member> {
        let walk = self.roster.walk(&Scope::Group(change.name.clone()));
        let mut members = walk.unwrap_or_default();
        let kept = change.names(|it| it.fate == Fate::Kept);
        members.retain(|member| !kept.contains(member.name.process.as_str()));
        members
    }

    /// Everything that leaves is at rest: put the new group into the place of the old one.
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
                let old = old.ok_or_else(|| FaultCode::BadName.about(name.clone()))?;
                self.replace(old, group, &change.processes, logs, ctx);
            }
            Some(group) => self.add(group, logs, ctx)?,
        }
        let count = |fate| change.processes.iter().filter(|it| it.fate == fate).count();
        slog::info!(
            self.world.logger,
            "updated process group '{name}': {} kept, {} restarted, {} added, {} removed",
            count(Fate::Kept),
            count(Fate::Restarted),
            count(Fate::Added),
            count(Fate::Removed)
        );
        Ok(change.processes)
    }

    /// Listeners are told of a removal and an addition, as after the original's update: whoever
    /// keeps a list of what runs looks again.
    fn replace(
        &mut self,
        mut old: Group,
        new: GroupConfig,
        processes: &[Updated],
        logs: AutoLogs,
        ctx: &mut Context<Self>,
    ) {
        let name = new.name.clone();
        let mut legacy = Legacy::default();
        if kind_differs(&old.config.kind, &new.kind) {
            self.world.bus.do_send(Unsubscribe(name.clone()));
        } else {
            legacy.pool = old.pool.take();
        }
        for (member, fate) in fates_of(old.members, processes) {
            match fate {
                Fate::Kept => {
                    legacy.members.insert(member.name.process.clone(), member);
                }
                Fate::Removed => self.world.board.remove_process(&member.name),
                // the one that comes in its place takes its row
                Fate::Restarted | Fate::Added => {}
            }
        }
        self.publish(Event::GroupRemoved(name.clone()));
        self.adopt(&name, logs);
        self.activate(new, legacy, ctx);
        self.autostart_newest();
    }

    /// A process cannot be stopped: everything stays as it was.
    fn call_off(&self, change: &Change, stuck: &ProcessName, fault: &Fault) -> Fault {
        let ran = change.names(|it| it.stops);
        for member in self.leaving(change) {
            member.addr.do_send(Reinstate);
            if ran.contains(member.name.process.as_str()) {
                let label = namespec(&member.name.group, &member.name.process);
                member.addr.do_send(Start { wait: false, label });
            }
        }
        let stuck = namespec(&stuck.group, &stuck.process);
        let reason = fault.extra.clone().unwrap_or_default();
        FaultCode::Failed.about(format!(
            "{} is as it was, {stuck} cannot be stopped: {reason}",
            change.name
        ))
    }
}

/// Each member with what becomes of it.
fn fates_of(
    members: Vec<Member>,
    processes: &[Updated],
) -> impl Iterator<Item = (Member, Fate)> + use<> {
    let fates: BTreeMap<String, Fate> = processes
        .iter()
        .map(|it| (it.name.clone(), it.fate))
        .collect();
    members.into_iter().filter_map(move |member| {
        let fate = *fates.get(&member.name.process)?;
        Some((member, fate))
    })
}
