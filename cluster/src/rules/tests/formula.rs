//! Formulas (spec cluster 4.5).

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use proptest::prelude::*;

use super::unescaped;
use crate::rules::formula::{Formula, FormulaError};

/// Name and truth, as in `record.py`.
const PROCESSES: [(&str, bool); 13] = [
    ("f_1", true),
    ("f_2", true),
    ("f_3", false),
    ("g", true),
    ("h", false),
    ("a b", true),
    ("web-01", true),
    ("web-02", true),
    ("w.x", false),
    ("é1", true),
    ("a'b", true),
    ("x", false),
    ("xx", true),
];

fn outcome(text: &str) -> String {
    let formula = match Formula::parse(text) {
        Ok(formula) => formula,
        Err(error) => return format!("refused: {error}"),
    };
    match formula.holds(|| PROCESSES.into_iter()) {
        Ok(truth) => truth.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

/// Where we differ. Of a statement that is no expression the original takes the value, or breaks
/// on it each time that it needs the state of the application. We refuse it.
const DIFFERENT: [&str; 19] = [
    r#""\\N{LATIN SMALL LETTER G}""#,
    r#"if "g": "x""#,
    r#"x = "g""#,
    r#"x += "g""#,
    "x: int",
    r#"x: int = "g""#,
    r#"return "g""#,
    "pass",
    "break",
    "import os",
    "del x",
    r#"assert "g""#,
    r#"raise "g""#,
    "global x",
    r#"all=("f_3")"#,
    "and1=5j",
    "a=n()",
    "l:bda    ",
    "yie:ld",
];

#[test]
fn as_recorded() {
    let table = include_str!("../../../tests/original/formulas.txt");
    let mut wrong = Vec::new();
    for line in table.lines() {
        let (text, recorded) = line.split_once('\t').expect("two cells");
        let ours = outcome(&unescaped(text));
        let is_same = if recorded.starts_with("raises ") {
            ours.starts_with("error: ")
        } else {
            ours == unescaped(recorded)
        };
        if DIFFERENT.contains(&text) {
            assert!(!is_same, "{text} is the same");
            assert_eq!(ours, "refused: AST parse failure", "{text}");
        } else if !is_same {
            wrong.push(format!(
                "{text}\n    original {recorded}\n    ours     {ours}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// True and false per process; what cannot be read or evaluated says why.
#[test]
fn messages() {
    let table = [
        ("nonesuch", "error: unsupported Expr=Name"),
        ("'nonesuch'", "error: no match for expression=nonesuch"),
        ("len('g')", "error: unsupported function=len"),
        ("'f_.'", "error: status formula cannot be resolved"),
        (
            "'f_.' or 'g'",
            "error: cannot apply BoolOp on unresolved expression",
        ),
        (
            "not 'f_.'",
            "error: cannot apply UnaryOp on unresolved expression",
        ),
        ("'g'; 'x'", "refused: unsupported AST expression"),
        ("'g' 1", "refused: AST parse failure"),
        ("all()", "error: no argument for function=all"),
        (
            "'('",
            "error: bad pattern expression=(: missing ), unterminated subpattern",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(outcome(text), expected, "{text}");
    }
}

#[test]
fn without_processes_nothing_matches() {
    let formula = Formula::parse("all('.*')").expect("a formula");
    let error = formula.holds(core::iter::empty).expect_err("no match");
    assert_eq!(error, FormulaError::NoMatch(".*".into()));
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("[*", "]"),
        ("a(", ")"),
        ("{1: ", "}"),
        ("a[", "]"),
    ] {
        let text = format!("{}1{}", open.repeat(5000), close.repeat(5000));
        assert_eq!(Formula::parse(&text), Err(FormulaError::Syntax), "{open}");
    }
    for start in [
        "lambda: ",
        "1 ** ",
        "1 if 1 else ",
        "- 1 ** ",
        "[x for x in [",
        "(*",
        "{**",
    ] {
        let text = start.repeat(5000);
        assert_eq!(Formula::parse(&text), Err(FormulaError::Syntax), "{start}");
    }
    let deep = "any(".repeat(100) + "'g'" + &")".repeat(100);
    assert_eq!(outcome(&deep), "true");
    let long = "not ".repeat(100_000) + "'g'";
    assert_eq!(outcome(&long), "true");
}

#[test]
fn a_search_that_takes_too_long_is_an_error() {
    let formula = Formula::parse("r'(x|x)*(x|x)*\\1(?<!a)y'").expect("a formula");
    let name = "x".repeat(64);
    let result = formula.holds(|| [(&*name, true)].into_iter());
    assert!(
        matches!(result, Err(FormulaError::Pattern(..))),
        "{result:?}"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        outcome(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in proptest::collection::vec(
            proptest::sample::select(&[
                "'g'", "'f_.'", "and", "or", "not", "any", "all", "(", ")", ",", "[", "]", "{", "}", ":", "*", "**",
                "for", "in", "if", "else", "lambda", "x", "1", ".", "\n", ";", "=", ":=", "yield", "await", "is",
            ][..]),
            0..24,
        ),
    ) {
        outcome(&words.join(" "));
    }

    /// `and`, `or` and `not` are what they are elsewhere.
    #[test]
    fn truth_tables(a in any::<bool>(), b in any::<bool>(), c in any::<bool>()) {
        let formula = Formula::parse("'a' and not 'b' or 'c'").expect("a formula");
        let result = formula.holds(|| [("a", a), ("b", b), ("c", c)].into_iter());
        prop_assert_eq!(result, Ok(a && !b || c));
        let any_of = Formula::parse("any('.')").expect("a formula");
        prop_assert_eq!(any_of.holds(|| [("a", a), ("b", b), ("c", c)].into_iter()), Ok(a || b || c));
    }
}
