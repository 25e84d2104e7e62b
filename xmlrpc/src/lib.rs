//! How a call looks on the wire: XML-RPC documents, read and written.
//!
//! Reading order: [`value`] is what travels, [`typed`] what a method makes of it;
//! [`call`] and [`reply`] are the two documents; [`writer`] writes values straight into a
//! document, [`stream`] writes an answer in pieces, [`limits`] and [`error`] say what is refused.
//!
//! What this crate is *not*: it knows no method, no fault code and no socket except the one
//! its client opens. Reading is tolerant where the original is (spec interfaces 2.1, 2.2),
//! writing is byte-equal to it, and always well-formed.
//!
//! Law: no input makes this crate panic, recurse deeper than [`limits::Limits::depth`]
//! asks for, or allocate more than a small multiple of the body.

#![forbid(unsafe_code)]

pub mod call;
pub mod client;
pub mod error;
pub mod http;
pub mod limits;
pub mod reply;
pub mod stream;
pub mod typed;
pub mod value;
pub mod writer;

mod decode;
mod element;
mod float;
mod reader;
mod scalar;
mod scan;

pub use call::{Call, decode_call, encode_call};
pub use client::{CallError, Client, Login};
pub use error::{DecodeError, Limit};
pub use float::Float;
pub use limits::Limits;
pub use reply::{ReplyWriter, WireFault, decode_reply, encode_fault, encode_reply};
pub use stream::{Escaped, ReplyStream, TextEncoder};
pub use value::Value;
pub use writer::{Slot, WriteXml, Written};
