//! The texts inside scalar elements (spec interfaces 2.2), as the original reads them.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::civil::DateTime;
use visord_model::text::integer;

/// The digits the original's interpreter converts at most in one number.
const MAX_DIGITS: usize = 4300;

/// A whole number: blanks around it, a sign and single `_` between digits are fine. Numbers
/// beyond 64 bits saturate: no offset, length or number of seconds lies out there.
pub(crate) fn int(text: &str) -> Option<i64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    integer(text, 10).filter(|_| digits <= MAX_DIGITS)
}

/// A floating point number, `nan`, `inf` and `infinity` included.
pub(crate) fn double(text: &str) -> Option<f64> {
    // single `_` between digits are fine
    let parts: Vec<&str> = text.trim().split('_').collect();
    let is_digit = |c: char| c.is_ascii_digit();
    let mut joints = parts.windows(2);
    joints
        .all(|two| two[0].ends_with(is_digit) && two[1].starts_with(is_digit))
        .then(|| parts.concat().parse().ok())?
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
    let number = |from: usize| text[from..from + 2].parse().unwrap_or(i8::MAX);
    let year = text[..4].parse().unwrap_or(0);
    let moment = DateTime::new(
        year,
        number(4),
        number(6),
        number(9),
        number(12),
        number(15),
        0,
    );
    year >= 1 && moment.is_ok()
}

/// Letters without padding; what the last one has beyond a byte means nothing.
const LETTERS: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Base64 read leniently: foreign bytes are skipped, a complete padding ends the data,
/// padding in a place where none is due is ignored. An unfinished group is an error.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut letters = Vec::with_capacity(text.len());
    let mut pads = 0;
    for byte in text.bytes() {
        if is_letter(byte) {
            letters.push(byte);
            pads = 0;
        } else if byte == b'=' {
            pads += 1;
            let filled = letters.len() % 4;
            if filled >= 2 && filled + pads >= 4 {
                return LETTERS.decode(letters).ok();
            }
        }
    }
    let is_finished = letters.len().is_multiple_of(4);
    LETTERS.decode(letters).ok().filter(|_| is_finished)
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
