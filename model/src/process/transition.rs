//! A change of state, with everything an event about it may say.

use crate::exit::ExitStatus;
use crate::state::ProcessState;
use alloc::string::String;

/// One allowed step from state to state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state left.
    pub from: ProcessState,
    /// The state entered.
    pub to: ProcessState,
    /// The child concerned; 0 where there is none.
    pub pid: i32,
    /// Failed starts so far, after this step.
    pub tries: u32,
    /// EXITED: whether the exit code was expected.
    pub expected: bool,
    /// How the child ended, where this step is about an end.
    pub exit: Option<ExitStatus>,
    /// Seconds from the start to the end, where this step is about an end.
    pub uptime: Option<u64>,
    /// Why a start failed, else empty.
    pub spawnerr: String,
}
