//! Python's syntax of patterns, written in that of `fancy_regex`.
//!
//! What Python refuses is refused; of what it takes only the flags `a`, `L`, `x` and `\N{name}` are
//! refused.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::str::Chars;

use super::class;
use super::escape::{self, Escaped};

/// The largest number in `{m,n}`.
const REPEAT_LIMIT: u32 = 1000;

/// What is left of the pattern.
#[derive(Clone)]
pub(super) struct Source<'a>(Chars<'a>);

impl Source<'_> {
    pub(super) fn next(&mut self) -> Option<char> {
        self.0.next()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.0.clone().next()
    }

    pub(super) fn next_if(&mut self, is_wanted: impl Fn(char) -> bool) -> Option<char> {
        self.peek().filter(|c| is_wanted(*c))?;
        self.next()
    }

    /// Up to a character, which is dropped.
    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => return Ok(text),
                Some(c) => text.push(c),
                None => return Err(format!("missing {end}, unterminated name")),
            }
        }
    }
}

/// Whether a repetition may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Item,
    /// A look around, within a group.
    LookAround,
    Repetition,
}

/// An open group.
struct Group {
    /// Its number if it captures.
    number: Option<usize>,
    /// What ends it.
    end: &'static str,
}

struct Translator<'a> {
    source: Source<'a>,
    out: String,
    last: Last,
    /// The open groups.
    open: Vec<Group>,
    /// How many groups capture.
    groups: usize,
    names: BTreeSet<String>,
}

/// The same pattern for `fancy_regex`. Errors: why Python refuses it.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        source: Source(pattern.chars()),
        out: String::new(),
        last: Last::Nothing,
        open: Vec::new(),
        groups: 0,
        names: BTreeSet::new(),
    };
    while let Some(c) = translator.source.next() {
        translator.step(c)?;
    }
    if translator.open.is_empty() {
        Ok(translator.out)
    } else {
        Err("missing ), unterminated subpattern".into())
    }
}

impl Translator<'_> {
    fn step(&mut self, c: char) -> Result<(), String> {
        match c {
            '\\' => self.escape()?,
            '[' => {
                class::translate(&mut self.source, &mut self.out)?;
                self.last = Last::Item;
            }
            '(' => self.group()?,
            ')' => {
                let group = self.open.pop().ok_or("unbalanced parenthesis")?;
                let is_around = group.end.len() > 1;
                let last = if is_around {
                    Last::LookAround
                } else {
                    Last::Item
                };
                self.write(group.end, last);
            }
            '|' => self.write("|", Last::Nothing),
            '^' => self.write("^", Last::Nothing),
            '$' => self.write("$", Last::Nothing),
            '.' => self.write(".", Last::Item),
            '*' => self.repeat("*", 0)?,
            '+' => self.repeat("+", 1)?,
            '?' => self.repeat("?", 0)?,
            '{' => match self.counts()? {
                Some((counts, low)) => self.repeat(&counts, low)?,
                None => self.literal('{'),
            },
            c => self.literal(c),
        }
        Ok(())
    }

    fn write(&mut self, text: &str, last: Last) {
        self.out.push_str(text);
        self.last = last;
    }

    fn literal(&mut self, c: char) {
        escape::write(&mut self.out, c);
        self.last = Last::Item;
    }

    /// `low`: how often at least.
    fn repeat(&mut self, repetition: &str, low: u32) -> Result<(), String> {
        let mode = self.source.next_if(|c| c == '?' || c == '+');
        match self.last {
            Last::Nothing => return Err("nothing to repeat".into()),
            Last::Repetition => return Err("multiple repeat".into()),
            // it takes nothing, so once is as good as often; it may be left out if it may be absent
            Last::LookAround if low > 0 => {}
            Last::LookAround => {
                self.out.pop();
                self.out.push_str("|)");
            }
            Last::Item => {
                self.out.push_str(repetition);
                self.out.extend(mode);
            }
        }
        self.last = Last::Repetition;
        Ok(())
    }

    /// What follows a `{`, if that makes it a repetition: its text, and how often at least.
    fn counts(&mut self) -> Result<Option<(String, u32)>, String> {
        let mut source = self.source.clone();
        if source.peek() == Some('}') {
            return Ok(None);
        }
        let mut number = || {
            let mut digits = String::new();
            while let Some(digit) = source.next_if(|c| c.is_ascii_digit()) {
                digits.push(digit);
            }
            let has_comma = source.next_if(|c| c == ',').is_some();
            (digits, has_comma)
        };
        let (low, has_comma) = number();
        let high = if has_comma { number().0 } else { low.clone() };
        if source.next() != Some('}') {
            return Ok(None);
        }
        self.source = source;
        let parse = |digits: &str| match digits.parse::<u32>() {
            Ok(number) if number <= REPEAT_LIMIT => Ok(number),
            Ok(_) | Err(_) => Err(format!("more than {REPEAT_LIMIT} repetitions")),
        };
        let low = if low.is_empty() { 0 } else { parse(&low)? };
        if high.is_empty() {
            return Ok(Some((format!("{{{low},}}"), low)));
        }
        let high = parse(&high)?;
        if high < low {
            return Err("min repeat greater than max repeat".into());
        }
        Ok(Some((format!("{{{low},{high}}}"), low)))
    }

    fn escape(&mut self) -> Result<(), String> {
        match escape::read(&mut self.source)? {
            Escaped::Char(c) => self.literal(c),
            Escaped::Class(c) => {
                self.out.extend(['\\', c]);
                self.last = Last::Item;
            }
            Escaped::Other('A') => self.write("\\A", Last::Nothing),
            Escaped::Other('Z') => self.write("\\z", Last::Nothing),
            Escaped::Other('b') => self.write("\\b", Last::Nothing),
            Escaped::Other('B') => self.write("\\B", Last::Nothing),
            Escaped::Other('0') => {
                let c = escape::octal(&mut self.source, '0', 2)?;
                self.literal(c);
            }
            Escaped::Other(c) if c.is_ascii_digit() => self.digits(c)?,
            Escaped::Other(c) => return Err(format!("bad escape \\{c}")),
        }
        Ok(())
    }

    /// `\1` to `\99` are groups, three octal digits a character.
    fn digits(&mut self, first: char) -> Result<(), String> {
        let mut ahead = self.source.clone();
        let octal = [ahead.next(), ahead.next()].map(|c| c.is_some_and(|c| c.is_digit(8)));
        if first.is_digit(8) && octal == [true, true] {
            let c = escape::octal(&mut self.source, first, 2)?;
            self.literal(c);
            return Ok(());
        }
        let mut number = first.to_digit(10).unwrap_or(0) as usize;
        if let Some(digit) = self.source.next_if(|c| c.is_ascii_digit()) {
            number = number * 10 + digit.to_digit(10).unwrap_or(0) as usize;
        }
        self.refer_to(number)?;
        let _ = write!(self.out, "(?:\\{number})");
        self.last = Last::Item;
        Ok(())
    }

    fn refer_to(&self, number: usize) -> Result<(), String> {
        if number == 0 || number > self.groups {
            return Err(format!("invalid group reference {number}"));
        }
        if self.open.iter().any(|group| group.number == Some(number)) {
            return Err("cannot refer to an open group".into());
        }
        Ok(())
    }

    fn open(&mut self, text: &str) {
        self.write(text, Last::Nothing);
        let (number, end) = (None, ")");
        self.open.push(Group { number, end });
    }

    /// Within a group: Python lets it be repeated, `fancy_regex` does not.
    fn look_around(&mut self, text: &str) {
        self.write("(?:", Last::Nothing);
        self.write(text, Last::Nothing);
        let (number, end) = (None, "))");
        self.open.push(Group { number, end });
    }

    fn capture(&mut self, text: &str) {
        self.groups += 1;
        self.write(text, Last::Nothing);
        let (number, end) = (Some(self.groups), ")");
        self.open.push(Group { number, end });
    }

    /// What follows a `(`.
    fn group(&mut self) -> Result<(), String> {
        if self.source.next_if(|c| c == '?').is_none() {
            self.capture("(");
            return Ok(());
        }
        match self.source.next().ok_or("unexpected end of pattern")? {
            ':' => self.open("(?:"),
            '=' => self.look_around("(?="),
            '!' => self.look_around("(?!"),
            '>' => self.open("(?>"),
            '<' => match self.source.next() {
                Some('=') => self.look_around("(?<="),
                Some('!') => self.look_around("(?<!"),
                Some(_) | None => return Err("unknown extension ?<".into()),
            },
            '#' => {
                self.source.until(')')?;
            }
            '(' => self.condition()?,
            'P' => self.named()?,
            c => self.flags(c)?,
        }
        Ok(())
    }

    /// `(?P<name>...)` and `(?P=name)`.
    fn named(&mut self) -> Result<(), String> {
        match self.source.next() {
            Some('<') => {
                let name = self.source.until('>')?;
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let starts_well = !name.starts_with(|c: char| c.is_ascii_digit());
                if name.is_empty() || !starts_well || !name.chars().all(is_word) {
                    return Err(format!("bad character in group name {name}"));
                }
                self.capture(&format!("(?P<{name}>"));
                if !self.names.insert(name.clone()) {
                    return Err(format!("redefinition of group name {name}"));
                }
            }
            Some('=') => {
                let name = self.source.until(')')?;
                if !self.names.contains(&name) {
                    return Err(format!("unknown group name {name}"));
                }
                self.write(&format!("(?P={name})"), Last::Item);
            }
            Some(_) | None => return Err("unknown extension ?P".into()),
        }
        Ok(())
    }

    /// `(?(1)then|else)`.
    fn condition(&mut self) -> Result<(), String> {
        let name = self.source.until(')')?;
        let text = if let Ok(number) = name.parse() {
            self.refer_to(number)?;
            format!("(?({number})")
        } else if self.names.contains(&name) {
            format!("(?(<{name}>)")
        } else {
            return Err(format!("unknown group name {name}"));
        };
        self.open(&text);
        Ok(())
    }

    /// `(?i-s:...)`. For the whole pattern Python takes flags at its start only, which is never
    /// here: the text is put into a group or behind a `^`.
    fn flags(&mut self, first: char) -> Result<(), String> {
        let mut text = String::from("(?");
        let mut next = Some(first);
        loop {
            match next {
                Some(c @ ('i' | 'm' | 's' | '-')) => text.push(c),
                Some('u') => {}
                Some(c @ ('a' | 'L' | 'x')) => return Err(format!("flag {c} is not supported")),
                Some(':') => break,
                Some(')') => {
                    return Err("global flags not at the start of the expression".into());
                }
                Some(c) => return Err(format!("unknown extension ?{c}")),
                None => return Err("missing -, : or )".into()),
            }
            next = self.source.next();
        }
        text.push(':');
        self.open(&text);
        Ok(())
    }
}
