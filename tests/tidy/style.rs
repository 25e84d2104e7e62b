//! Sizes and headers.

use crate::{assert_none, rust_sources, shipped_sources};

/// Lines of a file before its tests.
const FILE: usize = 400;

/// Lines of a function, its first and last included.
const FUNCTION: usize = 60;

#[test]
fn files_begin_with_what_they_are() {
    let mut complaints = Vec::new();
    for source in rust_sources() {
        if !source.text.starts_with("//!") {
            complaints.push(format!("{} has no header", source.name));
        }
        if source.name.ends_with("/mod.rs") {
            complaints.push(format!("{}: use foo.rs with foo/", source.name));
        }
    }
    assert_none(&complaints);
}

#[test]
fn files_are_short() {
    let long = shipped_sources().filter_map(|source| {
        let lines = source.shipped().trim_end().lines().count();
        (lines > FILE).then(|| format!("{} has {lines} lines", source.name))
    });
    assert_none(&long.collect::<Vec<_>>());
}

/// Name and length of each function that is not inside another one.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    // indentation, name, first line and whether the body has begun
    let mut open: Option<(usize, &str, usize, bool)> = None;
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let Some((start_indent, name, start, in_body)) = &mut open else {
            // `pub(crate) const unsafe fn` and the like: nothing but words before `fn`
            let Some((before, rest)) = code.split_once("fn ") else {
                continue;
            };
            let is_word = |c: char| c.is_ascii_alphabetic() || "()\" :".contains(c);
            let is_function = before.is_empty() || before.ends_with(' ');
            if is_function && before.chars().all(is_word) && !code.ends_with([';', '}']) {
                let name = rest.split(['(', '<']).next().unwrap_or(rest);
                open = Some((indent, name, number, code.ends_with('{')));
            }
            continue;
        };
        if indent == *start_indent && (code == "}" || (!*in_body && code.ends_with(';'))) {
            found.push((*name, number - *start + 1));
            open = None;
        } else {
            *in_body |= indent == *start_indent && code.ends_with('{');
        }
    }
    found
}

/// Functions of tests that have an arm for each case of an enum.
const LONG_MATCHES: [(&str, &str); 3] = [
    ("model/src/process/tests/rules/effects.rs", "changed"),
    ("model/src/process/tests/rules.rs", "outcome"),
    ("model/src/process/tests/rules.rs", "take_note"),
];

/// Clippy counts the lines of a body without comments (`clippy.toml`); this counts what a reader
/// has to scroll through, in tests too.
#[test]
fn functions_are_short() {
    let (mut complaints, mut listed) = (Vec::new(), LONG_MATCHES.to_vec());
    for source in rust_sources() {
        for (name, lines) in functions(&source.text) {
            let at = listed.iter().position(|it| *it == (&*source.name, name));
            match at {
                Some(at) if lines > FUNCTION => drop(listed.remove(at)),
                None if lines > FUNCTION => {
                    complaints.push(format!("{}: {name} has {lines} lines", source.name));
                }
                Some(_) | None => {}
            }
        }
    }
    let unneeded = listed
        .iter()
        .map(|(file, name)| format!("{file}: {name} is short"));
    complaints.extend(unneeded);
    assert_none(&complaints);
}

#[test]
fn functions_are_found() {
    let text = "fn one() {\n    1\n}\n\nimpl X {\n    pub(crate) async fn two(\n        &self,\n    \
                ) {\n    }\n    fn none(&self);\n}\nconst fn three() -> u8 { 3 }\n";
    assert_eq!(functions(text), [("one", 3), ("two", 4)]);
}
