//! Every citation leads somewhere: `spec core 4.6`, `spec interfaces T7`, `spec cluster 5.3`,
//! `difference C28`, `docs/decisions/0012` and other paths below `docs/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{Source, assert_none, files, root};

/// What a document defines: the numbers of its headings, of its bold rules (`**1.1.5**`), and the
/// first cells of its tables.
fn defined(document: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/spec").join(document)).expect(document);
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let line = line.trim_start_matches(['-', ' ']);
        let name = if let Some(heading) = line.strip_prefix('#') {
            let title = heading.trim_start_matches('#').trim_start();
            title.split_whitespace().next()
        } else if let Some(bold) = line.strip_prefix("**") {
            bold.split("**").next()
        } else if let Some(row) = line.strip_prefix("| ") {
            row.split(" |").next()
        } else {
            None
        };
        found.extend(name.map(|name| name.trim_end_matches('.').to_lowercase()));
    }
    found
}

struct Documents {
    core: BTreeSet<String>,
    interfaces: BTreeSet<String>,
    cluster: BTreeSet<String>,
    differences: BTreeSet<String>,
}

/// The words of a file, across line ends and the marks of comments; without punctuation around
/// them, but with what follows them.
fn words(text: &str) -> Vec<&str> {
    let marks = ["///", "//!", "//", "#", ";", "*", "|"];
    let words = text.split_whitespace();
    words.filter(|word| !marks.contains(word)).collect()
}

fn bare(word: &str) -> &str {
    let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric());
    trimmed.strip_suffix("'s").unwrap_or(trimmed)
}

/// `4`, `4.10`, `1.11.2`, `T7`.
fn is_id(word: &str) -> bool {
    let number = word.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    word.len() - number.len() <= 1 && number.split('.').all(is_number)
}

/// `C28`, `Q38`, `S4`.
fn is_difference(word: &str) -> bool {
    word.starts_with(['C', 'Q', 'S']) && word.len() > 1 && is_id(word) && !word.contains('.')
}

/// The ends of `4.3` (twice the same) or of `7.3-7.5`.
fn ends(word: &str) -> (&str, &str) {
    word.split_once('-').unwrap_or((word, word))
}

/// The list of ids that begins at a word: `4.3, 4.8 and 5`. Returns them and how many words it
/// has.
fn list<'a>(words: &[&'a str], is_item: fn(&str) -> bool) -> (Vec<&'a str>, usize) {
    let mut found = Vec::new();
    let mut length = 0;
    for (at, word) in words.iter().enumerate() {
        let (first, last) = ends(bare(word));
        if is_item(first) && is_item(last) {
            found.extend([first, last]);
            length = at + 1;
            if !word.ends_with(',') && words.get(at + 1) != Some(&"and") {
                break;
            }
        } else if *word != "and" || at == 0 {
            break;
        }
    }
    (found, length)
}

impl Documents {
    fn read() -> Self {
        Self {
            core: defined("core.md"),
            interfaces: defined("interfaces.md"),
            cluster: defined("cluster.md"),
            differences: defined("differences.md"),
        }
    }

    /// Complaints about the citations of a file.
    fn check(&self, source: &Source) -> Vec<String> {
        let words = words(&source.text);
        let mut complaints = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let (problem, length) = self.citation(&words[at..]);
            complaints.extend(problem.map(|text| format!("{}: {text}", source.name)));
            at += length.max(1);
        }
        complaints
    }

    /// What is wrong with the citation that begins here, and its length in words; 0 if none does.
    fn citation(&self, words: &[&str]) -> (Option<String>, usize) {
        let next = words.get(1).map_or("", |word| bare(word));
        match bare(words[0]) {
            "spec" | "Spec" => {
                let (known, rest) = match next {
                    "core" => (&self.core, &words[2..]),
                    "interfaces" => (&self.interfaces, &words[2..]),
                    "cluster" => (&self.cluster, &words[2..]),
                    other if is_id(ends(other).0) => {
                        return (
                            Some(format!("spec {other}: core, interfaces or cluster?")),
                            2,
                        );
                    }
                    _ => return (None, 0),
                };
                // a heading without a number
                let heading = rest.first().map_or("", |word| bare(word));
                if heading.eq_ignore_ascii_case("conventions") {
                    return (None, 3);
                }
                let (problem, length) = missing(known, &format!("spec {next}"), rest, is_id);
                // `spec core 4.8, interfaces 3.5`
                if words.get(2 + length) == Some(&"interfaces") && length > 0 {
                    let rest = &words[3 + length..];
                    let (other, more) = missing(&self.interfaces, "interfaces", rest, is_id);
                    return (problem.or(other), 3 + length + more);
                }
                (problem, 2 + length)
            }
            "difference" | "differences" | "Difference" | "Differences"
                if is_difference(ends(next).0) =>
            {
                let (known, rest) = (&self.differences, &words[1..]);
                let (problem, length) = missing(known, "difference", rest, is_difference);
                (problem, 1 + length)
            }
            "decision" | "decisions" if next.starts_with("00") && is_id(next) => (
                Some(format!("decision {next}: write docs/decisions/{next}")),
                2,
            ),
            // C0 and C1 are control characters; tests of clusters call instances S1, S2
            word if is_difference(ends(word).0)
                && !next.starts_with("control")
                && !ends(word).0.starts_with('S') =>
            {
                (Some(format!("{word}: write difference {word}")), 1)
            }
            word => (path_problem(word), 0),
        }
    }
}

fn missing(
    known: &BTreeSet<String>,
    what: &str,
    words: &[&str],
    is_item: fn(&str) -> bool,
) -> (Option<String>, usize) {
    let (found, length) = list(words, is_item);
    let unknown = found.iter().find(|id| !known.contains(&id.to_lowercase()));
    let problem = match unknown {
        Some(id) => Some(format!("{what} {id} does not exist")),
        None if found.is_empty() => Some(format!("{what}: which section?")),
        None => None,
    };
    (problem, length)
}

/// A path below `docs/` that does not exist. `docs/decisions/0012` is the record of that number.
fn path_problem(word: &str) -> Option<String> {
    let begin = word.find("docs/")?;
    // `target/x/docs/` and the like are not ours
    if begin > 0 && !word[..begin].ends_with(['(', '`', '"', '=']) {
        return None;
    }
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let path: String = word[begin..].chars().take_while(|c| is_path(*c)).collect();
    let path = path.trim_end_matches(['.', '/']);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_number = name.len() == 4 && name.bytes().all(|b| b.is_ascii_digit());
    let exists = if is_number {
        let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
        let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.any(|entry| entry.starts_with(name))
    } else {
        Path::exists(&root().join(path))
    };
    (!exists).then(|| format!("{path} does not exist"))
}

fn cited_from() -> Vec<Source> {
    let mut found = files(&[
        "rs", "md", "toml", "html", "js", "css", "conf", "sh", "py", "txt",
    ]);
    // entries are the first cells of their tables, reasons of their lines
    let own_forms = [
        "tests/tidy/",
        "docs/spec/",
        "docs/compatibility.md",
        "docs/conformance-accepted.txt",
    ];
    found.retain(|source| !own_forms.iter().any(|form| source.name.starts_with(form)));
    found
}

#[test]
fn citations_lead_somewhere() {
    let documents = Documents::read();
    let mut complaints = Vec::new();
    for source in cited_from() {
        complaints.extend(documents.check(&source));
    }
    assert_none(&complaints);
}

/// What is cited is in the repository.
#[test]
fn nothing_outside_the_repository_is_cited() {
    let outside = [
        "dependencies.md",
        "house.md",
        "survey.md",
        "../shared",
        "/work/",
    ];
    let mut complaints = Vec::new();
    for source in cited_from() {
        for name in outside {
            if source.text.contains(name) {
                complaints.push(format!("{}: {name}", source.name));
            }
        }
    }
    assert_none(&complaints);
}

/// Paths in backticks that name a file or directory of the repository.
#[test]
fn the_guides_name_what_exists() {
    let mut complaints = Vec::new();
    for guide in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let text = fs::read_to_string(root().join(guide)).expect(guide);
        for path in text.split('`').skip(1).step_by(2) {
            let first = path.split('/').next().unwrap_or("");
            let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            let is_ours = !["", "target", path].contains(&first) && root().join(first).is_dir();
            // the record of a number
            let is_record = path.starts_with("docs/") && path_problem(path).is_none();
            let exists = is_record || root().join(path).exists();
            if is_ours && path.chars().all(is_path) && !exists {
                complaints.push(format!("{guide}: {path}"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_index_lists_every_decision() {
    let folder = root().join("docs/decisions");
    let index = fs::read_to_string(folder.join("README.md")).expect("the index");
    for entry in fs::read_dir(folder).expect("records") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("a name");
        assert!(
            name == "README.md" || index.contains(&format!("({name})")),
            "{name} is not in the index"
        );
    }
}

#[test]
fn citations_are_found() {
    let documents = Documents::read();
    let check = |text: &str| {
        documents.check(&Source {
            name: "x".into(),
            text: text.into(),
        })
    };
    for good in [
        "//! Rules (spec core 4.3, 4.8).",
        "//! (spec core 7.3-7.5; differences C5\n//! and C6).",
        "/// (spec core 4.8, interfaces 3.5)",
        "// spec interfaces N1-N5, T7 and 3.1",
        "// PYREPR of spec core, conventions.",
        "// difference C28: docs/decisions/0012.",
        "/// (spec cluster 5.3, 3.4.4 and 14.3; difference S4)",
        "let spec = self.spec();",
    ] {
        assert_eq!(check(good), [""; 0], "{good}");
    }
    for bad in [
        "(spec core 4.99)",
        "(spec core 7.2-7.99)",
        "(spec interfaces T99)",
        "(spec cluster 16)",
        "(difference S99)",
        "(spec 4.3)",
        "(difference C99)",
        "(decision\n/// C28)",
        "(Q10, see T7)",
        "docs/decisions/9999",
        "`docs/nothing.md`",
        "decision 0012",
    ] {
        assert_eq!(check(bad).len(), 1, "{bad}: {:?}", check(bad));
    }
}
