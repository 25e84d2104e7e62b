//! What the administrator wants of applications and processes (spec cluster 2).
//!
//! The config crate reads files into [`element::RulesFile`]s; [`Rules`] finds in them what applies
//! to an application or process that is seen for the first time.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::identity::InstanceId;
use crate::strategy::{
    Distribution, RunningFailureStrategy, StartingFailureStrategy, StartingStrategy,
};

mod draft;
pub mod element;
mod formula;
mod identifiers;
mod lookup;
pub(crate) mod pattern;
pub mod share;
#[cfg(test)]
mod tests;

pub use formula::{Formula, FormulaError};
pub use lookup::Rules;

/// Where something may run, as written (spec cluster 2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Identifiers, nicks, stereotypes; `*` alone: every known instance. What
    /// `get_process_rules` shows.
    pub identifiers: Vec<Arc<str>>,
    /// How the instances are shared out; `identifiers` is empty until that is decided.
    pub sign: Option<Sign>,
}

impl Default for Placement {
    /// Every known instance.
    fn default() -> Self {
        Self {
            identifiers: vec![Arc::from("*")],
            sign: None,
        }
    }
}

/// How instances are shared out among the processes of a program, or among applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `#`: in turn, over these (`*` alone: every known instance).
    Hash(Vec<Arc<str>>),
    /// `@`: one each, over these.
    At(Vec<Arc<str>>),
}

/// The rules of an application (spec cluster 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRules {
    /// A rules file has an element for it.
    pub managed: bool,
    /// How far its processes may be spread.
    pub distribution: Distribution,
    /// Where it may run unless its distribution is ALL_INSTANCES.
    pub placement: Placement,
    /// Its place in the automatic start; 0: not started automatically.
    pub start_sequence: u32,
    /// Its place in the stop; 0: last.
    pub stop_sequence: u32,
    /// How its processes are placed if a request does not say.
    pub starting_strategy: StartingStrategy,
    /// What follows if a required process does not start, unless its own rules say.
    pub starting_failure: StartingFailureStrategy,
    /// What follows if a process fails, unless its own rules say.
    pub running_failure: RunningFailureStrategy,
    /// The formula of its operational status, as written; empty if there is none.
    pub status_formula: String,
    /// The same, parsed.
    pub formula: Option<Formula>,
}

impl Default for ApplicationRules {
    /// Those of an application that no rules file mentions.
    fn default() -> Self {
        Self {
            managed: false,
            distribution: Distribution::AllInstances,
            placement: Placement::default(),
            start_sequence: 0,
            stop_sequence: 0,
            starting_strategy: StartingStrategy::Config,
            starting_failure: StartingFailureStrategy::Abort,
            running_failure: RunningFailureStrategy::Continue,
            status_formula: String::new(),
            formula: None,
        }
    }
}

/// The rules of a process (spec cluster 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRules {
    /// Where it may run.
    pub placement: Placement,
    /// The instances that `#` or `@` gave it, once decided (spec cluster 2.7); then
    /// `placement.identifiers` holds their identifiers, too.
    pub assigned: Option<Vec<InstanceId>>,
    /// Its place in the start of its application; 0: not part of it.
    pub start_sequence: u32,
    /// Its place in the stop of its application; 0: last.
    pub stop_sequence: u32,
    /// The application needs it. Never true if `start_sequence` is 0.
    pub required: bool,
    /// The next ones start when it has exited.
    pub wait_exit: bool,
    /// Percent of a node that it is expected to use, 0 to 100.
    pub expected_loading: u32,
    /// What follows if it does not start.
    pub starting_failure: StartingFailureStrategy,
    /// What follows if it fails.
    pub running_failure: RunningFailureStrategy,
}

impl Default for ProcessRules {
    /// Those of a process that no rules file mentions.
    fn default() -> Self {
        Self {
            placement: Placement::default(),
            assigned: None,
            start_sequence: 0,
            stop_sequence: 0,
            required: false,
            wait_exit: false,
            expected_loading: 0,
            starting_failure: StartingFailureStrategy::Abort,
            running_failure: RunningFailureStrategy::Continue,
        }
    }
}
