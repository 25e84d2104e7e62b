//! Colours in logs: the cases that the server's rules and the browser's both keep.

use std::process::Command;

use crate::ansi::{Color, Painter};

const CASES: &str = include_str!("ansi-cases.txt");

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match rest.next().unwrap() {
            'e' => out.push('\x1b'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            '\\' => out.push('\\'),
            'u' => {
                let digits: String = rest.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).unwrap();
                out.push(char::from_u32(code).unwrap());
            }
            other => panic!("\\{other} in {text}"),
        }
    }
    out
}

#[test]
fn the_server_keeps_the_cases() {
    for case in CASES.lines().filter(|line| !line.starts_with('#')) {
        let (input, expected) = case.split_once('\t').unwrap();
        let mut painter = Painter::default();
        let lines = unescaped(input);
        let lines = lines.split('\n').map(|line| {
            let spans = painter.line(line);
            let spans = spans.iter();
            spans
                .map(|span| format!("{{{}|{}}}", span.style.noted(), span.text))
                .collect::<String>()
        });
        let found: Vec<_> = lines.collect();
        assert_eq!(found.join("\n"), unescaped(expected), "{input}");
    }
}

/// The same file, run through the browser's module by node, where there is one.
#[test]
fn the_browser_keeps_the_cases() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests");
    let run = Command::new("node")
        .arg("ansi-cases.mjs")
        .current_dir(folder)
        .output();
    let Ok(output) = run else {
        eprintln!("skipped: node is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn html_has_classes_and_no_more() {
    let html = |line: &str| {
        let mut out = String::new();
        Painter::default().html(line, &mut out);
        out
    };
    assert_eq!(
        html("\x1b[1;31m<b>&\"'\x1b[0m ok\x1b[38;2;250;10;10;48;5;232mx"),
        "<span class=\"sb f1\">&lt;b&gt;&amp;&#34;&#39;</span> ok<span class=\"f9 g0\">x</span>"
    );
    assert_eq!(Color::Index(208).rgb(), (255, 135, 0));
    assert_eq!(Color::Index(255).rgb(), (238, 238, 238));
    // a line that is nothing but beginnings of sequences takes no more than its length
    let hostile = "\x1b]".repeat(200_000);
    assert_eq!(Painter::default().line(&hostile).len(), 1);
}
