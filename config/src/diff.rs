//! What counts as a change between two configurations (spec core 4.12, spec interfaces 3.4).

use std::collections::{BTreeMap, BTreeSet};

use crate::types::{
    ChannelConfig, FcgiSocket, GroupConfig, GroupKind, LogTarget, PoolConfig, ProcessConfig,
};

/// Names of groups, as `reread` reports them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Only in the new configuration, in its order.
    pub added: Vec<String>,
    /// In both, but not equal; in the order of the new configuration.
    pub changed: Vec<String>,
    /// No longer there, in the order of activation.
    pub removed: Vec<String>,
}

/// Compare the groups that are active, in the order of their activation, with those of a
/// configuration just read.
#[must_use]
pub fn diff(active: &[GroupConfig], new: &[GroupConfig]) -> Diff {
    let old: BTreeMap<&str, &GroupConfig> = active
        .iter()
        .map(|group| (group.name.as_str(), group))
        .collect();
    let mut diff = Diff::default();
    for group in new {
        match old.get(group.name.as_str()) {
            None => diff.added.push(group.name.clone()),
            Some(old) if group_differs(old, group) => diff.changed.push(group.name.clone()),
            Some(_) => {}
        }
    }
    let kept: BTreeSet<&str> = new.iter().map(|group| group.name.as_str()).collect();
    let names = active.iter().map(|group| group.name.as_str());
    let removed = names.filter(|name| !kept.contains(name));
    diff.removed = removed.map(str::to_owned).collect();
    diff
}

/// Whether a group of one name is another one now: its kind, its priority, what its kind
/// adds, or any of its processes in their order.
#[must_use]
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
#[must_use]
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
    let PoolConfig {
        buffer_size,
        events,
        event_detail,
        event_length,
        listener_recover,
    } = old;
    *buffer_size != new.buffer_size
        || *event_detail != new.event_detail
        || *event_length != new.event_length
        || *listener_recover != new.listener_recover
        || events.len() != new.events.len()
        || events.iter().any(|event| !new.events.contains(event))
}

/// Whether any setting of a process differs that the original compares. The `socket` is
/// not among its settings there; here it is, because a FastCGI program in a `[group:x]`
/// keeps it (difference C21).
#[must_use]
pub fn process_differs(old: &ProcessConfig, new: &ProcessConfig) -> bool {
    // destructured without `..`: a new setting has to be decided on here
    let ProcessConfig {
        name,
        command,
        directory,
        umask,
        priority,
        policy,
        user,
        redirect_stderr,
        stdout,
        stderr,
        environment,
        serverurl,
        socket,
    } = old;
    let url = |socket: &Option<std::sync::Arc<FcgiSocket>>| {
        socket.as_ref().map(|socket| socket.url.clone())
    };
    *name != new.name
        || *command != new.command
        || *directory != new.directory
        || *umask != new.umask
        || *priority != new.priority
        || *policy != new.policy
        || *user != new.user
        || *redirect_stderr != new.redirect_stderr
        || channel_differs(stdout, &new.stdout)
        || channel_differs(stderr, &new.stderr)
        || *environment != new.environment
        || *serverurl != new.serverurl
        || url(socket) != url(&new.socket)
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

/// What becomes of the processes of one group when it is updated: names, those of the new
/// configuration in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessDiff {
    /// In both, with equal settings: they may keep running.
    pub kept: Vec<String>,
    /// In both, with other settings.
    pub changed: Vec<String>,
    /// Only in the new configuration.
    pub added: Vec<String>,
    /// Only in the old one, in its order.
    pub removed: Vec<String>,
}

/// Compare the processes of a group one by one. None is kept in a group that is of another
/// kind now: a pool or a socket belongs to all of them.
#[must_use]
pub fn process_diff(old: &GroupConfig, new: &GroupConfig) -> ProcessDiff {
    let replaced = kind_differs(&old.kind, &new.kind);
    let mut before: BTreeMap<&str, &ProcessConfig> = old
        .processes
        .iter()
        .map(|process| (process.name.as_str(), &**process))
        .collect();
    let mut diff = ProcessDiff::default();
    for process in &new.processes {
        let list = match before.remove(process.name.as_str()) {
            None => &mut diff.added,
            Some(before) if replaced || process_differs(before, process) => &mut diff.changed,
            Some(_) => &mut diff.kept,
        };
        list.push(process.name.clone());
    }
    let names = old.processes.iter().map(|process| process.name.as_str());
    let removed = names.filter(|name| before.contains_key(name));
    diff.removed = removed.map(str::to_owned).collect();
    diff
}
