//! What is written, and what is made of a file that is not.

use std::path::Path;

use super::*;
use crate::tests::Lines;

/// As a Supervisor that starts, with what it says in the log.
fn load(path: &Path) -> (Disabilities, Vec<String>) {
    let lines = Lines::default();
    let loaded = Disabilities::load(Some(path.to_owned()), &lines.logger());
    (loaded, lines.take())
}

fn write(disabilities: &Disabilities) -> Result<(), String> {
    disabilities.writing().expect("a file")()
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/folders/disabilities.json");
    let (mut first, log) = load(&path);
    assert!(log.is_empty(), "{log:?}");
    first.set("web", true);
    first.set("db", false);
    assert_eq!(write(&first), Ok(()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "{\"db\":false,\"web\":true}\n");
    let (second, log) = load(&path);
    assert!(log.is_empty(), "{log:?}");
    assert!(second.has("web") && !second.has("db") && !second.has("other"));
    // only the temporary name of a write would be another one
    let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 1);
}

#[test]
fn writes_that_wait_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let (mut disabilities, _) = load(&path);
    disabilities.set("a", true);
    let first = disabilities.writing().unwrap();
    disabilities.set("a", false);
    let second = disabilities.writing().unwrap();
    first().unwrap();
    let text = "{\"a\":false}\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    std::fs::remove_file(&path).unwrap();
    second().unwrap();
    assert!(!path.exists(), "it is written already");
}

#[test]
fn without_a_file_nothing_is_written() {
    let lines = Lines::default();
    let mut disabilities = Disabilities::load(None, &lines.logger());
    disabilities.set("a", true);
    assert!(disabilities.has("a") && disabilities.writing().is_none());
    assert!(lines.take().is_empty());
}

#[test]
fn a_damaged_file_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let large = format!("{{\"{}\": true}}", "x".repeat(1024 * 1024));
    for text in ["", "{\"a\": true", "[true]", "{\"a\": 1}", &large] {
        std::fs::write(&path, text).unwrap();
        let (disabilities, log) = load(&path);
        assert!(!disabilities.has("a"));
        let [line] = &log[..] else {
            panic!("{log:?}");
        };
        assert!(line.starts_with("ERRO the disabilities_file"), "{line}");
        assert!(line.contains("file.bad"), "{line}");
        let aside = folder.path().join("file.bad");
        assert_eq!(std::fs::read_to_string(aside).unwrap(), *text);
        assert!(!path.exists());
        assert_eq!(write(&disabilities), Ok(()));
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folder");
    std::fs::create_dir(&path).unwrap();
    let (disabilities, log) = load(&path);
    assert_eq!(log.len(), 1);
    assert!(
        log[0].contains("cannot read the disabilities_file"),
        "{log:?}"
    );
    assert!(path.is_dir() && disabilities.writing().is_none());
    let path = folder.path().join("file");
    let (disabilities, _) = load(&path);
    std::fs::create_dir(&path).unwrap();
    let error = write(&disabilities).expect_err("a folder");
    assert!(error.starts_with(&*path.to_string_lossy()), "{error}");
}
