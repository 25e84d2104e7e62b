//! A method: its name, its signature, its help and its function, together.

use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use visord_model::fault::{Fault, FaultCode};
use visord_xmlrpc::{Escaped, Slot, Value, WireFault, WriteXml, Written, typed};

use super::transmit::LogText;
pub use crate::caller::Right;
use crate::state::AppState;

/// One remote method. Everything that is listed or explained to clients is made from here.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Name within its namespace.
    pub name: &'static str,
    /// One or two sentences for people.
    pub summary: &'static str,
    /// Its parameters, in order; the optional ones are last.
    pub params: &'static [Param],
    /// What it answers.
    pub returns: Returns,
    /// What its caller must be allowed to.
    pub right: Right,
    /// Refused with SHUTDOWN_STATE once the daemon is closing (spec interfaces 3.1).
    pub gated: bool,
    /// Named by `system.listMethods`. What only visord has is not: clients compare the list.
    pub listed: bool,
    /// What it does.
    pub run: Run,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// XML-RPC type, as `system.methodSignature` names it.
    pub kind: &'static str,
    /// Name.
    pub name: &'static str,
    /// What it is.
    pub text: &'static str,
    /// May be left out.
    pub optional: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug)]
pub struct Returns {
    /// XML-RPC type.
    pub kind: &'static str,
    /// Name.
    pub name: &'static str,
    /// What it is.
    pub text: &'static str,
}

/// A parameter that must be given.
pub const fn param(kind: &'static str, name: &'static str, text: &'static str) -> Param {
    Param {
        kind,
        name,
        text,
        optional: false,
    }
}

/// A parameter that may be left out.
pub const fn optional(kind: &'static str, name: &'static str, text: &'static str) -> Param {
    Param {
        kind,
        name,
        text,
        optional: true,
    }
}

/// What a method answers.
pub const fn returns(kind: &'static str, name: &'static str, text: &'static str) -> Returns {
    Returns { kind, name, text }
}

/// What a method does.
#[derive(Clone, Copy)]
pub enum Run {
    /// Answers at once from what is known.
    Now(fn(&AppState, &Args) -> Outcome),
    /// Asks an actor or reads a file; carried out to its end even if the client goes away
    /// (decision Q23).
    Later(fn(Arc<AppState>, Args) -> LocalBoxFuture<'static, Outcome>),
    /// Answers at once with calls that are yet to be made, with the caller's right.
    Calls(fn(Right, Args) -> Outcome),
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now",
            Self::Later(_) => "Later",
            Self::Calls(_) => "Calls",
        })
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A fault of our own.
    Own(Fault),
    /// The fault of the server that a namespace is forwarded to, passed on as it came.
    Foreign(WireFault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Own(fault)
    }
}

impl Failure {
    /// The fault code on the wire.
    #[must_use]
    pub fn code(&self) -> i64 {
        match self {
            Self::Own(fault) => fault.code.code().into(),
            Self::Foreign(fault) => fault.code,
        }
    }

    /// The fault string on the wire.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Own(fault) => fault.text(),
            Self::Foreign(fault) => fault.string.clone(),
        }
    }
}

/// How a call of one of our own methods ends.
pub type Outcome = Result<Reply, Fault>;

/// The answer of a method.
#[derive(Debug)]
pub enum Reply {
    /// All of it is known.
    Complete(Complete),
    /// A log of which only the begin has been read.
    Log(LogReply),
    /// The results of calls that are yet to be made for a caller with this right.
    Calls(Right, Vec<Value>),
}

/// An answer that writes itself into the document.
pub struct Complete {
    value: Box<dyn WriteXml>,
    size: usize,
}

/// A log as an answer that is read while it is sent.
#[derive(Debug)]
pub struct LogReply {
    /// Its first piece.
    pub first: Escaped,
    /// What has yet to be read.
    pub rest: LogText,
    /// Of a `tail` method: the size of the log, and whether there was more than asked for. The
    /// three are an array.
    pub tail: Option<(i64, bool)>,
}

impl Reply {
    /// An answer of about `size` bytes of XML.
    pub fn sized(value: impl WriteXml + 'static, size: usize) -> Self {
        Self::Complete(Complete {
            value: Box::new(value),
            size,
        })
    }

    /// A small answer.
    pub fn of(value: impl WriteXml + 'static) -> Self {
        Self::sized(value, 256)
    }

    /// The answer of methods that have nothing to say.
    #[must_use]
    pub fn done() -> Self {
        Self::of(true)
    }
}

impl Complete {
    /// About how many bytes of XML it is.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }
}

impl std::fmt::Debug for Complete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Complete({} bytes)", self.size)
    }
}

impl WriteXml for Complete {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        self.value.write_xml(slot)
    }
}

/// A fault as the result of one of several calls (rule M2).
impl WriteXml for Failure {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.structure(|out| {
            out.member("faultCode", &self.code());
            out.member("faultString", &self.text());
        })
    }
}

impl Method {
    /// The free text of `system.methodHelp`, with one tag line per parameter and the answer.
    #[must_use]
    pub fn help(&self) -> String {
        use std::fmt::Write as _;
        let mut out = format!(" {}\n\n", self.summary);
        for Param {
            kind, name, text, ..
        } in self.params
        {
            // writing to a String cannot fail
            let _ = writeln!(out, "        @param {kind} {name} {text}");
        }
        let Returns { kind, name, text } = &self.returns;
        let _ = write!(out, "        @return {kind} {name} {text}\n        ");
        out
    }

    /// The types of `system.methodSignature`: the answer's, then the parameters'.
    #[must_use]
    pub fn signature(&self) -> Vec<&'static str> {
        std::iter::once(self.returns.kind)
            .chain(self.params.iter().map(|param| param.kind))
            .collect()
    }

    /// Whether it takes this number of arguments.
    #[must_use]
    pub fn takes(&self, count: usize) -> bool {
        let least = self.params.iter().filter(|param| !param.optional).count();
        (least..=self.params.len()).contains(&count)
    }
}

/// The arguments of a call; their number has been checked.
#[derive(Clone, Debug)]
pub struct Args(pub Vec<Value>);

impl Args {
    /// A text. Another type is INCORRECT_PARAMETERS (the original: HTTP 500).
    pub fn text(&self, at: usize) -> Result<&str, Fault> {
        self.0
            .get(at)
            .and_then(typed::to_str)
            .ok_or(FaultCode::IncorrectParameters.bare())
    }

    /// A whole number, or what converts to one (spec interfaces 2.4).
    pub fn int(&self, at: usize) -> Result<i64, Fault> {
        self.0
            .get(at)
            .and_then(typed::to_int)
            .ok_or(FaultCode::IncorrectParameters.bare())
    }

    /// The truth of a value of any type (spec interfaces 3.1); true when it was left out.
    #[must_use]
    pub fn flag_or_true(&self, at: usize) -> bool {
        self.0.get(at).is_none_or(typed::truthy)
    }

    /// The value itself; nothing when it was left out.
    #[must_use]
    pub fn value(&self, at: usize) -> &Value {
        self.0.get(at).unwrap_or(&Value::Nil)
    }
}
