//! The repository tests itself: the ladder of crates, sizes, headers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files longer than this belong in two rooms (lines before the tests).
const LONGEST: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if path.is_dir() {
            if !["target", ".git", "fuzz"].contains(&name) {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(root(), &mut found);
    assert!(found.len() > 50, "the walk found too little");
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[test]
fn dependencies_point_down_the_ladder() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("model", &[] as &[&str]),
        ("xmlrpc", &[]),
        ("config", &["visord-model"]),
        (
            "actors",
            &["visord-model", "visord-config", "visord-xmlrpc"],
        ),
        (
            "web",
            &[
                "visord-model",
                "visord-config",
                "visord-xmlrpc",
                "visord-actors",
            ],
        ),
    ]);
    for (package, allowed) in allowed {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect(package);
        let dependencies = manifest
            .split("[dependencies]")
            .nth(1)
            .map_or("", |rest| rest.split("\n[").next().unwrap_or(""));
        if package == "model" {
            assert!(
                !manifest.contains("[dependencies]"),
                "model depends on nothing"
            );
        }
        for line in dependencies
            .lines()
            .filter(|line| line.starts_with("visord-"))
        {
            let name = line.split(['.', ' ', '=']).next().unwrap_or("");
            assert!(
                allowed.contains(&name),
                "{package} must not depend on {name}"
            );
        }
    }
}

#[test]
fn model_is_no_std() {
    let lib = fs::read_to_string(root().join("model/src/lib.rs")).expect("model");
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
    for path in all_sources() {
        let inside = path.starts_with(root().join("model/src"));
        if !inside || shown(&path).contains("tests") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        assert!(!code.contains("std::"), "{} uses std", shown(&path));
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut complaints = Vec::new();
    for path in all_sources() {
        let name = shown(&path);
        let text = fs::read_to_string(&path).expect("a source");
        if !text.starts_with("//!") {
            complaints.push(format!("{name} has no header"));
        }
        if name.ends_with("/mod.rs") {
            complaints.push(format!("{name}: use foo.rs beside foo/"));
        }
        let test_file = name.contains("tests") || name.contains("benches");
        let lines = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        if !test_file && lines > LONGEST {
            complaints.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn only_the_kept_rooms_are_unsafe() {
    let rooms = [
        "actors/src/spawn",
        "actors/src/log",
        "src/daemon/daemonize.rs",
    ];
    for path in all_sources() {
        let name = shown(&path);
        let text = fs::read_to_string(&path).expect("a source");
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let is_unsafe = code.clone().any(|line| line.contains("unsafe {"));
        let kept = rooms.iter().any(|room| name.starts_with(room)) || name.starts_with("tests/");
        assert!(!is_unsafe || kept, "{name} has unsafe code");
    }
}
