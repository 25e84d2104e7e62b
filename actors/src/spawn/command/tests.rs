//! Command lines as Python's shlex splits them, and the search path.

use super::*;
use std::fs;

/// Generated with Python's `shlex.split(text)`.
#[test]
fn splits_like_python() {
    let cases: [(&str, &[&str]); 38] = [
        ("", &[]),
        (" ", &[]),
        ("a", &["a"]),
        ("a b", &["a", "b"]),
        ("a  b\tc\nd\re", &["a", "b", "c", "d", "e"]),
        ("a 'b c' d", &["a", "b c", "d"]),
        (r#"a "b c" d"#, &["a", "b c", "d"]),
        ("a''b", &["ab"]),
        ("'' a", &["", "a"]),
        (r#""" a"#, &["", "a"]),
        ("a ''", &["a", ""]),
        (r#"a"b"c"#, &["abc"]),
        (r"a\ b", &["a b"]),
        (r"a\b", &["ab"]),
        (r#""a\b""#, &[r"a\b"]),
        (r#""a\"b""#, &[r#"a"b"#]),
        (r#""a\\b""#, &[r"a\b"]),
        (r#""\$x \`y\`""#, &[r"\$x \`y\`"]),
        (r"'a\b'", &[r"a\b"]),
        (r"'a\'", &[r"a\"]),
        ("a #b", &["a", "#b"]),
        ("#a", &["#a"]),
        ("a#b", &["a#b"]),
        ("a;b|c>d", &["a;b|c>d"]),
        ("$HOME ~ *", &["$HOME", "~", "*"]),
        ("a\\\nb", &["a\nb"]),
        ("\"a\\\nb\"", &["a\\\nb"]),
        ("a\x0bb\x0cc", &["a\x0bb\x0cc"]),
        ("é 'ü ö'", &["é", "ü ö"]),
        ("a\u{a0}b", &["a\u{a0}b"]),
        ("''''", &[""]),
        (r#""'" '"'"#, &["'", "\""]),
        (r"\'a b\'", &["'a", "b'"]),
        (r"a\\b", &[r"a\b"]),
        ("' a '' b '", &[" a  b "]),
        (r#"-c 'x; y' "$(z)""#, &["-c", "x; y", "$(z)"]),
        ("=''=", &["=="]),
        (r"\ ", &[" "]),
    ];
    for (text, words) in cases {
        assert_eq!(split(text).expect(text), words, "{text:?}");
    }
    for (text, error) in [
        ("a 'b", "No closing quotation"),
        ("a \"b", "No closing quotation"),
        ("a\\", "No escaped character"),
        ("\"a\\", "No escaped character"),
        ("\\", "No escaped character"),
        ("a \0", "embedded null byte"),
    ] {
        assert_eq!(split(text), Err(error), "{text:?}");
    }
}

fn path_of(program: Option<&str>, daemon: Option<&str>) -> Vec<PathBuf> {
    let environment = program
        .map(|path| ("PATH".to_owned(), path.into()))
        .into_iter()
        .collect();
    CommandQuery::new("x", &environment, daemon.map(OsStr::new)).path
}

#[test]
fn the_search_path_has_three_sources() {
    let paths = |texts: &[&str]| texts.iter().map(PathBuf::from).collect::<Vec<_>>();
    assert_eq!(path_of(Some("/a:/b"), Some("/c")), paths(&["/a", "/b"]));
    assert_eq!(path_of(Some(""), Some("/c")), paths(&[""]));
    assert_eq!(path_of(None, Some("/c::/d")), paths(&["/c", "", "/d"]));
    for daemon in [None, Some("")] {
        assert_eq!(
            path_of(None, daemon),
            paths(&["/bin", "/usr/bin", "/usr/local/bin"])
        );
    }
}

/// Resolve in a directory that holds one of everything.
fn answer(command: &str, path: &[&str]) -> Result<ResolvedCommand, String> {
    let dir = tempfile::tempdir().expect("temp dir");
    let root = dir.path();
    for (name, mode) in [
        ("one/plain", 0o644),
        ("two/plain", 0o755),
        ("two/run", 0o755),
    ] {
        let file = root.join(name);
        fs::create_dir_all(file.parent().expect("parent")).expect("mkdir");
        fs::write(&file, "#!/bin/sh\n").expect("write");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("chmod");
    }
    let here = |text: &str| text.replace("ROOT", &root.to_string_lossy());
    let query = CommandQuery {
        command: here(command),
        path: path.iter().map(|dir| PathBuf::from(here(dir))).collect(),
    };
    let anonymous = |text: String| text.replace(&*root.to_string_lossy(), "ROOT");
    resolve(&query)
        .map(|found| ResolvedCommand {
            path: PathBuf::from(anonymous(found.path.to_string_lossy().into_owned())),
            argv: found.argv,
        })
        .map_err(|error| {
            let SpawnError::Command(code, text) = error else {
                return format!("none: {error}");
            };
            format!("{}: {}", code.name(), anonymous(text))
        })
}

#[test]
fn finds_the_first_entry_of_any_kind() {
    let found = answer("run -x 'a b'", &["ROOT/one", "ROOT/two/", "ROOT"]).expect("found");
    assert_eq!(found.path, PathBuf::from("ROOT/two/run"));
    assert_eq!(found.argv, ["run", "-x", "a b"]);
    let found = answer("ROOT/two/run", &[]).expect("found");
    assert_eq!(found.path, PathBuf::from("ROOT/two/run"));
}

#[test]
fn words_every_refusal() {
    let path = ["ROOT/one", "ROOT/two", "ROOT"];
    for (command, text) in [
        ("", "NOT_EXECUTABLE: command is empty"),
        (" \t", "NOT_EXECUTABLE: command is empty"),
        (
            "run \"x",
            "NOT_EXECUTABLE: can't parse command 'run': No closing quotation",
        ),
        (
            "run 'x\\",
            "NOT_EXECUTABLE: can't parse command 'run': No closing quotation",
        ),
        (
            "run \\",
            "NOT_EXECUTABLE: can't parse command 'run': No escaped character",
        ),
        ("nope a", "NO_FILE: can't find command 'nope'"),
        ("/no/such file", "NO_FILE: can't find command '/no/such'"),
        // the first entry is taken although a later one could be executed
        (
            "plain",
            "NOT_EXECUTABLE: command at 'ROOT/one/plain' is not executable",
        ),
        (
            "two",
            "NOT_EXECUTABLE: command at 'ROOT/two' is a directory",
        ),
        // an empty word names the first directory of the path (spec interfaces 3.5)
        (
            "\"\"",
            "NOT_EXECUTABLE: command at 'ROOT/one/' is a directory",
        ),
    ] {
        assert_eq!(answer(command, &path), Err(text.to_owned()), "{command:?}");
    }
}
