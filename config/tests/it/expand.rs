//! `%(name)s`: the rules one by one, and the comparison with the original's language.

use proptest::prelude::*;
use visord_config::Environment;
use visord_config::expand::Scope;
use visord_config::value::parse_environment;

use crate::reference::{ask, hex, texts};

fn environment() -> Environment {
    [("HOME", "/root"), ("Ä", "b'ü\"\\")]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}

fn expand(text: &str) -> Result<String, String> {
    let environment = environment();
    let scope = Scope::of(&environment)
        .text("here", "/etc")
        .text("one", "x")
        .number("process_num", 7)
        .number("n", -1_234_567);
    scope.expand(text, "s.o").map(std::borrow::Cow::into_owned)
}

#[test]
fn names_are_replaced() {
    let rows = [
        ("no percent", "no percent"),
        ("%(here)s/x 100%%", "/etc/x 100%"),
        ("%(ENV_HOME)s", "/root"),
        (
            "%(process_num)02d|%(process_num)x|%(process_num)+d",
            "07|7|+7",
        ),
        ("%(here)10s|%(here)-6s|%(here).1s", "      /etc|/etc  |/"),
        (
            "%(process_num)s %(n)8.3f %(n)e",
            "7 -1234567.000 -1.234567e+06",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(expand(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_expanded_is_told() {
    let badly = |text: &str, reason: &str| {
        let message = format!("Format string '{text}' for 's.o' is badly formatted: {reason}");
        assert_eq!(expand(text), Err(message), "{text}");
    };
    badly("100%", "incomplete format");
    badly("%(here)", "incomplete format");
    badly("%(here", "incomplete format key");
    badly("a%y", "unsupported format character 'y' (0x79) at index 2");
    badly("%(here)d", "%d format: a real number is required, not str");
    badly("%d", "%d format: a real number is required, not dict");
    badly("%(here)c", "%c requires int or char");
    badly("%*d", "* wants int");
    badly("%(here)99999s", "width too big");
    // 4.3.0 would print every variable here (difference C11)
    badly("%s", "%s has no name, write %(name)s or %%");
    assert_eq!(expand("%(here)65535s").map(|text| text.len()), Ok(65535));
    assert_eq!(
        expand("%(nope)s"),
        Err(
            "Format string '%(nope)s' for 's.o' contains names ('nope') which cannot be \
             expanded. Available names: ENV_HOME, ENV_Ä, here, n, one, process_num"
                .to_owned()
        )
    );
}

#[test]
fn inner_environments_hide_outer_ones() {
    let (outer, inner) = (
        environment(),
        Environment::from([("HOME".to_owned(), "/x".into())]),
    );
    let scope = Scope::of(&outer).over(&inner);
    assert_eq!(scope.expand("%(ENV_HOME)s", "o").as_deref(), Ok("/x"));
}

const REFERENCE: &str = r#"
import sys
names = {'ENV_HOME': '/root', 'ENV_Ä': 'b\'ü"\\', 'here': '/etc', 'one': 'x', 'process_num': 7, 'n': -1234567}
def mark(kind, text):
    return kind + text.encode('utf-8', 'surrogatepass').hex()
for line in sys.stdin:
    text = bytes.fromhex(line).decode()
    try:
        print(mark('V', text % names))
    except KeyError as error:
        print(mark('K', str(error)))
    except (TypeError, ValueError, OverflowError) as error:
        print(mark('E', str(error)))
"#;

/// Formats, most of them valid.
fn format_text() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "(here)",
        "(one)",
        "(process_num)",
        "(n)",
        "(n)",
        "(ENV_Ä)",
        "(ENV_HOME)",
        "(no)",
        "(a(b)c)",
        "(here",
        "",
    ]);
    let width = prop_oneof![3 => Just(String::new()), 2 => "[0-9]{1,2}", 1 => Just("*".to_owned())];
    let precision = prop_oneof![
        3 => Just(String::new()), 2 => "\\.[0-9]{0,2}", 1 => Just(".*".to_owned())
    ];
    let conversion = prop_oneof![9 => "[diuoxXeEfFgGcrsa]", 1 => "[%yl Ä\t]", 1 => "[hlL][ds]?"];
    let one = (name, "[-+ #0]{0,3}", width, precision, conversion).prop_map(
        |(name, flags, width, precision, conversion)| {
            format!("%{name}{flags}{width}{precision}{conversion}")
        },
    );
    let piece = prop_oneof![4 => one, 2 => "[a %]{0,3}", 1 => Just("%%".to_owned())];
    prop::collection::vec(piece, 1..3).prop_map(|pieces| pieces.concat())
}

#[test]
fn formats_expand_as_in_the_original() {
    let texts = texts(&format_text(), 4000);
    let Some(answers) = ask(REFERENCE, &texts) else {
        return;
    };
    let mut compared = 0;
    for (text, expected) in texts.iter().zip(answers) {
        let ours = match expand(text) {
            Ok(value) => hex("V", &value),
            Err(message) => match message.split_once("is badly formatted: ") {
                Some((_, reason)) if reason.contains("has no name") => continue,
                Some((_, reason)) => hex("E", reason),
                None => {
                    let (_, rest) = message.split_once("names (").expect("a name");
                    hex("K", rest.split_once(") which").expect("a name").0)
                }
            },
        };
        compared += 1;
        assert_eq!(ours, expected, "{text:?}");
    }
    assert!(compared > 3000, "{compared}");
}

const TOKENS: &str = r#"
import shlex, sys
def mark(kind, text):
    return kind + text.encode('utf-8', 'surrogatepass').hex()
for line in sys.stdin:
    lexer = shlex.shlex(bytes.fromhex(line).decode())
    lexer.wordchars += '/.+-():'
    try:
        tokens = list(lexer)
    except ValueError as error:
        print(mark('E', str(error)))
        continue
    print(' '.join(mark('T', token) for token in tokens) or 'T')
"#;

/// The variables that tokens make (spec core 1.9.2 and 1.9.3).
fn variables(tokens: &[String]) -> Option<Environment> {
    let mut variables = Environment::new();
    for group in tokens.chunks(4) {
        let (key, value) = match group {
            [key, equals, value, ..] if equals == "=" => (key, value),
            _ => return None,
        };
        variables.insert(key.clone(), value.trim_matches(['"', '\'']).into());
    }
    Some(variables)
}

fn unhex(digits: &str) -> String {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
    let bytes = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn environments_are_cut_as_in_the_original() {
    let pieces = vec![
        "A=1",
        "B=",
        "C",
        "=",
        ",",
        ";",
        "\"x y\"",
        "'z'",
        "\"",
        "'",
        " ",
        "\n",
        "\t",
        "#c",
        "\\",
        "/p:x",
        "é",
        "$",
        "A='\"q\"'",
        ",D=\"1,2\"",
        ",E=e",
        "F=\"\"",
        "-",
        "@",
    ];
    let strategy = prop::collection::vec(prop::sample::select(pieces), 0..8)
        .prop_map(|pieces| pieces.concat());
    let texts = texts(&strategy, 4000);
    let Some(answers) = ask(TOKENS, &texts) else {
        return;
    };
    for (text, answer) in texts.iter().zip(answers) {
        let ours = parse_environment(text);
        if let Some(message) = answer.strip_prefix('E') {
            assert_eq!(ours, Err(unhex(message)), "{text:?}");
            continue;
        }
        let words = answer.split(' ').filter(|word| *word != "T");
        let tokens: Vec<String> = words.map(|word| unhex(&word[1..])).collect();
        let end = || "Unexpected end of key/value pairs in value [hidden]".to_owned();
        assert_eq!(ours, variables(&tokens).ok_or_else(end), "{text:?}");
    }
}
