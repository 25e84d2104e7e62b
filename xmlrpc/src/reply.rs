//! The document a server answers with: `methodResponse`.

use crate::decode;
use crate::element::Document;
use crate::error::DecodeError;
use crate::limits::Limits;
use crate::typed;
use crate::value::Value;
use crate::writer::{Slot, WriteXml, Written};

const HEAD: &str = "<?xml version='1.0'?>\n<methodResponse>\n";
const TAIL: &str = "</methodResponse>\n";

/// What stands before the one value of a successful answer.
pub(crate) const BEFORE_VALUE: &str =
    "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n";

/// What stands after it.
pub(crate) const AFTER_VALUE: &str = "</param>\n</params>\n</methodResponse>\n";

/// Writes one successful answer straight into a buffer, without a tree of values.
///
/// ```
/// use visord_xmlrpc::ReplyWriter;
/// let body = ReplyWriter::new().finish(|slot| slot.structure(|info| {
///     info.member("name", "cat");
///     info.member("pid", &7);
/// }));
/// assert!(body.contains("<name>pid</name>\n<value><int>7</int></value>\n"));
/// ```
#[derive(Debug)]
pub struct ReplyWriter {
    out: String,
}

impl ReplyWriter {
    /// A writer with room for a small answer.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(256)
    }

    /// A writer with room for `bytes` of answer; a process of getAllProcessInfo takes about
    /// 1,200.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        let mut out = String::with_capacity(bytes);
        out.push_str(BEFORE_VALUE);
        Self { out }
    }

    /// The body whose one value `write` puts into its slot.
    #[must_use]
    pub fn finish(mut self, write: impl FnOnce(Slot<'_>) -> Written) -> String {
        write(Slot::new(&mut self.out));
        self.out.push_str(AFTER_VALUE);
        self.out
    }

    /// The body with this value.
    #[must_use]
    pub fn finish_value(self, value: &(impl WriteXml + ?Sized)) -> String {
        self.finish(|slot| value.write_xml(slot))
    }
}

impl Default for ReplyWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// The body of a successful answer (spec 2.1).
#[must_use]
pub fn encode_reply(value: &(impl WriteXml + ?Sized)) -> String {
    ReplyWriter::new().finish_value(value)
}

/// The body of a fault; it too travels with HTTP status 200 (spec 2.1, 2.4).
#[must_use]
pub fn encode_fault(code: i64, string: &str) -> String {
    let mut out = String::with_capacity(320);
    out.push_str(HEAD);
    out.push_str("<fault>\n");
    Slot::new(&mut out).structure(|fault| {
        fault.member("faultCode", &code);
        fault.member("faultString", string);
    });
    out.push_str("</fault>\n");
    out.push_str(TAIL);
    out
}

/// A fault as a client receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireFault {
    /// The number, see `model::fault`.
    pub code: i64,
    /// The text, `NAME: extra`.
    pub string: String,
}

/// Reads an answer: a value, or the fault the server raised.
///
/// Control characters that XML cannot carry are read as they are: a server of the original
/// sends them raw (quirk Q3).
///
/// # Errors
/// [`DecodeError::Malformed`] for what is not well-formed or no answer,
/// [`DecodeError::OverLimit`] beyond [`Limits::REPLY`].
pub fn decode_reply(body: &[u8]) -> Result<Result<Value, WireFault>, DecodeError> {
    let parts = decode::read(body, Document::Reply, &Limits::REPLY)?;
    if let Some(fault) = parts.fault {
        return fault_of(&fault).map(Err);
    }
    let mut params = parts.params.unwrap_or_default().into_iter();
    match (params.next(), params.next()) {
        (Some(value), None) => Ok(Ok(value)),
        _ => Err(DecodeError::malformed("an answer is exactly one value")),
    }
}

fn fault_of(fault: &Value) -> Result<WireFault, DecodeError> {
    let code = fault.get("faultCode").and_then(typed::to_int);
    let string = fault.get("faultString").and_then(Value::as_str);
    match (code, string) {
        (Some(code), Some(string)) => Ok(WireFault {
            code,
            string: string.to_owned(),
        }),
        _ => Err(DecodeError::malformed("a fault without code or text")),
    }
}
