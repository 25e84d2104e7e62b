//! One listener as its pool sees it.

use alloc::sync::Arc;

use super::conversation::Conversation;
use super::queue::Queued;

/// Whether a listener's stdin takes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdin {
    Open,
    /// Until it is drained.
    Full,
    /// Until the process is another one.
    Closed,
}

#[derive(Clone, Debug)]
pub(super) struct Member<E> {
    pub(super) name: Arc<str>,
    /// In the state RUNNING.
    pub(super) running: bool,
    /// The child that was RUNNING last.
    pub(super) pid: i32,
    pub(super) stdin: Stdin,
    pub(super) conversation: Conversation<Queued<E>>,
}

impl<E> Member<E> {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            running: false,
            pid: 0,
            stdin: Stdin::Open,
            conversation: Conversation::default(),
        }
    }

    /// RUNNING and READY, and may be written to.
    pub(super) fn takes_events(&self) -> bool {
        self.running && self.stdin == Stdin::Open && self.conversation.is_free()
    }
}
