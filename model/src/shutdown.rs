//! In which order things start, and in which order a closing daemon stops them
//! (spec core 4.9, 4.10).
//!
//! Starting: all groups at once, ascending group priority, and in a group strictly as
//! configured, whatever the priorities of its processes. Stopping: the exact reverse of the
//! groups, one group at a time, and in a group by descending *process* priority. A group
//! already at rest takes no time (decision C19).
//!
//! The plan keeps no copy of any state: it is told what rests each time it is asked. So a
//! process that turns out to be alive after its group was thought to rest (news may be late)
//! is still asked before anything of a lower priority is.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use core::cmp::Reverse;

use crate::state::ProcessState;

/// Group, process.
pub type Name = (String, String);

/// What the order depends on: an active group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its name, unique among the active groups.
    pub name: String,
    /// Smaller starts earlier and stops later.
    pub priority: i64,
    /// Counts up from group to group as they are activated; breaks ties of priority.
    pub activation: u64,
    /// Its processes, in any order.
    pub processes: Vec<ProcessView>,
}

/// What the order depends on: a process of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessView {
    /// Its name, unique in the group.
    pub name: String,
    /// Larger stops earlier; no influence on starting.
    pub priority: i64,
    /// Its place among the group's processes as configured.
    pub index: usize,
}

/// The order in which processes are started when nothing runs yet.
#[must_use]
pub fn start_order(mut groups: Vec<GroupView>) -> Vec<Name> {
    sort_for_start(&mut groups);
    groups
        .iter()
        .flat_map(|group| {
            let configured = group.processes.iter();
            configured.map(|process| (group.name.clone(), process.name.clone()))
        })
        .collect()
}

/// Groups as they start, processes as configured.
fn sort_for_start(groups: &mut [GroupView]) {
    groups.sort_by_key(|group| (group.priority, group.activation));
    for group in groups {
        group.processes.sort_by_key(|process| process.index);
    }
}

/// How far a process is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It runs, or may run again.
    Running,
    /// It could not be signalled (UNKNOWN): it is asked once more, and then left running.
    Unknown,
    /// Nothing runs: STOPPED, EXITED or FATAL.
    Stopped,
}

impl From<ProcessState> for Rest {
    fn from(state: ProcessState) -> Self {
        match state {
            ProcessState::Unknown => Self::Unknown,
            ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => Self::Stopped,
            ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Backoff
            | ProcessState::Stopping => Self::Running,
        }
    }
}

/// How to stop everything. Made once, when the daemon begins to close: from then on no
/// group is added and no process started.
#[derive(Clone, Debug)]
pub struct StopPlan {
    /// First to stop first, and so the processes in each.
    groups: Vec<GroupView>,
    /// Group and process by their places in `groups`.
    asked: BTreeSet<(usize, usize)>,
}

/// What a closing daemon has to do now.
#[must_use = "a process named here is named only once"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Ask these to stop, in this order.
    Stop(Vec<Name>),
    /// Everything asked for; some of it has not ended yet.
    Waiting,
    /// Nothing runs any more.
    Done,
}

impl StopPlan {
    /// A plan for these groups, given in any order.
    #[must_use]
    pub fn new(mut groups: Vec<GroupView>) -> Self {
        groups.sort_by_key(|group| Reverse((group.priority, group.activation)));
        for group in &mut groups {
            let processes = &mut group.processes;
            processes.sort_by_key(|process| Reverse((process.priority, process.index)));
        }
        Self {
            groups,
            asked: BTreeSet::new(),
        }
    }

    /// Whether this process has been named as one to stop.
    #[must_use]
    pub fn was_asked(&self, group: &str, process: &str) -> bool {
        self.asked.iter().any(|&(place, process_place)| {
            let asked = &self.groups[place];
            asked.name == group && asked.processes[process_place].name == process
        })
    }

    /// What to do, now that `rest` (asked with group and process) is the truth.
    ///
    /// The first group that is not at rest is the one to stop. Each of its processes that
    /// is not stopped is named once: when its group's turn has come.
    pub fn advance(&mut self, rest: &dyn Fn(&str, &str) -> Rest) -> Progress {
        for (place, group) in self.groups.iter().enumerate() {
            let mut at_rest = true;
            let mut names = Vec::new();
            for (process_place, process) in group.processes.iter().enumerate() {
                let rest = rest(&group.name, &process.name);
                if rest == Rest::Stopped {
                    continue;
                }
                if self.asked.insert((place, process_place)) {
                    names.push((group.name.clone(), process.name.clone()));
                } else if rest == Rest::Unknown {
                    continue;
                }
                at_rest = false;
            }
            if !names.is_empty() {
                return Progress::Stop(names);
            }
            if !at_rest {
                return Progress::Waiting;
            }
        }
        Progress::Done
    }
}

#[cfg(test)]
mod tests;
