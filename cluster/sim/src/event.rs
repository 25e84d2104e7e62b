//! What happens, and when.

use visord_cluster::input::{Closing, Handshake};
use visord_cluster::message::Publication;
use visord_model::moment::Mono;
use visord_model::name::ProcessName;

use crate::fault::Fault;
use crate::host::Due;
use crate::world::Micros;

/// A message on a link.
#[derive(Clone, Debug)]
pub enum Payload {
    /// `sendRemoteCommEvent`.
    Publication(Publication),
    /// The five questions of a handshake, asked at this time of the sender's clock.
    Handshake(Mono),
    /// `start_args`.
    Start(ProcessName, String),
    /// `stopProcess`.
    Stop(ProcessName),
    /// `restart` or `shutdown` of the cluster.
    Close(Closing),
}

/// What happens to a node.
#[derive(Clone, Debug)]
pub enum Event {
    /// 5 s have passed.
    Tick,
    /// A message of this node arrives.
    Arrive(usize, Payload),
    /// This peer does not answer.
    Unreachable(usize),
    /// This peer answers a handshake that began then.
    Answer(usize, Mono, Box<Handshake>),
    /// A process of this generation goes on.
    Process(usize, u32, Due),
}

#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// To this node, if it still is in this boot; `None`: in any.
    Node(usize, Option<u32>, Event),
    /// A message arrives, or not.
    Message {
        from: usize,
        boot: u32,
        to: usize,
        payload: Payload,
        again: bool,
    },
    Fault(Fault),
    /// The supervisord of this boot ends.
    End(usize, u32, Closing),
}

pub(crate) struct Timed {
    pub(crate) time: Micros,
    pub(crate) serial: u64,
    pub(crate) what: Happening,
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.serial) == (other.time, other.serial)
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// The earliest is the greatest: the heap gives it first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.time, other.serial).cmp(&(self.time, self.serial))
    }
}
