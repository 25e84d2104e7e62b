//! The order in which a closing daemon stops its groups (spec core 4.10).
//!
//! Groups stop in the exact reverse of the order in which they start, one at a time, and the
//! processes of a group by descending *process* priority. A group without running processes takes
//! no time (difference C19).
//!
//! The plan keeps no copy of any state: the caller provides it at each step. So a process that
//! turns out to run after its group was skipped is still asked before any of a lower priority.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::name::ProcessName;
use crate::state::ProcessState;

/// What the order depends on: an active group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Smaller starts earlier and stops later.
    pub priority: i64,
    /// Its processes as configured, with their priorities: larger stops earlier.
    pub processes: Vec<(ProcessName, i64)>,
}

/// How to stop everything. Made once, when the daemon begins to close: from then on no
/// group is added and no process started.
#[derive(Clone, Debug)]
pub struct StopPlan {
    /// First to stop first, and so the processes in each.
    groups: Vec<GroupView>,
    asked: BTreeSet<ProcessName>,
}

/// What a closing daemon has to do now.
#[must_use = "a process named here is named only once"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Ask these to stop, in this order.
    Stop(Vec<ProcessName>),
    /// All were asked; some have not ended yet.
    Waiting,
    /// Nothing runs any more.
    Done,
}

impl StopPlan {
    /// A plan for these groups, given in the order in which they were activated.
    pub fn new(mut groups: Vec<GroupView>) -> Self {
        // stable sorts: what has the same priority stops in reverse
        groups.reverse();
        groups.sort_by_key(|group| Reverse(group.priority));
        for GroupView { processes, .. } in &mut groups {
            processes.reverse();
            processes.sort_by_key(|(_, priority)| Reverse(*priority));
        }
        Self {
            groups,
            asked: BTreeSet::new(),
        }
    }

    /// The processes that have been named to be stopped.
    pub fn asked(&self) -> impl Iterator<Item = &ProcessName> {
        self.asked.iter()
    }

    /// What to do now; `state` tells the state of each process. One in UNKNOWN could not be signalled:
    /// it is asked once more, and then left running.
    ///
    /// The first group with a process that is not at rest is the one to stop. Each of its
    /// processes that is not at rest is named once, when its group's turn has come.
    pub fn advance(&mut self, state: &dyn Fn(&ProcessName) -> ProcessState) -> Progress {
        for group in &self.groups {
            let mut waits = false;
            let mut names = Vec::new();
            for (name, _) in &group.processes {
                let state = state(name);
                if state.is_at_rest() {
                    continue;
                }
                if self.asked.insert(name.clone()) {
                    names.push(name.clone());
                } else if state != ProcessState::Unknown {
                    waits = true;
                }
            }
            if !names.is_empty() {
                return Progress::Stop(names);
            }
            if waits {
                return Progress::Waiting;
            }
        }
        Progress::Done
    }
}

#[cfg(test)]
mod tests;
