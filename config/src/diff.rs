//! What counts as a change between two configurations (spec core 4.12, spec interfaces 3.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::types::{ChannelConfig, GroupConfig, GroupKind, LogTarget, PoolConfig, ProcessConfig};

/// Names of groups that two configurations have, as `reread` reports them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// In both, but not equal; in the order of the new configuration.
    pub changed: Vec<String>,
    /// Only in the new configuration, in its order.
    pub added: Vec<String>,
    /// No longer there, in the order of the old one.
    pub removed: Vec<String>,
}

/// What becomes of a process when its group is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its settings are equal: it is not touched, whatever its state.
    Kept,
    /// Its settings differ: it is stopped and replaced.
    Restarted,
    /// It is new.
    Added,
    /// It is no longer configured.
    Removed,
}

impl Fate {
    /// The word that RPC clients see.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Restarted => "restarted",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// Compare the groups that are active, in the order of their activation, with those of a
/// configuration just read.
pub fn diff(active: &[GroupConfig], new: &[GroupConfig]) -> Diff {
    let mut before: BTreeMap<&String, _> = active.iter().map(|it| (&it.name, it)).collect();
    let mut diff = Diff::default();
    for group in new {
        match before.remove(&group.name) {
            None => diff.added.push(group.name.clone()),
            Some(before) if group_differs(before, group) => diff.changed.push(group.name.clone()),
            Some(_) => {}
        }
    }
    let names = active.iter().map(|group| &group.name);
    diff.removed = names
        .filter(|name| before.contains_key(name))
        .cloned()
        .collect();
    diff
}

/// An update of a group: the new group as it will run, and what becomes of each process, those of
/// the new group in their order, then those that are removed.
///
/// A process that is kept keeps the very settings it was started with, also where they differ in what
/// does not count as a change (spec core 4.12). None is kept in a group that is of another kind now: a
/// pool or a socket belongs to all of them.
pub fn updated(old: &GroupConfig, new: &GroupConfig) -> (GroupConfig, Vec<(String, Fate)>) {
    let is_replaced = kind_differs(&old.kind, &new.kind);
    let mut before: BTreeMap<&String, _> = old.processes.iter().map(|it| (&it.name, it)).collect();
    let mut group = new.clone();
    let mut fates = Vec::new();
    for process in &mut group.processes {
        let fate = match before.remove(&process.name) {
            None => Fate::Added,
            Some(old) if is_replaced || process_differs(old, process) => Fate::Restarted,
            Some(old) => {
                if *old != *process {
                    *process = Arc::clone(old);
                }
                Fate::Kept
            }
        };
        fates.push((process.name.clone(), fate));
    }
    let names = old.processes.iter().map(|process| &process.name);
    let removed = names.filter(|name| before.contains_key(name));
    fates.extend(removed.map(|name| (name.clone(), Fate::Removed)));
    (group, fates)
}

/// Whether a group of one name is another one now: its kind, its priority, what its kind
/// adds, or any of its processes in their order.
pub fn group_differs(old: &GroupConfig, new: &GroupConfig) -> bool {
    old.priority != new.priority
        || kind_differs(&old.kind, &new.kind)
        || old.processes.len() != new.processes.len()
        || old
            .processes
            .iter()
            .zip(&new.processes)
            .any(|(old, new)| process_differs(old, new))
}

/// Whether what makes the group as a whole is another one: its kind of section, its listener
/// pool, its socket. Of a FastCGI group only the socket's address counts, not its owner, mode
/// or backlog.
pub fn kind_differs(old: &GroupKind, new: &GroupKind) -> bool {
    match (old, new) {
        (GroupKind::Programs, GroupKind::Programs) => false,
        (GroupKind::Listeners(old), GroupKind::Listeners(new)) => pool_differs(old, new),
        (GroupKind::Fastcgi(old), GroupKind::Fastcgi(new)) => old.url != new.url,
        (GroupKind::Programs | GroupKind::Listeners(_) | GroupKind::Fastcgi(_), _) => true,
    }
}

/// The order in which events are subscribed to means nothing.
fn pool_differs(old: &PoolConfig, new: &PoolConfig) -> bool {
    let rest = PoolConfig {
        events: new.events.clone(),
        ..old.clone()
    };
    rest != *new
        || old.events.len() != new.events.len()
        || old.events.iter().any(|event| !new.events.contains(event))
}

/// Whether any setting of a process differs that the original compares. The `socket` is
/// not among its settings there; here it is, because a FastCGI program in a `[group:x]`
/// keeps it (difference C21).
pub fn process_differs(old: &ProcessConfig, new: &ProcessConfig) -> bool {
    let url = |process: &ProcessConfig| process.socket.as_ref().map(|socket| socket.url.clone());
    let rest = ProcessConfig {
        stdout: new.stdout.clone(),
        stderr: new.stderr.clone(),
        socket: new.socket.clone(),
        // the original does not keep them
        program: new.program.clone(),
        index: new.index,
        ..old.clone()
    };
    rest != *new
        || channel_differs(&old.stdout, &new.stdout)
        || channel_differs(&old.stderr, &new.stderr)
        || url(old) != url(new)
}

fn channel_differs(old: &ChannelConfig, new: &ChannelConfig) -> bool {
    // a log that becomes AUTO is not a change (spec interfaces 3.4)
    let logfile = new.logfile != LogTarget::Auto && old.logfile != new.logfile;
    let rest = ChannelConfig {
        logfile: new.logfile.clone(),
        ..old.clone()
    };
    logfile || rest != *new
}
