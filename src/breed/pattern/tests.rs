//! Patterns and what they find.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// What is found, sorted.
fn found(root: &Path, pattern: &str) -> Vec<String> {
    let paths = matches(root, pattern).expect(pattern).into_iter();
    let mut names: Vec<_> = paths.map(|path| path.display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn patterns_of_pathlib() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for file in [
        "a.ini",
        "b.conf",
        "[x.ini",
        ".h/c.ini",
        "s/.d.ini",
        "s/t/e.ini",
    ] {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, "").expect("written");
    }
    symlink("s", root.join("link")).expect("a link");
    symlink("nowhere", root.join("dead.ini")).expect("a link");
    let cases: [(&str, &[&str]); 12] = [
        (
            "**/*.ini",
            &[
                ".h/c.ini",
                "[x.ini",
                "a.ini",
                "dead.ini",
                "s/.d.ini",
                "s/t/e.ini",
            ],
        ),
        ("*.ini", &["[x.ini", "a.ini", "dead.ini"]),
        ("*/*.ini", &[".h/c.ini", "link/.d.ini", "s/.d.ini"]),
        ("link/**/e.ini", &["link/t/e.ini"]),
        ("**", &["", ".h", "s", "s/t"]),
        ("*/", &[".h", "link", "s"]),
        ("./a.ini", &["a.ini"]),
        ("a.ini/", &[]),
        ("dead.ini", &[]),
        ("[!b]?*i", &["[x.ini", "a.ini", "dead.ini"]),
        ("[x*", &["[x.ini"]),
        ("**/**/e.ini", &["s/t/e.ini"]),
    ];
    for (pattern, expected) in cases {
        assert_eq!(found(root, pattern), expected, "{pattern}");
    }
}

#[test]
fn patterns_that_are_refused() {
    let cases = [
        ("", "it names nothing"),
        (".", "it names nothing"),
        ("/etc/*.ini", "it must be relative to the template folder"),
        ("../*.ini", "it must not contain \"..\""),
        ("a/../../b", "it must not contain \"..\""),
        ("a**", "\"**\" can only be an entire path component"),
    ];
    for (pattern, why) in cases {
        let expected = format!("invalid pattern \"{pattern}\": {why}");
        assert_eq!(matches(Path::new("/"), pattern), Err(expected));
    }
}
