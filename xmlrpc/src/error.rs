//! Why a document was refused, and why a call has no result.

use std::borrow::Cow;
use std::error::Error;
use std::io;

use derive_more::{Display, From};

/// A document that is not read. Messages are fragments that fit after "failed to read: ".
#[derive(Clone, Debug, Display, PartialEq, Eq)]
pub enum DecodeError {
    /// Not well-formed, or a text that does not fit its type: HTTP 400 (spec interfaces 2.4).
    #[display("unmarshallable: {_0}")]
    Malformed(Cow<'static, str>),
    /// No `methodName`, or an empty one: HTTP 400 (spec interfaces 2.1).
    #[display("no method name")]
    NoMethod,
    /// Well-formed as far as it was read, but more than [`crate::Limits`] allow.
    #[display("more than {allowed} {what}")]
    OverLimit {
        /// What there is too much of.
        what: Limit,
        /// How much is allowed.
        allowed: usize,
    },
}

/// One of the [`crate::Limits`].
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of the body.
    #[display("bytes in a document")]
    Body,
    /// Levels of nesting.
    #[display("levels of nesting")]
    Depth,
    /// Elements in the document.
    #[display("elements in a document")]
    Elements,
}

impl DecodeError {
    pub(crate) const fn malformed(reason: &'static str) -> Self {
        Self::Malformed(Cow::Borrowed(reason))
    }
}

impl Error for DecodeError {}

/// A fault as a client receives it.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[display("fault {code}: {string}")]
pub struct WireFault {
    /// The number, see `model::fault`.
    pub code: i64,
    /// The text, `NAME: extra`.
    pub string: String,
}

/// Why a call has no result. The cases are those a user acts upon differently.
#[derive(Debug, Display, From)]
pub enum CallError {
    /// The host name has no address.
    Resolve(io::Error),
    /// No server listens there (also: the path is not a socket).
    #[display("connection refused")]
    Refused,
    /// There is no such socket file.
    #[display("no such file")]
    NoSuchFile,
    /// The socket file may not be opened.
    Permission(io::Error),
    /// No agreement on TLS.
    #[from]
    Tls(TlsError),
    /// Any other failure of the connection.
    Io(io::Error),
    /// The server hung up without an answer.
    #[display("the server hung up without an answer")]
    Disconnected,
    /// HTTP 401: name or password are missing or wrong.
    #[display("the server requires authentication")]
    Unauthorized,
    /// Any other HTTP status than 200.
    #[display("HTTP status {code} {reason}")]
    Status {
        /// 100..=599
        code: u16,
        /// The server's words for it.
        reason: String,
    },
    /// The server understood and refused.
    Fault(WireFault),
    /// The answer is not HTTP; says what is wrong with it.
    NotHttp(&'static str),
    /// The answer is not XML-RPC.
    NotXmlRpc(DecodeError),
}

impl Error for CallError {}

impl CallError {
    /// The meaning of a failure to connect.
    pub fn connect(error: io::Error) -> Self {
        let kind = error.kind();
        if kind == io::ErrorKind::ConnectionRefused {
            Self::Refused
        } else if kind == io::ErrorKind::NotFound {
            Self::NoSuchFile
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Permission(error)
        } else {
            Self::Io(error)
        }
    }
}

/// Why there is no secure connection.
#[derive(Debug, Display)]
pub enum TlsError {
    /// The server does not speak TLS.
    #[display("the server does not speak TLS")]
    NotTls,
    /// No trusted authority vouches for the server; the verifier's message.
    Untrusted(String),
    /// The certificate is for another name; the verifier's message.
    OtherName(String),
    /// Its certificate is not valid now; the verifier's message.
    OutOfTime(String),
    /// The authorities to be trusted cannot be read.
    NoAuthorities(String),
    /// Our own certificate or its key cannot be read, or the server asks for one and there is none.
    NoIdentity(String),
    /// Anything else that the two sides do not agree on.
    Other(String),
}

impl Error for TlsError {}
