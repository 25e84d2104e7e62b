//! The two documents: what a client sends, `methodCall`, and what a server answers with,
//! `methodResponse`.

use crate::decode;
use crate::element::Document;
use crate::error::{DecodeError, WireFault};
use crate::limits::Limits;
use crate::value::Value;
use crate::writer::{Slot, WriteXml, Written, escape_into};

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
pub fn encode_call(method: &str, params: &[Value]) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("<?xml version='1.0'?>\n<methodCall>\n<methodName>");
    escape_into(&mut out, method);
    out.push_str("</methodName>\n<params>\n");
    for param in params {
        out.push_str("<param>\n");
        param.write_xml(Slot::new(&mut out));
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    out
}

/// What comes before the one value of a successful answer.
pub(crate) const BEFORE_VALUE: &str =
    "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n";

/// What comes after it.
pub(crate) const AFTER_VALUE: &str = "</param>\n</params>\n</methodResponse>\n";

/// The body of a successful answer whose one value `write` puts into its slot, without a tree of
/// values (spec interfaces 2.1). `capacity` is its expected length in bytes; a process of
/// getAllProcessInfo takes about 1,200.
///
/// ```
/// use visord_xmlrpc::write_reply;
/// let body = write_reply(300, |slot| slot.structure(|info| {
///     info.member("name", "cat");
///     info.member("pid", &7);
/// }));
/// assert!(body.contains("<name>pid</name>\n<value><int>7</int></value>\n"));
/// ```
pub fn write_reply(capacity: usize, write: impl FnOnce(Slot<'_>) -> Written) -> String {
    let mut out = String::with_capacity(capacity);
    out.push_str(BEFORE_VALUE);
    write(Slot::new(&mut out));
    out.push_str(AFTER_VALUE);
    out
}

/// The body of a successful answer with this value.
pub fn encode_reply(value: &(impl WriteXml + ?Sized)) -> String {
    write_reply(256, |slot| value.write_xml(slot))
}

/// The body of a fault; it too travels with HTTP status 200 (spec interfaces 2.1, 2.4).
pub fn encode_fault(code: i64, string: &str) -> String {
    let mut out = String::with_capacity(320);
    out.push_str("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n");
    Slot::new(&mut out).structure(|fault| {
        fault.member("faultCode", &code);
        fault.member("faultString", string);
    });
    out.push_str("</fault>\n</methodResponse>\n");
    out
}

/// Reads an answer: a value, or the fault the server raised.
///
/// Control characters that XML cannot carry are read as they are: a server of the original
/// sends them raw (difference Q3).
///
/// # Errors
/// [`DecodeError::Malformed`] for what is not well-formed or no answer,
/// [`DecodeError::OverLimit`] beyond [`Limits::REPLY`].
pub fn decode_reply(body: &[u8]) -> Result<Result<Value, WireFault>, DecodeError> {
    let parts = decode::read(body, Document::Reply, &Limits::REPLY)?;
    if let Some(fault) = parts.fault {
        let code = fault.get("faultCode").and_then(Value::to_int);
        let string = fault.get("faultString").and_then(Value::as_str);
        let (Some(code), Some(string)) = (code, string) else {
            return Err(DecodeError::malformed("a fault without code or text"));
        };
        let string = string.to_owned();
        return Ok(Err(WireFault { code, string }));
    }
    let mut params = parts.params.unwrap_or_default().into_iter();
    match (params.next(), params.next()) {
        (Some(value), None) => Ok(Ok(value)),
        _ => Err(DecodeError::malformed("an answer is exactly one value")),
    }
}
