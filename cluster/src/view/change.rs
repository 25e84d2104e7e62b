//! What follows from a change of the view.

use alloc::string::String;
use alloc::vec::Vec;

use visord_model::log_line::LogLine;
use visord_model::name::ProcessName;

use crate::effect::Shown;

/// What follows from a change of the view; each list in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    pub(super) applied: bool,
    /// For subscribers.
    pub shown: Vec<Shown>,
    /// For the activity log.
    pub log: Vec<LogLine>,
    /// Processes that ran on the lost instance and run nowhere now; one that was STOPPING there is
    /// left out: it ended as wanted.
    pub lost: Vec<ProcessName>,
    /// Processes of the local instance whose command gets other arguments.
    pub extra_args: Vec<(ProcessName, String)>,
}

impl Changes {
    /// The view has taken it: what is ignored must not reach the plan.
    pub const fn applied(&self) -> bool {
        self.applied
    }

    /// There is nothing to show and nothing to log.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.log.is_empty()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.applied |= other.applied;
        self.shown.extend(other.shown);
        self.log.extend(other.log);
        self.lost.extend(other.lost);
        self.extra_args.extend(other.extra_args);
    }
}
