//! Why something received is not understood.

use derive_more::Display;

/// What is wrong with a text, a datagram or an answer.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
pub enum WireError {
    /// More bytes than are ever read.
    #[display("more than {_0} bytes")]
    TooLong(usize),
    /// Not JSON, or nested too deeply; the reader's words.
    #[display("not JSON: {_0}")]
    NotJson(String),
    /// No publication has this number.
    #[display("unknown message type {_0}")]
    UnknownType(i64),
    /// A key is missing.
    #[display("{of} has no {key}")]
    Missing {
        /// The structure.
        of: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A value is not what it has to be.
    #[display("{what} of {of} is not {expected}")]
    Wrong {
        /// The structure.
        of: &'static str,
        /// The key, or what else names the value.
        what: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

impl std::error::Error for WireError {}
