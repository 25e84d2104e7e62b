//! The files below a folder that a pattern names, as `Path.glob` of Python 3.11 finds them: `*`, `?`
//! and `[...]` match names, hidden ones too; `**` is any depth of folders, without following links.
//! They come in the order in which the system lists folders, as in the original.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use glob::Pattern;

/// One part of a pattern.
enum Part {
    /// This name.
    Name(String),
    /// Names that match.
    Wildcard(Pattern),
    /// `**`: the folder itself and all folders below it.
    Folders,
}

/// Paths relative to `root`; folders too. The empty path is `root` itself.
///
/// # Errors
/// The pattern is empty, absolute, leads out of `root` or has `**` as a part of a name; a folder
/// cannot be read.
pub(super) fn matches(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let refuse = |why| Err(format!("invalid pattern \"{pattern}\": {why}"));
    if pattern.starts_with('/') {
        return refuse("it must be relative to the template folder");
    }
    let names = pattern.split('/').filter(|name| !["", "."].contains(name));
    let mut parts = Vec::new();
    for name in names {
        parts.push(match name {
            ".." => return refuse("it must not contain \"..\""),
            "**" => Part::Folders,
            name if name.contains("**") => {
                return refuse("\"**\" can only be an entire path component");
            }
            name if name.contains(['*', '?', '[']) => Part::Wildcard(compile(name)?),
            name => Part::Name(name.to_owned()),
        });
    }
    if parts.is_empty() {
        return refuse("it names nothing");
    }
    let walk = Walk {
        root,
        folders_only: pattern.ends_with('/'),
    };
    let mut found = Vec::new();
    walk.select(Path::new(""), &parts, &mut found)?;
    Ok(found)
}

/// A `[` that is never closed stands for itself.
fn compile(name: &str) -> Result<Pattern, String> {
    Pattern::new(name)
        .or_else(|_| Pattern::new(&name.replace('[', "[[]")))
        .map_err(|error| format!("invalid pattern \"{name}\": {error}"))
}

struct Walk<'a> {
    root: &'a Path,
    folders_only: bool,
}

impl Walk<'_> {
    fn select(&self, at: &Path, parts: &[Part], found: &mut Vec<PathBuf>) -> Result<(), String> {
        let Some((part, rest)) = parts.split_first() else {
            found.push(at.to_owned());
            return Ok(());
        };
        let leads_on = !rest.is_empty() || self.folders_only;
        let is_usable = |path: &Path| {
            let path = self.root.join(path);
            if leads_on {
                path.is_dir()
            } else {
                path.exists()
            }
        };
        match part {
            Part::Name(name) => {
                let path = at.join(name);
                if is_usable(&path) {
                    self.select(&path, rest, found)?;
                }
            }
            Part::Wildcard(pattern) => {
                for name in self.names(at)? {
                    let path = at.join(&name);
                    // a link to nowhere is found, and then cannot be read
                    if pattern.matches(&name.to_string_lossy()) && (!leads_on || is_usable(&path)) {
                        self.select(&path, rest, found)?;
                    }
                }
            }
            Part::Folders => {
                let mut below = Vec::new();
                self.folders(at, &mut below)?;
                let mut selected = Vec::new();
                for folder in below {
                    self.select(&folder, rest, &mut selected)?;
                }
                let mut seen = HashSet::new();
                selected.retain(|path| seen.insert(path.clone()));
                found.extend(selected);
            }
        }
        Ok(())
    }

    /// This folder and all below it, each before those in it.
    fn folders(&self, at: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
        found.push(at.to_owned());
        for name in self.names(at)? {
            let path = at.join(name);
            let about = self.root.join(&path).symlink_metadata();
            if about.is_ok_and(|about| about.is_dir()) {
                self.folders(&path, found)?;
            }
        }
        Ok(())
    }

    fn names(&self, at: &Path) -> Result<Vec<OsString>, String> {
        let folder = self.root.join(at);
        let failed = |error| format!("cannot read the folder {}: {error}", folder.display());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests;
