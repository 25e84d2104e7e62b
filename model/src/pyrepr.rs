//! How messages of the original quote a value: PYREPR of spec core, conventions.

use alloc::string::String;
use core::fmt::Write;

/// A text in quotes: `'`, unless it contains `'` and no `"`.
pub fn repr(text: &str) -> String {
    let quote = quote_of(text.as_bytes());
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        push_char(&mut out, c, quote);
    }
    out.push(quote);
    out
}

/// Bytes in quotes with a leading `b`.
pub fn repr_bytes(bytes: &[u8]) -> String {
    let quote = quote_of(bytes);
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        if byte < 0x80 {
            push_char(&mut out, char::from(byte), quote);
        } else {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push(quote);
    out
}

/// A text with everything outside ASCII escaped.
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            push_escape(&mut out, c);
        }
    }
    out
}

fn quote_of(bytes: &[u8]) -> char {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    }
}

fn push_char(out: &mut String, c: char, quote: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c == quote => {
            out.push('\\');
            out.push(c);
        }
        c if is_printable(c) => out.push(c),
        c => push_escape(out, c),
    }
}

fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    // writing to a String cannot fail
    let _ = match code {
        0..0x100 => write!(out, "\\x{code:02x}"),
        0x100..0x1_0000 => write!(out, "\\u{code:04x}"),
        0x1_0000.. => write!(out, "\\U{code:08x}"),
    };
}

/// Close to Python's idea of printable: no controls, no separators but the blank,
/// no private or unassigned format characters that matter in practice.
fn is_printable(c: char) -> bool {
    match c {
        ' ' => true,
        c if c.is_control() || c.is_whitespace() => false,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
            false
        }
        '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' => false,
        c => (c as u32) < 0xe_0000,
    }
}

/// `Undecodable: b'..'` for bytes that are not UTF-8, else the text.
pub fn decoded(bytes: &[u8]) -> String {
    core::str::from_utf8(bytes).map_or_else(
        |_| alloc::format!("Undecodable: {}", repr_bytes(bytes)),
        String::from,
    )
}
