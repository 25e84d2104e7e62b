//! The INI dialect: the rules one by one, properties, and the comparison with the parser
//! of the original's language where that is installed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::Config;
use visord_config::dialect::{Document, decode};

use crate::reference::{ask, hex, texts};
use crate::render::render;

type Sections = Vec<(String, BTreeMap<String, String>)>;

fn read(text: &str) -> (Document, Vec<String>) {
    let mut document = Document::default();
    let problems = document.read(text, &Arc::from(Path::new("s.conf")));
    let messages = problems.into_iter().map(|problem| problem.message);
    (document, messages.collect())
}

/// By the rules of an ordinary ini file.
fn read_plain(text: &str) -> (Document, Vec<String>) {
    let mut document = Document::default();
    let problems = document.read_plain(text, &Arc::from(Path::new("s.ini")));
    let messages = problems.into_iter().map(|problem| problem.message);
    (document, messages.collect())
}

/// Sections and options without their places; `[DEFAULT]` first and merged into all.
fn content(document: &Document) -> Sections {
    let defaults = document.defaults().map_or_else(BTreeMap::new, |section| {
        let entries = section.entries().iter();
        entries
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect()
    });
    let sections = document.sections().map(|section| {
        let entries = document.entries(section);
        let options = entries.map(|entry| (entry.key.clone(), entry.value.clone()));
        (section.name.clone(), options.collect())
    });
    std::iter::once(("DEFAULT".to_owned(), defaults))
        .chain(sections)
        .collect()
}

/// What a text says, one `section.key=value` per line.
fn said(text: &str) -> String {
    let (document, problems) = read(text);
    assert_eq!(problems, Vec::<String>::new(), "{text:?}");
    let mut out = String::new();
    for section in document.sections() {
        for entry in section.entries() {
            let _ = writeln!(out, "{}.{}={:?}", section.name, entry.key, entry.value);
        }
    }
    out
}

/// What a rule is about, a text, and what it says.
const RULES: &[(&str, &str, &str)] = &[
    ("plain", "[a]\nk=v\n", "a.k=\"v\"\n"),
    ("colon", "[a]\nk : v = w\n", "a.k=\"v = w\"\n"),
    (
        "keys have no case, sections have",
        "[A]\nKey=V\n",
        "A.key=\"V\"\n",
    ),
    (
        "keys may contain blanks",
        "[a]\nrem foo = x\n",
        "a.rem foo=\"x\"\n",
    ),
    (
        "comment after a blank",
        "[a]\nk=v ;c\nl=w\t#c\n",
        "a.k=\"v\"\na.l=\"w\"\n",
    ),
    (
        "no comment without a blank",
        "[a]\nk=v;c#d\n",
        "a.k=\"v;c#d\"\n",
    ),
    (
        "the rounds of the comment search",
        "[a]\nk=a;b ;c #d\n",
        "a.k=\"a;b ;c\"\n",
    ),
    ("comments cut quotes", "[a]\nk='a ;b'\n", "a.k=\"'a\"\n"),
    ("value that is only a comment", "[a]\nk= ;c\n", "a.k=\"\"\n"),
    ("continuation", "[a]\nk=v\n w\n\tx\n", "a.k=\"v\\nw\\nx\"\n"),
    (
        "whatever it looks like",
        "[a]\nk=v\n [b]\n l=w\n",
        "a.k=\"v\\n[b]\\nl=w\"\n",
    ),
    (
        "blank lines stay inside",
        "[a]\nk=v\n\n w\n\n",
        "a.k=\"v\\n\\nw\"\n",
    ),
    (
        "comment lines do not",
        "[a]\nk=v\n ;c\n#d\n w\n",
        "a.k=\"v\\nw\"\n",
    ),
    (
        "indented after a header",
        "[a]\n k=v\nl=w\n",
        "a.k=\"v\"\na.l=\"w\"\n",
    ),
    (
        "deeper than the option",
        "[a]\n k=v\n  w\n l=x\n",
        "a.k=\"v\\nw\"\na.l=\"x\"\n",
    ),
    ("to the last bracket", "[d]e] f\nk=v\n", "d]e.k=\"v\"\n"),
    ("blanks in brackets stay", "[ a ]\nk=v\n", " a .k=\"v\"\n"),
    (
        "sections merge",
        "[a]\nk=1\n[b]\nk=2\n[a]\nl=3\n",
        "a.k=\"1\"\na.l=\"3\"\nb.k=\"2\"\n",
    ),
    (
        "the last value wins",
        "[a]\nk=1\nl=2\nK=3\n",
        "a.k=\"3\"\na.l=\"2\"\n",
    ),
    (
        "line ends of all kinds",
        "[a]\rk=1\r\nl=2\nm=3",
        "a.k=\"1\"\na.l=\"2\"\na.m=\"3\"\n",
    ),
    (
        "Unicode white space",
        "[a]\n\u{a0}k\u{a0}=\u{3000}v\x1f\n",
        "a.k=\"v\"\n",
    ),
];

#[test]
fn every_rule_of_the_dialect() {
    for (rule, text, expected) in RULES {
        assert_eq!(said(text), *expected, "{rule}: {text:?}");
    }
}

#[test]
fn default_options_are_below_every_section() {
    let (document, _) = read("[DEFAULT]\nk=1\nl=2\n[a]\nl=3\n");
    let section = document.section("a").expect("section a");
    let value = |key| {
        document
            .entry(section, key)
            .map(|entry| entry.value.as_str())
    };
    assert_eq!(
        (value("k"), value("l"), value("m")),
        (Some("1"), Some("3"), None)
    );
    assert!(document.section("DEFAULT").is_none());
}

#[test]
fn places_are_kept() {
    let (document, _) = read("[a]\nk=1\n\n[b]\n[a]\nk=2\n w\n");
    let section = document.section("a").expect("section a");
    assert_eq!(section.place.line, 1);
    assert_eq!(section.get("k").expect("option k").place.line, 6);
}

#[test]
fn bad_lines_are_told_all_at_once() {
    let (document, problems) = read("[a]\nx\nk=1\n=2\n[]\n");
    assert_eq!(
        problems,
        [
            "Source contains parsing errors: 's.conf'\n\t[line  2]: 'x\\n'\n\t[line  4]: '=2\\n'\n\t[line  5]: '[]\\n'"
        ]
    );
    assert_eq!(document.sections().count(), 1);
    let (_, problems) = read("\u{feff}[a]\nk=1");
    assert_eq!(
        problems,
        ["File contains no section headers.\nfile: 's.conf', line: 1\n'\\ufeff[a]\\n'"]
    );
}

#[test]
fn an_ordinary_file_has_whole_comments_and_no_repetitions() {
    let (document, problems) = read_plain("[DEFAULT]\n[a]\nk=v ; w # x\n ;c\n y\n[DEFAULT]\nl=1\n");
    assert_eq!(problems, [""; 0]);
    let section = document.section("a").expect("section a");
    assert_eq!(section.get("k").expect("option k").value, "v ; w # x\ny");
    for (text, message) in [
        (
            "[a]\nk=1\n[b]\n[a]\n",
            "'s.ini', line 4: section 'a' is already defined",
        ),
        (
            "[a]\nk=1\nK=2\n[a]\n",
            "'s.ini', line 3: option 'k' in section 'a' is already defined",
        ),
        (
            "[DEFAULT]\nk=1\n[DEFAULT]\nk=2\n",
            "'s.ini', line 4: option 'k' in section 'DEFAULT' is already defined",
        ),
    ] {
        assert_eq!(read_plain(text).1, [message], "{text:?}");
    }
}

#[test]
fn a_file_is_utf8() {
    let message = |bytes| decode(bytes).expect_err("not UTF-8");
    let start = "'utf-8' codec can't decode byte";
    assert_eq!(
        message(b"ab\xff"),
        format!("{start} 0xff in position 2: invalid start byte")
    );
    let continuation = format!("{start} 0xe2 in position 1: invalid continuation byte");
    assert_eq!(message(b"a\xe2b"), continuation);
    let truncated = "'utf-8' codec can't decode bytes in position 0-1: unexpected end of data";
    assert_eq!(message(b"\xe2\x82"), truncated);
    assert_eq!(decode("ä".as_bytes()), Ok("ä"));
}

/// Text made of the pieces that matter here.
fn dialect_text() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b",
        "Key",
        "x y",
        "é",
        "=",
        ":",
        ";",
        "#",
        " ;",
        " #",
        ";;",
        "\t",
        " ",
        "  ",
        "[",
        "]",
        "[a]",
        "[b c]",
        "[DEFAULT]",
        "%(x)s",
        "%%",
        "'",
        "\"",
        "\\",
        "\u{a0}",
        "\u{2028}",
        "\x1c",
        "\x0b",
        "\x00",
        "k=",
        "l = v",
        "m:",
        "ß",
        "İ",
        "Σ",
    ];
    let line = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..7);
    let shapes = prop_oneof![
        1 => line.prop_map(|pieces| pieces.concat()),
        5 => (0..3_usize, "[kl]", "[ab;# =\\[\\]]{0,6}").prop_map(|(indent, key, value)| {
            format!("{}{key}={value}", " ".repeat(indent))
        }),
        2 => prop::sample::select(vec!["[a]", "[b]", " [c]", "[DEFAULT]", "[a;b ;c] #d"])
            .prop_map(str::to_owned),
        1 => "[ \t]{0,3}[ab;#]{0,3}",
    ];
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r"]);
    let file = prop::collection::vec((shapes, end), 0..12);
    (any::<bool>(), file).prop_map(|(headed, lines)| {
        let mut text = String::from(if headed { "[first]\n" } else { "" });
        for (line, end) in lines {
            text.push_str(&line);
            text.push_str(end);
        }
        text
    })
}

proptest! {
    #![proptest_config(Config::with_cases(2000))]

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = decode(&bytes) {
            read(text);
        }
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_is_written_reads_the_same(text in dialect_text()) {
        let (document, _) = read(&text);
        let (again, problems) = read(&render(&document));
        prop_assert_eq!(problems, Vec::<String>::new());
        prop_assert_eq!(content(&again), content(&document));
    }
}

/// Reads files as the original does: one in hexadecimal per line; answers likewise.
const REFERENCE: &str = r"
import configparser, io, sys
def mark(kind, text):
    return kind + text.encode('utf-8', 'surrogatepass').hex()
for line in sys.stdin:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(';', '#'), strict=False)
    file = io.TextIOWrapper(io.BytesIO(bytes.fromhex(line)), encoding='utf-8')
    try:
        parser.read_file(file, source='s.conf')
    except configparser.Error as error:
        print(mark('E', str(error)))
        continue
    words = []
    for name, options in [('DEFAULT', parser.defaults())] + [(s, dict(parser.items(s))) for s in parser.sections()]:
        words.append(mark('S', name))
        for key in sorted(options):
            words += [mark('K', key), mark('V', options[key])]
    print(' '.join(words))
";

fn answer((document, problems): (Document, Vec<String>)) -> String {
    if let Some(first) = problems.first() {
        return hex("E", first);
    }
    let mut words = Vec::new();
    for (name, options) in content(&document) {
        words.push(hex("S", &name));
        for (key, value) in options {
            words.extend([hex("K", &key), hex("V", &value)]);
        }
    }
    words.join(" ")
}

#[test]
fn two_thousand_files_read_as_the_original_reads_them() {
    let texts = texts(&dialect_text(), 2000);
    let Some(answers) = ask(REFERENCE, &texts) else {
        return;
    };
    for (text, expected) in texts.iter().zip(answers) {
        let ours = answer(read(text));
        if ours.contains(&hex("", "[hidden]")) {
            // both refuse it, but a line that may hold a secret is not quoted
            assert!(expected.starts_with('E'), "{text:?}");
        } else {
            assert_eq!(ours, expected, "{text:?}");
        }
    }
}

#[test]
fn two_thousand_ordinary_files_read_as_in_python() {
    let texts = texts(&dialect_text(), 2000);
    let script = REFERENCE.replace("inline_comment_prefixes=(';', '#'), strict=False", "");
    let Some(answers) = ask(&script, &texts) else {
        return;
    };
    for (text, expected) in texts.iter().zip(answers) {
        let ours = answer(read_plain(text));
        // which repetition or bad line is named differs
        let both_refuse = ours.starts_with('E') && expected.starts_with('E');
        assert!(
            both_refuse || ours == expected,
            "{text:?}: {ours} {expected}"
        );
    }
}
