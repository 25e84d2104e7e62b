//! Texts against what Python prints, and anything read.

use proptest::prelude::*;

use super::*;

const LONGEST: usize = 100_000;

#[test]
fn values_print_as_in_python() {
    // the right side is what `json.dumps` gave
    for (value, text) in [
        (Value::Nil, "null"),
        (Value::Bool(true), "true"),
        (Value::Int(-3), "-3"),
        (Value::Double(0.0), "0.0"),
        (Value::Double(672.731_285_891), "672.731285891"),
        (Value::Double(1_795_216_486.787_742_4), "1795216486.7877424"),
        (Value::Double(1e16), "1e+16"),
        (Value::Double(1e-5), "1e-05"),
        (Value::Double(f64::NAN), "NaN"),
        (Value::Double(f64::NEG_INFINITY), "-Infinity"),
        (
            "\"\\/\n\r\t\u{8}\u{c}\u{1}\u{7f}".into(),
            r#""\"\\/\n\r\t\b\f\u0001"#,
        ),
        ("é€😀".into(), r#""\u00e9\u20ac\ud83d\ude00""#),
        (Value::Array(Vec::new()), "[]"),
        (Value::Struct(Vec::new()), "{}"),
        (
            Value::structure([("b", Value::Int(1)), ("a", [2, 3].into_iter().collect())]),
            r#"{"b": 1, "a": [2, 3]}"#,
        ),
    ] {
        let text = match text.ends_with("\\u0001") {
            true => format!("{text}\u{7f}\""),
            false => text.to_owned(),
        };
        assert_eq!(write(&value), text, "{value:?}");
    }
}

#[test]
fn halves_of_characters_are_replaced() {
    for (text, expected) in [
        (r#""\ud83d\ude00""#, "😀"),
        (r#""a\udcffb""#, "a\u{fffd}b"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\\ud83d é\\\udcff""#, "\\ud83d é\\\u{fffd}"),
        (r#""\u00e9""#, "é"),
    ] {
        assert_eq!(read(text, LONGEST), Ok(expected.into()), "{text}");
    }
}

#[test]
fn what_is_not_json() {
    let deep = "[".repeat(LONGEST / 2);
    for text in ["", "[", "nan", "{1: 2}", "\"\\", "\"\\u12", "1e999", &deep] {
        let error = read(text, LONGEST);
        assert!(matches!(error, Err(WireError::NotJson(_))), "{error:?}");
    }
    assert_eq!(read("[1, 2]", 5), Err(WireError::TooLong(5)));
}

proptest! {
    #[test]
    fn texts_and_numbers_come_back(text in any::<String>(), int in any::<i64>(),
                                   float in any::<f64>().prop_filter("finite", |it| it.is_finite())) {
        let value = Value::Array(vec![text.into(), int.into(), float.into()]);
        let written = write(&value);
        prop_assert!(written.is_ascii());
        prop_assert_eq!(read(&written, usize::MAX), Ok(value));
    }

    #[test]
    fn nothing_panics(text in r#"([\[\]{},:"\\ude089abcf\n]|\\u|\\ud8|é|[0-9.]){0,60}"#) {
        let _ = read(&text, LONGEST);
    }
}
