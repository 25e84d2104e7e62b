//! Files that a pattern names: `*`, `?` and `[...]`, none of which matches a `/` or the
//! dot of a hidden file (spec core 1.6).
//!
//! The walk is our own because the paths are quoted in messages as they were written,
//! `./` and all; the glob crate normalises them and sees `.` and `..` as files.

use std::path::Path;

use glob::Pattern;

/// Paths of the files, sorted as texts. The pattern is absolute.
pub(crate) fn matches(pattern: &str) -> Vec<String> {
    let mut found = expand(pattern);
    found.sort();
    found
}

fn is_magic(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether there is anything of this name, if only a symbolic link to nowhere.
fn exists(path: &str) -> bool {
    Path::new(path).symlink_metadata().is_ok()
}

fn expand(pattern: &str) -> Vec<String> {
    if !is_magic(pattern) {
        return Vec::from_iter(exists(pattern).then(|| pattern.to_owned()));
    }
    let (directory, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let directory = directory.trim_end_matches('/');
    let within = |directory: String| {
        if is_magic(name) {
            names(&directory, name)
        } else {
            // `directory/` itself, or one name in it
            let path = format!("{directory}/{name}");
            Vec::from_iter(exists(&path).then_some(path))
        }
    };
    if is_magic(directory) {
        expand(directory).into_iter().flat_map(within).collect()
    } else {
        within(directory.to_owned())
    }
}

/// What is in a directory and matches the last part of a pattern.
fn names(directory: &str, pattern: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(format!("{directory}/")) else {
        return Vec::new();
    };
    let hidden = pattern.starts_with('.');
    let pattern = compile(pattern);
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| hidden || !name.starts_with('.'))
        .filter(|name| {
            pattern
                .as_ref()
                .is_some_and(|pattern| pattern.matches(name))
        })
        .map(|name| format!("{directory}/{name}"))
        .collect()
}

/// `**` is no more than `*` here, and a `[` that is never closed stands for itself.
fn compile(pattern: &str) -> Option<Pattern> {
    let mut text = pattern.to_owned();
    while text.contains("**") {
        text = text.replace("**", "*");
    }
    Pattern::new(&text)
        .or_else(|_| Pattern::new(&text.replace('[', "[[]")))
        .ok()
}
