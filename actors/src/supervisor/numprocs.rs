//! Changing how many processes a program has while they run (spec cluster 4.9).
//!
//! Take the locks of its groups, expand its section where that may block, make AUTO logs, then add
//! the new processes and retire those that are too many, in one turn. Obsolete processes stay in
//! their group until they have ended; until then an increase brings them back.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{ActorFutureExt, Context, WrapFuture};
use futures_util::future::{Either, join_all};
use visord_config::{GroupConfig, MOST_PROCESSES, ProcessConfig};
use visord_model::event::Event;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::add_remove::{AutoLogs, prepare_auto_logs};
use super::obsolete::retirement;
use super::programs::{all_stopped, unknown};
use super::roster::{Group, Member};
use super::{Later, Supervisor, answered};
use crate::fcgi::SharedSocket;
use crate::messages::Answer;
use crate::messages::process::Command;
use crate::messages::supervisor::{NumprocsUpdated, UpdateNumprocs};

/// For each group the processes that it lacks, and the AUTO logs of all its processes.
type Lacking = (BTreeMap<String, Vec<Arc<ProcessConfig>>>, AutoLogs);

/// A process that was told that it is obsolete, and its answer when it has ended.
type Retired = (ProcessName, Answer);

impl Supervisor {
    pub(super) fn update_numprocs(&mut self, request: UpdateNumprocs) -> Later<NumprocsUpdated> {
        if let Err(fault) = check(&request) {
            return answered(Err(fault));
        }
        let groups = self.groups_of(&request.program);
        if groups.is_empty() {
            let fault = FaultCode::BadName.about(unknown(&request.program));
            return answered(Err(fault));
        }
        let mut names: Vec<String> = groups.into_iter().map(|group| group.name).collect();
        // in an order that is the same for all who take several
        names.sort();
        let locks: Vec<_> = names.iter().map(|name| self.locks.lock(name)).collect();
        let locked = async {
            let mut held = Vec::new();
            for lock in locks {
                held.push(lock.await);
            }
            held
        };
        let locked = locked.into_actor(self);
        Box::pin(locked.then(move |held, act, _ctx| {
            let lacking = act.expand(&request, &names).into_actor(act);
            lacking.then(move |lacking, act, ctx| {
                let applied = lacking.and_then(|it| act.apply(&request, &names, it, ctx));
                // what is being stopped may be brought back
                drop(held);
                act.finish(applied)
            })
        }))
    }

    /// The active groups with processes of this program.
    fn groups_of(&self, program: &str) -> Vec<GroupConfig> {
        let groups = self.roster.groups.iter().map(|group| &group.config);
        let uses = |group: &&GroupConfig| group.processes.iter().any(|it| *it.program == *program);
        groups.filter(uses).cloned().collect()
    }

    /// Those of them whose locks are held.
    fn locked_groups_of(&self, program: &str, locked: &[String]) -> Vec<GroupConfig> {
        let mut groups = self.groups_of(program);
        groups.retain(|group| locked.contains(&group.name));
        groups
    }

    /// How many processes of a program a group has, without those that are obsolete.
    fn count(&self, program: &str, group: &GroupConfig) -> u32 {
        let processes = group.processes.iter();
        let own = processes.filter(|it| *it.program == *program);
        let count = own.filter(|it| !self.is_obsolete(&group.name, it)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Find out, on a thread that may block, what an increase adds. Faults: NOT_APPLICABLE, FAILED.
    fn expand(
        &self,
        UpdateNumprocs {
            program, numprocs, ..
        }: &UpdateNumprocs,
        locked: &[String],
    ) -> impl Future<Output = Answer<Lacking>> + 'static + use<> {
        let mut groups = self.locked_groups_of(program, locked);
        groups.retain(|group| self.count(program, group) < *numprocs);
        if groups.is_empty() {
            return Either::Left(std::future::ready(Ok(Lacking::default())));
        }
        let mut known = self.parts.auto_logs.clone();
        known.retain(|(name, _), _| groups.iter().any(|group| group.name == *name.group));
        let server = &self.parts.config.server;
        let (directory, identifier) = (server.childlogdir.clone(), server.identifier.clone());
        let templates = Arc::clone(&self.parts.templates);
        let (program, numprocs) = (program.clone(), *numprocs);
        let logger = self.deps.logger.clone();
        let job = move || {
            let mut lacking = BTreeMap::new();
            for group in &mut groups {
                let all = templates.processes(&program, group, numprocs);
                let all = all.map_err(|error| error.outline());
                let missing = all.and_then(|all| missing(&program, group, all));
                group.processes = missing.map_err(|reason| {
                    slog::error!(logger, "numprocs of '{program}' stays as it is: {reason}");
                    not_applicable(&program)
                })?;
                lacking.insert(group.name.clone(), group.processes.clone());
            }
            let made = prepare_auto_logs(&groups, &directory, &identifier, &mut known);
            let failed = |error| FaultCode::Failed.about(format!("{program}: {error}"));
            made.map(|()| (lacking, known)).map_err(failed)
        };
        let done = self.queues.auto_logs.run(&self.deps.workshop, job);
        Either::Right(async move {
            let not_done =
                |error: crate::spawn::SpawnError| FaultCode::Failed.about(error.to_string());
            done.await.map_err(not_done)?
        })
    }

    /// Do it, at once in all groups.
    fn apply(
        &mut self,
        request: &UpdateNumprocs,
        locked: &[String],
        (mut lacking, logs): Lacking,
        ctx: &mut Context<Self>,
    ) -> Answer<(NumprocsUpdated, Vec<Pending>)> {
        self.check_open()?;
        self.parts.auto_logs.extend(logs);
        let mut updated = NumprocsUpdated::default();
        let mut retired = Vec::new();
        for group in self.locked_groups_of(&request.program, locked) {
            let revived = self.revive(&group, request);
            updated.revived.extend(revived);
            let new = lacking.remove(&group.name).unwrap_or_default();
            updated
                .added
                .extend(self.add_processes(&group.name, new, ctx));
            let (obsolete, waits) = self.retire_surplus(&group, request);
            updated.obsolete.extend(obsolete);
            retired.extend(waits);
        }
        if updated != NumprocsUpdated::default() {
            slog::info!(
                self.deps.logger,
                "numprocs of '{}' is now {}: {} added, {} kept after all, {} obsolete",
                request.program,
                request.numprocs,
                updated.added.len(),
                updated.revived.len(),
                updated.obsolete.len()
            );
        }
        Ok((updated, retired))
    }

    /// Bring back those that were obsolete and are not any more. What is being stopped is stopped.
    fn revive(&mut self, group: &GroupConfig, request: &UpdateNumprocs) -> Vec<ProcessName> {
        let own = group.processes.iter();
        let own = own.filter(|it| *it.program == *request.program && it.index < request.numprocs);
        let names = own.map(|it| ProcessName::new(&*group.name, &*it.name));
        let mut revived: Vec<ProcessName> = names.collect();
        revived.retain(|name| self.obsolete.remove(name).is_some());
        for member in revived.iter().flat_map(|name| self.roster.member(name)) {
            member.addr.do_send(Command::Reinstate);
        }
        revived
    }

    fn add_processes(
        &mut self,
        group: &str,
        new: Vec<Arc<ProcessConfig>>,
        ctx: &mut Context<Self>,
    ) -> Vec<ProcessName> {
        let (Some(present), Some(first)) = (self.roster.group(group), new.first()) else {
            return Vec::new();
        };
        let program = Arc::clone(&first.program);
        let pool = present.pool.clone();
        let shared = present.members.iter();
        let shared = shared.filter_map(|member| member.setup.socket.clone());
        let mut sockets: Vec<SharedSocket> = shared.collect();
        let start = |process: &Arc<ProcessConfig>| {
            let socket = process.socket.as_ref();
            let socket = socket.map(|socket| self.shared(socket, &mut sockets));
            let name = ProcessName::new(group, &*process.name);
            self.start_process(name, process, pool.as_ref(), socket, ctx)
        };
        let members: Vec<Member> = new.iter().map(start).collect();
        let names = members.iter().map(|member| member.name().clone());
        let names: Vec<ProcessName> = names.collect();
        let begun = self.begun;
        self.edit_group(group, |group| {
            group.config.processes.extend(new);
            group.members.extend(members.iter().cloned());
            group.arrange(&program);
            group.arrange_pool();
        });
        for member in members {
            self.publish(Event::ProcessAdded(member.name().clone()));
            if begun {
                member.addr.do_send(Command::Autostart);
            }
        }
        names
    }

    /// Those beyond the new number become obsolete. Those without a child end at once; whether they
    /// are waited for or not, they are among those whose answers are returned.
    fn retire_surplus(
        &mut self,
        group: &GroupConfig,
        request: &UpdateNumprocs,
    ) -> (Vec<ProcessName>, Vec<Pending>) {
        let own = group.processes.iter();
        let own = own.filter(|it| *it.program == *request.program && it.index >= request.numprocs);
        let names = own.map(|it| ProcessName::new(&*group.name, &*it.name));
        let mut surplus: Vec<ProcessName> = names.collect();
        surplus.retain(|name| !self.obsolete.contains_key(name));
        let mut waits: Vec<Pending> = Vec::new();
        for name in &surplus {
            let Ok(member) = self.roster.member(name) else {
                continue;
            };
            let info = self.deps.board.process(name);
            let runs =
                info.is_some_and(|info| info.pid != 0 || info.state == ProcessState::Starting);
            let lazy = request.lazy && runs;
            let answer = member.ask(retirement(lazy));
            if lazy || (runs && !request.wait) {
                actix_rt::spawn(answer);
            } else {
                let name = name.clone();
                waits.push(Box::pin(async move { (name, answer.await) }));
            }
            self.obsolete.insert(name.clone(), lazy);
        }
        (surplus, waits)
    }

    /// Answer when those that are waited for have ended and are removed.
    fn finish(&self, applied: Answer<(NumprocsUpdated, Vec<Pending>)>) -> Later<NumprocsUpdated> {
        let (updated, waits) = match applied {
            Ok(applied) => applied,
            Err(fault) => return answered(Err(fault)),
        };
        let ended = join_all(waits).into_actor(self);
        Box::pin(ended.map(|ended, act, _ctx| {
            for (name, _) in &ended {
                act.remove_ended(&name.group);
            }
            all_stopped(ended).map(|()| updated)
        }))
    }

    /// Change an active group. What `addProcessGroup` and `getAllConfigInfo` use changes with it, as in
    /// the original, unless the configuration was read again since.
    pub(super) fn edit_group(&mut self, name: &str, edit: impl FnOnce(&mut Group)) {
        let Some(group) = self.roster.group_mut(name) else {
            return;
        };
        let mut configured = self.parts.config.groups.iter_mut();
        let configured = configured.find(|it| it.name == name);
        let configured = configured.filter(|it| is_same(&it.processes, &group.config.processes));
        edit(group);
        if let Some(configured) = configured {
            configured.processes.clone_from(&group.config.processes);
        }
    }
}

/// Completes when an obsolete process has ended.
type Pending = futures_util::future::LocalBoxFuture<'static, Retired>;

fn check(request: &UpdateNumprocs) -> Answer {
    let UpdateNumprocs {
        program, numprocs, ..
    } = request;
    let expected = match *numprocs {
        0 => "integer > 0 expected".to_owned(),
        1..=MOST_PROCESSES => return Ok(()),
        _ => format!("integer <= {MOST_PROCESSES} expected"),
    };
    let text = format!("program={program} incorrect numprocs={numprocs} - {expected}");
    Err(FaultCode::IncorrectParameters.about(text))
}

fn not_applicable(program: &str) -> Fault {
    FaultCode::NotApplicable.about(format!("numprocs not applicable to program={program}"))
}

/// Those of `all` processes of a program that the group does not have.
fn missing(
    program: &str,
    group: &GroupConfig,
    mut all: Vec<Arc<ProcessConfig>>,
) -> Result<Vec<Arc<ProcessConfig>>, String> {
    let own = |it: &&Arc<ProcessConfig>| *it.program == *program;
    // what is there keeps its name, also if its new one contains the new number
    let present: Vec<u32> = group
        .processes
        .iter()
        .filter(own)
        .map(|it| it.index)
        .collect();
    all.retain(|it| !present.contains(&it.index));
    let taken = |name: &str| group.processes.iter().any(|it| it.name == *name);
    match all.iter().find(|it| taken(&it.name)) {
        None => Ok(all),
        Some(process) => Err(format!(
            "group {} has a process named {} already",
            group.name, process.name
        )),
    }
}

/// Whether these are the very same processes, not only equal ones.
fn is_same(one: &[Arc<ProcessConfig>], other: &[Arc<ProcessConfig>]) -> bool {
    let both = one.iter().zip(other);
    one.len() == other.len() && both.into_iter().all(|(one, other)| Arc::ptr_eq(one, other))
}
