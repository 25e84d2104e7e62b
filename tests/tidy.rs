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
        ("files", &[]),
        ("config", &["visord-model", "visord-files"]),
        (
            "actors",
            &[
                "visord-model",
                "visord-files",
                "visord-config",
                "visord-xmlrpc",
            ],
        ),
        (
            "web",
            &[
                "visord-model",
                "visord-files",
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

/// Jobs that may block belong to `actors/src/workers.rs` and the spawner threads, which exist from
/// the start: a runtime panics if it cannot have another thread.
#[test]
fn no_job_goes_to_the_blocking_pool_of_the_runtime() {
    for path in all_sources() {
        let name = shown(&path);
        let text = fs::read_to_string(&path).expect("a source");
        let ways = ["spawn_blocking(", "web::block(", "tokio::fs::"];
        let used = ways.iter().find(|way| text.contains(*way));
        assert!(
            used.is_none() || name == "tests/tidy.rs",
            "{name}: {}",
            used.unwrap_or(&"")
        );
    }
}

/// Ways to open or change a file by its path, which may lead through another user's folder.
const BY_PATH: [&str; 16] = [
    "set_permissions(",
    "chown(",
    "lchown(",
    "File::create(",
    "File::create_new(",
    "File::open(",
    "File::options(",
    "OpenOptions",
    "fs::read(",
    "fs::read_to_string(",
    "fs::write(",
    "fs::rename(",
    "fs::remove_file(",
    "fs::hard_link(",
    "UnixListener::bind(",
    "nix::fcntl::open(",
];

/// Files that may use them all the same, for paths of the system that no user can change.
const FIXED_PATHS: [(&str, &str); 9] = [
    ("actors/src/log/disk.rs", "/proc/self/status"),
    ("actors/src/log/mounts.rs", "/proc/self/mountinfo"),
    ("actors/src/spawn/helper.rs", "/proc/self/fd"),
    ("actors/src/spawn/places.rs", "/dev/null"),
    ("actors/src/usage/stat.rs", "/proc"),
    ("src/ctl/hide.rs", "/proc/self"),
    ("src/daemon/daemonize.rs", "/dev/null"),
    ("web/src/auth/argon.rs", "/dev/urandom"),
    ("web/src/session.rs", "/dev/urandom"),
];

/// Whether a text has this and no letter before it: `LogFile::open` is not `File::open`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_')
    })
}

#[test]
fn only_the_files_crate_opens_files_by_path() {
    let mut complaints = Vec::new();
    for path in all_sources() {
        let name = shown(&path);
        let is_test = ["tests", "benches", "examples"]
            .iter()
            .any(|folder| name.split(['/', '.']).any(|part| part == *folder));
        let fixed = FIXED_PATHS.iter().find(|(file, _)| *file == name);
        if is_test || name.starts_with("files/") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        let shipped = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or("");
        let code: String = shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let used = BY_PATH.iter().find(|way| has_word(&code, way));
        match (used, fixed) {
            (Some(way), None) => complaints.push(format!("{name}: {way} is for files/")),
            (None, Some(_)) => complaints.push(format!("{name} needs no exception")),
            (Some(_), Some((_, fixed))) if !code.contains(fixed) => {
                complaints.push(format!("{name} does not use {fixed}"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
