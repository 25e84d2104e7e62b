//! Which process or group a client means (spec interfaces 3.1, N1-N5).

use visord_actors::board::Board;
use visord_actors::messages::supervisor::ProcessName;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::{Namespec, namespec};

/// What a client named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One process.
    Process(ProcessName),
    /// A whole group.
    Group(String),
}

impl Target {
    /// The target of a text that starts, stops or signals.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match Namespec::parse(text) {
            Namespec::Process { group, process } => Self::Process(ProcessName { group, process }),
            Namespec::Group(group) => Self::Group(group),
        }
    }
}

/// The one process of a text; a whole group is BAD_NAME here (N3).
pub fn single(text: &str) -> Result<ProcessName, Fault> {
    match Target::parse(text) {
        Target::Process(name) => Ok(name),
        Target::Group(_) => Err(FaultCode::BadName.about(text)),
    }
}

/// The one active process of a text, or BAD_NAME.
pub fn active(board: &Board, text: &str) -> Result<ProcessName, Fault> {
    let name = single(text)?;
    match board.process(&name) {
        Some(_) => Ok(name),
        None => Err(FaultCode::BadName.about(text)),
    }
}

/// A fault about a process in the words the client used for it (N5).
#[must_use]
pub fn respelled(fault: Fault, name: &ProcessName, given: &str) -> Fault {
    let ProcessName { group, process } = name;
    let is_about_it = fault.extra.as_deref().is_some_and(|extra| {
        extra == namespec(group, process)
            || extra.split_once(':') == Some((group.as_str(), process.as_str()))
    });
    if is_about_it {
        fault.code.about(given)
    } else {
        fault
    }
}

/// The same for a fault about a group.
#[must_use]
pub fn respelled_group(fault: Fault, group: &str, given: &str) -> Fault {
    if fault.extra.as_deref() == Some(group) {
        fault.code.about(given)
    } else {
        fault
    }
}
