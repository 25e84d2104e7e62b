//! `[...]`: in Python a `[`, `&&`, `--` or `~~` in it means nothing but itself.

use alloc::string::String;

use super::escape::{self, Escaped};
use super::python::Source;

enum Item {
    Char(char),
    Class(char),
}

/// Reads what follows `[` and writes the class.
pub(super) fn translate(source: &mut Source<'_>, out: &mut String) -> Result<(), String> {
    const OPEN: &str = "unterminated character set";
    out.push('[');
    if source.next_if(|c| c == '^').is_some() {
        out.push('^');
    }
    let mut is_first = true;
    loop {
        let c = source.next().ok_or(OPEN)?;
        if c == ']' && !is_first {
            out.push(']');
            return Ok(());
        }
        is_first = false;
        let low = item(source, c)?;
        if source.peek() != Some('-') {
            write(out, &low);
            continue;
        }
        source.next();
        let c = source.next().ok_or(OPEN)?;
        if c == ']' {
            write(out, &low);
            escape::write(out, '-');
            out.push(']');
            return Ok(());
        }
        match (low, item(source, c)?) {
            (Item::Char(low), Item::Char(high)) if low <= high => {
                escape::write(out, low);
                out.push('-');
                escape::write(out, high);
            }
            _ => return Err("bad character range".into()),
        }
    }
}

fn item(source: &mut Source<'_>, c: char) -> Result<Item, String> {
    if c != '\\' {
        return Ok(Item::Char(c));
    }
    Ok(match escape::read(source)? {
        Escaped::Char(c) => Item::Char(c),
        Escaped::Class(c) => Item::Class(c),
        Escaped::Other('b') => Item::Char('\x08'),
        Escaped::Other(c) if c.is_digit(8) => Item::Char(escape::octal(source, c, 2)?),
        Escaped::Other(c) => return Err(alloc::format!("bad escape \\{c}")),
    })
}

fn write(out: &mut String, item: &Item) {
    match item {
        Item::Char(c) => escape::write(out, *c),
        Item::Class(c) => out.extend(['\\', *c]),
    }
}
