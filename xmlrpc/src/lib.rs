//! XML-RPC: documents read and written, and clients that call a supervisor.
//!
//! Reading order: [`Value`] is what calls and answers hold; [`document`] reads and writes the two
//! documents; [`writer`] writes values straight into a document, [`stream`] an answer in pieces;
//! [`limits`] and [`error`] say what is refused. [`client`] blocks, `AsyncClient` (feature `async`)
//! and `AsyncSession` do not; all are made of [`http`].
//!
//! The crate knows no method and no fault code. Reading is as tolerant as the original (spec
//! interfaces 2.1, 2.2), writing is byte-equal to it, and always well-formed. No input makes it
//! panic, recurse deeper than [`Limits::depth`] asks for, or allocate more than a small multiple of
//! the body.
//!
//! ```
//! use visord_xmlrpc::{Limits, Value, decode_call, decode_reply, encode_call, encode_reply};
//!
//! let call = encode_call("supervisor.stopProcess", &["web".into(), true.into()]);
//! let call = decode_call(call.as_bytes(), &Limits::DEFAULT)?;
//! assert_eq!(call.method, "supervisor.stopProcess");
//! assert_eq!(call.params, [Value::from("web"), Value::from(true)]);
//!
//! let reply = encode_reply(&true);
//! assert_eq!(decode_reply(reply.as_bytes())?, Ok(Value::Bool(true)));
//! # Ok::<(), visord_xmlrpc::DecodeError>(())
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "async")]
mod async_client;
#[cfg(feature = "async")]
mod async_session;
pub mod client;
pub mod document;
pub mod error;
pub mod http;
pub mod limits;
pub mod stream;
pub mod value;
pub mod writer;

mod decode;
mod element;
mod reader;
mod scalar;
mod scan;

#[cfg(feature = "async")]
pub use async_client::{AsyncClient, CallLimits};
#[cfg(feature = "async")]
pub use async_session::{AsyncSession, SessionAnswer};
pub use client::Client;
pub use document::{
    Call, decode_call, decode_reply, encode_call, encode_fault, encode_reply, write_reply,
};
pub use error::{CallError, DecodeError, Limit, WireFault};
pub use http::Login;
pub use limits::Limits;
pub use stream::{Escaped, ReplyStream, TextEncoder};
pub use value::Value;
pub use writer::{Float, Slot, WriteXml, Written};
