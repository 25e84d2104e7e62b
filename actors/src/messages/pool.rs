//! Messages between a listener pool and the processes that are its members.
//!
//! Nobody awaits anybody: all of these are notifications. A member sends them in the order
//! in which things happened, so that what a child said comes before its death, and a
//! [`WriteEnvelope`] is always answered with an [`EnvelopeWritten`].

use actix::{Message, Recipient};
use visord_model::listener::Undelivered;
use visord_model::state::ProcessState;

/// Member to pool: here I am. Members are served in the order in which they join; one that
/// joins again under its name keeps its place.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// Process name.
    pub process: String,
    /// Where envelopes go.
    pub stdin: Recipient<WriteEnvelope>,
    /// Whom to ask for a restart.
    pub recover: Recipient<RecoverListener>,
}

/// Supervisor to pool, after an update of its group: serve these members, in configured order, and
/// forget the others.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Arrange {
    /// Process names.
    pub order: Vec<String>,
}

/// Member to pool: its state changed.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct MemberChanged {
    /// Process name.
    pub process: String,
    /// The state entered.
    pub state: ProcessState,
    /// The child, when it is RUNNING.
    pub pid: i32,
}

/// Member to pool: its child wrote this to stdout.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct ListenerOutput {
    /// Process name.
    pub process: String,
    /// The bytes, in any chunks.
    pub data: Vec<u8>,
}

/// Pool to member: write all of this to the child's stdin, or keep it in the bounded buffer
/// before it; take nothing of it otherwise. An empty buffer takes an envelope of any size.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct WriteEnvelope {
    /// Only to this child: another one in its place is `NotRunning`.
    pub pid: i32,
    /// Header line and body.
    pub data: Vec<u8>,
}

/// Member to pool: the answer to [`WriteEnvelope`].
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct EnvelopeWritten {
    /// Process name.
    pub process: String,
    /// The child of the [`WriteEnvelope`].
    pub pid: i32,
    /// Whether it took the envelope.
    pub outcome: Result<(), Undelivered>,
}

/// Member to pool: bytes it had taken could not be written, because the child closed its
/// stdin. (Not sent for a closed stdin that nothing was to be written to.)
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct StdinClosed {
    /// Process name.
    pub process: String,
    /// The child.
    pub pid: i32,
}

/// Member to pool: after a refusal for want of room, the buffer is empty.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct StdinDrained {
    /// Process name.
    pub process: String,
    /// The child.
    pub pid: i32,
}

/// Pool to member: stop the child if it is still this one, and start it again.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct RecoverListener {
    /// The child that broke the protocol.
    pub pid: i32,
}
