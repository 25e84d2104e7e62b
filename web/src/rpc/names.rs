//! Which process a client means (spec interfaces 3.1, N1-N5).

use std::sync::Arc;

use visord_actors::board::Board;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::{Namespec, ProcessName};
use visord_model::process::ProcessInfo;

/// The one process of a text; a whole group is BAD_NAME here (N3).
pub fn single(text: &str) -> Result<ProcessName, Fault> {
    match Namespec::parse(text) {
        Namespec::Process(name) => Ok(name),
        Namespec::Group(_) => Err(FaultCode::BadName.about(text)),
    }
}

/// What is known of the one active process of a text, or BAD_NAME.
pub fn info(board: &Board, text: &str) -> Result<Arc<ProcessInfo>, Fault> {
    let info = board.process(&single(text)?);
    info.ok_or_else(|| FaultCode::BadName.about(text))
}
