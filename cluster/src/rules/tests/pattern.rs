//! Patterns in Python's syntax (spec cluster 2.4).

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use proptest::prelude::*;

use super::unescaped;
use crate::rules::pattern::Pattern;

fn cell(pattern: Result<Pattern, impl Sized>, result: impl Fn(&Pattern) -> String) -> String {
    pattern.map_or_else(|_| "refused".into(), |pattern| result(&pattern))
}

fn searched(text: &str, names: &[String]) -> String {
    cell(Pattern::to_search(text), |pattern| {
        let lengths = names.iter().map(|name| match pattern.longest(name) {
            Ok(Some(length)) => length.to_string(),
            Ok(None) => "-".into(),
            Err(error) => format!("{error}"),
        });
        lengths.collect::<Vec<_>>().join(" ")
    })
}

fn matched(text: &str, names: &[String]) -> String {
    cell(Pattern::whole(text), |pattern| {
        let found = names.iter().map(|name| match pattern.matches(name) {
            Ok(is_match) => u8::from(is_match).to_string(),
            Err(error) => format!("{error}"),
        });
        found.collect::<Vec<_>>().join(" ")
    })
}

#[test]
fn as_recorded() {
    let table = include_str!("../../../tests/original/patterns.txt");
    let mut lines = table.lines();
    let names = lines.next().expect("names").split('\t').skip(1);
    let names: Vec<String> = names.map(unescaped).collect();
    let mut wrong = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let text = unescaped(cells[0]);
        let ours = [searched(&text, &names), matched(&text, &names)];
        if ours != cells[1..] {
            wrong.push(format!(
                "{}\n    original {:?}\n    ours     {ours:?}",
                cells[0],
                &cells[1..]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_refused(text in "\\PC{0,24}", name in "\\PC{0,12}") {
        searched(&text, &[name]);
    }

    #[test]
    fn any_marks_are_a_pattern_or_refused(
        text in "[a\\\\(){}\\[\\]*+?.,|^$:=!<>PiZ#&~1-2-]{0,20}",
        name in "[a12-]{0,12}",
    ) {
        let names = [name];
        searched(&text, &names);
        matched(&text, &names);
    }

    /// A name without marks finds itself.
    #[test]
    fn a_plain_name_finds_itself(name in "[a-z0-9_é]{1,12}") {
        let length = name.chars().count();
        prop_assert_eq!(searched(&name, &[format!("x-{name}-y")]), length.to_string());
    }
}
