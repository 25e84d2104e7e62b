//! Why a document was refused.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A document that is not read. Messages are fragments that fit after "failed to read: ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not well-formed, or a text that does not fit its type: HTTP 400 (spec interfaces 2.4).
    Malformed(Cow<'static, str>),
    /// No `methodName`, or an empty one: HTTP 400 (spec interfaces 2.1).
    NoMethod,
    /// Well-formed as far as it was read, but more than [`crate::Limits`] allow.
    OverLimit {
        /// What there is too much of.
        what: Limit,
        /// How much is allowed.
        allowed: usize,
    },
}

/// One of the [`crate::Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of the body.
    Body,
    /// Levels of nesting.
    Depth,
    /// Elements in the document.
    Elements,
}

impl DecodeError {
    pub(crate) const fn malformed(reason: &'static str) -> Self {
        Self::Malformed(Cow::Borrowed(reason))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(reason) => write!(f, "unmarshallable: {reason}"),
            Self::NoMethod => f.write_str("no method name"),
            Self::OverLimit { what, allowed } => write!(f, "more than {allowed} {what}"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body => "bytes in a document",
            Self::Depth => "levels of nesting",
            Self::Elements => "elements in a document",
        })
    }
}

impl Error for DecodeError {}
