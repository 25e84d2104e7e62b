//! What a method returns: a value that writes itself into the document, or what is yet to be
//! read or called while the answer is sent ([`super::transmit`]).

use visord_model::fault::Fault;
use visord_xmlrpc::writer::StructWriter;
use visord_xmlrpc::{Slot, Value, WireFault, WriteXml, Written};

use super::logs::LogPart;

/// How a call of one of our own methods ends.
pub type Outcome = Result<Reply, Fault>;

/// What a method returns.
pub enum Reply {
    /// All of it is known.
    Complete(Complete),
    /// A log of which only the beginning has been read. Of a `tail` method also the size of the log,
    /// and whether there was more than asked for; the three are an array.
    Log(LogPart, Option<(i64, bool)>),
    /// The results of calls that are yet to be made for the same caller.
    Calls(Vec<Value>),
}

/// A value that writes itself into the document.
pub struct Complete {
    write: Box<dyn Fn(Slot<'_>) -> Written>,
    /// About how many bytes of XML it is.
    pub size: usize,
}

impl Reply {
    /// A value of about `size` bytes of XML.
    pub fn sized(size: usize, write: impl Fn(Slot<'_>) -> Written + 'static) -> Self {
        let write = Box::new(write);
        Self::Complete(Complete { write, size })
    }

    /// A small value.
    pub fn of(value: impl WriteXml + 'static) -> Self {
        Self::sized(256, move |slot| value.write_xml(slot))
    }

    /// An array with one struct of about `size` bytes of XML for each of these.
    pub fn structs<T: 'static>(
        size: usize,
        all: Vec<T>,
        write: impl Fn(&T, &mut StructWriter<'_>) + 'static,
    ) -> Self {
        Self::sized(size * all.len() + 200, move |slot| {
            slot.array(|out| {
                for one in &all {
                    out.item_with(|slot| slot.structure(|out| write(one, out)));
                }
            })
        })
    }

    /// What methods return that have nothing to say.
    pub fn done((): ()) -> Self {
        Self::of(true)
    }
}

impl WriteXml for Complete {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        (self.write)(slot)
    }
}

/// Why a call has no result: a fault of ours, or that of the server that a namespace is forwarded
/// to, passed on as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFailure(pub WireFault);

impl From<Fault> for CallFailure {
    fn from(fault: Fault) -> Self {
        Self(WireFault {
            code: fault.code.code().into(),
            string: fault.to_string(),
        })
    }
}

/// A failure as the result of one of several calls (spec interfaces 3.7).
impl WriteXml for CallFailure {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.structure(|out| {
            out.member("faultCode", &self.0.code);
            out.member("faultString", &self.0.string);
        })
    }
}
