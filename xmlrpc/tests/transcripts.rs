//! Replays what the original was sent and answered; see `transcripts/README.md`.

use std::path::Path;

use visord_xmlrpc::{
    DecodeError, Limits, Value, decode_call, decode_reply, encode_fault, encode_reply,
};

/// One recorded exchange.
#[derive(Debug, Default)]
struct Case {
    name: String,
    sent: Vec<u8>,
    /// What the original answered: status and body.
    got: (u16, Vec<u8>),
    /// What we answer instead.
    ours: Option<(u16, Vec<u8>)>,
}

fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let text = std::fs::read_to_string(path.join(file)).expect("the transcript");
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').expect("a word and its text");
        if word == "case" {
            cases.push(Case {
                name: rest.to_owned(),
                ..Case::default()
            });
            continue;
        }
        let case = cases.last_mut().expect("a case first");
        match word {
            "send" => case.sent = unescape(rest),
            "got" => case.got = answer(rest),
            "ours" => {
                let (rest, _reason) = rest.rsplit_once(" -- ").expect("a reason");
                case.ours = Some(answer(rest));
            }
            other => panic!("unknown word {other}"),
        }
    }
    assert!(cases.len() > 20, "{file} has only {} cases", cases.len());
    cases
}

fn answer(text: &str) -> (u16, Vec<u8>) {
    let (status, body) = text.split_once(' ').unwrap_or((text, ""));
    (status.parse().expect("a status"), unescape(body))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'\\') => out.push(b'\\'),
            Some(b'x') => {
                let digits = [bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)];
                let digits = std::str::from_utf8(&digits).expect("two digits");
                out.push(u8::from_str_radix(digits, 16).expect("hexadecimal digits"));
            }
            other => panic!("unknown escape {other:?}"),
        }
    }
    out
}

/// What the plugin `echo.show` answers: its arguments, nothing told as a text.
fn show(value: Value) -> Value {
    match value {
        Value::Nil => Value::from("<nil>"),
        Value::Array(items) => Value::Array(items.into_iter().map(show).collect()),
        Value::Struct(members) => {
            Value::structure(members.into_iter().map(|(key, value)| (key, show(value))))
        }
        other @ (Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Str(_)
        | Value::Base64(_)
        | Value::DateTime(_)) => other,
    }
}

/// What a server made of this codec and the plugin answers.
fn serve(body: &[u8]) -> (u16, String) {
    match decode_call(body, &Limits::DEFAULT) {
        Ok(call) if call.method == "echo.show" => {
            (200, encode_reply(&show(Value::Array(call.params))))
        }
        Ok(_) => (200, encode_fault(1, "UNKNOWN_METHOD")),
        Err(DecodeError::Malformed(_) | DecodeError::NoMethod | DecodeError::OverLimit { .. }) => {
            (400, String::new())
        }
    }
}

fn replay(file: &str) {
    for case in cases(file) {
        let (status, body) = case.ours.unwrap_or(case.got);
        let (our_status, our_body) = serve(&case.sent);
        let name = case.name;
        assert_eq!(our_body, String::from_utf8_lossy(&body), "{file}: {name}");
        assert_eq!(our_status, status, "{file}: {name}");
    }
}

#[test]
fn arguments_arrive_as_in_the_original() {
    replay("arguments.txt");
}

#[test]
fn envelopes_are_read_as_in_the_original() {
    replay("envelope.txt");
}

#[test]
fn answers_of_real_methods_are_read_and_written_alike() {
    for case in cases("methods.txt") {
        assert_eq!(case.got.0, 200, "{}", case.name);
        let written = match decode_reply(&case.got.1).expect("a well-formed answer") {
            Ok(value) => encode_reply(&value),
            Err(fault) => encode_fault(fault.code, &fault.string),
        };
        let original = String::from_utf8_lossy(&case.got.1);
        assert_eq!(written, original, "{}", case.name);
    }
}

#[test]
fn calls_are_written_as_pythons_client_writes_them() {
    for case in cases("methods.txt") {
        let call = decode_call(&case.sent, &Limits::DEFAULT).expect("a call");
        let written = visord_xmlrpc::encode_call(&call.method, &call.params);
        assert_eq!(written.as_bytes(), case.sent, "{}", case.name);
    }
}
