//! A document as text again.

use super::line::{comment_start, strip};
use super::{Document, Section};

/// Every document that was read can be written so that it reads the same.
pub(super) fn render(document: &Document) -> String {
    let mut out = String::new();
    for section in document.defaults.iter().chain(&document.sections) {
        render_section(&mut out, section);
    }
    out
}

fn render_section(out: &mut String, section: &Section) {
    push_line(out, &format!("[{}]", section.name));
    for entry in &section.entries {
        let mut lines = entry.value.split('\n');
        // no blank before the value: `key= ;x` would be a comment
        let first = lines.next().unwrap_or_default();
        push_line(out, &format!("{}={first}", entry.key));
        for line in lines {
            if line.is_empty() {
                out.push('\n');
            } else {
                push_line(out, &format!(" {line}"));
            }
        }
    }
}

/// A line whose text may contain what looks like a comment but is none, because of the
/// rounds of [`comment_start`]; an empty comment of the right kind after it restores them.
fn push_line(out: &mut String, line: &str) {
    let whole = |end: &&str| {
        let full = format!("{line}{end}");
        let cut = comment_start(&full).unwrap_or(full.len());
        strip(&full[..cut]) == strip(line)
    };
    let end = ["", " ;", " #"].into_iter().find(whole).unwrap_or_default();
    out.push_str(line);
    out.push_str(end);
    out.push('\n');
}
