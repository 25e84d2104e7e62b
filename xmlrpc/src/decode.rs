//! From tokens to values, with a stack of our own instead of recursion.
//!
//! Each element, when it ends, becomes one [`Value`], which its parent keeps or ignores.
//! That one rule gives all the leniency of spec interfaces 2.2: a `value` takes its first child, a
//! struct's members count by position, an unknown element is its text.

use std::borrow::Cow;

use crate::element::{Document, Kind};
use crate::error::{DecodeError, Limit};
use crate::limits::Limits;
use crate::reader::{Reader, Token};
use crate::scalar;
use crate::value::{Value, unique};

/// What a document contained.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The last `methodName`; empty if it had no text.
    pub(crate) method: Option<String>,
    /// The last `params`.
    pub(crate) params: Option<Vec<Value>>,
    /// The `fault` of a reply.
    pub(crate) fault: Option<Value>,
}

/// Reads a whole document.
pub(crate) fn read(body: &[u8], document: Document, limits: &Limits) -> Result<Parts, DecodeError> {
    if body.len() > limits.body {
        return Err(over(Limit::Body, limits.body));
    }
    let mut reader = Reader::new(body, document)?;
    let mut decoder = Decoder {
        document,
        limits,
        elements: 0,
        // enough for every call but a multicall, and small enough for malloc's fast path
        stack: Vec::with_capacity(8),
        parts: Parts::default(),
    };
    loop {
        match reader.next()? {
            Token::Open(kind) => decoder.open(kind)?,
            Token::Empty(kind) => {
                decoder.open(kind)?;
                decoder.close()?;
            }
            Token::Close => decoder.close()?,
            Token::Text(text) => decoder.text(text),
            Token::End => return Ok(decoder.parts),
        }
    }
}

const fn over(what: Limit, allowed: usize) -> DecodeError {
    DecodeError::OverLimit { what, allowed }
}

struct Decoder<'a, 'l> {
    document: Document,
    limits: &'l Limits,
    /// Elements seen.
    elements: usize,
    stack: Vec<Frame<'a>>,
    parts: Parts,
}

/// An element that has begun.
struct Frame<'a> {
    kind: Kind,
    /// Children that have begun.
    children: usize,
    /// The text before the first child, where it matters.
    text: Cow<'a, str>,
    held: Held,
}

/// What an element keeps of its children.
enum Held {
    Nothing,
    First(Value),
    Pair(Value, Value),
    Items(Vec<Value>),
    Members(Vec<(String, Value)>),
}

impl Frame<'_> {
    const fn new(kind: Kind) -> Self {
        let held = match kind {
            Kind::Data | Kind::Params => Held::Items(Vec::new()),
            Kind::Struct => Held::Members(Vec::new()),
            Kind::Member => Held::Pair(Value::Nil, Value::Nil),
            Kind::Value | Kind::Param | Kind::Array | Kind::Fault => Held::First(Value::Nil),
            Kind::MethodName
            | Kind::String
            | Kind::Int
            | Kind::Boolean
            | Kind::Double
            | Kind::DateTime
            | Kind::Base64
            | Kind::Other => Held::Nothing,
        };
        Self {
            kind,
            children: 0,
            text: Cow::Borrowed(""),
            held,
        }
    }

    /// Keeps the value of the child that just ended.
    fn keep(&mut self, child: Value) {
        match &mut self.held {
            Held::Items(items) => items.push(child),
            Held::First(first) if self.children == 1 => *first = child,
            Held::Pair(key, _) if self.children == 1 => *key = child,
            Held::Pair(_, value) if self.children == 2 => *value = child,
            Held::First(_) | Held::Pair(..) | Held::Members(_) | Held::Nothing => {}
        }
    }
}

impl<'a> Decoder<'a, '_> {
    fn open(&mut self, kind: Kind) -> Result<(), DecodeError> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(over(Limit::Elements, self.limits.elements));
        }
        if self.stack.len() >= self.limits.open_elements() {
            return Err(over(Limit::Depth, self.limits.depth));
        }
        let mut kind = kind;
        if let Some(parent) = self.stack.last_mut() {
            parent.children += 1;
            if parent.kind == Kind::Struct {
                if kind != Kind::Other {
                    return Err(DecodeError::malformed("a struct has members"));
                }
                kind = Kind::Member;
            }
        }
        self.stack.push(Frame::new(kind));
        Ok(())
    }

    fn text(&mut self, text: Cow<'a, str>) {
        let Some(frame) = self.stack.last_mut() else {
            return;
        };
        if frame.children > 0 || !frame.kind.keeps_text() {
            return;
        }
        if frame.text.is_empty() {
            frame.text = text;
        } else {
            frame.text.to_mut().push_str(&text);
        }
    }

    fn close(&mut self) -> Result<(), DecodeError> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        if frame.kind == Kind::Member {
            return self.member(frame);
        }
        let value = self.value_of(frame)?;
        if let Some(parent) = self.stack.last_mut() {
            parent.keep(value);
        }
        Ok(())
    }

    /// A member ended: its parent is a struct, by [`Decoder::open`].
    fn member(&mut self, frame: Frame<'a>) -> Result<(), DecodeError> {
        let (Held::Pair(key, value), 2) = (frame.held, frame.children) else {
            return Err(DecodeError::malformed("a member is a name and a value"));
        };
        let key = key_of(key)?;
        if let Some(Held::Members(members)) = self.stack.last_mut().map(|s| &mut s.held) {
            members.push((key, value));
        }
        Ok(())
    }

    /// The value of an element that ended.
    fn value_of(&mut self, frame: Frame<'a>) -> Result<Value, DecodeError> {
        let Frame {
            kind,
            children,
            text,
            held,
        } = frame;
        let fits = |value: Option<Value>, otherwise| value.ok_or(DecodeError::malformed(otherwise));
        Ok(match (kind, held) {
            (Kind::Value, Held::First(first)) if children > 0 => first,
            (Kind::Param | Kind::Array, Held::First(first)) => fits(
                (children > 0).then_some(first),
                "an element without its value",
            )?,
            (Kind::Fault, Held::First(first)) => {
                self.parts.fault = Some(first);
                Value::Nil
            }
            (Kind::Data, Held::Items(items)) => Value::Array(items),
            (Kind::Params, Held::Items(items)) => {
                self.parts.params = Some(items);
                text_or_nil(text)
            }
            (Kind::Struct, Held::Members(members)) => Value::Struct(unique(members)),
            (Kind::MethodName, _) => {
                self.parts.method = Some(text.clone().into_owned());
                text_or_nil(text)
            }
            (Kind::Other, _) => text_or_nil(text),
            (Kind::Int, _) => fits(scalar::int(&text).map(Value::Int), "bad int")?,
            (Kind::Boolean, _) => Value::Bool(matches!(&*text, "1" | "true")),
            (Kind::Double, _) => fits(scalar::double(&text).map(Value::Double), "bad double")?,
            (Kind::DateTime, _) if !scalar::date_time(&text) => {
                return Err(DecodeError::malformed("bad dateTime.iso8601"));
            }
            (Kind::DateTime, _) => Value::DateTime(text.into_owned()),
            (Kind::Base64, _) => self.base64(&text)?,
            // a string, or a value without a child
            _ => Value::Str(text.into_owned()),
        })
    }

    /// Bytes in a reply; in a call the original makes a text of them, or refuses (spec interfaces 2.2).
    fn base64(&self, text: &str) -> Result<Value, DecodeError> {
        const BAD: DecodeError = DecodeError::malformed("bad base64");
        let bytes = scalar::base64(text).ok_or(BAD)?;
        match self.document {
            Document::Reply => Ok(Value::Base64(bytes)),
            Document::Call => String::from_utf8(bytes).map(Value::Str).map_err(|_| BAD),
        }
    }
}

fn text_or_nil(text: Cow<'_, str>) -> Value {
    if text.is_empty() {
        Value::Nil
    } else {
        Value::Str(text.into_owned())
    }
}

/// A member's name. The original takes any value as the key of its map, an "empty" one as
/// the empty text; numbers become their digits here, and nothing else can be a name.
fn key_of(key: Value) -> Result<String, DecodeError> {
    match key {
        Value::Str(name) => Ok(name),
        Value::Nil | Value::Bool(false) | Value::Int(0) => Ok(String::new()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Array(items) if items.is_empty() => Ok(String::new()),
        Value::Struct(members) if members.is_empty() => Ok(String::new()),
        Value::Bool(true)
        | Value::Double(_)
        | Value::Base64(_)
        | Value::DateTime(_)
        | Value::Array(_)
        | Value::Struct(_) => Err(DecodeError::malformed("a member's name is a text")),
    }
}
