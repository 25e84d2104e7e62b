//! Rules against what the original made of the same texts (`cluster/tests/original`), and vectors
//! of the specification.

use std::string::String;

mod formula;
mod lookup;
mod pattern;
mod share;

/// The text of a cell of a recorded table.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next().expect("an escape") {
                'n' => '\n',
                't' => '\t',
                'f' => '\x0c',
                other => other,
            },
            c => c,
        });
    }
    out
}
