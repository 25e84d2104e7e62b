//! A document as text again, for tests that read what they wrote.

use std::path::Path;
use std::sync::Arc;

use visord_config::dialect::{Document, is_space};

/// Every document that was read can be written so that it reads the same.
pub(crate) fn render(document: &Document) -> String {
    let mut out = String::new();
    for section in document.defaults().into_iter().chain(document.sections()) {
        push_line(&mut out, &format!("[{}]", section.name));
        for entry in section.entries() {
            let mut lines = entry.value.split('\n');
            // no blank before the value: `key= ;x` would be a comment
            let first = lines.next().unwrap_or_default();
            push_line(&mut out, &format!("{}={first}", entry.key));
            for line in lines {
                if line.is_empty() {
                    out.push('\n');
                } else {
                    push_line(&mut out, &format!(" {line}"));
                }
            }
        }
    }
    out
}

/// A line whose text may contain what looks like a comment but is none, because of the
/// rounds of the search for comments; an empty comment of the right kind after it restores them.
fn push_line(out: &mut String, line: &str) {
    let ends = ["", " ;", " #"];
    let end = ends.into_iter().find(|end| is_whole(line, end));
    out.push_str(line);
    out.push_str(end.unwrap_or_default());
    out.push('\n');
}

/// Whether nothing of the line is taken for a comment if this follows it.
fn is_whole(line: &str, end: &str) -> bool {
    let mut document = Document::default();
    let text = format!("[s]\nk=\n {line}{end}\n");
    document.read(&text, &Arc::from(Path::new("line")));
    let entry = document.section("s").and_then(|section| section.get("k"));
    entry.is_some_and(|entry| entry.value.trim_matches(is_space) == line.trim_matches(is_space))
}
