//! C-printf-style formats with named arguments, as the original's language has them.

use std::fmt::Write as _;

use visord_model::pyrepr::{ascii, repr};

use super::Substitute;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FormatError {
    /// It names something that does not exist here.
    Unknown(String),
    /// Anything else; the text ends a message of the original.
    Malformed(String),
}

const NOT_ENOUGH: &str = "not enough arguments for format string";

/// Longest field that a width or precision may ask for: what `std::fmt` can do. More is a
/// typing error.
const LONGEST_FIELD: usize = u16::MAX as usize;

/// Replace every conversion of `template`; `value_of` knows the names.
/// Errors: at the first conversion that cannot be done.
pub(super) fn format<'a>(
    template: &str,
    value_of: impl Fn(&str) -> Option<Substitute<'a>>,
) -> Result<String, FormatError> {
    let mut out = String::with_capacity(template.len());
    let mut rest = Rest {
        characters: template.chars().collect(),
        at: 0,
        spent: false,
    };
    while let Some(c) = rest.next() {
        if c == '%' && rest.peek() == Some('%') {
            rest.at += 1;
            out.push('%');
        } else if c == '%' {
            let spec = Spec::read(&mut rest, &value_of)?;
            spec.write(&mut out)?;
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

/// What is still to be read of a template.
struct Rest {
    characters: Vec<char>,
    at: usize,
    /// Whether a conversion was met. The first one without a name would get all names as
    /// its argument; for any other there is nothing left.
    spent: bool,
}

impl Rest {
    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    /// The next character of a conversion that is not complete without it.
    fn need(&mut self) -> Result<char, FormatError> {
        self.next().ok_or_else(|| malformed("incomplete format"))
    }
}

fn malformed(reason: impl Into<String>) -> FormatError {
    FormatError::Malformed(reason.into())
}

#[derive(Default)]
struct Spec<'a> {
    value: Option<Substitute<'a>>,
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
    /// Position of the conversion character.
    index: usize,
    /// There is no argument left for it.
    without: bool,
}

impl<'a> Spec<'a> {
    /// After the `%`: `(name)`, flags, width, precision, length modifier, conversion.
    fn read(
        rest: &mut Rest,
        value_of: impl Fn(&str) -> Option<Substitute<'a>>,
    ) -> Result<Self, FormatError> {
        let mut spec = Self::default();
        let named = rest.peek() == Some('(');
        spec.without = rest.spent && !named;
        rest.spent = true;
        if named {
            rest.at += 1;
            let name = name(rest)?;
            spec.value = Some(value_of(&name).ok_or(FormatError::Unknown(name))?);
        }
        let mut c = rest.need()?;
        loop {
            match c {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                ' ' => spec.blank = true,
                '#' => spec.alternate = true,
                '0' => spec.zero = true,
                _ => break,
            }
            c = rest.need()?;
        }
        if c == '*' {
            c = spec.star(rest)?;
        } else {
            (spec.width, c) = number(rest, c, "width too big")?;
        }
        if c == '.' {
            c = rest.need()?;
            if c == '*' {
                c = spec.star(rest)?;
            } else {
                let precision;
                (precision, c) = number(rest, c, "precision too big")?;
                spec.precision = Some(precision);
            }
        }
        if matches!(c, 'h' | 'l' | 'L') {
            c = rest.need()?;
        }
        spec.conversion = c;
        spec.index = rest.at - 1;
        Ok(spec)
    }

    /// `*` takes an integer from the arguments, which leaves none for the conversion.
    fn star(&mut self, rest: &mut Rest) -> Result<char, FormatError> {
        match self.value {
            _ if self.without => return Err(malformed(NOT_ENOUGH)),
            Some(Substitute::Number(_)) => self.without = true,
            Some(Substitute::Text(_)) | None => return Err(malformed("* wants int")),
        }
        rest.need()
    }

    fn write(&self, out: &mut String) -> Result<(), FormatError> {
        if self.without {
            return Err(malformed(NOT_ENOUGH));
        }
        match self.conversion {
            'd' | 'i' | 'u' => self.integer(out, |n| n.to_string(), ""),
            'o' => self.integer(out, |n| format!("{n:o}"), "0o"),
            'x' => self.integer(out, |n| format!("{n:x}"), "0x"),
            'X' => self.integer(out, |n| format!("{n:X}"), "0X"),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => self.float(out),
            's' | 'r' | 'a' => self.text(out),
            'c' => self.character(out),
            other => {
                let index = self.index;
                let code = other as u32;
                let shown = if (' '..'\x7f').contains(&other) {
                    other
                } else {
                    '?'
                };
                Err(malformed(format!(
                    "unsupported format character '{shown}' (0x{code:x}) at index {index}"
                )))
            }
        }
    }

    fn integer(
        &self,
        out: &mut String,
        digits: impl Fn(u64) -> String,
        prefix: &str,
    ) -> Result<(), FormatError> {
        let number = self.number()?;
        let mut body = digits(number.unsigned_abs());
        if let Some(precision) = self.precision
            && body.len() < precision
        {
            body = format!("{body:0>precision$}");
        }
        let prefix = if self.alternate { prefix } else { "" };
        self.pad_number(out, number < 0, prefix, &body);
        Ok(())
    }

    fn number(&self) -> Result<i64, FormatError> {
        let kind = match &self.value {
            Some(Substitute::Number(number)) => return Ok(*number),
            Some(Substitute::Text(_)) => "str",
            None => "dict",
        };
        let conversion = self.conversion;
        let wanted = match conversion {
            'x' | 'X' | 'o' => "an integer is required",
            'd' | 'i' | 'u' => "a real number is required",
            _ => return Err(malformed(format!("must be real number, not {kind}"))),
        };
        Err(malformed(format!(
            "%{conversion} format: {wanted}, not {kind}"
        )))
    }

    fn float(&self, out: &mut String) -> Result<(), FormatError> {
        let number = self.number()?;
        // unusual, but it works: `%(process_num)e`
        #[expect(clippy::cast_precision_loss, reason = "as the original converts it")]
        let plain = number.unsigned_abs() as f64;
        // with the flag `#` the decimal point and zeros stay
        let (precision, point) = (self.precision.unwrap_or(6), self.alternate);
        let mut body = match self.conversion.to_ascii_lowercase() {
            'e' => exponent(plain, precision, point),
            'f' => with_point(format!("{plain:.precision$}"), point),
            _ => general(plain, precision.max(1), point),
        };
        if self.conversion.is_ascii_uppercase() {
            body = body.to_uppercase();
        }
        self.pad_number(out, number < 0, "", &body);
        Ok(())
    }

    fn pad_number(&self, out: &mut String, negative: bool, prefix: &str, body: &str) {
        let sign = match (negative, self.plus, self.blank) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        };
        let fill = self
            .width
            .saturating_sub(sign.len() + prefix.len() + body.len());
        if self.left {
            let _ = write!(out, "{sign}{prefix}{body}{:fill$}", "");
        } else if self.zero {
            let _ = write!(out, "{sign}{prefix}{:0<fill$}{body}", "");
        } else {
            let _ = write!(out, "{:fill$}{sign}{prefix}{body}", "");
        }
    }

    fn text(&self, out: &mut String) -> Result<(), FormatError> {
        let text = match &self.value {
            Some(Substitute::Text(text)) => text.to_string(),
            Some(Substitute::Number(number)) => return self.push_text(out, &number.to_string()),
            // 4.3.0 dumps all names and their values here: refused (difference C11)
            None => {
                let conversion = self.conversion;
                return Err(malformed(format!(
                    "%{conversion} has no name, write %(name){conversion} or %%"
                )));
            }
        };
        match self.conversion {
            's' => self.push_text(out, &text),
            'r' => self.push_text(out, &repr(&text)),
            _ => self.push_text(out, &ascii(&repr(&text))),
        }
    }

    fn character(&self, out: &mut String) -> Result<(), FormatError> {
        let text = match &self.value {
            Some(Substitute::Text(text)) if text.chars().count() == 1 => text.to_string(),
            Some(Substitute::Number(number)) => u32::try_from(*number)
                .ok()
                .and_then(char::from_u32)
                .ok_or_else(|| malformed("%c arg not in range(0x110000)"))?
                .to_string(),
            Some(Substitute::Text(_)) | None => return Err(malformed("%c requires int or char")),
        };
        self.push_text(out, &text)
    }

    fn push_text(&self, out: &mut String, text: &str) -> Result<(), FormatError> {
        let limit = match self.conversion {
            'c' => usize::MAX,
            _ => self.precision.unwrap_or(usize::MAX),
        };
        let cut: String = text.chars().take(limit).collect();
        let width = self.width;
        let _ = if self.left {
            write!(out, "{cut:<width$}")
        } else {
            write!(out, "{cut:>width$}")
        };
        Ok(())
    }
}

/// A name up to its closing parenthesis; it may contain balanced ones.
fn name(rest: &mut Rest) -> Result<String, FormatError> {
    let start = rest.at;
    let mut depth = 1;
    loop {
        match rest.next() {
            None => return Err(malformed("incomplete format key")),
            Some('(') => depth += 1,
            Some(')') => depth -= 1,
            Some(_) => {}
        }
        if depth == 0 {
            return Ok(rest.characters[start..rest.at - 1].iter().collect());
        }
    }
}

/// Digits from `c` on, and the character after them.
fn number(rest: &mut Rest, mut c: char, too_big: &str) -> Result<(usize, char), FormatError> {
    let mut number = 0;
    while let Some(digit) = c.to_digit(10) {
        number = number * 10 + digit as usize;
        if number > LONGEST_FIELD {
            return Err(malformed(too_big));
        }
        c = rest.need()?;
    }
    Ok((number, c))
}

fn with_point(text: String, point: bool) -> String {
    if point && !text.contains('.') {
        text + "."
    } else {
        text
    }
}

/// `1.500000e+01`
fn exponent(number: f64, precision: usize, point: bool) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = with_point(mantissa.to_owned(), point);
    format!("{mantissa}e+{power:0>2}")
}

/// Fixed or with an exponent, whichever is shorter, without trailing zeros.
fn general(number: f64, digits: usize, point: bool) -> String {
    let scientific = format!("{number:.*e}", digits - 1);
    let power = scientific
        .split_once('e')
        .and_then(|(_, power)| power.parse::<usize>().ok())
        .unwrap_or(0);
    if power < digits {
        // a whole number: all that follows the point is zeros
        let decimals = if point { digits - 1 - power } else { 0 };
        return with_point(format!("{number:.decimals$}"), point);
    }
    let text = exponent(number, digits - 1, point);
    match text.split_once('e') {
        Some((mantissa, power)) if !point => format!("{}e{power}", without_zeros(mantissa)),
        Some(_) | None => text,
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}
