//! Why there is no secure connection, as far as a user can act upon it.

use std::fmt;
use std::io;

/// Why there is no secure connection.
#[derive(Debug)]
pub enum TlsError {
    /// The server does not speak TLS.
    NotTls,
    /// No trusted authority vouches for the server; the verifier's message.
    Untrusted(String),
    /// The certificate is for another name; the verifier's message.
    OtherName(String),
    /// Its certificate is not valid now; the verifier's message.
    OutOfTime(String),
    /// The authorities to be trusted cannot be read.
    NoAuthorities(String),
    /// Our own certificate or its key cannot be read.
    NoIdentity(String),
    /// The server asks for a certificate of ours; its message.
    WantsIdentity(String),
    /// Anything else that the two sides do not agree on.
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
