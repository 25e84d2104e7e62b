//! Texts as the original reads them, and the ends of texts that are cut.

/// White space as Python sees it: Unicode's, and the four ASCII separators.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// A whole number of base 8 or 10: blanks around it, a sign, leading zeros and single `_` between
/// digits are fine, and `0o` before octal digits. Beyond 64 bits it counts as the nearest 64-bit
/// number.
pub fn integer(text: &str, base: u32) -> Option<i64> {
    let text = text.trim_matches(is_space);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixed = text.strip_prefix("0o").or_else(|| text.strip_prefix("0O"));
    let digits = match prefixed {
        Some(rest) if base == 8 => rest.strip_prefix('_').unwrap_or(rest),
        Some(_) | None => text,
    };
    let mut number = 0_i64;
    let mut after_digit = false;
    for c in digits.chars() {
        match c.to_digit(base) {
            Some(digit) => {
                let digit = i64::from(digit);
                let signed = if negative { -digit } else { digit };
                number = number
                    .saturating_mul(i64::from(base))
                    .saturating_add(signed);
                after_digit = true;
            }
            None if c == '_' && after_digit => after_digit = false,
            None => return None,
        }
    }
    after_digit.then_some(number)
}

/// Length of the unfinished UTF-8 character at the end, 0 if there is none.
pub fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let length = match bytes[bytes.len() - back] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _no_start => 1,
        };
        return if length > back { back } else { 0 };
    }
    0
}
