//! The elements of a rules file, as written (spec cluster 2.2).

use alloc::string::String;
use alloc::vec::Vec;

use crate::strategy::{
    Distribution, RunningFailureStrategy, StartingFailureStrategy, StartingStrategy,
};

/// One rules file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesFile {
    /// Its aliases, in its order.
    pub aliases: Vec<Alias>,
    /// Its models, in its order; their name is an attribute.
    pub models: Vec<ProgramElement>,
    /// Its applications, in its order.
    pub applications: Vec<ApplicationElement>,
}

/// A name for a list of instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Its list, separated by commas.
    pub text: String,
}

/// What an `application` element says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationElement {
    /// The application that it is for.
    pub name: Option<String>,
    /// The applications that it is for, if no element has their name.
    pub pattern: Option<String>,
    /// See [`super::ApplicationRules::distribution`].
    pub distribution: Option<Distribution>,
    /// Names, aliases and signs, separated by commas.
    pub identifiers: Option<String>,
    /// See [`super::ApplicationRules::start_sequence`]; a negative number is an error.
    pub start_sequence: Option<i8>,
    /// See [`super::ApplicationRules::stop_sequence`]; a negative number is an error.
    pub stop_sequence: Option<i8>,
    /// See [`super::ApplicationRules::starting_strategy`].
    pub starting_strategy: Option<StartingStrategy>,
    /// See [`super::ApplicationRules::starting_failure`].
    pub starting_failure: Option<StartingFailureStrategy>,
    /// See [`super::ApplicationRules::running_failure`].
    pub running_failure: Option<RunningFailureStrategy>,
    /// The formula of its operational status.
    pub operational_status: Option<String>,
    /// Its programs, in its order.
    pub programs: Vec<ProgramElement>,
}

/// What a `program` or `model` element says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramElement {
    /// The process that it is for, or the name of the model.
    pub name: Option<String>,
    /// The processes that it is for, if no element has their name.
    pub pattern: Option<String>,
    /// A model whose rules apply unless this element says otherwise.
    pub reference: Option<String>,
    /// Names, aliases and signs, separated by commas.
    pub identifiers: Option<String>,
    /// See [`super::ProcessRules::start_sequence`]; a negative number is an error.
    pub start_sequence: Option<i8>,
    /// See [`super::ProcessRules::stop_sequence`]; a negative number is an error.
    pub stop_sequence: Option<i8>,
    /// See [`super::ProcessRules::required`].
    pub required: Option<bool>,
    /// See [`super::ProcessRules::wait_exit`].
    pub wait_exit: Option<bool>,
    /// See [`super::ProcessRules::expected_loading`].
    pub expected_loading: Option<u8>,
    /// See [`super::ProcessRules::starting_failure`].
    pub starting_failure: Option<StartingFailureStrategy>,
    /// See [`super::ProcessRules::running_failure`].
    pub running_failure: Option<RunningFailureStrategy>,
}
