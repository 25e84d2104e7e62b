//! Exact lines, and the same lines however the bytes are split.

use alloc::vec;

use proptest::prelude::*;

use super::*;

const TIME: &str = "2026-11-21T03:58:39.123+00:00";

fn formatter(format: LineFormat) -> Formatter {
    Formatter::new(format, "web", "web_00", Stream::Stderr).expect("not raw")
}

/// All that is stored of these reads.
fn stored(format: LineFormat, reads: &[&[u8]]) -> Vec<u8> {
    let mut formatter = formatter(format);
    let mut out = Vec::new();
    for read in reads {
        formatter.feed(read, TIME, &mut out);
        assert!(formatter.held.len() <= LINE_LIMIT);
    }
    formatter.finish(&mut out);
    out
}

fn text(format: LineFormat, reads: &[&[u8]]) -> String {
    String::from_utf8(stored(format, reads)).expect("utf-8")
}

#[test]
fn raw_has_no_formatter() {
    assert!(Formatter::new(LineFormat::Raw, "g", "p", Stream::Stdout).is_none());
}

#[test]
fn prefix_is_exact() {
    assert_eq!(
        text(LineFormat::Prefix, &[b"GET /\n\nno", b" end"]),
        format!(
            "{TIME} web:web_00 stderr | GET /\n\
             {TIME} web:web_00 stderr | \n\
             {TIME} web:web_00 stderr | no end\n"
        )
    );
    let mut bytes = format!("{TIME} web:web_00 stderr | ").into_bytes();
    bytes.extend_from_slice(b"\xff\r\n");
    assert_eq!(stored(LineFormat::Prefix, &[b"\xff\r\n"]), bytes);
}

#[test]
fn json_is_exact() {
    let head = format!(
        "{{\"time\":\"{TIME}\",\"group\":\"web\",\"process\":\"web_00\",\
         \"stream\":\"stderr\",\"line\":\""
    );
    assert_eq!(
        text(LineFormat::Json, &[b"a \"b\" \\c\t\x1b[0m\r\n\xff\xc3\xa4"]),
        format!("{head}a \\\"b\\\" \\\\c\\t\\u001b[0m\\r\"}}\n{head}\u{FFFD}ä\"}}\n")
    );
}

#[test]
fn the_time_is_that_of_the_first_byte() {
    let mut formatter = formatter(LineFormat::Prefix);
    let mut out = Vec::new();
    formatter.feed(b"a", "1", &mut out);
    formatter.feed(b"b\nc", "2", &mut out);
    formatter.feed(b"\n", "3", &mut out);
    assert_eq!(out, b"1 web:web_00 stderr | ab\n2 web:web_00 stderr | c\n");
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let exact = vec![b'a'; LINE_LIMIT];
    let line = stored(LineFormat::Prefix, &[&exact, b"\n"]);
    assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
    let mut longer = vec![b'a'; LINE_LIMIT - 1];
    longer.extend_from_slice("€uro\n".as_bytes());
    let json = text(LineFormat::Json, &[&longer]);
    let pieces: Vec<&str> = json.lines().collect();
    assert_eq!(pieces.len(), 2);
    assert!(pieces[0].ends_with("a\",\"partial\":true}"));
    assert!(pieces[1].ends_with("\"line\":\"€uro\"}"));
    let prefix = text(LineFormat::Prefix, &[&longer]);
    assert!(prefix.contains(" stderr + a") && prefix.ends_with(" stderr | €uro\n"));
}

#[test]
fn a_stream_without_newlines_is_bounded() {
    let mut formatter = formatter(LineFormat::Prefix);
    let mut out = Vec::new();
    for _ in 0..20 {
        formatter.feed(&[0x80; 50_000], TIME, &mut out);
        assert!(formatter.held.len() <= LINE_LIMIT);
    }
    formatter.finish(&mut out);
    assert_eq!(out.iter().filter(|&&byte| byte == 0x80).count(), 1_000_000);
}

/// What the process wrote, from what a prefixed log says.
fn recovered(log: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in log.split_inclusive(|&byte| byte == b'\n') {
        let head = TIME.len() + " web:web_00 stderr ".len();
        bytes.extend_from_slice(&line[head + 2..line.len() - 1]);
        if line[head] == b'|' {
            bytes.push(b'\n');
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Runs of bytes, some longer than a line may be, split anywhere.
    #[test]
    fn any_split_gives_the_same_and_nothing_is_lost(
        runs in prop::collection::vec((any::<u8>(), 0usize..5, prop::bool::weighted(0.1)), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        for (byte, count, is_long) in runs {
            bytes.resize(bytes.len() + count + if is_long { LINE_LIMIT } else { 0 }, byte);
            bytes.extend_from_slice("ä\n".as_bytes().get(..count).unwrap_or_default());
        }
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let mut reads = Vec::new();
        let mut from = 0;
        for place in places {
            reads.push(&bytes[from..place]);
            from = place;
        }
        reads.push(&bytes[from..]);
        for format in [LineFormat::Prefix, LineFormat::Json] {
            prop_assert_eq!(stored(format, &reads), stored(format, &[&bytes]));
        }
        let mut expected = bytes.clone();
        if expected.last().is_some_and(|&last| last != b'\n') {
            expected.push(b'\n');
        }
        prop_assert_eq!(recovered(&stored(LineFormat::Prefix, &reads)), expected);
    }
}
