//! Values written straight into a document.
//!
//! A [`Slot`] is the place of exactly one value. Filling it consumes it and gives the proof
//! [`Written`], and arrays and structs hand out slots one at a time, so whatever is written
//! is well-formed by construction and nothing needs to be built before it is written.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::reader::is_xml;
use crate::scan;
use crate::value::Value;

/// Something that can be a value in a document.
pub trait WriteXml {
    /// Writes itself into the slot.
    fn write_xml(&self, slot: Slot<'_>) -> Written;
}

/// The place of one value.
#[must_use = "an empty slot leaves the document broken"]
#[derive(Debug)]
pub struct Slot<'a> {
    out: &'a mut String,
}

/// Proof that a slot was filled.
#[derive(Debug)]
pub struct Written(());

impl<'a> Slot<'a> {
    pub(crate) const fn new(out: &'a mut String) -> Self {
        Self { out }
    }

    /// Writes a value between its tags.
    fn fill(self, open: &str, close: &str, write: impl FnOnce(&mut String)) -> Written {
        self.out.push_str(open);
        write(self.out);
        self.out.push_str(close);
        Written(())
    }

    /// A text. `&`, `<`, `>` are escaped, CR becomes `&#13;` (it would arrive as LF), and
    /// characters XML cannot carry become U+FFFD (difference Q3).
    pub fn string(self, text: &str) -> Written {
        self.fill("<value><string>", "</string></value>\n", |out| {
            escape_into(out, text);
        })
    }

    /// Bytes of a log as a text: as [`Slot::string`], and what is not UTF-8 becomes U+FFFD.
    pub fn text(self, bytes: &[u8]) -> Written {
        self.fill("<value><string>", "</string></value>\n", |out| {
            escape_bytes_into(out, bytes);
        })
    }

    /// A whole number, always as `<int>`. The original answers HTTP 500 beyond 32 bits; the
    /// full number serves: Python, JavaScript and Ruby read an `<int>` of any size, and the
    /// only numbers that grow so large are sizes of logs.
    pub fn int(self, number: i64) -> Written {
        self.fill("<value><int>", "</int></value>\n", |out| {
            out.push_str(itoa::Buffer::new().format(number));
        })
    }

    /// A truth.
    pub fn boolean(self, truth: bool) -> Written {
        self.fill("<value><boolean>", "</boolean></value>\n", |out| {
            out.push(if truth { '1' } else { '0' });
        })
    }

    /// A floating point number, in the fewest digits that read back to it.
    pub fn double(self, number: f64) -> Written {
        self.fill("<value><double>", "</double></value>\n", |out| {
            // writing to a String cannot fail
            let _ = write!(out, "{}", Float(number));
        })
    }

    /// Bytes, in lines of 76 letters as the original writes them.
    pub fn base64(self, bytes: &[u8]) -> Written {
        self.fill("<value><base64>\n", "</base64></value>\n", |out| {
            for line in bytes.chunks(57) {
                STANDARD.encode_string(line, out);
                out.push('\n');
            }
        })
    }

    /// A moment, given as `YYYYMMDDTHH:MM:SS`.
    pub fn date_time(self, moment: &str) -> Written {
        let close = "</dateTime.iso8601></value>\n";
        self.fill("<value><dateTime.iso8601>", close, |out| {
            escape_into(out, moment);
        })
    }

    /// Nothing. Only a client sends it: no method of the daemon answers nothing.
    pub fn nil(self) -> Written {
        self.fill("<value><nil/>", "</value>\n", |_| {})
    }

    /// An array whose items `write` adds.
    pub fn array(self, write: impl FnOnce(&mut ArrayWriter<'_>)) -> Written {
        self.fill(
            "<value><array><data>\n",
            "</data></array></value>\n",
            |out| {
                write(&mut ArrayWriter { out });
            },
        )
    }

    /// A struct whose members `write` adds.
    pub fn structure(self, write: impl FnOnce(&mut StructWriter<'_>)) -> Written {
        self.fill("<value><struct>\n", "</struct></value>\n", |out| {
            write(&mut StructWriter { out });
        })
    }
}

/// Adds items to an array.
#[derive(Debug)]
pub struct ArrayWriter<'a> {
    out: &'a mut String,
}

impl ArrayWriter<'_> {
    /// Adds one item.
    pub fn item(&mut self, value: &(impl WriteXml + ?Sized)) {
        value.write_xml(Slot::new(self.out));
    }

    /// Adds one item that `write` puts into its slot.
    pub fn item_with(&mut self, write: impl FnOnce(Slot<'_>) -> Written) {
        write(Slot::new(self.out));
    }
}

/// Adds members to a struct.
#[derive(Debug)]
pub struct StructWriter<'a> {
    out: &'a mut String,
}

impl StructWriter<'_> {
    /// Adds a member. Each name is to be given once.
    pub fn member(&mut self, name: &str, value: &(impl WriteXml + ?Sized)) {
        self.out.push_str("<member>\n<name>");
        escape_into(self.out, name);
        self.out.push_str("</name>\n");
        value.write_xml(Slot::new(self.out));
        self.out.push_str("</member>\n");
    }
}

/// Appends bytes as text: what is not UTF-8 becomes U+FFFD.
pub(crate) fn escape_bytes_into(out: &mut String, bytes: &[u8]) {
    out.reserve(bytes.len());
    for chunk in bytes.utf8_chunks() {
        escape_into(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// Appends text with everything escaped that XML cannot carry as it is.
pub(crate) fn escape_into(out: &mut String, text: &str) {
    out.reserve(text.len());
    let mut rest = text;
    while let Some(at) = scan::position(rest.as_bytes(), suspicious) {
        out.push_str(&rest[..at]);
        // `suspicious` is true for whole ASCII characters and for the first byte of others
        let mut characters = rest[at..].chars();
        if let Some(character) = characters.next() {
            push_escaped(out, character);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// Bytes that may need to be replaced; 0xEF begins U+FFFE and U+FFFF. No branches: this is
/// asked of every byte of a log.
const fn suspicious(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\t') & (byte != b'\n')
        | (byte == b'&')
        | (byte == b'<')
        | (byte == b'>')
        | (byte == 0xef)
}

fn push_escaped(out: &mut String, character: char) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\r' => out.push_str("&#13;"),
        other if is_xml(other) => out.push(other),
        _ => out.push(char::REPLACEMENT_CHARACTER),
    }
}

impl WriteXml for Value {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        match self {
            Self::Nil => slot.nil(),
            Self::Bool(truth) => slot.boolean(*truth),
            Self::Int(number) => slot.int(*number),
            Self::Double(number) => slot.double(*number),
            Self::Str(text) => slot.string(text),
            Self::Base64(bytes) => slot.base64(bytes),
            Self::DateTime(moment) => slot.date_time(moment),
            Self::Array(items) => items.write_xml(slot),
            Self::Struct(members) => slot.structure(|writer| {
                for (name, value) in members {
                    writer.member(name, value);
                }
            }),
        }
    }
}

impl WriteXml for str {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.string(self)
    }
}

impl WriteXml for String {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.string(self)
    }
}

macro_rules! written_as {
    ($($number:ty => $method:ident,)*) => {
        $(impl WriteXml for $number {
            fn write_xml(&self, slot: Slot<'_>) -> Written {
                slot.$method((*self).into())
            }
        })*
    };
}

written_as! {
    bool => boolean,
    i64 => int,
    i32 => int,
    u32 => int,
    f64 => double,
}

impl<T: WriteXml> WriteXml for [T] {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|writer| self.iter().for_each(|item| writer.item(item)))
    }
}

impl<T: WriteXml> WriteXml for Vec<T> {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        self.as_slice().write_xml(slot)
    }
}

impl<T: WriteXml + ?Sized> WriteXml for &T {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        (**self).write_xml(slot)
    }
}

/// A float in the fewest digits that read back to it: `1.0`, `1e+16`, `1e-05`, `inf`, `nan`.
#[derive(Clone, Copy, Debug)]
pub struct Float(pub f64);

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        if number.is_nan() {
            return f.write_str("nan");
        }
        let size = number.abs();
        if size.is_infinite() || (1e-4..1e16).contains(&size) && number.fract() != 0.0 {
            return write!(f, "{number}");
        }
        if size == 0.0 || (1e-4..1e16).contains(&size) {
            return write!(f, "{number:.1}");
        }
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |rest| ('-', rest));
        write!(f, "{digits}e{sign}{exponent:0>2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_in_the_fewest_digits() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e3, "1000.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(Float(number).to_string(), expected);
        }
    }
}
