//! Values written straight into a document.
//!
//! A [`Slot`] is the place of exactly one value. Filling it consumes it and gives the proof
//! [`Written`], and arrays and structs hand out slots one at a time, so whatever is written
//! is well-formed by construction and nothing needs to be built before it is written.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::float::Float;
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

    /// A text. `&`, `<`, `>` are escaped, CR becomes `&#13;` (it would arrive as LF), and
    /// characters XML cannot carry become U+FFFD (difference Q3).
    pub fn string(self, text: &str) -> Written {
        self.out.push_str("<value><string>");
        escape_into(self.out, text);
        self.out.push_str("</string></value>\n");
        Written(())
    }

    /// Bytes of a log as a text: as [`Slot::string`], and what is not UTF-8 becomes U+FFFD.
    pub fn text(self, bytes: &[u8]) -> Written {
        self.out.push_str("<value><string>");
        escape_bytes_into(self.out, bytes);
        self.out.push_str("</string></value>\n");
        Written(())
    }

    /// A whole number, always as `<int>`. The original answers HTTP 500 beyond 32 bits; the
    /// full number serves: Python, JavaScript and Ruby read an `<int>` of any size, and the
    /// only numbers that grow so large are sizes of logs.
    pub fn int(self, number: i64) -> Written {
        let mut digits = [0; 20];
        let text = decimal(number, &mut digits);
        self.out.push_str("<value><int>");
        self.out.push_str(text);
        self.out.push_str("</int></value>\n");
        Written(())
    }

    /// A truth.
    pub fn boolean(self, truth: bool) -> Written {
        self.out.push_str(if truth {
            "<value><boolean>1</boolean></value>\n"
        } else {
            "<value><boolean>0</boolean></value>\n"
        });
        Written(())
    }

    /// A floating point number, in the fewest digits that read back to it.
    pub fn double(self, number: f64) -> Written {
        // writing to a String cannot fail
        let _ = writeln!(
            self.out,
            "<value><double>{}</double></value>",
            Float(number)
        );
        Written(())
    }

    /// Bytes, in lines of 76 letters as the original writes them.
    pub fn base64(self, bytes: &[u8]) -> Written {
        self.out.push_str("<value><base64>\n");
        for line in bytes.chunks(57) {
            STANDARD.encode_string(line, self.out);
            self.out.push('\n');
        }
        self.out.push_str("</base64></value>\n");
        Written(())
    }

    /// A moment, given as `YYYYMMDDTHH:MM:SS`.
    pub fn date_time(self, moment: &str) -> Written {
        self.out.push_str("<value><dateTime.iso8601>");
        escape_into(self.out, moment);
        self.out.push_str("</dateTime.iso8601></value>\n");
        Written(())
    }

    /// Nothing. Only a client sends it: no method of the daemon answers nothing.
    pub fn nil(self) -> Written {
        self.out.push_str("<value><nil/></value>\n");
        Written(())
    }

    /// An array whose items `write` adds.
    pub fn array(self, write: impl FnOnce(&mut ArrayWriter<'_>)) -> Written {
        self.out.push_str("<value><array><data>\n");
        write(&mut ArrayWriter { out: self.out });
        self.out.push_str("</data></array></value>\n");
        Written(())
    }

    /// A struct whose members `write` adds.
    pub fn structure(self, write: impl FnOnce(&mut StructWriter<'_>)) -> Written {
        self.out.push_str("<value><struct>\n");
        write(&mut StructWriter { out: self.out });
        self.out.push_str("</struct></value>\n");
        Written(())
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
        self.member_with(name, |slot| value.write_xml(slot));
    }

    /// Adds a member whose value `write` puts into its slot.
    pub fn member_with(&mut self, name: &str, write: impl FnOnce(Slot<'_>) -> Written) {
        self.out.push_str("<member>\n<name>");
        escape_into(self.out, name);
        self.out.push_str("</name>\n");
        write(Slot::new(self.out));
        self.out.push_str("</member>\n");
    }
}

/// The digits of `number`, without the detour through `fmt`.
fn decimal(number: i64, digits: &mut [u8; 20]) -> &str {
    let mut rest = number.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    std::str::from_utf8(&digits[at..]).unwrap_or_default()
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
