//! The repository checks itself: dependencies, sizes, citations, and which file may do what.
//!
//! A check that allows exceptions lists them with a reason, and fails when an exception is not
//! needed any more.

mod access;
mod citations;
mod cycles;
mod layers;
mod style;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the repository: its path from the root, and its text.
struct Source {
    name: String,
    text: String,
}

impl Source {
    /// Whether nothing of it is shipped.
    fn is_test(&self) -> bool {
        let parts = ["tests", "benches", "examples", "sim"];
        let mut path = self.name.split(['/', '.']);
        path.any(|part| parts.contains(&part))
    }

    /// The text without its test modules.
    fn shipped(&self) -> String {
        let mut parts = self.text.split("\n#[cfg(test)]\nmod ");
        let mut shipped = parts.next().unwrap_or("").to_owned();
        for part in parts {
            // `tests;` ends with its line, `tests {` with a brace at the margin
            let name = part.lines().next().unwrap_or("");
            let end = if name.ends_with(';') { "\n" } else { "\n}\n" };
            shipped.push('\n');
            shipped.push_str(part.split_once(end).map_or("", |(_, rest)| rest));
        }
        shipped
    }

    /// What is shipped, without comments.
    fn code(&self) -> String {
        let shipped = self.shipped();
        let lines = shipped.lines();
        let code = lines.filter(|line| !line.trim_start().starts_with("//"));
        code.map(|line| format!("{line}\n")).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if !path.is_dir() {
            found.push(path);
        } else if !["target", ".git", "fuzz", "node_modules"].contains(&name) {
            walk(&path, found);
        }
    }
}

/// The files whose names end in one of these.
fn files(extensions: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(root(), &mut paths);
    paths.sort();
    let found = paths.into_iter().filter(|path| {
        let extension = path.extension().and_then(|e| e.to_str());
        extension.is_some_and(|e| extensions.contains(&e))
    });
    found
        .map(|path| Source {
            name: path
                .strip_prefix(root())
                .expect("below")
                .display()
                .to_string(),
            text: fs::read_to_string(&path).expect("a text"),
        })
        .collect()
}

fn rust_sources() -> Vec<Source> {
    let found = files(&["rs"]);
    assert!(found.len() > 50, "the walk found too little");
    found
}

/// The Rust files that are shipped.
fn shipped_sources() -> impl Iterator<Item = Source> {
    let sources = rust_sources().into_iter();
    sources.filter(|source| !source.is_test())
}

/// Exceptions from a rule: file, or directory with a slash at its end, and the reason.
struct Exceptions(&'static [(&'static str, &'static str)]);

impl Exceptions {
    fn of(&self, name: &str) -> Option<usize> {
        self.0
            .iter()
            .position(|(file, _)| name == *file || (file.ends_with('/') && name.starts_with(file)))
    }

    /// Complaints about files that break the rule without being listed, and about entries that
    /// no file needs. `broken` says how a file breaks it.
    fn check(&self, broken: impl Fn(&Source) -> Option<String>) -> Vec<String> {
        let mut needed = vec![false; self.0.len()];
        let mut complaints = Vec::new();
        for source in shipped_sources() {
            let Some(how) = broken(&source) else {
                continue;
            };
            match self.of(&source.name) {
                Some(exception) => needed[exception] = true,
                None => complaints.push(format!("{}: {how}", source.name)),
            }
        }
        let unneeded = self.0.iter().zip(needed).filter(|(_, needed)| !needed);
        complaints.extend(unneeded.map(|((file, _), _)| format!("{file} needs no exception")));
        complaints
    }
}

#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
