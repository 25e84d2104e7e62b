//! One listener's stdout, from bytes to decisions (spec core 7.5).
//!
//! How the bytes are cut into chunks makes no difference, and whatever a listener writes,
//! at most [`MAX_RESULT_LINE`] bytes of it are kept.

use alloc::vec::Vec;

use crate::state::ListenerState;

/// What a listener says when it wants an event.
const READY: &[u8] = b"READY\n";
/// How its answer begins (difference C36).
const RESULT: &[u8] = b"RESULT ";
/// The answer that means success (the original's default result handler).
const OK: &[u8] = b"OK";

/// Longest result line, in bytes without its newline: fifty times the longest sensible one.
/// The original waits for a newline for ever.
pub const MAX_RESULT_LINE: usize = 1024;

/// Longest result, in bytes. Only `OK` means anything; a megabyte leaves room for every
/// listener that explains itself, and a longer announcement is a broken one.
pub const MAX_RESULT: usize = 1024 * 1024;

/// What a listener wrote. `T` is the event it holds.
#[must_use = "an event that comes back must be put back"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// READY.
    Ready,
    /// OK: the event is done with.
    Processed(T),
    /// Any other result.
    Rejected(T),
    /// Instead of a result line; it is UNKNOWN now.
    BadLine {
        /// What it wrote, at most [`MAX_RESULT_LINE`] bytes.
        line: Vec<u8>,
        /// The event it held.
        held: T,
    },
    /// Something out of turn; it is UNKNOWN now.
    OutOfTurn {
        /// What it was before: ACKNOWLEDGED or READY.
        was: ListenerState,
        /// The event that was just being offered to it.
        held: Option<T>,
    },
}

/// Where the conversation is; each phase holds only what is true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase<T> {
    /// Fewer than six bytes so far.
    Acknowledged {
        token: Vec<u8>,
    },
    Ready,
    /// READY, and an event is on its way to its stdin.
    Offered {
        held: T,
    },
    Busy {
        held: T,
        answer: Answer,
    },
    Unknown,
}

/// The answer of a BUSY listener, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Line(Vec<u8>),
    Result {
        /// Bytes still to come.
        left: usize,
        /// Its first bytes, one more than `OK` has.
        start: Vec<u8>,
    },
}

/// The state of one listener, the event it holds, and the bytes not understood yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation<T> {
    phase: Phase<T>,
}

impl<T> Default for Conversation<T> {
    /// With a listener that has just been started: ACKNOWLEDGED.
    fn default() -> Self {
        Self {
            phase: Phase::Acknowledged { token: Vec::new() },
        }
    }
}

impl<T> Conversation<T> {
    /// The state by its public name.
    pub const fn state(&self) -> ListenerState {
        match self.phase {
            Phase::Acknowledged { .. } => ListenerState::Acknowledged,
            Phase::Ready | Phase::Offered { .. } => ListenerState::Ready,
            Phase::Busy { .. } => ListenerState::Busy,
            Phase::Unknown => ListenerState::Unknown,
        }
    }

    /// READY and nothing offered.
    pub const fn is_free(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// The event it was offered or is BUSY with.
    pub const fn held(&self) -> Option<&T> {
        match &self.phase {
            Phase::Offered { held } | Phase::Busy { held, .. } => Some(held),
            Phase::Acknowledged { .. } | Phase::Ready | Phase::Unknown => None,
        }
    }

    /// Whether an event is on its way to it.
    pub const fn is_offered(&self) -> bool {
        matches!(self.phase, Phase::Offered { .. })
    }

    /// An event is on its way. Only for a conversation that [is free](Self::is_free).
    pub fn offer(&mut self, event: T) {
        debug_assert!(self.is_free());
        self.phase = Phase::Offered { held: event };
    }

    /// The offered event was written: BUSY. Says which event that is.
    pub fn delivered(&mut self) -> Option<&T> {
        if !self.is_offered() {
            return None;
        }
        let held = self.withdraw()?;
        let answer = Answer::Line(Vec::new());
        self.phase = Phase::Busy { held, answer };
        self.held()
    }

    /// The event could not be written, at all or to its end: take it back, READY as before.
    #[must_use = "an event that comes back must be put back"]
    pub fn withdraw(&mut self) -> Option<T> {
        match core::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Offered { held } | Phase::Busy { held, .. } => Some(held),
            other @ (Phase::Acknowledged { .. } | Phase::Ready | Phase::Unknown) => {
                self.phase = other;
                None
            }
        }
    }

    /// The listener is gone: take back what it held and begin again.
    #[must_use = "an event that comes back must be put back"]
    pub fn end(&mut self) -> Option<T> {
        let held = self.withdraw();
        *self = Self::default();
        held
    }

    /// Understand the next thing in `input` and cut it off; `None`: nothing more to say yet.
    pub fn read(&mut self, input: &mut &[u8]) -> Option<Reading<T>> {
        while !input.is_empty() {
            let phase = core::mem::replace(&mut self.phase, Phase::Unknown);
            let (next, reading) = match phase {
                Phase::Acknowledged { token } => greet(token, input),
                Phase::Ready => out_of_turn(ListenerState::Ready, None),
                Phase::Offered { held } => out_of_turn(ListenerState::Ready, Some(held)),
                Phase::Busy { held, answer } => judge(held, answer, input),
                Phase::Unknown => (Phase::Unknown, None),
            };
            self.phase = next;
            if matches!(self.phase, Phase::Unknown) {
                *input = &[];
            }
            if reading.is_some() {
                return reading;
            }
        }
        None
    }
}

fn out_of_turn<T>(was: ListenerState, held: Option<T>) -> (Phase<T>, Option<Reading<T>>) {
    (Phase::Unknown, Some(Reading::OutOfTurn { was, held }))
}

/// The first `count` bytes, or what there is; cut off.
fn cut<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (head, tail) = input.split_at(count.min(input.len()));
    *input = tail;
    head
}

fn greet<T>(mut token: Vec<u8>, input: &mut &[u8]) -> (Phase<T>, Option<Reading<T>>) {
    token.extend_from_slice(cut(input, READY.len() - token.len()));
    if token.len() < READY.len() {
        (Phase::Acknowledged { token }, None)
    } else if token == READY {
        (Phase::Ready, Some(Reading::Ready))
    } else {
        out_of_turn(ListenerState::Acknowledged, None)
    }
}

fn judge<T>(held: T, mut answer: Answer, input: &mut &[u8]) -> (Phase<T>, Option<Reading<T>>) {
    let again = Phase::Acknowledged { token: Vec::new() };
    match answer.read(input) {
        None => (Phase::Busy { held, answer }, None),
        Some(Ok(true)) => (again, Some(Reading::Processed(held))),
        Some(Ok(false)) => (again, Some(Reading::Rejected(held))),
        Some(Err(line)) => (Phase::Unknown, Some(Reading::BadLine { line, held })),
    }
}

impl Answer {
    /// Read on; `input` is not empty, so that `RESULT 0` is judged by the byte after its
    /// line, as in the original. Whether the result is OK. Error: what came instead of a result line.
    fn read(&mut self, input: &mut &[u8]) -> Option<Result<bool, Vec<u8>>> {
        match self {
            Self::Line(line) => {
                let window = &input[..input.len().min(MAX_RESULT_LINE + 1 - line.len())];
                let end = window.iter().position(|byte| *byte == b'\n');
                line.extend_from_slice(cut(input, end.unwrap_or(window.len())));
                if end.is_some() {
                    cut(input, 1);
                    match result_length(line) {
                        Some(left) => {
                            let start = Vec::new();
                            *self = Self::Result { left, start };
                            None
                        }
                        None => Some(Err(core::mem::take(line))),
                    }
                } else if line.len() > MAX_RESULT_LINE {
                    line.truncate(MAX_RESULT_LINE);
                    Some(Err(core::mem::take(line)))
                } else {
                    None
                }
            }
            Self::Result { left, start } => {
                let bytes = cut(input, *left);
                *left -= bytes.len();
                let wanted = (OK.len() + 1 - start.len()).min(bytes.len());
                start.extend_from_slice(&bytes[..wanted]);
                (*left == 0).then(|| Ok(start == OK))
            }
        }
    }
}

/// `n` of `RESULT n`, with blanks (a CR is one) around the number.
fn result_length(line: &[u8]) -> Option<usize> {
    let number = line.strip_prefix(RESULT)?.trim_ascii();
    let length = core::str::from_utf8(number).ok()?.parse().ok()?;
    (length <= MAX_RESULT).then_some(length)
}
