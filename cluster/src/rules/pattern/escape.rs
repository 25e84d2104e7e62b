//! `\x41` and the like, in and outside of brackets.

use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

use super::python::Source;

/// What stands behind a backslash.
pub(super) enum Escaped {
    /// A character.
    Char(char),
    /// `\d` and the like.
    Class(char),
    /// Any other letter or digit: its meaning depends on the place.
    Other(char),
}

/// Reads what follows a backslash, up to what is the same everywhere.
pub(super) fn read(source: &mut Source<'_>) -> Result<Escaped, String> {
    let c = source.next().ok_or("bad escape (end of pattern)")?;
    Ok(match c {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' => Escaped::Class(c),
        'a' => Escaped::Char('\x07'),
        'f' => Escaped::Char('\x0c'),
        'n' => Escaped::Char('\n'),
        'r' => Escaped::Char('\r'),
        't' => Escaped::Char('\t'),
        'v' => Escaped::Char('\x0b'),
        'x' => Escaped::Char(hex(source, 2)?),
        'u' => Escaped::Char(hex(source, 4)?),
        'U' => Escaped::Char(hex(source, 8)?),
        c if c.is_ascii_alphanumeric() => Escaped::Other(c),
        c => Escaped::Char(c),
    })
}

fn hex(source: &mut Source<'_>, digits: usize) -> Result<char, String> {
    let mut code = 0u32;
    for _ in 0..digits {
        let digit = source.next_if(|c| c.is_ascii_hexdigit());
        let digit = digit
            .and_then(|c| c.to_digit(16))
            .ok_or("incomplete escape")?;
        code = (code << 4) | digit;
    }
    char::from_u32(code).ok_or_else(|| format!("bad escape of character {code:#x}"))
}

/// The character of up to `more` further octal digits.
pub(super) fn octal(source: &mut Source<'_>, first: char, more: usize) -> Result<char, String> {
    let mut code = first.to_digit(8).unwrap_or(0);
    for _ in 0..more {
        let Some(digit) = source.next_if(|c| c.is_digit(8)) else {
            break;
        };
        code = (code << 3) | digit.to_digit(8).unwrap_or(0);
    }
    u8::try_from(code)
        .map(char::from)
        .map_err(|_| "octal escape value outside of range 0-0o377".into())
}

/// Writes a character so that it means nothing but itself.
pub(super) fn write(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}
