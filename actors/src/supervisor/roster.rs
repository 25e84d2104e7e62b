//! Active groups and the addresses of their processes.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::Addr;
use visord_config::{GroupConfig, ProcessConfig};
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;
use visord_model::shutdown::GroupView;

use crate::messages::Answer;
use crate::messages::pool::Arrange;
use crate::messages::process::Command;
use crate::messages::supervisor::Scope;
use crate::pool::ListenerPool;
use crate::process::{ProcessActor, Setup};

/// One process of an active group.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) setup: Rc<Setup>,
    pub(super) addr: Addr<ProcessActor>,
}

impl Member {
    pub(super) fn name(&self) -> &ProcessName {
        &self.setup.name
    }

    /// Send a request now; its answer comes later.
    pub(super) fn ask(&self, command: Command) -> impl Future<Output = Answer> + 'static + use<> {
        self.setup.ask(self.addr.clone(), command)
    }
}

pub(super) struct Group {
    pub(super) config: GroupConfig,
    /// In configured order.
    pub(super) members: Vec<Member>,
    /// Alive as long as the group is active.
    pub(super) pool: Option<Addr<ListenerPool>>,
}

/// All active groups, in the order they were activated.
#[derive(Default)]
pub(super) struct Roster {
    pub(super) groups: Vec<Group>,
}

impl Roster {
    pub(super) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.config.name == name)
    }

    pub(super) fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        let mut groups = self.groups.iter_mut();
        groups.find(|group| group.config.name == name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Group> {
        let mut groups = self.groups.iter();
        let position = groups.position(|group| group.config.name == name)?;
        Some(self.groups.remove(position))
    }

    /// The process of this name, or BAD_NAME.
    pub(super) fn member(&self, name: &ProcessName) -> Result<&Member, Fault> {
        self.group(&name.group)
            .and_then(|group| group.members.iter().find(|member| member.name() == name))
            .ok_or_else(|| FaultCode::BadName.about(name))
    }

    /// By ascending group priority, ties in the order added.
    fn by_priority(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| group.config.priority);
        groups
    }

    /// The walk of bulk requests: groups by priority, then processes by priority, ties in
    /// configured order (spec interfaces 3.1 "Order").
    pub(super) fn walk(&self, scope: &Scope) -> Result<Vec<Member>, Fault> {
        let groups = match scope {
            Scope::All | Scope::These(_) => self.by_priority(),
            Scope::Group(name) => {
                let group = self.group(name);
                vec![group.ok_or_else(|| FaultCode::BadName.about_group(name))?]
            }
        };
        let mut walk = Vec::new();
        for group in groups {
            let mut members = group.members.clone();
            members.sort_by_key(|member| member.setup.config.priority);
            walk.append(&mut members);
        }
        if let Scope::These(names) = scope {
            walk.retain(|member| names.contains(member.name()));
        }
        Ok(walk)
    }

    /// Groups by priority, inside a group strictly in configured order (spec core 4.9).
    pub(super) fn autostart_all(&self) {
        for group in self.by_priority() {
            group.autostart();
        }
    }

    /// What the order of stopping depends on.
    pub(super) fn views(&self) -> Vec<GroupView> {
        let view = |group: &Group| {
            let processes = group.members.iter();
            GroupView {
                priority: group.config.priority,
                processes: processes
                    .map(|it| (it.name().clone(), it.setup.config.priority))
                    .collect(),
            }
        };
        self.groups.iter().map(view).collect()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.groups.iter().flat_map(|group| &group.members)
    }

    pub(super) fn tell_all(&self, command: &Command) {
        for member in self.members() {
            member.addr.do_send(command.clone());
        }
    }
}

impl Group {
    /// Bring the processes into their order: those of one program, which are next to each other,
    /// by priority and name, as in a configuration that was read.
    pub(super) fn arrange(&mut self, program: &str) {
        let processes = &mut self.config.processes;
        let of_program = |it: &Arc<ProcessConfig>| *it.program == *program;
        let Some(first) = processes.iter().position(of_program) else {
            return;
        };
        let all = std::mem::take(processes);
        let (mut own, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(of_program);
        own.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
        others.splice(first..first, own);
        self.config.processes = others;
        let places = self.config.processes.iter().enumerate();
        let places: BTreeMap<&str, usize> = places
            .map(|(place, it)| (it.name.as_str(), place))
            .collect();
        self.members
            .sort_by_key(|member| places.get(&*member.name().process).copied());
    }

    /// Have the pool serve these members alone, in this order (spec core 7.3 rule 3).
    pub(super) fn arrange_pool(&self) {
        if let Some(pool) = &self.pool {
            let names = self.config.processes.iter();
            pool.do_send(Arrange(names.map(|it| it.name.as_str().into()).collect()));
        }
    }

    /// Ask every process to start if it is meant to; one that has been started once ignores it.
    pub(super) fn autostart(&self) {
        for member in &self.members {
            member.addr.do_send(Command::Autostart);
        }
    }
}
