//! The elements of XML-RPC, by name.

/// Which kind of document is read; they differ in what an element may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// A `methodCall`, read as the original's server does (spec interfaces 2.2).
    Call,
    /// A `methodResponse`, read as Python's client does.
    Reply,
}

/// What an element means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MethodName,
    Params,
    Param,
    Fault,
    Value,
    String,
    Int,
    Boolean,
    Double,
    DateTime,
    Base64,
    Array,
    Data,
    Struct,
    /// A child of a struct, under any name that means nothing else (spec interfaces 2.2).
    Member,
    /// Everything else: its text, or nothing.
    Other,
}

impl Kind {
    /// The kind of the element called `name`. A name with a prefix is never one of ours.
    pub(crate) fn of(name: &str, document: Document) -> Self {
        match name {
            "value" => Self::Value,
            "string" => Self::String,
            "int" | "i4" => Self::Int,
            "boolean" => Self::Boolean,
            "double" => Self::Double,
            "dateTime.iso8601" => Self::DateTime,
            "base64" => Self::Base64,
            "array" => Self::Array,
            "data" => Self::Data,
            "struct" => Self::Struct,
            "param" => Self::Param,
            "params" => Self::Params,
            "methodName" => Self::MethodName,
            _ => match document {
                Document::Call => Self::Other,
                Document::Reply => Self::of_reply(name),
            },
        }
    }

    /// The extensions a client understands besides.
    fn of_reply(name: &str) -> Self {
        match name {
            "fault" => Self::Fault,
            "i1" | "i2" | "i8" | "biginteger" => Self::Int,
            "float" => Self::Double,
            _ => Self::Other,
        }
    }

    /// Whether the text directly inside (before the first child) matters.
    pub(crate) const fn keeps_text(self) -> bool {
        !matches!(
            self,
            Self::Param | Self::Fault | Self::Array | Self::Data | Self::Struct | Self::Member
        )
    }
}
