//! The document a client sends: `methodCall`.

use crate::decode;
use crate::element::Document;
use crate::error::DecodeError;
use crate::limits::Limits;
use crate::value::Value;
use crate::writer::{self, WriteXml};

/// A method and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name, verbatim: blanks around it are part of it (spec interfaces 2.1). Never empty.
    pub method: String,
    /// The arguments, in order.
    pub params: Vec<Value>,
}

/// Reads a call as leniently as the original does (spec interfaces 2.1, 2.2).
///
/// # Errors
/// [`DecodeError::Malformed`] for what the original answers with HTTP 400 and for any
/// DOCTYPE; [`DecodeError::NoMethod`] without a method name; [`DecodeError::OverLimit`].
pub fn decode_call(body: &[u8], limits: &Limits) -> Result<Call, DecodeError> {
    let parts = decode::read(body, Document::Call, limits)?;
    let method = parts.method.filter(|name| !name.is_empty());
    Ok(Call {
        method: method.ok_or(DecodeError::NoMethod)?,
        params: parts.params.unwrap_or_default(),
    })
}

/// Writes a call, byte-equal to Python's client.
#[must_use]
pub fn encode_call(method: &str, params: &[Value]) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("<?xml version='1.0'?>\n<methodCall>\n<methodName>");
    writer::escape_into(&mut out, method);
    out.push_str("</methodName>\n<params>\n");
    for param in params {
        out.push_str("<param>\n");
        param.write_xml(writer::Slot::new(&mut out));
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    out
}
