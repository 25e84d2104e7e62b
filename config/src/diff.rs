//! What counts as a change between two configurations (spec core 4.12, spec interfaces 3.4).

use std::collections::BTreeMap;

use crate::types::{ChannelConfig, GroupConfig, GroupKind, LogTarget, PoolConfig, ProcessConfig};

/// Names of what two configurations have: groups, as `reread` reports them, or the processes of one
/// group when it is updated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// In both and equal: a process may keep running. In the order of the new configuration.
    pub kept: Vec<String>,
    /// In both, but not equal; in the order of the new configuration.
    pub changed: Vec<String>,
    /// Only in the new configuration, in its order.
    pub added: Vec<String>,
    /// No longer there, in the order of the old one.
    pub removed: Vec<String>,
}

impl Diff {
    fn of<T>(
        old: &[T],
        new: &[T],
        name: impl Fn(&T) -> &String,
        differs: impl Fn(&T, &T) -> bool,
    ) -> Self {
        let mut before: BTreeMap<&String, &T> = old.iter().map(|it| (name(it), it)).collect();
        let mut diff = Self::default();
        for it in new {
            let list = match before.remove(name(it)) {
                None => &mut diff.added,
                Some(before) if differs(before, it) => &mut diff.changed,
                Some(_) => &mut diff.kept,
            };
            list.push(name(it).clone());
        }
        let removed = old
            .iter()
            .map(name)
            .filter(|name| before.contains_key(name));
        diff.removed = removed.cloned().collect();
        diff
    }
}

/// Compare the groups that are active, in the order of their activation, with those of a
/// configuration just read.
pub fn diff(active: &[GroupConfig], new: &[GroupConfig]) -> Diff {
    Diff::of(active, new, |group| &group.name, group_differs)
}

/// Compare the processes of a group one by one. None is kept in a group that is of another
/// kind now: a pool or a socket belongs to all of them.
pub fn process_diff(old: &GroupConfig, new: &GroupConfig) -> Diff {
    let replaced = kind_differs(&old.kind, &new.kind);
    Diff::of(
        &old.processes,
        &new.processes,
        |process| &process.name,
        |old, new| replaced || process_differs(old, new),
    )
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
