//! supvisors_breed: what it prints and writes, and that it is what the original prints and writes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{original, skip, summary};

/// Files and their texts.
type Tree = &'static [(&'static str, &'static str)];

const SEVERAL: Tree = &[(
    "a.ini",
    "; a comment\n[group:app]\nprograms=a\npriority=5\n[group:web]\nPrograms: b,\n   c\n# another\n   d\n\n\
     [program:a]\ncommand = x ; y %(here)s 100%\nenvironment=A=\"1\",\n  B=2\n\n  C=3\n\n\n[empty]\n\
     [program:z]\nk=\n",
)];

const FOLDERS: Tree = &[
    ("x/a.ini", "[group:app]\nprograms=a\n"),
    (
        "x/y/b.ini",
        "[group:web]\nprograms=b\n[program:b]\ncommand=b\n",
    ),
    ("other.conf", "[group:other]\nprograms=1\n"),
];

struct Run {
    code: Option<i32>,
    out: String,
    error: String,
    written: BTreeMap<String, String>,
}

fn make(folder: &Path, tree: Tree) {
    for (name, text) in tree {
        let path = folder.join("templates").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
}

/// Run one of the two in a folder with `templates`, into `out`, which is read and removed.
fn run(folder: &Path, program: &[&str], arguments: &[&str]) -> Run {
    let output = Command::new(program[0])
        .args(&program[1..])
        .args(["-t", "templates", "-d", "out"])
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .current_dir(folder)
        .output()
        .expect("run");
    let (code, out, error) = summary(&output);
    let mut written = BTreeMap::new();
    read(&folder.join("out"), "", &mut written);
    let _ = fs::remove_dir_all(folder.join("out"));
    Run {
        code,
        out,
        error,
        written,
    }
}

/// Everything below a folder; folders have a slash at the end and no text.
fn read(folder: &Path, name: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let last = path.file_name().expect("a name").to_string_lossy();
        let name = format!("{name}{last}");
        if path.is_dir() {
            found.insert(format!("{name}/"), String::new());
            read(&path, &format!("{name}/"), found);
        } else {
            found.insert(name, fs::read_to_string(&path).expect("a text"));
        }
    }
}

const OURS: [&str; 1] = [env!("CARGO_BIN_EXE_supvisors_breed")];

fn ours(tree: Tree, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), tree);
    run(folder.path(), &OURS, arguments)
}

fn texts(run: &Run) -> Vec<(&str, &str)> {
    let written = run.written.iter();
    written
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect()
}

#[test]
fn groups_are_replaced_by_copies() {
    let run = ours(SEVERAL, &["-b", "app=2", "web=1", "unknown=3"]);
    assert_eq!(
        (run.code, run.out.as_str(), run.error.as_str()),
        (Some(0), "", "")
    );
    let expected = "[program:a]\ncommand = x ; y %(here)s 100%\nenvironment = A=\"1\",\n\tB=2\n\t\n\tC=3\n\n\
        [empty]\n\n[program:z]\nk = \n\n[group:app_01]\nprograms = a\n\n[group:app_02]\nprograms = a\n\n\
        [group:web_01]\nprograms = b,\n\tc\n\td\n\n";
    assert_eq!(texts(&run), [("a.ini", expected)]);
}

#[test]
fn copies_get_files_of_their_own() {
    let run = ours(FOLDERS, &["-b", "web=2", "app=1", "-x", "-v"]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""));
    // the two files are found in this order, as `x` is before what is in it
    let expected = "ArgumentParser: Namespace(template='templates', pattern='**/*.ini', destination='out', \
        breed={'web': 2, 'app': 1}, extra=True, verbose=True)\n\
        Configuration files found:\n\tx/a.ini\n\tx/y/b.ini\n\
        Template group elements found:\n\tgroup:app\n\tgroup:web\n\
        New File: x/y/group_web_01.ini\nNew [group:web_01]\n\
        New File: x/y/group_web_02.ini\nNew [group:web_02]\n\
        New File: x/group_app_01.ini\nNew [group:app_01]\n\
        Empty sections for file: x/a.ini\nWriting file: out/x/y/b.ini\n\
        Writing file: out/x/y/group_web_01.ini\nWriting file: out/x/y/group_web_02.ini\n\
        Writing file: out/x/group_app_01.ini\n";
    assert_eq!(run.out, expected);
    let copy = "programs = b\n\n";
    let expected = [
        ("x/", ""),
        ("x/group_app_01.ini", "[group:app_01]\nprograms = a\n\n"),
        ("x/y/", ""),
        ("x/y/b.ini", "[program:b]\ncommand = b\n\n"),
        ("x/y/group_web_01.ini", &format!("[group:web_01]\n{copy}")),
        ("x/y/group_web_02.ini", &format!("[group:web_02]\n{copy}")),
    ];
    assert_eq!(texts(&run), expected);
}

#[test]
fn no_file_matches() {
    let run = ours(FOLDERS, &["-b", "app=2", "-p", "*.ini"]);
    assert_eq!(
        (run.code, run.out.as_str(), run.error.as_str()),
        (Some(0), "No configuration files found\n", "")
    );
    assert!(texts(&run).is_empty());
}

/// The files are fine but for one: none is written.
#[test]
fn errors_name_file_and_section() {
    let cases: [(Tree, &str); 5] = [
        (
            &[("b.ini", "[group:app]\nx=1\n")],
            "Error: b.ini: [group:app] has no option 'programs'\n",
        ),
        (
            &[("b.ini", "[program:x]\na=1\nA=2\n")],
            "Error: 'templates/b.ini', line 3: option 'a' in section 'program:x' is already defined\n",
        ),
        (
            &[("b.ini", "[program:x]\n[program:x]\n")],
            "Error: 'templates/b.ini', line 2: section 'program:x' is already defined\n",
        ),
        (
            &[("b.ini", "[program:x]\nnonsense\n")],
            "Error: Source contains parsing errors: 'templates/b.ini'\n\t[line  2]: 'nonsense\\n'\n",
        ),
        (
            &[("b.ini", "a=1\n")],
            "Error: File contains no section headers.\nfile: 'templates/b.ini', line: 1\n'a=1\\n'\n",
        ),
    ];
    for (tree, error) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path(), &[("a.ini", "[program:fine]\ncommand=x\n")]);
        make(folder.path(), tree);
        let run = run(folder.path(), &OURS, &["-b", "app=2"]);
        assert_eq!((run.code, run.error.as_str()), (Some(1), error));
        assert!(texts(&run).is_empty(), "{error}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), &[("a.ini", "[program:fine]\ncommand=x\n")]);
    let path = folder.path().join("templates/b.ini");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    let fifo = run(folder.path(), &OURS, &["-b", "app=2"]);
    let error = "Error: cannot read templates/b.ini: a FIFO, not a regular file\n";
    assert_eq!((fifo.code, fifo.error.as_str()), (Some(1), error));
    fs::remove_file(&path).expect("removed");
    fs::write(&path, b"[program:x]\ncommand=\xe9\n").expect("written");
    let latin = run(folder.path(), &OURS, &["-b", "app=2"]);
    assert_eq!(latin.code, Some(1));
    let error = "Error: cannot read templates/b.ini: 'utf-8' codec can't decode";
    assert!(latin.error.starts_with(error), "{}", latin.error);
    assert!(texts(&latin).is_empty());
}

fn with_links() -> (TempDir, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    make(folder.path(), FOLDERS);
    fs::create_dir(folder.path().join("out")).expect("made");
    (folder, outside)
}

#[test]
fn nothing_outside_the_destination_is_written() {
    let (folder, outside) = with_links();
    symlink(outside.path(), folder.path().join("out/x")).expect("a link");
    let refused = run(folder.path(), &OURS, &["-b", "app=2"]);
    assert_eq!(refused.code, Some(1));
    let error = "Error: cannot write out/x/a.ini: ";
    assert!(refused.error.starts_with(error), "{}", refused.error);

    let (folder, outside) = with_links();
    let victim = outside.path().join("victim");
    fs::write(&victim, "precious").expect("written");
    fs::create_dir(folder.path().join("out/x")).expect("made");
    symlink(&victim, folder.path().join("out/x/a.ini")).expect("a link");
    let replaced = run(folder.path(), &OURS, &["-b", "app=1"]);
    assert_eq!((replaced.code, replaced.error.as_str()), (Some(0), ""));
    assert_eq!(
        replaced.written["x/a.ini"],
        "[group:app_01]\nprograms = a\n\n"
    );
    assert_eq!(fs::read_to_string(&victim).expect("a text"), "precious");

    let upwards = run(folder.path(), &OURS, &["-b", "app=1", "-p", "../*/x/*.ini"]);
    assert_eq!(upwards.code, Some(1));
    assert!(
        upwards.error.contains("must not contain \"..\""),
        "{}",
        upwards.error
    );
    assert_eq!(fs::read_dir(outside.path()).expect("a folder").count(), 1);
}

/// Templates may be overwritten in place: all are read first, and each is replaced at once.
#[test]
fn files_are_replaced_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), FOLDERS);
    let shared = folder.path().join("templates/x/a.ini");
    let kept = folder.path().join("kept");
    fs::hard_link(&shared, &kept).expect("a link");
    let output = Command::new(OURS[0])
        .args(["-t", "templates", "-d", "templates", "-b", "app=1"])
        .current_dir(folder.path())
        .output()
        .expect("run");
    assert_eq!(summary(&output), (Some(0), String::new(), String::new()));
    let text = |path: &Path| fs::read_to_string(path).expect("a text");
    assert_eq!(text(&shared), "[group:app_01]\nprograms = a\n\n");
    assert_eq!(text(&kept), "[group:app]\nprograms=a\n");
    let mut found = BTreeMap::new();
    read(&folder.path().join("templates"), "", &mut found);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["other.conf", "x/", "x/a.ini", "x/y/", "x/y/b.ini"]);
}

const TREES: [Tree; 12] = [
    SEVERAL,
    FOLDERS,
    &[
        ("a.ini", "[group:app]\nprograms=a\n"),
        ("b.ini", "[group:app]\nprograms=b\n"),
    ],
    &[(
        "a.ini",
        "[group:app_01]\nprograms=old\nx=1\n[group:app]\nprograms=a\n[program:q]\ncommand=q\n",
    )],
    &[
        (
            "a.ini",
            "[DEFAULT]\nprograms=d\nX=1\n[group:app]\n[program:q]\ncommand=q\n",
        ),
        ("only.ini", "[DEFAULT]\na=1\n"),
    ],
    &[
        ("a.ini", ""),
        ("b.ini", "# nothing\n"),
        ("d.ini/c.ini", "[group:app]\nprograms=a\n"),
    ],
    &[("a.ini", "[group:app]\nprograms=a\nprograms=b\n")],
    &[("a.ini", "[group:app]\nprograms=a\n[group:app]\nx=b\n")],
    &[("a.ini", "[group:app]\nnonsense\n")],
    &[("a.ini", "[group:app]\nx=1\n")],
    &[(
        "a.ini",
        "[group:app:b]\nprograms=1\n[ s ] tail\nk:v\n[x]y]\nk = v # c\nÉcole = é\n",
    )],
    &[(
        "a.ini",
        "  [group:app]\r\n  programs=a\r\n    b\r\n  [program:x]\r\n command=1\r\n   %(x)s\r\n;c\r\n  two\r\n",
    )],
];

/// For each tree.
const ARGUMENTS: [&str; 6] = [
    "-b app=3",
    "-b app=1 web=12 -x -v",
    "-b unknown=2 -v",
    "-b app:b=2 -x",
    "-b app=2 app_01=2 -x -v",
    "-p ** -b app=1 -v",
];

/// For the first two trees.
const MORE: [&str; 15] = [
    "-v -b app=101",
    "-b app=1 app=2",
    "-b app=1 -b web=2",
    "-xvb app=2",
    "--bre app=2 --ext",
    "-p x/* -b app=1 -v",
    "-p */ -b app=1 -v",
    "-p [!b]*.ini -b app=1 -v",
    "-b app",
    "-b app=x",
    "-b app=0",
    "-b app=",
    "-b",
    "",
    "word -b app=1",
];

/// Output, exit code and files; the texts of errors are our own.
#[test]
fn the_original_prints_and_writes_the_same() {
    let Some(python) = original("python") else {
        return;
    };
    let import = Command::new(&python)
        .args(["-c", "import supvisors.tools.breed"])
        .output();
    if !import.is_ok_and(|output| output.status.success()) {
        skip("Supvisors is not installed with the original");
        return;
    }
    let python = python.to_str().expect("a path");
    for (at, tree) in TREES.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path(), tree);
        let more = MORE.into_iter().filter(|_| at < 2);
        for line in ARGUMENTS.into_iter().chain(more) {
            let arguments: Vec<&str> = line.split_whitespace().collect();
            let theirs = [python, "-m", "supvisors.tools.breed"];
            let theirs = run(folder.path(), &theirs, &arguments);
            let ours = run(folder.path(), &OURS, &arguments);
            let shown = format!("{line} {tree:?} {} {}", theirs.error, ours.error);
            assert_eq!(
                (ours.code, &ours.out),
                (theirs.code, &theirs.out),
                "{shown}"
            );
            assert_eq!(ours.written, theirs.written, "{shown}");
        }
    }
}
