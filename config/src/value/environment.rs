//! `environment = KEY="value",KEY2='value'` (spec core 1.9).

use crate::secret::HIDDEN;
use crate::types::Environment;

/// Variables of an (already expanded) `environment` value.
///
/// Tokens are taken in fours: key, `=`, value and a separator, whatever it is. There are
/// no escapes; quotes are stripped from both ends of a value.
///
/// # Errors
/// `No closing quotation`, or `Unexpected end of key/value pairs in value [hidden]`.
pub fn parse_environment(text: &str) -> Result<Environment, String> {
    let tokens = tokens(text)?;
    let mut variables = Environment::new();
    for group in tokens.chunks(4) {
        let [key, equals, value, ..] = group else {
            return Err(unexpected_end());
        };
        if equals != "=" {
            return Err(unexpected_end());
        }
        let value = value.trim_matches(['\'', '"']);
        variables.insert(key.clone(), value.into());
    }
    Ok(variables)
}

fn unexpected_end() -> String {
    format!("Unexpected end of key/value pairs in value {HIDDEN}")
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut rest = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {}
            '#' => skip_line(&mut rest),
            '"' | '\'' => tokens.push(quoted(&mut rest, c)?),
            c if is_word(c) => tokens.push(word(&mut rest, c)),
            c => tokens.push(c.to_string()),
        }
    }
    Ok(tokens)
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// ASCII letters, digits and some punctuation that paths and addresses need.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_/.+-():".contains(c)
}

/// A run of word characters. Quotes inside belong to it, and so, oddly, does what follows
/// on the next line after a comment.
fn word(rest: &mut Characters<'_>, first: char) -> String {
    let mut token = String::from(first);
    while let Some(&c) = rest.peek() {
        match c {
            '#' => skip_line(rest),
            c if is_word(c) || c == '"' || c == '\'' => {
                token.push(c);
                rest.next();
            }
            _ => break,
        }
    }
    token
}

fn quoted(rest: &mut Characters<'_>, quote: char) -> Result<String, String> {
    let mut token = String::from(quote);
    for c in rest.by_ref() {
        token.push(c);
        if c == quote {
            return Ok(token);
        }
    }
    Err("No closing quotation".to_owned())
}

/// To the start of the next line.
fn skip_line(rest: &mut Characters<'_>) {
    while rest.next().is_some_and(|c| c != '\n') {}
}
