//! Why no secure connection came about, as far as a user can act upon it.

use std::fmt;
use std::io;

/// Why no secure connection came about.
#[derive(Debug)]
pub enum TlsError {
    /// The server does not speak TLS.
    NotTls,
    /// Nobody who is trusted vouches for the server; the words of the verifier.
    Untrusted(String),
    /// The server proved to be somebody else; the words of the verifier.
    OtherName(String),
    /// The time of its certificate is over or has not come; the words of the verifier.
    OutOfTime(String),
    /// The authorities to be trusted cannot be had.
    NoAuthorities(String),
    /// Our own certificate or its key cannot be had.
    NoIdentity(String),
    /// The server wants to know who we are; its words.
    WantsIdentity(String),
    /// Anything else that the two sides did not agree upon.
    Other(String),
    /// The connection broke meanwhile.
    Broken(io::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTls => f.write_str("the server does not speak TLS"),
            Self::Untrusted(what)
            | Self::OtherName(what)
            | Self::OutOfTime(what)
            | Self::NoAuthorities(what)
            | Self::NoIdentity(what)
            | Self::WantsIdentity(what)
            | Self::Other(what) => f.write_str(what),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}
