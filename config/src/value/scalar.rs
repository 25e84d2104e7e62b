//! Numbers, switches, words, and lists of them.

use visord_model::log_line::Level;
use visord_model::process::Autorestart;
use visord_model::pyrepr::repr;
use visord_model::signal::Signal;
use visord_model::text::integer;

use crate::dialect::is_space;

/// A decimal integer: blanks around it, a sign, leading zeros and single `_` between
/// digits are fine. Beyond 64 bits it counts as the nearest 64-bit number.
///
/// # Errors
/// `invalid literal for int() with base 10: '1s'`
pub fn parse_int(text: &str) -> Result<i64, String> {
    integer(text, 10)
        .ok_or_else(|| format!("invalid literal for int() with base 10: {}", repr(text)))
}

/// A permission mask or mode: base 8, `0o` before it is fine. Only the twelve permission
/// bits are kept, as the system does.
///
/// # Errors
/// `9 can not be converted to an octal type`
pub fn parse_octal(text: &str) -> Result<u32, String> {
    integer(text, 8)
        .and_then(|number| u32::try_from(number & 0o7777).ok())
        .ok_or_else(|| format!("{text} can not be converted to an octal type"))
}

/// A number of bytes, with KB, MB or GB (1024, 1024², 1024³) after it.
///
/// # Errors
/// That of [`parse_int`], with what remains in lower case.
pub fn parse_bytes(text: &str) -> Result<i64, String> {
    let lower = text.to_lowercase();
    for (unit, size) in [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)] {
        if let Some(number) = lower.strip_suffix(unit) {
            return parse_int(number).map(|number| number.saturating_mul(size));
        }
    }
    parse_int(&lower)
}

/// `yes true on 1`, `no false off 0`, in any case.
///
/// # Errors
/// `not a valid boolean value: 'maybe'`
pub fn parse_bool(text: &str) -> Result<bool, String> {
    switch(text).ok_or_else(|| format!("not a valid boolean value: {}", repr(text)))
}

fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A switch, or `unexpected`.
///
/// # Errors
/// `invalid 'autorestart' value 'always'`
pub fn parse_autorestart(text: &str) -> Result<Autorestart, String> {
    let lower = text.to_lowercase();
    match switch(&lower) {
        Some(true) => Ok(Autorestart::Always),
        Some(false) => Ok(Autorestart::Never),
        None if lower == "unexpected" => Ok(Autorestart::Unexpected),
        None => Err(format!("invalid 'autorestart' value {}", repr(&lower))),
    }
}

/// The value of this name, in any case.
///
/// # Errors
/// `'all' is not one of basic, extended`
pub fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("{} is not one of {}", repr(text), names.join(", "))
    })
}

/// `critical error warn info debug trace blather`, in any case.
///
/// # Errors
/// `bad logging level name 'warning'`
pub fn parse_loglevel(text: &str) -> Result<Level, String> {
    Level::from_name(text).ok_or_else(|| format!("bad logging level name {}", repr(text)))
}

/// A number, or a name with or without `SIG`, in any case.
///
/// # Errors
/// `value 'FOO' is not a valid signal name`, `value '40' is not a valid signal number`
pub fn parse_signal(text: &str) -> Result<Signal, String> {
    match integer(text, 10) {
        Some(number) => i32::try_from(number)
            .ok()
            .and_then(Signal::from_number)
            .ok_or_else(|| format!("value {} is not a valid signal number", repr(text))),
        None => Signal::from_name(text)
            .ok_or_else(|| format!("value {} is not a valid signal name", repr(text))),
    }
}

/// Items between commas, stripped. Nothing at all is an empty list; `a,` has an empty
/// last item.
pub fn parse_list(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',')
        .map(|item| item.trim_matches(is_space))
        .collect()
}

/// Exit codes 0 to 255, none if empty.
///
/// # Errors
/// `not a valid list of exit codes: '0,256'`
pub fn parse_exitcodes(text: &str) -> Result<Vec<i32>, String> {
    let code = |item: &str| {
        let code = parse_int(item)
            .ok()
            .filter(|code| (0..=255).contains(code))?;
        i32::try_from(code).ok()
    };
    parse_list(text)
        .into_iter()
        .map(code)
        .collect::<Option<Vec<i32>>>()
        .ok_or_else(|| format!("not a valid list of exit codes: {}", repr(text)))
}

/// The name without white space around it (spec core 1.4).
///
/// # Errors
/// `Invalid name: 'a b' because of character: ' '`
pub fn check_name(name: &str) -> Result<&str, String> {
    let stripped = name.trim_matches(is_space);
    match [' ', ':', '/'].into_iter().find(|&c| stripped.contains(c)) {
        None => Ok(stripped),
        Some(c) => Err(format!(
            "Invalid name: {} because of character: {}",
            repr(name),
            repr(c.encode_utf8(&mut [0; 4]))
        )),
    }
}
