//! What holds for every document and every value.

use proptest::prelude::*;
use visord_xmlrpc::{
    DecodeError, Limit, Limits, Value, WireFault, decode_call, decode_reply, encode_call,
    encode_fault, encode_reply, write_reply,
};

/// A text as it arrives: what XML cannot carry was replaced.
fn carried(text: &str) -> String {
    let replace = |c: char| match c {
        '\t' | '\n' | '\r' => c,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        other => other,
    };
    text.chars().map(replace).collect()
}

/// A value as a reply carries it.
fn received(value: Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(carried(&text)),
        Value::Array(items) => items.into_iter().map(received).collect(),
        Value::Struct(members) => Value::structure(
            members
                .into_iter()
                .map(|(name, value)| (carried(&name), received(value))),
        ),
        other @ (Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Base64(_)
        | Value::DateTime(_)) => other,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&'\"\\]\r\n\t \u{0}\u{1b}\u{fffe}\u{fffd}é]{0,12}",
    ]
}

fn moment() -> impl Strategy<Value = String> {
    (1..=9999_u32, 1..=12_u32, 1..=28_u32, 0..24_u32, 0..60_u32).prop_map(
        |(year, month, day, hour, minute)| {
            format!("{year:04}{month:02}{day:02}T{hour:02}:{minute:02}:59")
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |number| !number.is_nan())
            .prop_map(Value::Double),
        text().prop_map(Value::Str),
        any::<Vec<u8>>().prop_map(Value::Base64),
        moment().prop_map(Value::DateTime),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(Value::structure),
        ]
    })
}

/// Pieces of markup in any order: closer to the border of what is well-formed than bytes.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<methodCall>",
            "</methodCall>",
            "<methodName>",
            "</methodName>",
            "<params>",
            "</params>",
            "<param>",
            "</param>",
            "<value>",
            "</value>",
            "<value/>",
            "<int>",
            "</int>",
            "<struct>",
            "</struct>",
            "<member>",
            "</member>",
            "<array><data>",
            "</data></array>",
            "<base64>",
            "</base64>",
            "5",
            "x",
            " ",
            "&amp;",
            "&",
            "<",
            ">",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?",
            "?>",
            "<?xml version='1.0'?>",
            "<!DOCTYPE",
            "'",
            "=",
            " xmlns='u'",
            "\u{feff}",
            "\0",
            "é",
            "&#13;",
            "&#x110000;",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_value_survives_a_reply(value in value()) {
        let body = encode_reply(&value);
        prop_assert_eq!(decode_reply(body.as_bytes()), Ok(Ok(received(value))));
    }

    #[test]
    fn every_text_survives_a_call(method in "[a-zA-Z<&>.]{1,20}", texts in prop::collection::vec(text(), 0..5)) {
        let params: Vec<Value> = texts.iter().map(Value::from).collect();
        let body = encode_call(&method, &params);
        let call = decode_call(body.as_bytes(), &Limits::DEFAULT).unwrap();
        prop_assert_eq!(call.method, method);
        let carried: Vec<Value> = texts.iter().map(|text| carried(text).into()).collect();
        prop_assert_eq!(call.params, carried);
    }

    #[test]
    fn every_fault_survives(code: i64, string in text()) {
        let body = encode_fault(code, &string);
        let fault = WireFault { code, string: carried(&string) };
        prop_assert_eq!(decode_reply(body.as_bytes()), Ok(Err(fault)));
    }

    #[test]
    fn every_log_makes_a_well_formed_reply(log in any::<Vec<u8>>()) {
        let body = write_reply(0, |slot| slot.text(&log));
        let text = carried(&String::from_utf8_lossy(&log));
        prop_assert_eq!(decode_reply(body.as_bytes()), Ok(Ok(Value::Str(text))));
    }

    #[test]
    fn no_bytes_break_the_reader(body in any::<Vec<u8>>()) {
        let _ = decode_call(&body, &Limits::DEFAULT);
        let _ = decode_reply(&body);
    }

    #[test]
    fn no_markup_breaks_the_reader(body in soup()) {
        let _ = decode_call(body.as_bytes(), &Limits::DEFAULT);
        let _ = decode_reply(body.as_bytes());
    }

    #[test]
    fn what_is_cut_off_is_refused(value in value(), cut in any::<prop::sample::Index>()) {
        let body = encode_reply(&value);
        let cut = cut.index(body.trim_end().len());
        prop_assert!(decode_reply(&body.as_bytes()[..cut]).is_err());
    }

    #[test]
    fn what_is_read_is_written_alike(body in soup()) {
        let whole = format!("<methodCall><methodName>a.b</methodName><params><param><value>{body}</value></param></params></methodCall>");
        if let Ok(call) = decode_call(whole.as_bytes(), &Limits::DEFAULT) {
            let again = encode_call(&call.method, &call.params);
            prop_assert_eq!(decode_call(again.as_bytes(), &Limits::DEFAULT), Ok(call));
        }
    }
}

fn call(value: &str) -> String {
    format!(
        "<methodCall><methodName>a.b</methodName><params><param><value>{value}</value></param>\
         </params></methodCall>"
    )
}

fn limit_of(body: &str, limits: Limits) -> Option<Limit> {
    match decode_call(body.as_bytes(), &limits) {
        Err(DecodeError::OverLimit { what, .. }) => Some(what),
        Ok(_) | Err(DecodeError::Malformed(_) | DecodeError::NoMethod) => None,
    }
}

#[test]
fn the_body_has_a_limit() {
    let body = call("x");
    let exactly = |body_limit| Limits {
        body: body_limit,
        ..Limits::DEFAULT
    };
    assert_eq!(limit_of(&body, exactly(body.len())), None);
    assert_eq!(limit_of(&body, exactly(body.len() - 1)), Some(Limit::Body));
}

#[test]
fn elements_have_a_limit() {
    let exactly = |elements| Limits {
        elements,
        ..Limits::DEFAULT
    };
    let body = call("<a/><b/><c/>");
    assert!(decode_call(body.as_bytes(), &exactly(8)).is_ok());
    assert_eq!(limit_of(&body, exactly(7)), Some(Limit::Elements));
    let many = call(&"<a/>".repeat(150_000));
    assert_eq!(limit_of(&many, Limits::DEFAULT), Some(Limit::Elements));
}

/// Nesting of every kind, up to as much as a body holds, in a thread with the stack a worker
/// has: neither reading nor dropping may recurse without end.
#[test]
fn no_nesting_overflows_the_stack() {
    let nestings = [
        ("<array><data><value>", "</value></data></array>"),
        (
            "<struct><member><name>a</name><value>",
            "</value></member></struct>",
        ),
        ("<data>", "</data>"),
        ("<a>", "</a>"),
        ("<value>", "</value>"),
        ("<params>", "</params>"),
    ];
    let nest = |(open, close): (&str, &str), levels: usize| {
        call(&format!("{}x{}", open.repeat(levels), close.repeat(levels)))
    };
    let read_all = move || {
        for nesting in nestings {
            for levels in [40, 2_000, 15_000] {
                let body = nest(nesting, levels);
                let _ = decode_reply(body.as_bytes());
                let generous = Limits {
                    body: usize::MAX,
                    depth: usize::MAX,
                    elements: usize::MAX,
                };
                let _ = decode_call(body.as_bytes(), &generous);
                if levels > 200 {
                    assert_eq!(limit_of(&body, Limits::DEFAULT), Some(Limit::Depth));
                }
            }
        }
        let (fits, too_deep) = (nest(nestings[0], 32), nest(nestings[0], 33));
        assert_eq!(limit_of(&fits, Limits::DEFAULT), None);
        assert_eq!(limit_of(&too_deep, Limits::DEFAULT), Some(Limit::Depth));
    };
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    worker.spawn(read_all).unwrap().join().unwrap();
}

#[test]
fn entity_bombs_are_refused() {
    let mut body = String::from("<!DOCTYPE x [<!ENTITY e0 \"xxxxxxxxxx\">");
    for n in 1..9 {
        let ten = format!("&e{};", n - 1).repeat(10);
        body += &format!("<!ENTITY e{n} \"{ten}\">");
    }
    body += "]>";
    body += &call("&e8;");
    let refused = decode_call(body.as_bytes(), &Limits::DEFAULT);
    assert!(matches!(refused, Err(DecodeError::Malformed(_))));
}

/// Time grows with the length, not with its square: names repeated, texts in pieces, CDATA.
#[test]
fn a_full_body_of_anything_is_read() {
    let third = Limits::DEFAULT.body / 3;
    let member = "<member><name>a</name><value/></member>";
    for piece in [
        member,
        "<value/>",
        "<![CDATA[x]]>",
        "&amp;",
        "<!---->",
        "<?a?>",
        "x\r",
    ] {
        let pieces = piece.repeat(third / piece.len());
        for (open, close) in [
            ("<struct>", "</struct>"),
            ("<array><data>", "</data></array>"),
            ("", ""),
        ] {
            let body = call(&format!("{open}{pieces}{close}"));
            let _ = decode_call(body.as_bytes(), &Limits::DEFAULT);
        }
    }
    let distinct: String = (0..24_000)
        .map(|n| format!("<member><name>{n}</name><value/></member>"))
        .collect();
    let body = call(&format!("<struct>{distinct}</struct>"));
    let call = decode_call(body.as_bytes(), &Limits::DEFAULT).unwrap();
    assert_eq!(call.params[0].as_struct().map(<[_]>::len), Some(24_000));
}

/// The original (difference Q3) sends what a log contains.
#[test]
fn raw_control_characters_of_the_original_are_read() {
    let body = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><string>\
                \u{1b}[1mx\0</string></value>\n</param>\n</params>\n</methodResponse>\n";
    let value = Value::from("\u{1b}[1mx\0");
    assert_eq!(decode_reply(body.as_bytes()), Ok(Ok(value)));
}

#[test]
fn what_is_no_answer_is_refused() {
    for body in [
        "",
        "<methodResponse/>",
        "<methodResponse><params/></methodResponse>",
        "<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
        "<methodResponse><fault><value>x</value></fault></methodResponse>",
        "<html><head><title>Error response</title></head></html>",
    ] {
        let refused = decode_reply(body.as_bytes());
        assert!(matches!(refused, Err(DecodeError::Malformed(_))), "{body}");
    }
}
