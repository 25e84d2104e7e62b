//! Active groups and the addresses of their processes.

use std::rc::Rc;

use actix::Addr;
use visord_config::GroupConfig;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::namespec;
use visord_model::shutdown::{GroupView, ProcessView};

use crate::fcgi::SharedSocket;
use crate::messages::process::Autostart;
use crate::messages::supervisor::{ProcessName, Scope};
use crate::pool::ListenerPool;
use crate::process::{Post, Process};

/// One process of an active group.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: ProcessName,
    pub(super) priority: i64,
    pub(super) addr: Addr<Process>,
    /// What an actor that panics leaves to the next.
    pub(super) post: Rc<Post>,
    /// What it shares with other FastCGI processes of its group.
    pub(super) socket: Option<SharedSocket>,
}

/// One active group.
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

    /// Take a group out.
    pub(super) fn take(&mut self, name: &str) -> Option<Group> {
        let mut groups = self.groups.iter();
        let position = groups.position(|group| group.config.name == name)?;
        Some(self.groups.remove(position))
    }

    /// The process of this name, or BAD_NAME with the name as a client would write it.
    pub(super) fn member(&self, name: &ProcessName) -> Result<&Member, Fault> {
        self.group(&name.group)
            .and_then(|group| group.members.iter().find(|member| member.name == *name))
            .ok_or_else(|| FaultCode::BadName.about(namespec(&name.group, &name.process)))
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
                vec![group.ok_or_else(|| FaultCode::BadName.about(name.clone()))?]
            }
        };
        let mut walk = Vec::new();
        for group in groups {
            let mut members = group.members.clone();
            members.sort_by_key(|member| member.priority);
            walk.append(&mut members);
        }
        if let Scope::These(names) = scope {
            walk.retain(|member| names.contains(&member.name));
        }
        Ok(walk)
    }

    /// Groups by priority, inside a group strictly in configured order (spec core 4.9).
    pub(super) fn autostart_all(&self) {
        for group in self.by_priority() {
            autostart(group);
        }
    }

    /// What the order of stopping depends on.
    pub(super) fn views(&self) -> Vec<GroupView> {
        let groups = self.groups.iter().enumerate();
        groups
            .map(|(activation, group)| GroupView {
                name: group.config.name.clone(),
                priority: group.config.priority,
                activation: activation as u64,
                processes: group
                    .members
                    .iter()
                    .enumerate()
                    .map(|(index, member)| ProcessView {
                        name: member.name.process.clone(),
                        priority: member.priority,
                        index,
                    })
                    .collect(),
            })
            .collect()
    }

    pub(super) fn everybody(&self) -> impl Iterator<Item = &Member> {
        self.groups.iter().flat_map(|group| &group.members)
    }
}

/// Ask every process of a group to start if it is meant to; whatever has been started once
/// takes no notice.
pub(super) fn autostart(group: &Group) {
    for member in &group.members {
        member.addr.do_send(Autostart);
    }
}
