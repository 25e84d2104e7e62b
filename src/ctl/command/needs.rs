//! What a daemon must know for a command, and which of it one does not know.

use visord_model::fault::FaultCode;
use visord_xmlrpc::{CallError, Client};

use super::Command;
use crate::ctl::exit_status::is;
use crate::ctl::failure::Failure;
use crate::ctl::session::Session;

/// Every supervisor explains its methods.
const EXPLAIN: &str = "system.methodHelp";

/// Tell a daemon that lacks a method apart from other failures: with its name.
pub(super) fn explained(session: &Session<'_>, command: &Command, failure: Failure) -> Failure {
    let is_lack = matches!(&failure, Failure::Call(CallError::Fault(fault))
        if is(FaultCode::UnknownMethod, fault.code));
    let Ok(mut client) = session.client() else {
        return failure;
    };
    if !is_lack {
        return failure;
    }
    let methods = command.needs.iter().filter(|need| !need.starts_with('/'));
    let lacking: Vec<&str> = methods
        .copied()
        .filter(|method| !is_known(&mut client, method))
        .collect();
    if lacking.is_empty() {
        failure
    } else {
        Failure::Lacking(lacking)
    }
}

/// Whether a server can explain a method. One that cannot be asked is given the benefit of
/// the doubt.
fn is_known(client: &mut Client, method: &str) -> bool {
    !matches!(
        client.call(EXPLAIN, &[method.into()]),
        Err(CallError::Fault(_))
    )
}
