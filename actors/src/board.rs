//! The board: what the control thread publishes to readers on other threads.
//!
//! The row of a process is written by the process, the rest by the Supervisor, on every change. A
//! row has one owner at a time: a process that was replaced or removed, but lives on until its child
//! has ended, can no longer write it. RPC reads, pages and metrics are answered from the board
//! without a message to any actor. Readers hold the lock for the copy of some `Arc`s.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use visord_model::name::ProcessName;
use visord_model::process::ProcessInfo;
use visord_model::state::SupervisorState;

use crate::feed::{Cursor, Feed, News};
use crate::pool::PoolNumbers;

/// Facts about the daemon that hold from start to restart.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// `identifier` of the configuration.
    pub identifier: String,
    /// The daemon's pid.
    pub pid: i32,
    /// The activity log, `None` for syslog.
    pub logfile: Option<PathBuf>,
}

/// The right to change one row, until the row is removed or shown for another owner. The default
/// owns no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowOwner(u64);

#[derive(Debug)]
struct Row {
    owner: RowOwner,
    info: Arc<ProcessInfo>,
}

/// The published state of the daemon. See the module.
#[derive(Debug)]
pub struct Board {
    identity: Identity,
    state: AtomicI32,
    /// How many owners rows have had.
    owners: AtomicU64,
    processes: RwLock<BTreeMap<ProcessName, Row>>,
    groups: RwLock<BTreeSet<String>>,
    pools: RwLock<BTreeMap<String, Arc<Mutex<PoolNumbers>>>>,
    feed: Feed,
}

impl Board {
    /// An empty board of a daemon that runs.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            state: AtomicI32::new(SupervisorState::Running.code()),
            owners: AtomicU64::new(0),
            processes: RwLock::default(),
            groups: RwLock::default(),
            pools: RwLock::default(),
            feed: Feed::default(),
        }
    }

    /// The facts that hold from start to restart.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The state of the daemon.
    pub fn state(&self) -> SupervisorState {
        SupervisorState::from_code(self.state.load(Ordering::Acquire))
            .unwrap_or(SupervisorState::Fatal)
    }

    /// One process of an active group.
    pub fn process(&self, name: &ProcessName) -> Option<Arc<ProcessInfo>> {
        let all = self.processes.read();
        all.get(name).map(|row| Arc::clone(&row.info))
    }

    /// Every process, by group name, then process name.
    pub fn all(&self) -> Vec<Arc<ProcessInfo>> {
        self.snapshot().0
    }

    /// How many processes there are.
    pub fn count(&self) -> usize {
        self.processes.read().len()
    }

    /// Every process as [`Self::all`], and the cursor of the feed whose next entries follow on
    /// exactly this.
    pub fn snapshot(&self) -> (Vec<Arc<ProcessInfo>>, Cursor) {
        let all = self.processes.read();
        let infos = all.values().map(|row| Arc::clone(&row.info)).collect();
        // rows are published under the same lock
        (infos, self.feed.cursor())
    }

    /// Where every change of a row is published.
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Whether a group of this name is active.
    pub fn has_group(&self, name: &str) -> bool {
        self.groups.read().contains(name)
    }

    /// Show a new state of the daemon.
    pub fn set_state(&self, state: SupervisorState) {
        self.state.store(state.code(), Ordering::Release);
    }

    /// Show a process, instead of another of its name. From now on only the owner returned
    /// here may change the row.
    pub fn set_process(&self, info: ProcessInfo) -> RowOwner {
        let owner = RowOwner(self.owners.fetch_add(1, Ordering::Relaxed) + 1);
        self.write(owner, info, true);
        owner
    }

    /// Show what is now true of a process. Nothing changes if the row has another owner or was
    /// removed.
    pub fn update_process(&self, owner: RowOwner, info: ProcessInfo) {
        self.write(owner, info, false);
    }

    fn write(&self, owner: RowOwner, info: ProcessInfo, is_new: bool) {
        let name = info.full_name();
        let mut all = self.processes.write();
        if !is_new && all.get(&name).is_none_or(|row| row.owner != owner) {
            return;
        }
        if let Some(row) = all.get_mut(&name)
            && *row.info == info
        {
            row.owner = owner;
            return;
        }
        let info = Arc::new(info);
        let row = Row {
            owner,
            info: Arc::clone(&info),
        };
        all.insert(name, row);
        self.feed.publish(News::State(info));
    }

    /// Remove one process; its group stays.
    pub fn remove_process(&self, name: &ProcessName) {
        self.remove_processes(|other| other == name);
    }

    /// Show that a group is active; that it still is, if it was.
    pub fn add_group(&self, name: &str) {
        self.groups.write().insert(name.to_owned());
    }

    /// Show the numbers of the pool of a group.
    pub fn set_pool(&self, group: &str, numbers: Arc<Mutex<PoolNumbers>>) {
        self.pools.write().insert(group.to_owned(), numbers);
    }

    /// The numbers of all pools, by group.
    pub fn pools(&self) -> Vec<(String, PoolNumbers)> {
        let pools = self.pools.read();
        let numbers = pools.iter().map(|(name, it)| (name.clone(), *it.lock()));
        numbers.collect()
    }

    /// Remove a group and its processes.
    pub fn remove_group(&self, name: &str) {
        self.pools.write().remove(name);
        self.groups.write().remove(name);
        self.remove_processes(|process| *process.group == *name);
    }

    fn remove_processes(&self, is_gone: impl Fn(&ProcessName) -> bool) {
        self.processes.write().retain(|name, _| {
            let gone = is_gone(name);
            if gone {
                self.feed.publish(News::Gone(name.clone()));
            }
            !gone
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use visord_model::process::{Machine, Policy};
    use visord_model::state::ProcessState;

    fn info(group: &str, name: &str, state: ProcessState) -> ProcessInfo {
        let machine = Machine::new(name, Policy::default());
        ProcessInfo {
            state,
            ..machine.info(&ProcessName::new(group, name))
        }
    }

    fn told(board: &Board, since: Cursor) -> Vec<String> {
        let Some(entries) = board.feed().since(since) else {
            panic!("nothing is forgotten");
        };
        let word = |news: &News| match news {
            News::State(info) => format!("{} {}", info.name, info.state),
            News::Gone(name) => format!("{} gone", name.process),
            News::Event { .. } => "event".into(),
        };
        entries.iter().map(|entry| word(&entry.news)).collect()
    }

    #[test]
    fn changes_are_told_and_nothing_else() {
        let board = Board::new(Identity::default());
        let start = board.feed().cursor();
        board.add_group("g");
        for state in [
            ProcessState::Stopped,
            ProcessState::Stopped,
            ProcessState::Running,
        ] {
            board.set_process(info("g", "a", state));
        }
        board.set_process(info("g", "b", ProcessState::Stopped));
        board.set_process(info("h", "c", ProcessState::Stopped));
        let (rows, cursor) = board.snapshot();
        assert_eq!(rows.len(), 3);
        assert_eq!(
            told(&board, start),
            ["a STOPPED", "a RUNNING", "b STOPPED", "c STOPPED"]
        );
        let b = ProcessName::new("g", "b");
        board.remove_process(&b);
        board.remove_process(&b);
        board.remove_group("g");
        assert_eq!(told(&board, cursor), ["b gone", "a gone"]);
    }

    #[test]
    fn only_the_owner_changes_a_row() {
        let board = Board::new(Identity::default());
        let name = ProcessName::new("g", "a");
        let state = || board.process(&name).map(|info| info.state);
        let first = board.set_process(info("g", "a", ProcessState::Unknown));
        board.update_process(first, info("g", "a", ProcessState::Stopping));
        assert_eq!(state(), Some(ProcessState::Stopping));
        board.remove_group("g");
        board.update_process(first, info("g", "a", ProcessState::Stopped));
        assert_eq!(state(), None, "a removed row stays removed");
        let second = board.set_process(info("g", "a", ProcessState::Running));
        board.update_process(first, info("g", "a", ProcessState::Stopped));
        assert_eq!(state(), Some(ProcessState::Running));
        // the same text from another owner is a change of owner too
        let third = board.set_process(info("g", "a", ProcessState::Running));
        board.update_process(second, info("g", "a", ProcessState::Stopped));
        assert_eq!(state(), Some(ProcessState::Running));
        board.update_process(third, info("g", "a", ProcessState::Exited));
        assert_eq!(state(), Some(ProcessState::Exited));
    }
}
