//! Strings of Python: prefixes, quotes, escapes.

use alloc::string::String;

use super::FormulaError;
use super::token::{Source, Token};

/// What a prefix says.
#[derive(Clone, Copy, Default)]
struct Prefix {
    raw: bool,
    bytes: bool,
    formatted: bool,
}

impl Prefix {
    /// The prefix that a word is, if it is one.
    fn of(word: &str) -> Option<Self> {
        let prefix = match word.to_ascii_lowercase().as_str() {
            "" | "u" => (false, false, false),
            "r" => (true, false, false),
            "b" => (false, true, false),
            "f" => (false, false, true),
            "br" | "rb" => (true, true, false),
            "fr" | "rf" => (true, false, true),
            _ => return None,
        };
        let (raw, bytes, formatted) = prefix;
        Some(Self {
            raw,
            bytes,
            formatted,
        })
    }
}

/// The string that begins with this word, if the word is its prefix and a quote follows.
pub(super) fn read(word: &str, source: &mut Source<'_>) -> Option<Result<Token, FormulaError>> {
    let quote = source.peek().filter(|c| matches!(c, '\'' | '"'))?;
    let prefix = Prefix::of(word)?;
    source.next();
    Some(body(prefix, quote, source))
}

fn body(prefix: Prefix, quote: char, source: &mut Source<'_>) -> Result<Token, FormulaError> {
    let mut is_long = false;
    if source.next_if(quote) {
        if !source.next_if(quote) {
            return Ok(token(prefix, String::new()));
        }
        is_long = true;
    }
    let mut text = String::new();
    loop {
        let c = source.next().ok_or(FormulaError::Syntax)?;
        match c {
            c if c == quote => {
                if !is_long {
                    return Ok(token(prefix, text));
                }
                if source.next_if(quote) {
                    if source.next_if(quote) {
                        return Ok(token(prefix, text));
                    }
                    text.push(quote);
                }
                text.push(quote);
            }
            '\n' if !is_long => return Err(FormulaError::Syntax),
            '\\' if prefix.raw => {
                text.push('\\');
                text.push(source.next().ok_or(FormulaError::Syntax)?);
            }
            '\\' => escape(&mut text, prefix.bytes, source)?,
            c if prefix.bytes && !c.is_ascii() => return Err(FormulaError::Syntax),
            c => text.push(c),
        }
    }
}

fn token(prefix: Prefix, text: String) -> Token {
    if prefix.bytes {
        Token::Bytes
    } else if prefix.formatted {
        Token::Formatted
    } else {
        Token::Text(text)
    }
}

fn escape(text: &mut String, is_bytes: bool, source: &mut Source<'_>) -> Result<(), FormulaError> {
    let c = source.next().ok_or(FormulaError::Syntax)?;
    let code = match c {
        '\n' => return Ok(()),
        '\\' | '\'' | '"' => c.into(),
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '0'..='7' => octal(c, source),
        'x' => hex(source, 2)?,
        'u' if !is_bytes => hex(source, 4)?,
        'U' if !is_bytes => hex(source, 8)?,
        // by the name of a character: no process has such a name
        'N' if !is_bytes => return Err(FormulaError::Syntax),
        other => {
            text.push('\\');
            text.push(other);
            return Ok(());
        }
    };
    if code > 0x10_ffff {
        return Err(FormulaError::Syntax);
    }
    // half a pair of surrogates is in no name
    text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    Ok(())
}

fn octal(first: char, source: &mut Source<'_>) -> u32 {
    let mut code = first.to_digit(8).unwrap_or(0);
    for _ in 0..2 {
        let Some(digit) = source.peek().and_then(|c| c.to_digit(8)) else {
            break;
        };
        source.next();
        code = (code << 3) | digit;
    }
    code
}

fn hex(source: &mut Source<'_>, digits: usize) -> Result<u32, FormulaError> {
    let mut code = 0_u32;
    for _ in 0..digits {
        let digit = source.next().and_then(|c| c.to_digit(16));
        code = (code << 4) | digit.ok_or(FormulaError::Syntax)?;
    }
    Ok(code)
}
