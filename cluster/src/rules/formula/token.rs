//! Words of a Python text.

use alloc::string::String;
use alloc::vec::Vec;
use core::str::Chars;

use super::{FormulaError, literal};

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword.
    Name(String),
    /// A number; its value has no meaning here.
    Number,
    /// A string.
    Text(String),
    /// `b"..."`.
    Bytes,
    /// `f"..."`.
    Formatted,
    /// An operator or a delimiter.
    Mark(&'static str),
    /// The end of a logical line.
    Newline,
    /// The end of the text.
    End,
}

/// Longer ones first.
const MARKS: [&str; 46] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", "+=",
    "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", ":=", "+", "-", "*", "/", "%", "@", "&", "|",
    "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";",
];

/// What is left of the text.
pub(super) struct Source<'a>(Chars<'a>);

impl Source<'_> {
    pub(super) fn next(&mut self) -> Option<char> {
        self.0.next()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.0.clone().next()
    }

    pub(super) fn next_if(&mut self, wanted: char) -> bool {
        let is_wanted = self.peek() == Some(wanted);
        if is_wanted {
            self.next();
        }
        is_wanted
    }

    fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| is_wanted(*c)) {
            text.push(c);
            self.next();
        }
        text
    }

    /// Skips one of these texts.
    fn mark(&mut self) -> Option<&'static str> {
        let rest = self.0.as_str();
        let known = MARKS.iter().chain(&["="]).copied();
        let mark = known.into_iter().find(|mark| rest.starts_with(mark))?;
        self.0 = rest[mark.len()..].chars();
        Some(mark)
    }
}

/// All words, and the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FormulaError> {
    let mut source = Source(text.chars());
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut at_line_start = true;
    while let Some(c) = source.peek() {
        if matches!(c, ' ' | '\t' | '\x0c') {
            let blanks = source.take_while(|c| matches!(c, ' ' | '\t' | '\x0c'));
            let is_empty = matches!(source.peek(), None | Some('\n' | '#'));
            // an indented line
            if at_line_start && !is_empty && !blanks.ends_with('\x0c') {
                return Err(FormulaError::Syntax);
            }
            continue;
        }
        if c == '#' {
            source.take_while(|c| c != '\n');
            continue;
        }
        if c == '\n' {
            source.next();
            at_line_start |= depth == 0;
            if depth == 0 {
                found.push(Token::Newline);
            }
            continue;
        }
        at_line_start = false;
        if c == '\\' {
            source.next();
            // a line goes on only if there is one
            if !source.next_if('\n') || source.peek().is_none() {
                return Err(FormulaError::Syntax);
            }
            continue;
        }
        let token = token(&mut source)?;
        if matches!(token, Token::Mark("(" | "[" | "{")) {
            depth += 1;
        } else if matches!(token, Token::Mark(")" | "]" | "}")) {
            depth = depth.checked_sub(1).ok_or(FormulaError::Syntax)?;
        }
        found.push(token);
    }
    found.push(Token::End);
    Ok(found)
}

fn token(source: &mut Source<'_>) -> Result<Token, FormulaError> {
    let c = source.peek().ok_or(FormulaError::Syntax)?;
    let starts_number = {
        let mut rest = source.0.clone();
        rest.next();
        c.is_ascii_digit() || (c == '.' && rest.next().is_some_and(|c| c.is_ascii_digit()))
    };
    if starts_number {
        return number(source);
    }
    let word = source.take_while(|c| c == '_' || c.is_alphanumeric());
    if let Some(string) = literal::read(&word, source) {
        return string;
    }
    if !word.is_empty() {
        return Ok(Token::Name(word));
    }
    source.mark().map(Token::Mark).ok_or(FormulaError::Syntax)
}

/// Digits with single underscores between them.
fn is_digits(text: &str, radix: u32) -> bool {
    text.split('_')
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_digit(radix)))
}

fn number(source: &mut Source<'_>) -> Result<Token, FormulaError> {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut text = source.take_while(|c| is_word(c) || c == '.');
    // a sign belongs to a number only behind its e
    let lower = text.to_ascii_lowercase();
    let is_hex = lower.starts_with("0x");
    if !is_hex && lower.ends_with('e') && matches!(source.peek(), Some('+' | '-')) {
        source.next();
        text.push_str(&source.take_while(is_word));
    }
    let text = text.to_ascii_lowercase();
    let radixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    for (prefix, radix) in radixes {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = digits.strip_prefix('_').unwrap_or(digits);
            let is_good = is_digits(digits, radix);
            return is_good.then_some(Token::Number).ok_or(FormulaError::Syntax);
        }
    }
    let is_imaginary = text.ends_with('j');
    let text = text.strip_suffix('j').unwrap_or(&text);
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_optional = |part: &str| part.is_empty() || is_digits(part, 10);
    let is_good = exponent.is_none_or(|part| is_digits(part, 10))
        && is_optional(whole)
        && fraction.is_none_or(is_optional)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty));
    // 00 is a number, 01 is none, 01.0 is one
    let is_integer = exponent.is_none() && fraction.is_none() && !is_imaginary;
    let is_octal = whole.starts_with('0') && whole.bytes().any(|c| !matches!(c, b'0' | b'_'));
    if is_good && !(is_integer && is_octal) {
        Ok(Token::Number)
    } else {
        Err(FormulaError::Syntax)
    }
}
