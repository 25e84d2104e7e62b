//! The texts inside scalar elements (spec interfaces 2.2), as the original reads them.

/// The digits the original's interpreter converts at most in one number.
const MAX_DIGITS: usize = 4300;

/// A whole number: blanks around it, a sign and single `_` between digits are fine. Numbers
/// beyond 64 bits saturate: no offset, length or number of seconds lies out there.
pub(crate) fn int(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number: i64 = 0;
    let mut count = 0;
    let mut after_digit = false;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                count += 1;
                after_digit = true;
                let digit = i64::from(byte - b'0');
                let signed = if negative { -digit } else { digit };
                number = number.saturating_mul(10).saturating_add(signed);
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    (after_digit && count <= MAX_DIGITS).then_some(number)
}

/// A floating point number, `nan`, `inf` and `infinity` included.
pub(crate) fn double(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.contains('_') {
        return text.parse().ok();
    }
    let bytes = text.as_bytes();
    let is_digit = |place: Option<usize>| {
        place
            .and_then(|n| bytes.get(n))
            .is_some_and(u8::is_ascii_digit)
    };
    let misplaced = bytes
        .iter()
        .enumerate()
        .any(|(n, &byte)| byte == b'_' && !(is_digit(n.checked_sub(1)) && is_digit(Some(n + 1))));
    if misplaced {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// A moment `YYYYMMDDTHH:MM:SS` that exists in the calendar.
pub(crate) fn date_time(text: &str) -> bool {
    const SHAPE: &[u8; 17] = b"00000000T00:00:00";
    let bytes = text.as_bytes();
    let shaped = bytes.len() == SHAPE.len()
        && bytes.iter().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        });
    if !shaped {
        return false;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month) = (number(0, 4), number(4, 6));
    year >= 1
        && (1..=days_in(year, month)).contains(&number(6, 8))
        && number(9, 11) < 24
        && number(12, 14) < 60
        && number(15, 17) < 60
}

/// Days of a month; 0 for a month that does not exist.
fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// The value of a base64 letter.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Base64 read leniently: foreign bytes are skipped, a complete padding ends the data,
/// padding in a place where none is due is ignored. An unfinished group is an error.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut filled, mut pads) = (0_u32, 0_u8, 0_u8);
    for byte in text.bytes() {
        if byte == b'=' {
            pads = pads.saturating_add(1);
            if filled >= 2 && filled + pads >= 4 {
                return Some(out);
            }
            continue;
        }
        let Some(bits) = sextet(byte) else { continue };
        pads = 0;
        group = (group << 6) | u32::from(bits);
        filled += 1;
        match filled {
            2 => out.push((group >> 4) as u8),
            3 => out.push((group >> 2) as u8),
            4 => {
                out.push(group as u8);
                (group, filled) = (0, 0);
            }
            _ => {}
        }
    }
    (filled == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        // recorded from the original, except those beyond 64 bits
        for (text, expected) in [
            ("5", Some(5)),
            (" 5 ", Some(5)),
            ("\u{a0}5", Some(5)),
            ("+5", Some(5)),
            ("-0", Some(0)),
            ("1_000", Some(1000)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("+ 5", None),
            ("", None),
            ("-", None),
            ("1.5", None),
            ("0x1", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("99999999999999999999999", Some(i64::MAX)),
            ("-99999999999999999999999", Some(i64::MIN)),
        ] {
            assert_eq!(int(text), expected, "{text:?}");
        }
        assert_eq!(int(&"0".repeat(4300)), Some(0));
        assert_eq!(int(&"0".repeat(4301)), None);
    }

    #[test]
    fn floating_point_numbers() {
        for (text, expected) in [
            ("1e3", Some(1000.0)),
            (" 1_0.5 ", Some(10.5)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("infinity", Some(f64::INFINITY)),
            ("1e999", Some(f64::INFINITY)),
            ("1_.5", None),
            ("", None),
            ("0x1", None),
        ] {
            assert_eq!(double(text), expected, "{text:?}");
        }
        assert!(double("nan").is_some_and(f64::is_nan));
    }

    #[test]
    fn moments() {
        assert!(date_time("20240102T03:04:05"));
        assert!(date_time("20240229T23:59:59"));
        for text in [
            "",
            " 20240102T03:04:05",
            "20240102T03:04:05 ",
            "2024010203:04:05",
            "20241302T03:04:05",
            "20240230T03:04:05",
            "20230229T03:04:05",
            "20240102T24:04:05",
            "20240102T23:04:60",
            "00000102T03:04:05",
            "2024010éT3:04:05",
        ] {
            assert!(!date_time(text), "{text:?}");
        }
    }

    #[test]
    fn lenient_base64() {
        // recorded from the original
        for (text, expected) in [
            ("eA==", Some("x")),
            ("e A = =", Some("x")),
            ("eA=", None),
            ("eA", None),
            ("!!!", Some("")),
            ("", Some("")),
            ("eA==eA==", Some("x")),
            ("eHl6", Some("xyz")),
            ("eHl6=", Some("xyz")),
            ("=eHl6", Some("xyz")),
            ("eHl6e", None),
            ("eHl6eA=!=", Some("xyzx")),
            ("e=A==", Some("x")),
            ("eA=e=", Some("x\u{7}")),
            ("eHl6====", Some("xyz")),
            ("eHk=eHl6", Some("xy")),
            ("eHk=e", Some("xy")),
            ("é", Some("")),
        ] {
            let expected = expected.map(|text| text.as_bytes().to_vec());
            assert_eq!(base64(text), expected, "{text:?}");
        }
    }
}
